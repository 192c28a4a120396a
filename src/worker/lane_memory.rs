//! What a lane learned is written down when it changes, so that `status` and the next start know it.

use crate::{
    clock::Clock,
    domain::Moment,
    lanes::LaneReport,
    policy::CircuitState,
    store::{LaneRow, LaneState, Store},
};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::warn;

#[derive(Debug, Clone)]
pub(super) struct LaneMemory {
    pub store: Store,
    pub server: String,
    pub clock: Clock,
    pub last: Arc<Mutex<Option<LaneReport>>>,
}

impl LaneMemory {
    /// Writes `report` if it says anything new. A closed lane's next tries are written too: one row each half minute.
    pub(super) async fn keep(&self, report: LaneReport) {
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.as_ref() == Some(&report) {
                return;
            }
            *last = Some(report.clone());
        }
        if let Err(refused) = self.store.remember_lane(row(&self.server, report, self.clock.now())).await {
            warn!(server = %self.server, %refused, "what was learned of the server could not be written down");
        }
    }
}

fn row(server: &str, report: LaneReport, now: Moment) -> LaneRow {
    let open = LaneRow {
        server: server.to_owned(),
        state: if report.paused { LaneState::Paused } else { LaneState::Open },
        since: now,
        kind: None,
        said: None,
        retry_at: None,
        failures: 0,
        learned_limit: report.learned_limit,
    };
    match report.circuit {
        CircuitState::Open => open,
        CircuitState::Closed { since, failures, retry_at, kind, said, .. } => LaneRow {
            state: if report.paused { LaneState::Paused } else { LaneState::Closed },
            since: if report.paused { now } else { since },
            kind: Some(kind.word().to_owned()),
            said: Some(said),
            retry_at: Some(retry_at),
            failures,
            ..open
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TroubleKind;

    #[tokio::test]
    async fn a_pause_of_a_server_in_trouble_is_as_old_as_the_pause() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let clock = Clock::driven(Moment(5000));
        let memory = LaneMemory { store: store.clone(), server: "offsite".into(), clock, last: Arc::default() };
        let circuit = CircuitState::Closed {
            since: Moment(1000),
            failures: 3,
            retry_at: Moment(6000),
            prober: None,
            kind: TroubleKind::Connect,
            said: "refused".into(),
        };
        let report = LaneReport { circuit, learned_limit: None, paused: false };
        memory.keep(report.clone()).await;
        assert_eq!(store.lanes().await.unwrap()[0].since, Moment(1000));
        store.pause_server("offsite", Moment(4000)).await.unwrap();
        memory.keep(LaneReport { paused: true, ..report.clone() }).await;
        let paused = store.lanes().await.unwrap().remove(0);
        assert_eq!((paused.state, paused.since), (LaneState::Paused, Moment(4000)));
        store.resume_server("offsite", Moment(5000)).await.unwrap();
        memory.keep(report).await;
        assert_eq!(store.lanes().await.unwrap()[0].since, Moment(1000), "the trouble is as old as it is");
    }
}
