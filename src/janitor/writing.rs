//! What a notice becomes: a job with a mail, in our words or those of a template, or with what a webhook is told.

use crate::{
    config::Way,
    domain::{Incident, Letter, MailWishes, Moment, OnUnknown, Ref, WebhookWishes},
    janitor::teller::{Teller, in_order},
    mail::{Draft, Mailbox, compose, with_short_words},
    notices::{self, Aside, Due, Told},
    store::{About, LaneRow, NoticeErrand, NoticeJob, StoreError},
    templates::{MailWords, Notified, TemplateError, TextTemplate},
};
use std::time::Duration;
use tracing::warn;

/// What a notice is worth being tried for.
const DEADLINE: Duration = Duration::from_secs(3 * 24 * 3600);

/// What a notice says.
#[derive(Debug)]
pub(super) struct Words {
    subject: String,
    text: Option<String>,
    html: Option<String>,
}

impl Teller {
    /// The jobs of what is due.
    pub(super) async fn written(
        &self,
        incidents: &[Incident],
        mails: Vec<Due>,
        lanes: &[LaneRow],
        now: Moment,
    ) -> Result<Vec<NoticeJob>, StoreError> {
        let mut written = Vec::with_capacity(mails.len());
        for due in mails {
            let Some(incident) = incidents.get(due.incident) else { continue };
            let (mut waiting, mut delivered, mut examples) = (0, 0, Vec::new());
            if let Some(server) = incident.server() {
                (waiting, delivered) = self.store.aside(server, incident.opened_at).await?;
                examples = self.store.waiting_examples(server, None).await?;
            }
            let originals = match incident.is_unplanned() {
                true => self.store.originals(&incident.examples).await?,
                false => Vec::new(),
            };
            let (host, time_zone) = (&*self.node, self.time_zone);
            let aside = Aside { host, time_zone, now, waiting, examples: &examples, delivered, originals: &originals };
            let about = match due.told {
                Told::Began | Told::Still => About::Begin(due.incident),
                Told::Over | Told::Was => About::End(due.incident),
            };
            written.extend(match due.way {
                Way::Mail { via, template } => {
                    let words = notices::mail(incident, due.told, aside);
                    let told = || notices::incident_body(incident, due.told, aside);
                    let words = self.words(template.as_ref(), words, told);
                    self.mail(about, &due.address, in_order(via, lanes), words, now)
                }
                Way::Webhook => {
                    Some(self.post(about, &due.address, notices::incident_body(incident, due.told, aside), now))
                }
            });
        }
        Ok(written)
    }

    /// Our own words, or those that a template makes of what a webhook would be told. One that cannot is passed over: nobody is left
    /// without word because of it.
    pub(super) fn words(
        &self,
        template: Option<&MailWords>,
        (subject, text): (String, String),
        told: impl FnOnce() -> Letter,
    ) -> Words {
        let made = template.map(|template| {
            let told = serde_json::from_slice(&told().bytes).unwrap_or_default();
            let notified = Notified::new(&told, (&subject, &text), self.time_zone);
            let part = |part: &Option<TextTemplate>| {
                part.as_ref().map(|template| template.render_notice(&notified)).transpose()
            };
            let subject = template.subject.render_notice(&notified)?;
            Ok(Words { subject: with_short_words(&subject), text: part(&template.text)?, html: part(&template.html)? })
        });
        match made {
            Some(Ok(words)) => words,
            Some(Err(why)) => {
                let why: TemplateError = why;
                warn!(%why, "the template of a notice cannot be used for this one: it has our own words");
                Words { subject, text: Some(text), html: None }
            }
            None => Words { subject, text: Some(text), html: None },
        }
    }

    /// The mail with these words; `None` without a sender or a relay, or where it cannot be made.
    pub(super) fn mail(
        &self,
        about: About,
        recipient: &str,
        via: Vec<String>,
        words: Words,
        now: Moment,
    ) -> Option<NoticeJob> {
        let (from, server) = (self.from.as_ref()?, via.first()?.clone());
        let job = Ref::new();
        let letter = Mailbox::parse(recipient).map_err(|why| why.to_string()).and_then(|to| {
            compose(&Draft {
                from,
                to: &[to],
                cc: &[],
                reply_to: &[],
                subject: &words.subject,
                text: words.text.as_deref(),
                html: words.html.as_deref(),
                headers: &[],
                attachments: &[],
                message_id: &format!("{}@{}", job.long(), from.domain()),
                date: now,
            })
        });
        let letter = letter.inspect_err(|why| warn!(to = recipient, %why, "a notice cannot be made")).ok()?;
        Some(NoticeJob {
            job,
            about,
            server,
            recipient: recipient.to_owned(),
            letter,
            errand: NoticeErrand::Send(MailWishes {
                sender: from.address().to_owned(),
                via,
                on_unknown: OnUnknown::Retry,
                retry: self.retry,
                deadline: Some(DEADLINE),
                not_before: None,
                return_path: None,
            }),
            expires_at: now.plus(DEADLINE),
        })
    }

    /// What `webhook` is told.
    pub(super) fn post(&self, about: About, webhook: &str, body: Letter, now: Moment) -> NoticeJob {
        NoticeJob {
            job: Ref::new(),
            about,
            server: webhook.to_owned(),
            recipient: webhook.to_owned(),
            letter: body,
            errand: NoticeErrand::Webhook(WebhookWishes { retry: self.retry, deadline: Some(DEADLINE) }),
            expires_at: now.plus(DEADLINE),
        }
    }
}
