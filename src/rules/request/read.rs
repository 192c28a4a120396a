//! The keys of a request, those of the `mail` step.

use super::{Requests, data::data};
use crate::{
    config::{
        Fields, Problem, Sheet, first_line,
        keys::{Table, not_yet, optional, required},
        mailbox, read, read_template,
        yaml::{Entry, Node, Value},
    },
    mail::Mailbox,
    rules::{not_built, plan_mail::MOST, read_words::no_header_name},
    templates::{GivenData, TemplateError, TextTemplate},
};

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
        not_yet("attach", "leave it out, or hand the whole message over as an .eml file"),
        not_yet("idempotency_key", "leave it out: each file is one message, whatever is in it"),
        not_yet("on_unknown", "leave it out: the rule that takes the message says it"),
        not_built::REPORT_TO_SENDER,
        not_yet("tags", "leave it out: rules cannot ask for them yet"),
        not_yet("send_at", "leave it out, and hand the request over when it is time"),
        not_yet("deadline", "leave it out: the rule that takes the message says it"),
    ],
    moved: &[
        ("body", "write `text`"),
        ("message", "write `text`"),
        ("recipients", "write `to`"),
        ("sender", "write `from`"),
        ("attachments", "leave it out, or hand the whole message over as an .eml file"),
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
}

/// What a mail says.
struct Words {
    subject: String,
    text: Option<String>,
    html: Option<String>,
}

/// A whole file; `None` when anything in it is faulty, which is reported.
pub(super) fn request(sheet: &Sheet, root: &Node, known: &Requests) -> Option<Request> {
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
    let words = words(sheet, &fields, known);
    let headers = fields.or("headers", vec![], headers);
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

fn words(sheet: &Sheet, fields: &Fields<'_>, known: &Requests) -> Option<Words> {
    let own: Vec<&Entry> = ["subject", "text", "html"].iter().filter_map(|key| fields.entry(key)).collect();
    let given = fields.or("data", GivenData::default(), data);
    if let Some(template) = fields.entry("template") {
        for entry in &own {
            let name = entry.key.as_text().unwrap_or_default();
            let problem = Problem::error(&entry.key.at, format!("`{name}` beside `template`"));
            sheet.report(problem.hint("a template has the subject and the text: keep one of the two"));
        }
        let given = given?;
        let parse = |kind, text: &str| TextTemplate::parse_given(kind, &given, text);
        let words = read_template(sheet, &template.value, &known.templates, &parse)?;
        let rendered = |template: &TextTemplate| template.render_given(&given);
        let part = |template: &Option<TextTemplate>| template.as_ref().map(rendered).transpose();
        let all = || -> Result<Words, TemplateError> {
            Ok(Words { subject: rendered(&words.subject)?, text: part(&words.text)?, html: part(&words.html)? })
        };
        return all().map_err(|why| sheet.report(Problem::error(&template.value.at, why.message))).ok();
    }
    if let Some(data) = fields.entry("data") {
        let problem = Problem::error(&data.key.at, "`data` without `template`");
        sheet.report(problem.hint("nothing in a request is rendered: write the values out, or name a template"));
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
