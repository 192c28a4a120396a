//! One file and one mail step → a letter and those it goes to.

use crate::{
    domain::{Letter, MailWishes},
    mail::{self, Draft, Mailbox},
    rules::{
        Mail, Rule,
        plan::{Planning, Refusal, in_words},
    },
    templates::TextTemplate,
};

/// Addresses of one mail: more are a mailing list's work.
const MOST: usize = 1000;

/// The step's letter, the rule's `number`th of this arrival, and the addresses of its envelope, each once.
pub(super) fn letter(planning: &Planning<'_>, step: &Mail, number: usize) -> Result<(Letter, Vec<String>), Refusal> {
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
        return Err(format!("this mail has {} recipients, and {MOST} are the most", recipients.len()));
    }
    let letter = mail::compose(&Draft {
        from: &step.from,
        to: &to,
        cc: &cc,
        reply_to: &reply_to,
        subject: &rendered(planning, "subject", &step.subject)?,
        text: &rendered(planning, "text", &step.text)?,
        message_id: &format!("{}.{number}@{}", planning.series.long(), step.from.domain()),
        date: planning.context.arrived_at,
    })?;
    Ok((letter, recipients))
}

pub(super) fn wishes(rule: &Rule, step: &Mail) -> MailWishes {
    MailWishes {
        sender: step.from.address().to_owned(),
        via: step.via.clone(),
        retry: rule.retry,
        deadline: Some(rule.deadline),
    }
}

fn mailboxes(planning: &Planning<'_>, key: &str, templates: &[TextTemplate]) -> Result<Vec<Mailbox>, Refusal> {
    let mut all = Vec::new();
    for template in templates {
        let text = rendered(planning, key, template)?;
        let why = |why| format!("{key} `{}`: {why}, and here it is `{text}`", template.text());
        if template.is_fixed() {
            all.extend(Mailbox::parse_list(&text).map_err(why)?);
        } else {
            all.push(Mailbox::parse(&text).map_err(why)?); // a value may not bring in others
        }
    }
    Ok(all)
}

fn rendered(planning: &Planning<'_>, key: &str, template: &TextTemplate) -> Result<String, Refusal> {
    template.render(&planning.facts(None)).map_err(|error| in_words(key, template.text(), &error))
}
