//! `status`: what each rule delivered and what waits, which lanes are not open, and whether a process serves.

use crate::{
    domain::Moment,
    store::{LaneState, Store, StoreError, read::filter::rules_with_ended_jobs, read::json},
};
use serde::Serialize;
use sqlx::Row;
use std::{collections::BTreeMap, time::Duration};

/// All that `status` says, as it is in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    #[serde(serialize_with = "json::moment")]
    pub now: Moment,
    pub session: SessionStatus,
    /// In the order of their names.
    pub rules: Vec<RuleStatus>,
    /// Lanes that are not open.
    pub lanes: Vec<LaneStatus>,
    pub paused_rules: Vec<PausedRule>,
    /// Open jobs by server, for those that have any.
    pub servers: BTreeMap<String, OpenCounts>,
    /// What is tried again and again.
    pub in_vain: Vec<InVain>,
    /// Jobs by rule that are held because nobody answered, and they may have been taken.
    pub unknown: BTreeMap<String, u64>,
}

/// Waiting jobs of a rule for a server that were tried three times or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InVain {
    pub rule: String,
    pub server: String,
    pub jobs: u64,
    /// The last words about the youngest of them; unescaped.
    pub said: Option<String>,
}

/// The process that serves, or served last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum SessionStatus {
    /// Nobody has served this storage yet.
    Never,
    Up {
        #[serde(serialize_with = "json::moment")]
        since: Moment,
        /// Its last heartbeat.
        #[serde(serialize_with = "json::moment")]
        last_seen: Moment,
    },
    /// It ended in good order.
    Stopped {
        #[serde(serialize_with = "json::moment")]
        at: Moment,
    },
    /// It ended without a word: killed, or the machine went down.
    Died {
        #[serde(serialize_with = "json::moment")]
        last_seen: Moment,
    },
}

impl SessionStatus {
    /// What it is if nobody answers on the control socket: a heartbeat may be a minute younger than its process's death.
    #[must_use]
    pub fn unanswered(self) -> Self {
        match self {
            Self::Up { last_seen, .. } => Self::Died { last_seen },
            other => other,
        }
    }
}

/// What a rule has done and has to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RuleStatus {
    pub rule: String,
    #[serde(serialize_with = "json::moment_or_null")]
    pub last_delivered: Option<Moment>,
    /// Delivered since the local midnight.
    pub today: u64,
    #[serde(flatten)]
    pub open: OpenCounts,
    /// Failed in the last 24 hours and not retried since.
    pub failed: u64,
    /// What the rule expects.
    pub expected: Option<Expected>,
    /// When its schedule comes next; not in the database, and added by whoever knows the rule.
    #[serde(serialize_with = "json::moment_or_null")]
    pub next_tick: Option<Moment>,
}

/// How what a rule expects stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// In the rule's words.
    pub what: String,
    /// By when the next must have come.
    #[serde(serialize_with = "json::moment_or_null")]
    pub by: Option<Moment>,
    /// The moment by which it had not come, while it still has not.
    #[serde(serialize_with = "json::moment_or_null")]
    pub missed: Option<Moment>,
    /// The last that came since and does not count, and why; unescaped.
    pub unfit: Option<String>,
}

/// Jobs that have not ended, by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OpenCounts {
    pub waiting: u64,
    pub queued: u64,
    pub running: u64,
    pub held: u64,
}

impl OpenCounts {
    /// Those that go on by themselves.
    #[must_use]
    pub fn on_their_way(&self) -> u64 {
        self.waiting + self.queued + self.running
    }
}

/// A lane that is not open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaneStatus {
    pub server: String,
    /// Paused by an operator; else closed, the server is in trouble.
    pub is_paused: bool,
    #[serde(serialize_with = "json::moment")]
    pub since: Moment,
    /// A word of `TroubleKind`.
    pub kind: Option<String>,
    /// Unescaped.
    pub said: Option<String>,
    #[serde(serialize_with = "json::moment_or_null")]
    pub retry_at: Option<Moment>,
    /// Jobs for it that are on their way.
    pub waiting: u64,
}

/// By an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PausedRule {
    pub rule: String,
    #[serde(serialize_with = "json::moment")]
    pub since: Moment,
}

type Open = BTreeMap<(String, String), OpenCounts>;

impl Store {
    /// What there is to say. `rules` are the configured ones; others are told of while they have open jobs or new failures.
    /// Reads the indexes of open jobs whole, and of ended ones only today's part.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn status(&self, rules: &[String], now: Moment, midnight: Moment) -> Result<Status, StoreError> {
        let open = self.open_counts().await?;
        let yesterday = now.minus(Duration::from_secs(24 * 3600));
        let mut by_rule: BTreeMap<String, RuleStatus> =
            rules.iter().map(|rule| (rule.clone(), RuleStatus::default())).collect();
        for ((rule, _), counts) in &open {
            by_rule.entry(rule.clone()).or_default().open.add(counts);
        }
        for (rule, failed) in self.failed_since(yesterday).await? {
            by_rule.entry(rule).or_default().failed = failed;
        }
        let mut expectations = self.expectations().await?;
        for (name, rule) in &mut by_rule {
            let expected = expectations.remove(name).map(|state| Expected {
                what: state.spec,
                by: state.due_at,
                missed: state.missed_at,
                unfit: state.unfit,
            });
            rule.expected = expected;
            let row = sqlx::query(DELIVERED).bind(name).bind(midnight.0).fetch_one(self.readers()).await?;
            rule.rule.clone_from(name);
            rule.last_delivered = row.get("last");
            rule.today = row.get::<i64, _>("today").cast_unsigned();
        }
        let mut servers: BTreeMap<String, OpenCounts> = BTreeMap::new();
        for ((_, server), counts) in &open {
            servers.entry(server.clone()).or_default().add(counts);
        }
        Ok(Status {
            now,
            session: self.session_status(now).await?,
            rules: by_rule.into_values().collect(),
            lanes: self.lane_statuses(&servers).await?,
            paused_rules: self.paused_rules().await?,
            servers,
            in_vain: self.in_vain().await?,
            unknown: self.unknown().await?,
        })
    }

    /// The rules that an operator paused.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn paused_rules(&self) -> Result<Vec<PausedRule>, StoreError> {
        let rows = sqlx::query("SELECT rule, since FROM paused_rules ORDER BY rule").fetch_all(self.readers()).await?;
        Ok(rows.iter().map(|row| PausedRule { rule: row.get("rule"), since: row.get("since") }).collect())
    }

    async fn in_vain(&self) -> Result<Vec<InVain>, StoreError> {
        let rows = sqlx::query(IN_VAIN).fetch_all(self.readers()).await?;
        let in_vain = rows.iter().map(|row| InVain {
            rule: row.get("rule"),
            server: row.get("server"),
            jobs: row.get::<i64, _>("jobs").cast_unsigned(),
            said: row.get("said"),
        });
        Ok(in_vain.collect())
    }

    pub(super) async fn unknown(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let rows = sqlx::query(UNKNOWN).fetch_all(self.readers()).await?;
        Ok(rows.iter().map(|row| (row.get("rule"), row.get::<i64, _>("jobs").cast_unsigned())).collect())
    }

    /// Jobs on their way or held, by rule.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_jobs(&self) -> Result<BTreeMap<String, OpenCounts>, StoreError> {
        let mut by_rule: BTreeMap<String, OpenCounts> = BTreeMap::new();
        for ((rule, _), open) in self.open_counts().await? {
            by_rule.entry(rule).or_default().add(&open);
        }
        Ok(by_rule)
    }

    async fn open_counts(&self) -> Result<Open, StoreError> {
        let mut open = Open::new();
        for (sql, count) in OPEN {
            for row in sqlx::query(sql).fetch_all(self.readers()).await? {
                let counts = open.entry((row.get("rule"), row.get("server"))).or_default();
                *count(counts) = row.get::<i64, _>("jobs").cast_unsigned();
            }
        }
        Ok(open)
    }

    async fn failed_since(&self, since: Moment) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = sqlx::query(FAILED).bind(since.0).fetch_all(self.readers()).await?;
        Ok(rows.iter().map(|row| (row.get("rule"), row.get::<i64, _>("jobs").cast_unsigned())).collect())
    }

    async fn session_status(&self, now: Moment) -> Result<SessionStatus, StoreError> {
        let row = sqlx::query("SELECT started_at, alive_until, ended_at FROM sessions ORDER BY id DESC LIMIT 1")
            .fetch_optional(self.readers())
            .await?;
        let Some(row) = row else { return Ok(SessionStatus::Never) };
        let alive_until: Moment = row.get("alive_until");
        let last_seen = alive_until.minus(crate::store::LEASE);
        Ok(match row.get("ended_at") {
            Some(at) => SessionStatus::Stopped { at },
            // A full disk takes no heartbeat: it is the lock that proves a process dead.
            None if alive_until > now || self.is_served() => {
                SessionStatus::Up { since: row.get("started_at"), last_seen }
            }
            None => SessionStatus::Died { last_seen },
        })
    }

    async fn lane_statuses(&self, open: &BTreeMap<String, OpenCounts>) -> Result<Vec<LaneStatus>, StoreError> {
        let lanes = self.lanes().await?.into_iter().filter(|lane| lane.state != LaneState::Open);
        Ok(lanes
            .map(|lane| LaneStatus {
                waiting: open.get(&lane.server).map_or(0, OpenCounts::on_their_way),
                server: lane.server,
                is_paused: lane.state == LaneState::Paused,
                since: lane.since,
                kind: lane.kind,
                said: lane.said,
                retry_at: lane.retry_at,
            })
            .collect())
    }
}

impl OpenCounts {
    fn add(&mut self, other: &Self) {
        self.waiting += other.waiting;
        self.queued += other.queued;
        self.running += other.running;
        self.held += other.held;
    }
}

type Count = fn(&mut OpenCounts) -> &mut u64;

/// Each reads one partial index, whose size is that of the open jobs.
pub(in crate::store) const OPEN: [(&str, Count); 4] = [
    ("SELECT rule, server, count(*) AS jobs FROM jobs WHERE state = 'waiting' GROUP BY rule, server", |open| {
        &mut open.waiting
    }),
    ("SELECT rule, server, count(*) AS jobs FROM jobs WHERE state = 'queued' GROUP BY rule, server", |open| {
        &mut open.queued
    }),
    ("SELECT rule, server, count(*) AS jobs FROM jobs WHERE state = 'running' GROUP BY rule, server", |open| {
        &mut open.running
    }),
    ("SELECT rule, server, count(*) AS jobs FROM jobs WHERE state = 'held' GROUP BY rule, server", |open| {
        &mut open.held
    }),
];

/// Reads every queued job; of one group SQLite gives the words of the row that has its highest id.
pub(in crate::store) const IN_VAIN: &str = "SELECT rule, server, count(*) AS jobs, max(id), said FROM jobs
 WHERE state = 'queued' AND counted_tries >= 3 GROUP BY rule, server";

pub(in crate::store) const UNKNOWN: &str =
    "SELECT rule, count(*) AS jobs FROM jobs WHERE state = 'held' AND reason = 'unknown' GROUP BY rule";

pub(in crate::store) const FAILED: &str = concat!(
    "SELECT rule, count(*) AS jobs FROM jobs WHERE ended_at >= ?1 AND state = 'failed' AND rule IN (",
    rules_with_ended_jobs!(),
    ") GROUP BY rule"
);

pub(in crate::store) const DELIVERED: &str = "
SELECT (SELECT max(delivered_at) FROM receipts WHERE rule = ?1) AS last,
       (SELECT count(*) FROM receipts WHERE rule = ?1 AND delivered_at >= ?2) AS today";
