//! Incidents, whom they were told, and the jobs that failed since the last look.

use crate::{
    domain::{
        Event, Example, Failure, Incident, Letter, MailWishes, Moment, NOTICES, Priority, Reader, Ref, StartMail,
    },
    store::{
        QueueKey, Store, StoreError,
        arrive::insert_letter,
        error::unreadable,
        writer::{Tx, Write},
    },
};
use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow};
use std::time::Duration;

/// A notice on its way into the queue.
#[derive(Debug, Clone)]
pub struct NoticeMail {
    pub job: Ref,
    pub about: About,
    pub server: String,
    pub recipient: String,
    pub letter: Letter,
    pub wishes: MailWishes,
    pub expires_at: Moment,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The begin of one of [`Tell::incidents`], by its place.
    Begin(usize),
    /// Its end, or both.
    End(usize),
    Digest,
}

/// What one look at the incidents came to.
#[derive(Debug, Clone)]
pub struct Tell {
    pub node: String,
    pub now: Moment,
    /// As they stand now.
    pub incidents: Vec<Incident>,
    /// Rows of failed jobs that are counted in them.
    pub counted: Vec<i64>,
    pub mails: Vec<NoticeMail>,
    /// Until when the readers of digests are told, by address and schedule.
    pub covered: Vec<((String, String), Moment)>,
}

/// Failed jobs looked at together.
const CHUNK: i64 = 500;

impl Store {
    /// Incidents that are open, were closed within `lately`, or whose end somebody has not heard of yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn incidents(&self, now: Moment, lately: Duration) -> Result<Vec<Incident>, StoreError> {
        let rows = sqlx::query(INCIDENTS).bind(now.minus(lately).0).fetch_all(self.readers()).await?;
        let mut incidents = Vec::with_capacity(rows.len());
        for row in &rows {
            let readers = sqlx::query(READERS).bind(row.get::<i64, _>("id")).fetch_all(self.readers()).await?;
            incidents.push(incident(row, &readers, now)?);
        }
        Ok(incidents)
    }

    /// Jobs that failed and are in no incident yet, oldest first, with their rows; at most 500.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn untold_failures(&self) -> Result<Vec<(i64, Failure)>, StoreError> {
        let rows = sqlx::query(UNTOLD).bind(CHUNK).fetch_all(self.readers()).await?;
        Ok(rows.iter().map(|row| (row.get("id"), failure(row))).collect())
    }

    /// When `server` last took a job.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_delivery(&self, server: &str, since: Moment) -> Result<Option<Moment>, StoreError> {
        let row = sqlx::query(LAST_DELIVERY).bind(server).bind(since.0).fetch_one(self.readers()).await?;
        Ok(row.get::<Option<i64>, _>(0).map(Moment))
    }

    /// Jobs that wait for `server`, and jobs that it has taken since a moment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn aside(&self, server: &str, since: Moment) -> Result<(u64, u64), StoreError> {
        let row = sqlx::query(ASIDE).bind(server).bind(since.0).fetch_one(self.readers()).await?;
        Ok((row.get::<i64, _>(0).cast_unsigned(), row.get::<i64, _>(1).cast_unsigned()))
    }

    /// Forgets incidents that were closed before `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_incidents(&self, before: Moment) -> Result<(), StoreError> {
        self.write(Forget { before }).await
    }

    /// Commits a look: incidents, their mails, and whom they were told, all or nothing.
    ///
    /// # Errors
    /// When the database refuses; then nobody was told, and the next look says the same.
    pub async fn tell(&self, tell: Tell) -> Result<(), StoreError> {
        self.write(tell).await
    }
}

struct Forget {
    before: Moment,
}

impl Write for Forget {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        let forgotten = sqlx::query("DELETE FROM incidents WHERE closed_at IS NOT NULL AND closed_at < ?1");
        forgotten.bind(self.before.0).execute(&mut *tx.db).await?;
        Ok(())
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
            self.queue(tx, mail).await?;
            match mail.about {
                About::Begin(place) => self.remember(tx, ids[place], mail).await?,
                About::End(place) => self.overtake(tx, &self.incidents[place], mail).await?,
                About::Digest => {}
            }
        }
        for ((address, schedule), until) in &self.covered {
            let covered = sqlx::query(COVER).bind(address).bind(schedule).bind(until.0);
            covered.execute(&mut *tx.db).await?;
        }
        Ok(())
    }
}

impl Tell {
    /// Which job tells that it began.
    async fn remember(&self, tx: &mut Tx<'_>, incident: i64, mail: &NoticeMail) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE incident_readers SET start_job = ?3 WHERE incident_id = ?1 AND address = ?2")
            .bind(incident)
            .bind(&mail.recipient)
            .bind(&mail.job.0[..])
            .execute(&mut *tx.db)
            .await?;
        Ok(())
    }

    /// A begin that has not gone out is told with the end.
    async fn overtake(&self, tx: &mut Tx<'_>, incident: &Incident, mail: &NoticeMail) -> Result<(), sqlx::Error> {
        let reader = incident.readers.iter().find(|reader| reader.address == mail.recipient);
        if let Some(overtaken) = reader.and_then(|reader| reader.start_job) {
            sqlx::query(OVERTAKE).bind(&overtaken.0[..]).bind(self.now.0).execute(&mut *tx.db).await?;
        }
        Ok(())
    }

    async fn queue(&self, tx: &mut Tx<'_>, mail: &NoticeMail) -> Result<(), sqlx::Error> {
        let payload = insert_letter(tx, &self.node, &mail.letter).await?;
        let wishes = serde_json::to_string(&mail.wishes).map_err(|why| sqlx::Error::Encode(why.into()))?;
        sqlx::query(QUEUE)
            .bind(&mail.job.0[..])
            .bind(payload)
            .bind(NOTICES)
            .bind(&mail.server)
            .bind(&self.node)
            .bind(&mail.recipient)
            .bind(wishes)
            .bind(Priority::High.class())
            .bind(self.now.0)
            .bind(mail.expires_at.0)
            .execute(&mut *tx.db)
            .await?;
        let (server, rule) = (mail.server.clone(), NOTICES.to_owned());
        tx.touched.insert(QueueKey { server, priority: Priority::High, rule, rank: 0 });
        Ok(())
    }
}

async fn save(tx: &mut Tx<'_>, incident: &Incident) -> Result<i64, sqlx::Error> {
    let json = |encoded: Result<String, serde_json::Error>| encoded.map_err(|why| sqlx::Error::Encode(why.into()));
    let row = sqlx::query(SAVE)
        .bind(incident.id)
        .bind(&incident.server)
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

/// A moment that is ahead was written before the clock was set back: it counts as now.
fn incident(row: &SqliteRow, readers: &[SqliteRow], now: Moment) -> Result<Incident, sqlx::Error> {
    let moment = |column: &str| row.get::<Option<i64>, _>(column).map(|at| Moment(at).min(now));
    let event: &str = row.get("event");
    let json = |column: &str| row.get::<String, _>(column);
    Ok(Incident {
        id: Some(row.get("id")),
        server: row.get("server"),
        event: [Event::Trouble, Event::Failed]
            .into_iter()
            .find(|known| known.word() == event)
            .ok_or_else(|| unreadable("event", event))?,
        kind: row.get("kind"),
        opened_at: moment("opened_at").unwrap_or(now),
        last_at: moment("last_at").unwrap_or(now),
        closed_at: moment("closed_at"),
        reopened_at: moment("reopened_at"),
        jobs: row.get::<i64, _>("jobs").cast_unsigned(),
        said: row.get("said"),
        rules: serde_json::from_str(&json("rules")).map_err(|_| unreadable("rules", json("rules")))?,
        examples: serde_json::from_str(&json("examples")).map_err(|_| unreadable("examples", json("examples")))?,
        readers: readers.iter().map(|row| reader(row, now)).collect(),
    })
}

fn reader(row: &SqliteRow, now: Moment) -> Reader {
    let moment = |column: &str| row.get::<Option<i64>, _>(column).map(|at| Moment(at).min(now));
    Reader {
        address: row.get("address"),
        started_at: moment("started_at"),
        start_job: row.get::<Option<Vec<u8>>, _>("start_job").and_then(|job| job.try_into().ok()).map(Ref),
        start: match row.get::<Option<&str>, _>("start_state") {
            Some("delivered") => StartMail::Sent,
            Some("running") => StartMail::UnderWay,
            _ => StartMail::Waiting,
        },
        over_at: moment("over_at"),
    }
}

fn failure(row: &SqliteRow) -> Failure {
    let bytes = |column: &str| row.get::<Option<Vec<u8>>, _>(column);
    let text = |column: &str| row.get::<Option<String>, _>(column);
    let server: String = row.get("server");
    let lossy = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let to = bytes("target").map(|target| format!("{server}:{}", lossy(target))).or(text("recipient"));
    let job = bytes("ref").and_then(|job| job.try_into().ok()).map_or_else(String::new, |job| Ref(job).to_string());
    let reason = text("reason");
    let is_ours = |reason: &String| matches!(reason.as_str(), "deadline" | "unplannable" | "source_changed");
    let kind = reason.clone().filter(is_ours).or(text("kind")).or(reason);
    Failure {
        rule: row.get("rule"),
        kind: kind.unwrap_or_else(|| "unknown".to_owned()),
        ended_at: Moment(row.get::<Option<i64>, _>("ended_at").unwrap_or_default()),
        example: Example {
            job,
            name: bytes("name").map(lossy).unwrap_or_default(),
            size_bytes: row.get::<Option<i64>, _>("size_bytes").map(i64::cast_unsigned),
            to: to.unwrap_or_else(|| server.clone()),
            tries: row.get("tries"),
            said: text("said").unwrap_or_default(),
        },
        server,
    }
}

const INCIDENTS: &str = "SELECT * FROM incidents WHERE closed_at IS NULL
UNION SELECT * FROM incidents WHERE closed_at IS NOT NULL AND closed_at > ?1
UNION SELECT * FROM incidents WHERE id IN (SELECT incident_id FROM incident_readers WHERE started_at IS NOT NULL AND over_at IS NULL)
ORDER BY id";

/// A start that was purged has gone out long ago.
const READERS: &str = "SELECT address, started_at, start_job, over_at,
  iif(start_job IS NULL, NULL, coalesce((SELECT j.state FROM jobs j WHERE substr(j.ref, 12, 5) = substr(start_job, 12, 5)
      AND j.ref = start_job), 'delivered')) AS start_state
  FROM incident_readers WHERE incident_id = ?1";

pub(super) const UNTOLD: &str = "SELECT j.id, j.ref, j.rule, j.server, j.reason, j.said, j.tries, j.target, j.recipient, j.ended_at,
  (SELECT name FROM arrivals WHERE id = j.arrival_id) AS name, (SELECT size_bytes FROM payloads WHERE id = j.payload_id) AS size_bytes,
  (SELECT kind FROM attempts WHERE job_id = j.id ORDER BY claim_no DESC LIMIT 1) AS kind
  FROM jobs j WHERE j.state = 'failed' AND j.told = 0 ORDER BY j.id LIMIT ?1";

pub(super) const LAST_DELIVERY: &str = "SELECT max(ended_at) FROM jobs
 WHERE rule IN (SELECT DISTINCT name FROM rule_versions) AND state = 'delivered' AND server = ?1 AND ended_at > ?2";

pub(super) const ASIDE: &str = "SELECT
  (SELECT count(*) FROM jobs WHERE server = ?1 AND state = 'queued') + (SELECT count(*) FROM jobs WHERE server = ?1 AND state = 'waiting'),
  (SELECT count(*) FROM jobs WHERE rule IN (SELECT DISTINCT name FROM rule_versions) AND state = 'delivered' AND server = ?1
      AND ended_at >= ?2)";

const SAVE: &str = "
INSERT INTO incidents (id, server, event, kind, opened_at, last_at, closed_at, reopened_at, jobs, said, rules, examples)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, said = excluded.said, last_at = excluded.last_at,
  closed_at = excluded.closed_at, reopened_at = excluded.reopened_at, jobs = excluded.jobs, rules = excluded.rules, examples = excluded.examples
RETURNING id";

const SAVE_READER: &str = "
INSERT INTO incident_readers (incident_id, address, started_at, over_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (incident_id, address) DO UPDATE SET started_at = excluded.started_at, over_at = excluded.over_at";

/// The first mail has not gone out, and what it says is over.
const OVERTAKE: &str = "
UPDATE jobs SET state = 'cancelled', reason = 'superseded', ended_at = ?2, said = 'it was over before this mail could go out'
 WHERE ref = ?1 AND substr(ref, 12, 5) = substr(?1, 12, 5) AND state = 'queued'";

const QUEUE: &str = "
INSERT INTO jobs (ref, payload_id, rule, action, server, node, recipient, parcel, wishes, class, rank, in_order, state, due_at, expires_at)
VALUES (?1, ?2, ?3, 'send', ?4, ?5, ?6, ?2, ?7, ?8, 0, 0, 'queued', ?9, ?10)";

const COVER: &str = "
INSERT INTO digests (address, schedule, covered_until) VALUES (?1, ?2, ?3)
ON CONFLICT (address, schedule) DO UPDATE SET covered_until = excluded.covered_until";
