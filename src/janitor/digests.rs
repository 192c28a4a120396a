//! The mail that comes by the crontab, whatever happened.

use crate::{
    domain::{Incident, Moment, NOTICES},
    janitor::teller::{SETTLED, Teller, in_order},
    notices::{self, DigestLine},
    schedule::Crontab,
    store::{About, LaneRow, NoticeMail, OpenCounts, RuleReport, StoreError},
};
use std::time::Duration;

/// A digest goes no further back.
const LONGEST: Duration = Duration::from_secs(40 * 24 * 3600);

impl Teller {
    /// Writes the digests that are due; answers until when their readers are told then.
    pub(super) async fn digests_due(
        &self,
        incidents: &[Incident],
        lanes: &[LaneRow],
        now: Moment,
        mails: &mut Vec<NoticeMail>,
    ) -> Result<Vec<((String, String), Moment)>, StoreError> {
        let mut told = Vec::new();
        if self.digests.is_empty() {
            return Ok(told);
        }
        let covered = self.store.digests().await?;
        for digest in &self.digests {
            for to in &digest.to {
                let key = (to.address().to_owned(), digest.at.to_string());
                let Some(since) = covered.get(&key) else {
                    told.push((key, now)); // it begins now
                    continue;
                };
                if *since > now {
                    told.push((key, now)); // the clock was set back
                    continue;
                }
                let since = (*since).max(now.minus(LONGEST));
                let Some(until) = last_between(&digest.at, self.time_zone, (since, now.minus(SETTLED))) else {
                    continue;
                };
                let words = self.digest(incidents, (since, until)).await?;
                mails.extend(self.notice(About::Digest, &key.0, in_order(digest.via.clone(), lanes), words, now));
                told.push((key, until));
            }
        }
        Ok(told)
    }

    async fn digest(
        &self,
        incidents: &[Incident],
        (since, until): (Moment, Moment),
    ) -> Result<(String, String), StoreError> {
        let mut reports = self.store.report(since, until).await?;
        reports.remove(NOTICES);
        for rule in self.senders.values().flatten() {
            reports.entry(rule.clone()).or_default(); // one that did nothing is told of, too
        }
        let open = self.store.open_jobs().await?;
        let line = |(rule, report): (String, RuleReport)| DigestLine {
            delivered: report.delivered,
            bytes: report.bytes,
            failed: report.failed,
            superseded: report.superseded,
            waiting: open.get(&rule).map_or(0, OpenCounts::on_their_way),
            held: open.get(&rule).map_or(0, |open| open.held),
            last_delivered: report.last_delivered,
            rule,
        };
        let lines: Vec<DigestLine> = reports.into_iter().map(line).collect();
        let open: Vec<&Incident> = incidents.iter().filter(|incident| incident.closed_at.is_none()).collect();
        Ok(notices::digest(&lines, &open, (since, until), (&self.node, self.time_zone)))
    }
}

/// The last moment after `since` and not after `until`: what was missed is one.
fn last_between(at: &Crontab, zone: chrono_tz::Tz, (since, until): (Moment, Moment)) -> Option<Moment> {
    let mut last = None;
    let mut from = since;
    while let Some(next) = at.next_after(from, zone).filter(|next| *next <= until) {
        (last, from) = (Some(next), next);
    }
    last
}
