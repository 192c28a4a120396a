//! When the folder is walked, and what the end of a walk means.

use crate::sources::watch::{
    Method, ScanReport,
    footing::Footing,
    hints::NoEvents,
    keeper::Keeper,
    settling::Hint,
    walk::{Batch, Extent, Sight, Walk, Walked},
    wanted,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinError, JoinHandle, spawn_blocking},
    time::Instant,
};

/// A walk under way.
#[derive(Debug)]
pub(super) struct Scan {
    pub found: mpsc::Receiver<Batch>,
    pub walk: JoinHandle<Walked>,
    extent: Extent,
    began: Instant,
    wishes: Vec<oneshot::Sender<ScanReport>>,
    /// Everything found so far is committed or on its way to being settled.
    pub is_clean: bool,
}

/// A missing folder is looked for this often, or every `rescan` if that is sooner.
const MISSING: Duration = Duration::from_secs(5);
/// At `settled_for: 0s` stamps must still be this old to settle a file by themselves.
const OLD: Duration = Duration::from_secs(1);

/// A walk that broke off has seen nothing, and says so.
fn walked(ended: Result<Walked, JoinError>, rule: &str) -> Walked {
    ended.unwrap_or_else(|why| {
        tracing::error!(rule, %why, "a scan broke off; it is tried again");
        Walked { footing: None, whole: Err(format!("the scan broke off: {why}")), no_events: None }
    })
}

impl Keeper {
    /// Starts the walk that is due, if none is under way.
    pub fn begin_scan(&mut self) {
        let is_due = !self.scan_wishes.is_empty() || Instant::now() >= self.scan_due();
        if self.scan.is_some() || !is_due && self.folders.is_empty() {
            return;
        }
        let extent = if is_due {
            self.hurry = None;
            self.folders.clear();
            self.awaited.clear(); // whoever still waits is met again
            Extent::Whole
        } else {
            Extent::Below(std::mem::take(&mut self.folders).into_iter().collect())
        };
        let wishes = if is_due { std::mem::take(&mut self.scan_wishes) } else { Vec::new() };
        let (sender, found) = mpsc::channel(2);
        let walk = Walk {
            ledger: Arc::clone(&self.ledger),
            extent: extent.clone(),
            hints: self.hints.clone(),
            refusals: Arc::clone(&self.refusals),
            found: sender,
            cancel: self.cancel.clone(),
        };
        let walk = spawn_blocking(|| walk.run());
        self.scan = Some(Scan { found, walk, extent, began: Instant::now(), wishes, is_clean: true });
    }

    /// The walk found files that are not known.
    pub async fn found(&mut self, Batch { sights, is_network }: Batch) {
        let now = self.clock.now();
        let is_old = |sight: &Sight| {
            let least = self.rule.when.settled_for.max(OLD);
            wanted::age(&sight.facts.identity, now).is_some_and(|age| age >= least)
        };
        let stamps_count = !self.has_started && !is_network;
        let sights = sights.into_iter().map(|sight| {
            let hint = if stamps_count && is_old(&sight) { Hint::Aged } else { Hint::Seen };
            (sight, hint)
        });
        self.meet(sights.collect()).await;
    }

    /// The walk is over and all that it found has been met.
    pub async fn end_scan(&mut self) {
        let Some(scan) = self.scan.take() else { return };
        let Walked { footing, mut whole, no_events } = walked(scan.walk.await, &self.rule.name);
        let is_blind = footing.is_none();
        if let Some(why) = no_events {
            self.poll_instead(&why);
        }
        if scan.extent == Extent::Whole {
            self.stand_on(footing);
            if whole.is_ok() && scan.is_clean {
                whole = self.conclude().await;
            }
            if whole.is_ok() && self.ledger.is_bare() {
                whole = Err("nothing that it held is there, and it is another folder or file system than before: is its mount missing?".to_owned());
            }
            if let Err(why) = self.ledger.remember_ground().await {
                tracing::debug!(rule = self.rule.name, %why, "not remembered; after the next scan again");
            }
            self.say(&whole);
            if whole.is_ok() && scan.is_clean {
                self.said.seen_whole.get_or_insert_with(Instant::now);
            }
            let (took, before) = (scan.began.elapsed(), self.breather);
            self.breather = took * 4;
            if std::mem::take(&mut self.has_lost) {
                self.breather = (before * 2).max(self.breather).min(self.rule.when.rescan);
            }
            let wait = if self.footing.is_none() { self.rule.when.rescan.min(MISSING) } else { self.rule.when.rescan };
            self.next_scan = Instant::now() + wait;
            self.has_started = true;
            tracing::debug!(
                rule = self.rule.name,
                known = self.ledger.len(),
                is_whole = whole.is_ok(),
                duration_ms = took.as_millis(),
                "scanned"
            );
        }
        if scan.extent != Extent::Whole && is_blind && !self.cancel.is_cancelled() {
            self.hurry.get_or_insert(Instant::now() + MISSING); // what is new below these folders has not been met
        }
        self.answer_scan(scan.wishes, whole.is_ok() && scan.is_clean);
    }

    fn answer_scan(&self, wishes: Vec<oneshot::Sender<ScanReport>>, is_complete: bool) {
        let (settling, waiting) = (self.settling.settling(), self.settling.waiting());
        for reply in wishes {
            let _ = reply.send(ScanReport { is_complete, settling, waiting }); // who asked has left
        }
    }

    /// What the whole folder stood on this time.
    fn stand_on(&mut self, footing: Option<Footing>) {
        if let (Some(before), Some(now)) = (&self.footing, &footing)
            && before != now
        {
            tracing::warn!(
                rule = self.rule.name, folder = %self.rule.when.folder.display(),
                "the folder is another one than before (mounted, unmounted or replaced): what is no longer in it is not called gone"
            );
        }
        if let Some(footing) = &footing
            && self.hints.is_some()
        {
            self.said.method = if footing.is_network && self.rule.when.method == crate::rules::WatchMethod::Auto {
                Method::Polling("a network file system tells no events".to_owned())
            } else {
                Method::Events
            };
        }
        self.footing = footing;
    }

    /// Marks what is gone, and remembers that the place was scanned.
    async fn conclude(&mut self) -> Result<(), String> {
        let mut after = None;
        loop {
            let (unmet, on) = self.ledger.unmet(after).await.map_err(|why| why.to_string())?;
            let gone = self.confirm_gone(unmet).await?;
            self.ledger.mark_gone(gone, self.clock.now()).await.map_err(|why| why.to_string())?;
            match on {
                Some(_) => after = on,
                None => break,
            }
        }
        self.ledger.end_scan(self.clock.now()).await.map_err(|why| why.to_string())?;
        Ok(())
    }

    /// Says trouble when it begins and when it is over.
    fn say(&mut self, whole: &Result<(), String>) {
        let folder = self.rule.when.folder.display();
        match (whole, &self.said.trouble) {
            (Ok(()), Some((_, before))) => {
                tracing::info!(rule = self.rule.name, %folder, before, "the folder is seen whole again");
                self.said.trouble = None;
            }
            (Err(why), before) if !self.cancel.is_cancelled() => {
                if before.as_ref().is_none_or(|(_, before)| before != why) {
                    tracing::warn!(
                        rule = self.rule.name, %folder, why,
                        "the folder was not seen whole: nothing is called gone, and it is tried again"
                    );
                }
                let since = before.as_ref().map_or_else(|| self.clock.now(), |(since, _)| *since);
                self.said.trouble = Some((since, why.clone()));
            }
            _ => (),
        }
    }

    /// There are no events to be had: from now on this rule polls.
    pub fn poll_instead(&mut self, why: &NoEvents) {
        tracing::warn!(
            rule = self.rule.name, folder = %self.rule.when.folder.display(), %why,
            rescan_s = self.rule.when.rescan.as_secs(), "no events: this rule looks every `rescan` instead"
        );
        self.hints = None;
        self.said.method = Method::Polling(why.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_scan_that_broke_off_has_not_seen_the_folder_whole() {
        let broken = spawn_blocking(|| -> Walked { panic!("a fault of ours") }).await;
        let Walked { footing, whole, .. } = walked(broken, "dumps");
        assert_eq!(footing, None);
        assert!(whole.unwrap_err().contains("broke off"));
    }
}
