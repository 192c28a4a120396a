//! A message and one relay step → the message as it goes out, and those it goes to.

use crate::{
    domain::{Letter, MailWishes, Message},
    mail::{self, Mailbox},
    rules::{
        Relay,
        plan::{Planning, Refusal},
        plan_mail::{MOST, mailboxes, rendered},
    },
    templates::TextTemplate,
};

/// The message of the step and the addresses of its envelope, sender first, each recipient once.
pub(super) fn letter(
    planning: &Planning<'_>,
    message: &Message,
    step: &Relay,
) -> Result<(Letter, String, Vec<String>), Refusal> {
    let sender = match &step.sender {
        Some(template) => match rendered(planning, "sender", template)?.trim() {
            "" => String::new(),
            text => {
                Mailbox::parse(text).map_err(|why| format!("sender `{}`: {why}", template.text()))?.address().to_owned()
            }
        },
        None => message.sender.clone().unwrap_or_default(),
    };
    let [to, bcc] = [("to", &step.to), ("bcc", &step.bcc)].map(|(key, templates)| mailboxes(planning, key, templates));
    let (to, bcc) = (to?, bcc?);
    let own = if to.is_empty() { &message.recipients[..] } else { &[] };
    let mut recipients: Vec<String> = Vec::new();
    for address in own.iter().map(String::as_str).chain(to.iter().chain(&bcc).map(Mailbox::address)) {
        if !recipients.iter().any(|known| known == address) {
            recipients.push(address.to_owned());
        }
    }
    if recipients.len() > MOST {
        return Err(format!("this mail has {} recipients, and {MOST} are the most", recipients.len()));
    }
    let mut changes: Vec<(&str, Option<String>)> = Vec::new();
    if let Some(from) = &step.from {
        let text = rendered(planning, "from", from)?;
        let mailbox = Mailbox::parse_made(&text).map_err(|why| format!("from `{}`: {why}", from.text()))?;
        changes.push(("From", Some(mailbox.to_string())));
    }
    for (name, value) in &step.headers {
        let value = value.as_ref().map(|value: &TextTemplate| rendered(planning, name, value));
        changes.push((name, value.transpose()?));
    }
    let bytes = mail::with_headers(&message.bytes, &changes)?;
    Ok((Letter::of(bytes), sender, recipients))
}

pub(super) fn wishes(planning: &Planning<'_>, step: &Relay, sender: String) -> MailWishes {
    let own = planning.message.and_then(|message| message.instructions.on_unknown);
    MailWishes {
        sender,
        via: step.via.clone(),
        on_unknown: own.unwrap_or(step.on_unknown),
        retry: planning.rule.retry,
        deadline: Some(planning.mail_deadline()),
        not_before: planning.not_before(),
    }
}
