//! What a look at the incidents came to, committed at once: incidents, the notices about them, and whom they told.

use crate::{
    domain::{Expectation, Incident, Letter, MailWishes, Moment, NOTICES, Priority, Ref, WebhookWishes},
    store::{
        QueueKey, Store, StoreError, Suppression, expectations,
        letters::insert_letter,
        suppressions,
        writer::{Tx, Write},
    },
};
use serde_json::Value;
use sqlx::Row;

/// A notice on its way into the queue.
#[derive(Debug, Clone)]
pub struct NoticeJob {
    pub job: Ref,
    pub about: About,
    pub server: String,
    /// An address, or the webhook's name.
    pub recipient: String,
    pub letter: Letter,
    pub errand: NoticeErrand,
    pub expires_at: Moment,
}

/// By which way a notice goes.
#[derive(Debug, Clone)]
pub enum NoticeErrand {
    Send(MailWishes),
    Webhook(WebhookWishes),
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The begin of one of [`Tell::incidents`], by its place.
    Begin(usize),
    /// Its end, or both.
    End(usize),
    /// All that happened in a span of time.
    Digest,
    /// A message, for its sender.
    Message,
}

/// What one look at the incidents came to.
#[derive(Debug, Clone, Default)]
pub struct Tell {
    pub node: String,
    pub now: Moment,
    /// As they stand now.
    pub incidents: Vec<Incident>,
    /// Rows of failed jobs that are counted in them.
    pub counted: Vec<i64>,
    pub mails: Vec<NoticeJob>,
    /// Until when the readers of digests are told, by address and schedule.
    pub covered: Vec<((String, String), Moment)>,
    /// Digests that are no more.
    pub uncovered: Vec<(String, String)>,
    /// Addresses that no mail is sent to from now on.
    pub suppressions: Vec<Suppression>,
    /// How the expectations stand that changed.
    pub expectations: Vec<Expectation>,
    /// Rules that expect nothing any more.
    pub unexpected: Vec<String>,
    /// The last arrival that expectations have counted.
    pub counted_until: Option<i64>,
}

impl Store {
    /// Commits a look: incidents, their mails, and whom they were told, all or nothing.
    ///
    /// # Errors
    /// When the database refuses; then nobody was told, and the next look says the same.
    pub async fn tell(&self, tell: Tell) -> Result<(), StoreError> {
        self.write(tell).await
    }
}

impl Write for Tell {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        let counted = Value::from(self.counted.clone()).to_string();
        sqlx::query("UPDATE jobs SET told = 1 WHERE id IN (SELECT value FROM json_each(?1))")
            .bind(counted)
            .execute(&mut *tx.db)
            .await?;
        let mut ids = Vec::with_capacity(self.incidents.len());
        for incident in &self.incidents {
            ids.push(save(tx, incident).await?);
        }
        for mail in &self.mails {
            queue_notice(tx, (&self.node, self.now), mail, Priority::High).await?;
            match mail.about {
                About::Begin(place) => self.remember(tx, ids[place], mail).await?,
                About::End(place) => self.overtake(tx, &self.incidents[place], mail).await?,
                About::Digest | About::Message => {}
            }
        }
        for suppression in &self.suppressions {
            suppressions::put(tx, suppression).await?;
        }
        for ((address, schedule), until) in &self.covered {
            let covered = sqlx::query(COVER).bind(address).bind(schedule).bind(until.0);
            covered.execute(&mut *tx.db).await?;
        }
        for (address, schedule) in &self.uncovered {
            let uncovered = sqlx::query("DELETE FROM digests WHERE address = ?1 AND schedule = ?2");
            uncovered.bind(address).bind(schedule).execute(&mut *tx.db).await?;
        }
        expectations::save(tx, &self.expectations, &self.unexpected, self.counted_until).await
    }
}

impl Tell {
    /// But for its incidents, nothing is new.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.counted.is_empty()
            && self.mails.is_empty()
            && self.covered.is_empty()
            && self.uncovered.is_empty()
            && self.expectations.is_empty()
            && self.unexpected.is_empty()
            && self.counted_until.is_none()
    }

    /// Which job tells that it began.
    async fn remember(&self, tx: &mut Tx<'_>, incident: i64, mail: &NoticeJob) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE incident_readers SET start_job = ?3 WHERE incident_id = ?1 AND address = ?2")
            .bind(incident)
            .bind(&mail.recipient)
            .bind(&mail.job.0[..])
            .execute(&mut *tx.db)
            .await?;
        Ok(())
    }

    /// A begin that has not gone out is told with the end.
    async fn overtake(&self, tx: &mut Tx<'_>, incident: &Incident, mail: &NoticeJob) -> Result<(), sqlx::Error> {
        let reader = incident.readers.iter().find(|reader| reader.address == mail.recipient);
        if let Some(overtaken) = reader.and_then(|reader| reader.start_job) {
            sqlx::query(OVERTAKE).bind(&overtaken.0[..]).bind(self.now.0).execute(&mut *tx.db).await?;
        }
        Ok(())
    }
}

/// The job of a notice, with its letter.
pub(super) async fn queue_notice(
    tx: &mut Tx<'_>,
    (node, now): (&str, Moment),
    mail: &NoticeJob,
    priority: Priority,
) -> Result<(), sqlx::Error> {
    let payload = insert_letter(tx, node, &mail.letter).await?;
    let (action, wishes) = match &mail.errand {
        NoticeErrand::Send(wishes) => ("send", serde_json::to_string(wishes)),
        NoticeErrand::Webhook(wishes) => ("webhook", serde_json::to_string(wishes)),
    };
    let wishes = wishes.map_err(|why| sqlx::Error::Encode(why.into()))?;
    sqlx::query(QUEUE)
        .bind(&mail.job.0[..])
        .bind(payload)
        .bind(NOTICES)
        .bind(&mail.server)
        .bind(node)
        .bind(&mail.recipient)
        .bind(wishes)
        .bind(priority.class())
        .bind(now.0)
        .bind(mail.expires_at.0)
        .bind(action)
        .execute(&mut *tx.db)
        .await?;
    let (server, rule) = (mail.server.clone(), NOTICES.to_owned());
    tx.touched.insert(QueueKey { server, priority, rule, rank: 0 });
    Ok(())
}

async fn save(tx: &mut Tx<'_>, incident: &Incident) -> Result<i64, sqlx::Error> {
    let json = |encoded: Result<String, serde_json::Error>| encoded.map_err(|why| sqlx::Error::Encode(why.into()));
    let row = sqlx::query(SAVE)
        .bind(incident.id)
        .bind(&incident.subject)
        .bind(incident.event.word())
        .bind(&incident.kind)
        .bind(incident.opened_at.0)
        .bind(incident.last_at.0)
        .bind(incident.closed_at.map(|moment| moment.0))
        .bind(incident.reopened_at.map(|moment| moment.0))
        .bind(incident.jobs.cast_signed())
        .bind(&incident.said)
        .bind(json(serde_json::to_string(&incident.rules))?)
        .bind(json(serde_json::to_string(&incident.examples))?)
        .fetch_one(&mut *tx.db)
        .await?;
    let id: i64 = row.get(0);
    for reader in &incident.readers {
        sqlx::query(SAVE_READER)
            .bind(id)
            .bind(&reader.address)
            .bind(reader.started_at.map(|moment| moment.0))
            .bind(reader.over_at.map(|moment| moment.0))
            .execute(&mut *tx.db)
            .await?;
    }
    Ok(id)
}

const SAVE: &str = "
INSERT INTO incidents (id, subject, event, kind, opened_at, last_at, closed_at, reopened_at, jobs, said, rules, examples)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, said = excluded.said, opened_at = excluded.opened_at, last_at = excluded.last_at,
  closed_at = excluded.closed_at, reopened_at = excluded.reopened_at, jobs = excluded.jobs, rules = excluded.rules, examples = excluded.examples
RETURNING id";

const SAVE_READER: &str = "
INSERT INTO incident_readers (incident_id, address, started_at, over_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (incident_id, address) DO UPDATE SET started_at = excluded.started_at, over_at = excluded.over_at";

/// The first mail has not gone out, and what it says is over.
const OVERTAKE: &str = "
UPDATE jobs SET state = 'cancelled', reason = 'superseded', ended_at = ?2, said = 'it was over before this could go out'
 WHERE ref = ?1 AND substr(ref, 12, 5) = substr(?1, 12, 5) AND state = 'queued'";

const QUEUE: &str = "
INSERT INTO jobs (ref, payload_id, rule, action, server, node, recipient, parcel, wishes, class, rank, in_order, state, due_at, expires_at)
VALUES (?1, ?2, ?3, ?11, ?4, ?5, ?6, ?2, ?7, ?8, 0, 0, 'queued', ?9, ?10)";

const COVER: &str = "
INSERT INTO digests (address, schedule, covered_until) VALUES (?1, ?2, ?3)
ON CONFLICT (address, schedule) DO UPDATE SET covered_until = excluded.covered_until";
