//! What a lane remembers across restarts: whether it is open, since when not, and what it learned of its server.

use crate::{
    domain::Moment,
    store::{Store, StoreError, statement::Statement},
};
use sqlx::Row;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneState {
    Open,
    /// The server is in trouble; tried again at `retry_at`.
    Closed,
    /// By an operator.
    Paused,
}

impl LaneState {
    const ALL: [Self; 3] = [Self::Open, Self::Closed, Self::Paused];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Paused => "paused",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneRow {
    pub server: String,
    pub state: LaneState,
    /// When it entered this state.
    pub since: Moment,
    /// The kind of trouble, a word of `TroubleKind`.
    pub kind: Option<String>,
    pub said: Option<String>,
    pub retry_at: Option<Moment>,
    pub failures: u32,
    /// Fewer conversations than configured, learned from 421.
    pub learned_limit: Option<u32>,
}

impl Store {
    /// All lanes that have a memory.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn lanes(&self) -> Result<Vec<LaneRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM lanes ORDER BY server").fetch_all(self.readers()).await?;
        Ok(rows
            .iter()
            .map(|row| LaneRow {
                server: row.get("server"),
                state: LaneState::ALL
                    .into_iter()
                    .find(|state| state.word() == row.get::<&str, _>("state"))
                    .unwrap_or(LaneState::Open),
                since: row.get("since"),
                kind: row.get("kind"),
                said: row.get("said"),
                retry_at: row.get("retry_at"),
                failures: row.get("failures"),
                learned_limit: row.get("learned_limit"),
            })
            .collect())
    }

    /// The memory of one lane.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn lane(&self, server: &str) -> Result<Option<LaneRow>, StoreError> {
        Ok(self.lanes().await?.into_iter().find(|lane| lane.server == server))
    }

    /// Writes one lane's memory. One that was paused already stays paused since then.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remember_lane(&self, lane: LaneRow) -> Result<(), StoreError> {
        let remember = Statement::of(REMEMBER)
            .bind(lane.server)
            .bind(lane.state.word())
            .bind(lane.since.0)
            .bind(lane.kind)
            .bind(lane.said)
            .bind(lane.retry_at.map(|moment| moment.0))
            .bind(lane.failures)
            .bind(lane.learned_limit);
        self.write(remember).await
    }
}

const REMEMBER: &str = "
INSERT INTO lanes (server, state, since, kind, said, retry_at, failures, learned_limit)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (server) DO UPDATE SET state = excluded.state,
  since = iif(excluded.state = 'paused' AND state = 'paused', since, excluded.since), kind = excluded.kind,
  said = excluded.said, retry_at = excluded.retry_at, failures = excluded.failures,
  learned_limit = excluded.learned_limit";
