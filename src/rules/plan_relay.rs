//! A message and one relay step → the message as it goes out, and those it goes to.

use crate::{
    domain::{Letter, MailWishes, Message, Owed},
    mail::{self, Mailbox},
    rules::{
        Relay, SenderHears,
        plan::{Planning, Refusal},
        plan_mail::{MOST, mailboxes, rendered},
    },
    templates::TextTemplate,
};

/// Of an envelope, each with what the message's sender hears of it.
pub(super) type Recipients = Vec<(String, Owed)>;

/// The message of the step and the addresses of its envelope, sender first, each recipient once; of those that the rule hides beside
/// them nobody hears.
pub(super) fn letter(
    planning: &Planning<'_>,
    message: &Message,
    step: &Relay,
) -> Result<(Letter, String, Recipients), Refusal> {
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
    let owed = owed(planning, step);
    let shown = own.iter().map(String::as_str).chain(to.iter().map(Mailbox::address)).map(|address| (address, owed));
    let mut recipients: Recipients = Vec::new();
    for (address, owed) in shown.chain(bcc.iter().map(|hidden| (hidden.address(), Owed::NOTHING))) {
        if !recipients.iter().any(|(known, _)| known == address) {
            recipients.push((address.to_owned(), owed));
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

/// What the message's sender hears of its recipients: nothing where that is nobody (RFC 5321 section 4.5.5).
pub(super) fn owed(planning: &Planning<'_>, step: &Relay) -> Owed {
    if planning.message.is_none_or(|message| message.sender.is_none()) {
        return Owed::NOTHING;
    }
    let SenderHears { delayed, failed } = step.sender_hears;
    Owed { delayed_after: delayed.then_some(planning.rule.delayed_after), failed }
}

pub(super) fn wishes(planning: &Planning<'_>, step: &Relay, sender: String) -> MailWishes {
    let own = planning.message.and_then(|message| message.instructions.on_unknown);
    let is_nobody = sender.is_empty(); // what comes back of a report is nobody's (RFC 5321 section 4.5.5)
    MailWishes {
        sender,
        via: step.via.clone(),
        on_unknown: own.unwrap_or(step.on_unknown),
        retry: planning.rule.retry,
        deadline: Some(planning.mail_deadline()),
        not_before: planning.not_before(),
        return_path: step.return_path.clone().filter(|_| !is_nobody && step.sender.is_none()),
    }
}
