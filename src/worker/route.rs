//! One server's task: opens a conversation whenever there is work that no conversation waits for and the lane admits one.

use crate::{
    clock::Clock,
    delivery::Endpoint,
    domain::{BounceKey, Trouble},
    lanes::Lane,
    policy::{Admission, CircuitState},
    rules::RuleSet,
    store::Parcel,
    streams::Throttle,
    worker::{
        Progress,
        conversation::{converse, give_back},
        dispatch::{Dispatch, Outlook},
        hand::Hand,
        lane_memory::LaneMemory,
        record::Recorder,
        sources::Sources,
    },
};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info};

/// Everything the conversations of one server share.
#[derive(Debug)]
pub(super) struct Route {
    pub lane: Arc<Lane>,
    pub endpoint: Endpoint,
    /// All of them: who else may want a file.
    pub rules: Arc<RuleSet>,
    pub throttle: Arc<Throttle>,
    pub sources: Sources,
    pub hand: Hand,
    /// Jobs that are claimed and not yet recorded.
    pub busy: AtomicU32,
    /// Conversations that are connecting or wait for work.
    pub idle: AtomicU32,
    pub bell: Arc<Notify>,
    pub dispatch: Arc<Dispatch>,
    pub recorder: Recorder,
    /// Every relay's lane, once all stand.
    pub relays: Arc<OnceLock<Vec<Arc<Lane>>>>,
    pub memory: LaneMemory,
    /// Of the return paths of its mails.
    pub bounce_key: BounceKey,
    pub progress: Progress,
    pub clock: Clock,
    /// Begin nothing new, and hand back what can be.
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

impl Route {
    /// Serves the lane until told to stop.
    pub(super) async fn serve(self: Arc<Self>) {
        while !self.stop.is_cancelled() {
            let changed = self.lane.changed();
            let rung = self.bell.notified();
            tokio::pin!(changed, rung);
            changed.as_mut().enable(); // heard from here on, so nothing between the look and the wait is missed
            rung.as_mut().enable();
            let pause = self.open_if_wanted();
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = &mut changed => {}
                () = &mut rung => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Opens at most one conversation; answers after what span to look again at the latest.
    fn open_if_wanted(self: &Arc<Self>) -> Duration {
        let outlook = if self.hand.is_empty() { self.dispatch.outlook(&self.lane.name) } else { Outlook::Due };
        match outlook {
            Outlook::Nothing => LONGEST,
            Outlook::In(span) => span,
            Outlook::Due if self.idle.load(Ordering::Acquire) > 0 => LONGEST,
            Outlook::Due => match self.lane.permit() {
                Ok(permit) => {
                    self.enter_idle();
                    let route = self.clone();
                    self.tasks.spawn(async move {
                        converse(&route).await;
                        drop(permit);
                    });
                    LONGEST
                }
                Err(Admission::At(moment)) => moment.since(self.clock.now()).clamp(SHORTEST, LONGEST),
                Err(_) => LONGEST,
            },
        }
    }

    /// Nothing is due that could be done now, and nothing is under way or unrecorded.
    pub(super) fn is_quiet(&self) -> bool {
        let waits =
            self.dispatch.outlook(&self.lane.name) != Outlook::Due || self.is_tried_in_vain() || self.lane.is_paused();
        waits && self.busy.load(Ordering::Acquire) == 0
    }

    /// In trouble, and its next try is not yet due. A lane that was in trouble before we started is tried first.
    fn is_tried_in_vain(&self) -> bool {
        match self.lane.report().circuit {
            CircuitState::Closed { prober: None, retry_at, .. } => retry_at > self.clock.now(),
            CircuitState::Closed { prober: Some(_), .. } | CircuitState::Open => false,
        }
    }

    /// The server is in trouble: so it is written down, and its mail goes to the next relay where there is one.
    pub(super) async fn trouble(self: &Arc<Self>, trouble: &Trouble) {
        let _busy = Claiming::begin(&self.busy); // what is moved is due elsewhere
        self.memory.keep(self.lane.trouble(trouble)).await;
        if !self.endpoint.is_relay() {
            return;
        }
        give_back(self).await;
        self.recorder.written().await; // what was tried is queued again, and moves, too
        let others = self.relays.get().into_iter().flatten().filter(|lane| lane.name != self.lane.name);
        let open: Vec<String> = others.filter(|lane| lane.is_open()).map(|lane| lane.name.clone()).collect();
        while !open.is_empty() && !self.lane.is_open() {
            match self.recorder.store.fail_over(&self.lane.name, open.clone()).await {
                Ok(0) => return,
                Ok(mails) => info!(server = %self.lane.name, mails, "mails go to another relay"),
                Err(refused) => return error!(server = %self.lane.name, %refused, "mails wait for their own relay"),
            }
        }
    }

    pub(super) fn enter_idle(&self) {
        self.idle.fetch_add(1, Ordering::AcqRel);
    }

    /// A conversation has work, or ends: if there is more to do, another may be opened.
    pub(super) fn leave_idle(&self) {
        self.idle.fetch_sub(1, Ordering::AcqRel);
        if !self.hand.is_empty() || self.dispatch.outlook(&self.lane.name) == Outlook::Due {
            self.bell.notify_waiters();
        }
    }

    /// An outcome of a job of `rule` is on disk.
    pub(super) fn is_recorded(&self, rule: &str) {
        self.dispatch.ended(rule, &self.lane.name);
        self.busy.fetch_sub(1, Ordering::AcqRel);
    }

    /// The next parcel: from the hand, else claimed. `None` when nothing is due.
    pub(super) async fn next_parcel(self: &Arc<Self>) -> Option<Parcel> {
        if let Some(parcel) = self.hand.take() {
            self.refill_beside();
            return Some(parcel);
        }
        let _refill = self.hand.refill.lock().await;
        if self.hand.is_empty() {
            self.refill().await;
        }
        self.hand.take()
    }

    /// Small files are sent faster than a commit takes: the next ones are claimed while the last ones are sent.
    fn refill_beside(self: &Arc<Self>) {
        let is_wanted = self.lane.is_open() && self.hand.is_low(self.lane.conversations());
        if !is_wanted || self.dispatch.outlook(&self.lane.name) != Outlook::Due {
            return;
        }
        let Ok(refill) = self.hand.refill.clone().try_lock_owned() else { return };
        let route = self.clone();
        self.tasks.spawn(async move {
            route.refill().await;
            drop(refill);
            if route.stop.is_cancelled() || !route.lane.is_open() {
                give_back(&route).await; // they were too late to hear of it
            }
        });
    }

    async fn refill(&self) {
        // a server in trouble is tried with one job
        let wanted = if self.lane.is_open() { self.hand.wanted(self.lane.conversations()) } else { 1 };
        let _claiming = Claiming::begin(&self.busy);
        match self.dispatch.claim(&self.lane.name, wanted).await {
            Ok(parcels) => {
                crate::faults::kill_point("worker.after_claim");
                self.busy.fetch_add(jobs_in(&parcels), Ordering::AcqRel);
                self.hand.put(parcels);
            }
            Err(refused) => {
                error!(server = %self.lane.name, %refused, "nothing can be claimed");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// A claim under way counts as busy: its jobs are no longer due and not yet counted.
struct Claiming<'a>(&'a AtomicU32);

impl<'a> Claiming<'a> {
    fn begin(busy: &'a AtomicU32) -> Self {
        busy.fetch_add(1, Ordering::AcqRel);
        Self(busy)
    }
}

impl Drop for Claiming<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn jobs_in(parcels: &[Parcel]) -> u32 {
    u32::try_from(parcels.iter().map(|parcel| parcel.jobs.len()).sum::<usize>()).unwrap_or(u32::MAX)
}

/// The clock may be set, a bell may be missed by a bug: look at least this often.
const LONGEST: Duration = Duration::from_secs(30);
const SHORTEST: Duration = Duration::from_millis(1);
