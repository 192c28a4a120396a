//! An arrival with its payload, its jobs and its line in the ledger, in one transaction.

use crate::{
    domain::{ArrivalDraft, Arriving, Identity, JobDraft, Sighting},
    store::{
        Store, StoreError, after, expansions,
        letters::insert_letters,
        litter::{self, hex},
        mail_keys::Taken,
        new_jobs::{NewJob, all_or_handled, free_of_each_other, insert_jobs, mailed_now},
        settle::promote,
        writer::{Tx, Write},
    },
};
use serde_json::{Value, json};
use sqlx::Row;
use std::collections::{HashMap, HashSet};

/// Arrivals to be committed together; at most a few hundred, so that no other request waits long. Rows travel as one JSON
/// text, bytes in hexadecimal: a handful of statements for any number of them.
#[derive(Debug, Clone)]
pub struct Arrive {
    pub node: String,
    pub arrivals: Vec<ArrivalDraft>,
}

impl Store {
    /// Commits arrivals. When it returns they survive a power cut.
    ///
    /// An older open job of the same rule and source path is superseded: its bytes are gone. A job whose target has an
    /// older open job waits for that one, whichever rule it is of, so that no older version overtakes a newer.
    ///
    /// # Errors
    /// When the database refuses; then nothing of them is there.
    pub async fn arrive(&self, arrive: Arrive) -> Result<(), StoreError> {
        self.write(arrive).await
    }
}

impl Write for Arrive {
    type Answer = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), sqlx::Error> {
        let mut taken = Taken::default();
        for turn in turns(&self.arrivals) {
            self.take_turn(tx, turn, &mut taken).await?;
        }
        Ok(())
    }
}

/// Two arrivals of one file in one batch go one after the other, so that the second finds the first.
fn turns(arrivals: &[ArrivalDraft]) -> Vec<&[ArrivalDraft]> {
    let mut turns = vec![];
    let mut met = HashSet::new();
    let mut begin = 0;
    for (at, draft) in arrivals.iter().enumerate() {
        if !met.insert(absolute(draft)) {
            turns.push(&arrivals[begin..at]);
            begin = at;
            met = HashSet::from([absolute(draft)]);
        }
    }
    turns.push(&arrivals[begin..]);
    turns
}

impl Arrive {
    async fn take_turn(
        &self,
        tx: &mut Tx<'_>,
        arrivals: &[ArrivalDraft],
        taken: &mut Taken,
    ) -> Result<(), sqlx::Error> {
        insert_seen(tx, arrivals).await?;
        expansions::give_up_taken(tx, arrivals).await?;
        supersede(tx, arrivals).await?;
        let wanted: Vec<&ArrivalDraft> = arrivals.iter().filter(|draft| !draft.jobs.is_empty()).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let payloads = insert_payloads(tx, &self.node, &wanted).await?;
        let first = next_arrival(tx).await?;
        let numbered =
            || wanted.iter().zip(&payloads).zip(first..).map(|((draft, payload), id)| (*draft, *payload, id));
        let rows = numbered().map(|(draft, payload, id)| arrival_row(draft, payload, (id, None))).collect::<Value>();
        sqlx::query(INSERT_ARRIVALS).bind(rows.to_string()).execute(&mut *tx.db).await?;
        let mut jobs = Vec::new();
        for (draft, payload, arrival) in numbered() {
            let letters = insert_letters(tx, (&self.node, &draft.rule), &draft.letters, taken).await?;
            let new = |job| NewJob::of_arrival((&self.node, draft), job, (arrival, payload), &letters);
            jobs.extend(all_or_handled(&draft.jobs, &letters, new));
        }
        for jobs in free_of_each_other(&jobs) {
            insert_jobs(tx, jobs).await?;
        }
        let open: HashSet<i64> = jobs.iter().filter(|job| job.is_open()).map(|job| job.arrival).collect();
        let over = numbered().filter(|(draft, _, id)| draft.has_after && !open.contains(id));
        let over: Vec<i64> = over.map(|(_, _, id)| id).collect();
        if over.is_empty() { Ok(()) } else { after::ripen(tx, &over).await }
    }
}

pub(super) async fn insert_seen(tx: &mut Tx<'_>, arrivals: &[ArrivalDraft]) -> Result<(), sqlx::Error> {
    let seen = arrivals.iter().map(seen_row).collect::<Value>();
    sqlx::query(INSERT_SEEN).bind(seen.to_string()).execute(&mut *tx.db).await?;
    Ok(())
}

/// The arrival of a file that comes in parts, and the row of its bytes, where jobs concern them as they lie.
pub(super) async fn begin(
    tx: &mut Tx<'_>,
    node: &str,
    draft: &ArrivalDraft,
) -> Result<(i64, Option<i64>), sqlx::Error> {
    supersede(tx, std::slice::from_ref(draft)).await?;
    let payload = insert_payloads(tx, node, &[draft]).await?.pop().flatten();
    let arrival = next_arrival(tx).await?;
    let row = Value::from(vec![arrival_row(draft, payload, (arrival, None))]);
    sqlx::query(INSERT_ARRIVALS).bind(row.to_string()).execute(&mut *tx.db).await?;
    Ok((arrival, payload))
}

/// The letters and jobs of a part.
pub(super) async fn insert_part(
    tx: &mut Tx<'_>,
    (node, draft): (&str, &ArrivalDraft),
    (arrival, payload): (i64, Option<i64>),
) -> Result<(), sqlx::Error> {
    let letters = insert_letters(tx, (node, &draft.rule), &draft.letters, &mut Taken::default()).await?;
    let new = |job| NewJob::of_arrival((node, draft), job, (arrival, payload), &letters);
    let jobs: Vec<NewJob<'_>> = mailed_now(&draft.jobs, &letters).map(new).collect();
    for jobs in free_of_each_other(&jobs) {
        insert_jobs(tx, jobs).await?;
    }
    Ok(())
}

/// The row of each draft's bytes, where jobs concern them as they lie; of the same bytes the same row.
async fn insert_payloads(
    tx: &mut Tx<'_>,
    node: &str,
    drafts: &[&ArrivalDraft],
) -> Result<Vec<Option<i64>>, sqlx::Error> {
    let is_of_file = |job: &JobDraft| job.errand.is_of_file();
    let is_sent = |draft: &&&ArrivalDraft| draft.has_after || draft.jobs.iter().any(is_of_file);
    let rows = drafts.iter().filter(is_sent).map(|draft| payload_row(node, draft)).collect::<Value>();
    let rows = sqlx::query(INSERT_PAYLOADS).bind(rows.to_string()).fetch_all(&mut *tx.db).await?;
    let ids: HashMap<Vec<u8>, i64> = rows.iter().map(|row| (row.get("path"), row.get("id"))).collect();
    let id = |draft: &ArrivalDraft| ids.get(&absolute(draft)).copied().ok_or(sqlx::Error::RowNotFound);
    drafts.iter().map(|draft| if is_sent(&draft) { id(draft).map(Some) } else { Ok(None) }).collect()
}

fn absolute(draft: &ArrivalDraft) -> Vec<u8> {
    [&draft.sighting.folder[..], b"/", &draft.sighting.path].concat()
}

fn seen_row(draft: &ArrivalDraft) -> Value {
    let Identity { size_bytes, mtime_ns, inode, ctime_ns } = draft.sighting.identity;
    let size_bytes = size_bytes.cast_signed();
    let sha256 = draft.sha256.map(|sha256| hex(&sha256.0));
    json!([draft.place, hex(&draft.sighting.path), size_bytes, mtime_ns, inode.cast_signed(), ctime_ns, sha256])
}

fn payload_row(node: &str, draft: &ArrivalDraft) -> Value {
    let Identity { size_bytes, mtime_ns, inode, ctime_ns } = draft.sighting.identity;
    let size_bytes = size_bytes.cast_signed();
    json!([node, hex(&absolute(draft)), size_bytes, mtime_ns, inode.cast_signed(), ctime_ns])
}

pub(super) fn arrival_row(draft: &ArrivalDraft, payload: Option<i64>, (id, message): (i64, Option<i64>)) -> Value {
    let Sighting { folder, path, .. } = &draft.sighting;
    let (source, place) = match draft.sighting.arriving() {
        Arriving::File => ("watch", Some(draft.place)),
        Arriving::Tick => ("schedule", Some(draft.place)),
        Arriving::Mail => ("mail", None), // no ledger: it is taken in once by its name
    };
    let after = if draft.has_after { "due" } else { "none" };
    json!([
        id,
        hex(&draft.id.0),
        draft.rule_version,
        place,
        payload,
        hex(folder),
        hex(path),
        draft.arrived_at.0,
        after,
        source,
        message
    ])
}

/// Only this writer gives numbers, so the next one is known. Where the last arrivals were purged, their numbers are not given again:
/// expectations would take them for counted.
pub(super) async fn next_arrival(tx: &mut Tx<'_>) -> Result<i64, sqlx::Error> {
    let next = "SELECT max(coalesce((SELECT max(id) FROM arrivals), 0), (SELECT arrival_id FROM counted_arrivals)) + 1";
    let row = sqlx::query(next).fetch_one(&mut *tx.db).await?;
    Ok(row.get(0))
}

/// Open jobs of older versions of the same sources end: their bytes are gone, be the newer ones wanted or not. A running one
/// is left alone: it finds out by itself that its file has changed, and the newer one waits for it.
async fn supersede(tx: &mut Tx<'_>, drafts: &[ArrivalDraft]) -> Result<(), sqlx::Error> {
    let rows = drafts.iter().map(|draft| {
        let Identity { size_bytes, mtime_ns, inode, ctime_ns } = draft.sighting.identity;
        let (size_bytes, inode) = (size_bytes.cast_signed(), inode.cast_signed());
        json!([hex(&absolute(draft)), size_bytes, mtime_ns, inode, ctime_ns, draft.rule, draft.arrived_at.0])
    });
    let rows = rows.collect::<Value>();
    let ended = sqlx::query(SUPERSEDE).bind(rows.to_string()).fetch_all(&mut *tx.db).await?;
    let ended: Vec<i64> = ended.iter().map(|row| row.get("id")).collect();
    if let Some(draft) = drafts.first() {
        litter::remember_parts(tx, &ended, draft.arrived_at).await?;
    }
    promote(tx, ended).await
}

const INSERT_SEEN: &str = "
INSERT INTO seen (place_id, path, size_bytes, mtime_ns, inode, ctime_ns, sha256)
SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5, unhex(value ->> 6) FROM jsonb_each(?1) WHERE true
ON CONFLICT (place_id, path) DO UPDATE SET size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns,
   inode = excluded.inode, ctime_ns = excluded.ctime_ns, sha256 = excluded.sha256, gone_at = NULL";

const INSERT_PAYLOADS: &str = "
INSERT INTO payloads (place, node, path, size_bytes, mtime_ns, inode, ctime_ns)
SELECT 'in_place', value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5
  FROM jsonb_each(?1) WHERE true
ON CONFLICT (path, node, ctime_ns, inode, mtime_ns, size_bytes) WHERE place = 'in_place'
DO UPDATE SET node = excluded.node
RETURNING id, path";

pub(super) const SUPERSEDE: &str = "
WITH s AS (SELECT unhex(value ->> 0) AS path, value ->> 1 AS size_bytes, value ->> 2 AS mtime_ns, value ->> 3 AS inode,
                  value ->> 4 AS ctime_ns, value ->> 5 AS rule, value ->> 6 AS arrived_at
             FROM jsonb_each(?1)),
     older AS MATERIALIZED (SELECT j.id AS id, s.arrived_at AS arrived_at
       FROM s CROSS JOIN payloads p ON p.place = 'in_place' AND p.path = s.path
                AND (p.size_bytes, p.mtime_ns, p.inode, p.ctime_ns) <> (s.size_bytes, s.mtime_ns, s.inode, s.ctime_ns)
              CROSS JOIN jobs j ON j.payload_id = p.id AND j.rule = s.rule AND j.state IN ('waiting', 'queued', 'held')
                   AND j.action <> 'after') -- that one finds out by itself: its source may be set aside
UPDATE jobs SET state = 'cancelled', reason = 'superseded', ended_at = older.arrived_at,
                said = 'a newer version of the file arrived'
  FROM older WHERE jobs.id = older.id
RETURNING id";

pub(super) const INSERT_ARRIVALS: &str = "
INSERT INTO arrivals (id, ref, rule_version_id, source, place_id, payload_id, folder, name, arrived_at, after, message_id)
SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 9, value ->> 3, value ->> 4, unhex(value ->> 5), unhex(value ->> 6),
       value ->> 7, value ->> 8, value ->> 10
  FROM jsonb_each(?1)";
