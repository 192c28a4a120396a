//! One file, or one row of it, and one mail step → a letter and those it goes to.

use crate::{
    domain::{Letter, MailWishes, show_size},
    mail::{self, Attachment, Draft, Mailbox},
    rules::{
        Attach, Mail,
        plan::{Planning, Refusal, in_words},
        plan_text::content,
    },
    templates::{Beside, Content, TextTemplate},
};

/// Addresses of one mail: more are a mailing list's work.
pub(super) const MOST: usize = 1000;
/// Bytes of an idempotency key.
pub(super) const LONGEST_KEY: usize = 255;

/// Why there is no letter, and the first whom it was for, where that was known by then.
pub(super) struct Unmade {
    pub refusal: Refusal,
    pub recipient: String,
}

impl From<Refusal> for Unmade {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, recipient: String::new() }
    }
}

/// The step's letter, the rule's `number`th of this arrival, and the addresses of its envelope, each once.
pub(super) fn letter(planning: &Planning<'_>, step: &Mail, number: &str) -> Result<(Letter, Vec<String>), Unmade> {
    let content = content(planning, step.texts().any(TextTemplate::reads_file))?;
    let beside = Beside { content, ..planning.beside };
    let data = named(&Planning { beside, ..*planning }, &step.data)?;
    let planning = &Planning { beside: Beside { data: &data, ..beside }, ..*planning };
    let [to, cc, bcc, reply_to] =
        [("to", &step.to), ("cc", &step.cc), ("bcc", &step.bcc), ("reply_to", &step.reply_to)]
            .map(|(key, templates)| mailboxes(planning, key, templates));
    let (to, cc, bcc, reply_to) = (to?, cc?, bcc?, reply_to?);
    let mut recipients: Vec<String> = Vec::new();
    for mailbox in to.iter().chain(&cc).chain(&bcc) {
        if !recipients.iter().any(|known| known == mailbox.address()) {
            recipients.push(mailbox.address().to_owned());
        }
    }
    if recipients.len() > MOST {
        return Err(format!("this mail has {} recipients, and {MOST} are the most", recipients.len()).into());
    }
    let mailboxes = [&to, &cc, &reply_to].map(Vec::as_slice);
    match composed(planning, step, number, mailboxes) {
        Ok(letter) => Ok((letter, recipients)),
        Err(refusal) => Err(Unmade { refusal, recipient: recipients.into_iter().next().unwrap_or_default() }),
    }
}

fn composed(
    planning: &Planning<'_>,
    step: &Mail,
    number: &str,
    [to, cc, reply_to]: [&[Mailbox]; 3],
) -> Result<Letter, Refusal> {
    let key = step.key.as_ref().map(|key| self::key(planning, key)).transpose()?;
    let html = step.html.as_ref().map(|html| rendered(planning, "html", html)).transpose()?;
    let text = step.text.as_ref().map(|text| rendered(planning, "text", text)).transpose()?;
    let letter = mail::compose(&Draft {
        from: &step.from,
        to,
        cc,
        reply_to,
        subject: &rendered(planning, "subject", &step.subject)?,
        text: text.as_deref(),
        html: html.as_deref(),
        headers: &named(planning, &step.headers)?,
        attachments: &attachments(planning, step)?,
        message_id: &format!("{}.{number}@{}", planning.series.long(), step.from.domain()),
        date: planning.mail_begins_at(),
    })?;
    check_size(step, "this message", letter.bytes.len() as u64)?;
    Ok(Letter { key, ..letter })
}

pub(super) fn wishes(planning: &Planning<'_>, step: &Mail) -> MailWishes {
    MailWishes {
        sender: step.from.address().to_owned(),
        via: step.via.clone(),
        on_unknown: step.on_unknown,
        retry: planning.rule.retry,
        deadline: Some(planning.mail_deadline()),
        not_before: planning.not_before(),
        return_path: step.return_path.clone(),
    }
}

fn named(planning: &Planning<'_>, texts: &[(String, TextTemplate)]) -> Result<Vec<(String, String)>, Refusal> {
    let value = |(name, template): &(String, TextTemplate)| Ok((name.clone(), rendered(planning, name, template)?));
    texts.iter().map(value).collect()
}

fn key(planning: &Planning<'_>, template: &TextTemplate) -> Result<String, Refusal> {
    let key = rendered(planning, "idempotency_key", template)?;
    match key.trim() {
        "" => Err(format!("idempotency_key `{}`: it is empty", template.text())),
        key if key.len() > LONGEST_KEY => {
            Err(format!("idempotency_key `{}`: it has more than {LONGEST_KEY} bytes", template.text()))
        }
        key => Ok(key.to_owned()),
    }
}

fn attachments(planning: &Planning<'_>, step: &Mail) -> Result<Vec<Attachment>, Refusal> {
    let mut all: Vec<Attachment> = Vec::with_capacity(step.attach.len());
    for attach in &step.attach {
        all.push(attachment(planning, step, attach)?);
        check_size(step, "what is attached", all.iter().map(|attachment| attachment.bytes.len() as u64).sum())?;
    }
    Ok(all)
}

fn attachment(planning: &Planning<'_>, step: &Mail, attach: &Attach) -> Result<Attachment, Refusal> {
    let name = |path: &[u8]| {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        String::from_utf8_lossy(name).into_owned()
    };
    match attach {
        Attach::File => {
            check_size(step, "this file", planning.sighting.identity.size_bytes)?;
            let Content(bytes) = planning.context.supply.content.whole()?;
            Ok(Attachment::of(name(&planning.sighting.path), bytes.to_vec()))
        }
        Attach::Path { root, below } => {
            let path = below.render(&planning.facts(None)).map_err(|error| in_words("attach", below.text(), &error))?;
            let bytes = (planning.context.supply.attachment)(root, path.as_bytes(), step.message_size)
                .map_err(|why| format!("{}{path} cannot be attached: {why}", root.display()))?;
            Ok(Attachment::of(name(path.as_bytes()), bytes))
        }
    }
}

fn check_size(step: &Mail, what: &str, size: u64) -> Result<(), Refusal> {
    if size <= step.message_size {
        return Ok(());
    }
    let (size, most) = (show_size(size), show_size(step.message_size));
    Err(format!("{what} has {size}, and `limits: message_size` is {most}"))
}

pub(super) fn mailboxes(
    planning: &Planning<'_>,
    key: &str,
    templates: &[TextTemplate],
) -> Result<Vec<Mailbox>, Refusal> {
    let mut all = Vec::new();
    for template in templates {
        let text = rendered(planning, key, template)?;
        let why = |why| format!("{key} `{}`: {why}, and here it is `{}`", template.text(), shortened(&text));
        if template.is_fixed() {
            all.extend(Mailbox::parse_list(&text).map_err(why)?);
        } else {
            all.push(Mailbox::parse_made(&text).map_err(why)?); // a value may not bring in others
        }
    }
    Ok(all)
}

/// Of a value that may be a megabyte, what an operator needs to see.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

pub(super) fn rendered(planning: &Planning<'_>, key: &str, template: &TextTemplate) -> Result<String, Refusal> {
    template.render(&planning.facts(None)).map_err(|error| in_words(key, template.text(), &error))
}
