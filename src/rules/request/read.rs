//! The keys of a request, those of the `mail` step.

use super::{Requests, attachments::attachments, data::data, moments};
use crate::{
    config::{
        Fields, Problem, Sheet, first_line,
        keys::{Table, not_yet, optional, required},
        mailbox, read, read_template,
        yaml::{Entry, Node, Value},
    },
    domain::{Instructions, Moment},
    mail::{Attachment, Mailbox},
    rules::{
        not_built,
        plan_mail::{LONGEST_KEY, MOST},
        read_mail::ON_UNKNOWN,
        read_words::{no_header_name, tags},
    },
    templates::{GivenData, TemplateError, TextTemplate},
};
use serde_json::{Map, Value as Json};

/// The keys of a request.
pub const REQUEST: Table = Table {
    name: "a message request",
    keys: &[
        required("to"),
        optional("cc"),
        optional("bcc"),
        optional("reply_to"),
        optional("from"),
        optional("subject"),
        optional("text"),
        optional("html"),
        optional("template"),
        optional("data"),
        optional("headers"),
        not_yet("attach", "write the file's bytes out, in base64: `attachments`"),
        optional("attachments"),
        optional("idempotency_key"),
        optional("on_unknown"),
        not_built::REPORT_TO_SENDER,
        optional("tags"),
        optional("send_at"),
        optional("deadline"),
    ],
    moved: &[
        ("body", "write `text`"),
        ("message", "write `text`"),
        ("recipients", "write `to`"),
        ("sender", "write `from`"),
        ("key", "write `idempotency_key`"),
        ("metadata", "write `data`"),
        ("inline", "write it in one of `attachments`"),
        ("via", "leave it out: the rule that takes the message says it"),
        ("rows", "leave it out: a request is one message"),
        ("if", "leave it out: rules have conditions"),
    ],
};

/// A request in order.
#[derive(Debug)]
pub(super) struct Request {
    pub from: Mailbox,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub bcc: Vec<Mailbox>,
    pub reply_to: Vec<Mailbox>,
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
    pub headers: Vec<(String, String)>,
    pub attachments: Vec<Attachment>,
    pub instructions: Instructions,
    pub key: Option<String>,
}

/// What a mail says.
struct Words {
    subject: String,
    text: Option<String>,
    html: Option<String>,
}

/// A whole file that came `at` this moment; `None` when anything in it is faulty, which is reported.
pub(super) fn request(sheet: &Sheet, root: &Node, (known, came_at): (&Requests, Moment)) -> Option<Request> {
    let at = first_line(sheet);
    let fields = Fields::open(sheet, &REQUEST, &at, root)?;
    let to = fields.need("to", mailboxes);
    let [cc, bcc, reply_to] = ["cc", "bcc", "reply_to"].map(|key| fields.or(key, vec![], mailboxes));
    let from = match fields.entry("from") {
        Some(_) => fields.may("from", mailbox),
        None => known.from.clone().or_else(|| {
            let problem = Problem::error(&at, "this mail has no sender");
            sheet.report(problem.hint("add `from: …`, or `mail: { from: … }` to packetboat.yaml"));
            None
        }),
    };
    let given = fields.or("data", Map::new(), data);
    let words = words(sheet, &fields, known, given.as_ref());
    let headers = fields.or("headers", vec![], headers);
    let attachments = fields.or("attachments", vec![], attachments);
    if let (Some(entry), true) = (fields.entry("attachments"), words.as_ref().is_some_and(|words| words.html.is_none()))
    {
        let shown = attachments.iter().flatten().any(|attachment| attachment.content_id.is_some());
        if shown {
            let problem = Problem::error(&entry.value.at, "`inline` in a mail without HTML");
            sheet.report(problem.hint("add `html`, which shows it as `cid:NAME`, or leave `inline` out"));
        }
    }
    let instructions = instructions(&fields, came_at, given);
    let key = fields.or("idempotency_key", None, |sheet, node| key(sheet, node).map(Some));
    let request = Request {
        from: from?,
        to: to?,
        cc: cc?,
        bcc: bcc?,
        reply_to: reply_to?,
        subject: words.as_ref()?.subject.clone(),
        text: words.as_ref()?.text.clone(),
        html: words?.html,
        headers: headers?,
        attachments: attachments?,
        instructions: instructions?,
        key: key?,
    };
    let recipients = request.recipients().len();
    if recipients > MOST {
        sheet.report(Problem::error(&at, format!("this mail has {recipients} recipients, and {MOST} are the most")));
    }
    // what only a table finds, an unknown key, is no reason to stop reading
    (!sheet.has_errors()).then_some(request)
}

impl Request {
    /// The envelope's, each once.
    pub(super) fn recipients(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for mailbox in self.to.iter().chain(&self.cc).chain(&self.bcc) {
            if !all.iter().any(|known| known == mailbox.address()) {
                all.push(mailbox.address().to_owned());
            }
        }
        all
    }
}

fn instructions(fields: &Fields<'_>, came_at: Moment, data: Option<Map<String, Json>>) -> Option<Instructions> {
    let tags = fields.or("tags", vec![], tags);
    let not_before = fields.or("send_at", None, |sheet, node| moments::moment(came_at)(sheet, node).map(Some));
    let begins_at = not_before.flatten().map_or(came_at, |at| at.max(came_at));
    let expires_at = fields.or("deadline", None, |sheet, node| moments::moment_ahead(begins_at)(sheet, node).map(Some));
    let on_unknown = fields.or("on_unknown", None, |sheet, node| read::word(ON_UNKNOWN)(sheet, node).map(Some));
    Some(Instructions {
        tags: tags?,
        data: data?,
        not_before: not_before?,
        expires_at: expires_at?,
        on_unknown: on_unknown?,
        key: None,
    })
}

/// What a caller makes up, so that it is one line of text.
fn key(sheet: &Sheet, node: &Node) -> Option<String> {
    let key = line(sheet, node)?;
    if key.len() > LONGEST_KEY {
        sheet.report(Problem::error(&node.at, format!("a key has at most {LONGEST_KEY} bytes")));
        return None;
    }
    Some(key)
}

fn words(sheet: &Sheet, fields: &Fields<'_>, known: &Requests, given: Option<&Map<String, Json>>) -> Option<Words> {
    let own: Vec<&Entry> = ["subject", "text", "html"].iter().filter_map(|key| fields.entry(key)).collect();
    if let Some(template) = fields.entry("template") {
        for entry in &own {
            let name = entry.key.as_text().unwrap_or_default();
            let problem = Problem::error(&entry.key.at, format!("`{name}` beside `template`"));
            sheet.report(problem.hint("a template has the subject and the text: keep one of the two"));
        }
        let given = GivenData::new(given?);
        let parse = |kind, text: &str| TextTemplate::parse_given(kind, &given, text);
        let words = read_template(sheet, &template.value, &known.templates, &parse)?;
        let rendered = |template: &TextTemplate| template.render_given(&given);
        let part = |template: &Option<TextTemplate>| template.as_ref().map(rendered).transpose();
        let all = || -> Result<Words, TemplateError> {
            Ok(Words { subject: rendered(&words.subject)?, text: part(&words.text)?, html: part(&words.html)? })
        };
        return all().map_err(|why| sheet.report(Problem::error(&template.value.at, why.message))).ok();
    }
    let missing = |key: &str, hint: &str| {
        sheet.report(Problem::error(fields.at(), format!("`{key}` is missing in a message request")).hint(hint));
    };
    if fields.lacks("subject") {
        missing("subject", "add `subject: …`, or `template: …` in place of subject and text");
    }
    if fields.lacks("text") && fields.lacks("html") {
        missing("text", "add `text: …`, `html: …` or `template: …`");
    }
    let part = |key| fields.or(key, None, |sheet, node| read::some_text(sheet, node).map(Some));
    let (subject, text, html) = (fields.may("subject", line), part("text"), part("html"));
    Some(Words { subject: subject?, text: text?, html: html? })
}

/// One line.
fn line(sheet: &Sheet, node: &Node) -> Option<String> {
    let text = read::some_text(sheet, node)?;
    if text.chars().any(|letter| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')) {
        sheet.report(Problem::error(&node.at, "this is one line, without control characters"));
        return None;
    }
    Some(text)
}

/// One or more addresses, also several in one text.
fn mailboxes(sheet: &Sheet, node: &Node) -> Option<Vec<Mailbox>> {
    let all = read::each(read::at_most(sheet, read::many(sheet, node)?, MOST)?, |item| {
        let text = read::some_text(sheet, item)?;
        let told = |why: crate::mail::NotAMailbox| sheet.report(Problem::error(&item.at, why.to_string()));
        Mailbox::parse_list(&text).map_err(told).ok()
    })?;
    Some(all.into_iter().flatten().collect())
}

fn headers(sheet: &Sheet, node: &Node) -> Option<Vec<(String, String)>> {
    let Value::Map(entries) = &node.value else {
        read::mismatch(sheet, node, "a map of names and texts");
        return None;
    };
    let header = |Entry { key, value }: &Entry| {
        let name = read::text(sheet, key)?;
        if let Some(hint) = no_header_name(&name) {
            sheet.report(Problem::error(&key.at, format!("`{name}` cannot be a name here")).hint(hint));
            return None;
        }
        Some((name, line(sheet, value)?))
    };
    entries.iter().map(header).collect::<Vec<_>>().into_iter().collect()
}
