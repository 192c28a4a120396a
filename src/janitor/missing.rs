//! Jobs whose server is not configured any more: it was renamed, or taken away.

use crate::{
    config::Way,
    domain::{Moment, NOTICES},
    janitor::teller::{Teller, in_order, is_open},
    notices::{LaneTrouble, SERVER_MISSING},
    store::{LaneRow, StoreError, Waiting},
};
use std::collections::{BTreeMap, BTreeSet};
use tracing::info;

impl Teller {
    /// All that waits, once mail whose relay is missing has gone to another: that of a rule to the next that its rule names, a notice
    /// to those that notices go by today.
    pub(super) async fn waiting(&self, lanes: &[LaneRow]) -> Result<Vec<Waiting>, StoreError> {
        let waiting = self.store.waiting().await?;
        let missing: BTreeSet<&str> =
            waiting.iter().filter(|waiting| self.is_missing(waiting)).map(|waiting| &*waiting.server).collect();
        let mut moved = 0;
        for server in missing {
            let relays = in_order(self.relays_of_notices(), lanes);
            if !relays.is_empty() {
                moved += self.store.move_notices(server, relays).await?;
            }
            moved += self.fail_over(server, lanes).await?;
        }
        if moved == 0 {
            return Ok(waiting);
        }
        info!(mails = moved, "mails go to another relay: theirs is not configured any more");
        self.store.waiting().await
    }

    /// To one that is open, else to any.
    async fn fail_over(&self, relay: &str, lanes: &[LaneRow]) -> Result<u64, StoreError> {
        let all = self.senders.keys();
        let open: Vec<String> = all.clone().filter(|server| is_open(server, lanes)).cloned().collect();
        let mut moved = 0;
        for relays in [open, all.cloned().collect()] {
            loop {
                match self.store.fail_over(relay, relays.clone()).await? {
                    0 => break,
                    some => moved += some,
                }
            }
        }
        Ok(moved)
    }

    /// Relays that any notice goes by, in order, each once.
    fn relays_of_notices(&self) -> Vec<String> {
        let notices = self.of_all.iter().chain(self.of_rule.values().flatten()).map(|notice| &notice.readers);
        let mut relays: Vec<String> = Vec::new();
        for readers in notices.chain(self.digests.iter().map(|digest| &digest.readers)) {
            let Way::Mail { via, .. } = readers.way() else { continue };
            for relay in via {
                if !relays.contains(&relay) {
                    relays.push(relay);
                }
            }
        }
        relays
    }

    pub(super) fn is_missing(&self, waiting: &Waiting) -> bool {
        !self.senders.contains_key(&waiting.server)
    }
}

/// The trouble of the jobs that wait for a missing server, known since `before` or new. A notice is no trouble: it never begets another.
pub(super) fn troubles(missing: Vec<Waiting>, before: &[LaneTrouble], now: Moment) -> Vec<LaneTrouble> {
    let mut troubles: BTreeMap<String, LaneTrouble> = BTreeMap::new();
    for Waiting { server, rule, .. } in missing.into_iter().filter(|waiting| waiting.rule != NOTICES) {
        let known = before.iter().find(|trouble| trouble.server == server);
        let trouble = troubles.entry(server.clone()).or_insert_with(|| LaneTrouble {
            server,
            kind: SERVER_MISSING.to_owned(),
            said: "no server of this name is configured".to_owned(),
            since: known.map_or(now, |known| known.since.min(now)),
            rules: [].into(),
        });
        trouble.rules.insert(rule);
    }
    troubles.into_values().collect()
}
