//! The word that comes by the crontab, whatever happened.

use crate::{
    config::Way,
    domain::{Incident, Moment, SETTLED},
    janitor::{
        deliveries::DELIVERED,
        teller::{Teller, in_order},
    },
    notices,
    store::{About, LaneRow, NoticeJob, StoreError},
};
use std::{collections::BTreeMap, time::Duration};

/// A digest goes no further back.
pub(super) const LONGEST: Duration = Duration::from_secs(40 * 24 * 3600);

/// Until when the readers of digests have been told, by address and crontab.
#[derive(Debug, Default)]
pub(super) struct Covered {
    pub before: BTreeMap<(String, String), Moment>,
    /// What this look changes.
    pub now: Vec<((String, String), Moment)>,
    /// Digests that are configured no more.
    pub ended: Vec<(String, String)>,
}

impl Teller {
    /// Writes the digests that are due.
    pub(super) async fn digests_due(
        &self,
        incidents: &[Incident],
        lanes: &[LaneRow],
        now: Moment,
        mails: &mut Vec<NoticeJob>,
    ) -> Result<Covered, StoreError> {
        let mut covered = self.covered().await?;
        let rules: Vec<String> = self.senders.values().flatten().cloned().collect();
        for digest in &self.digests {
            for name in digest.readers.names() {
                let key = (name.to_owned(), digest.at.to_string());
                let Some(since) = covered.before.get(&key) else {
                    // it begins now, or goes on where one of another crontab ended
                    let ended =
                        covered.ended.iter().filter(|(address, crontab)| *address == key.0 && crontab != DELIVERED);
                    let since =
                        ended.filter_map(|ended| covered.before.get(ended)).max().map_or(now, |since| now.min(*since));
                    covered.now.push((key, since));
                    continue;
                };
                if *since > now {
                    covered.now.push((key, now)); // the clock was set back
                    continue;
                }
                let since = (*since).max(now.minus(LONGEST));
                let Some(until) = digest.at.last_between(self.time_zone, (since, now.minus(SETTLED))) else {
                    continue;
                };
                let lines = self.store.report(&rules, (since, until)).await?;
                let open = incidents.iter().filter(|incident| notices::is_told(incident, &lines, since));
                let open: Vec<&Incident> = open.collect();
                let told = || notices::digest_body(&lines, &open, (since, until), (&self.node, now));
                mails.extend(match digest.readers.way() {
                    Way::Mail { via, template } => {
                        let words = notices::digest(&lines, &open, (since, until), (&self.node, self.time_zone));
                        let words = self.words(template.as_ref(), words, told);
                        self.mail(About::Digest, name, in_order(via, lanes), words, now)
                    }
                    Way::Webhook => Some(self.post(About::Digest, name, told(), now)),
                });
                covered.now.push((key, until));
            }
        }
        Ok(covered)
    }

    async fn covered(&self) -> Result<Covered, StoreError> {
        let before = self.store.digests().await?;
        let is_configured = |(address, crontab): &(String, String)| match crontab.as_str() {
            DELIVERED => self.hear_of_deliveries.contains_key(address),
            crontab => self
                .digests
                .iter()
                .any(|digest| digest.at.to_string() == crontab && digest.readers.names().contains(&&**address)),
        };
        let ended = before.keys().filter(|key| !is_configured(key)).cloned().collect();
        Ok(Covered { before, now: Vec::new(), ended })
    }
}
