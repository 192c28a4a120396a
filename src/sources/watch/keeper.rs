//! The task of one watched folder: waits for whatever is next and does it; between two steps its state is whole.

use crate::{
    clock::Clock,
    intake::{Intake, Ledger},
    rules::{WatchMethod, Watching},
    sources::watch::{
        Method, ScanReport, Status,
        compare::{Compared, Comparing, Doubt},
        footing::Footing,
        handle::Wish,
        hints::{Hints, Noted},
        refusals::Refusals,
        scanning::Scan,
        settling::{Hint, Settling},
        walk::Batch,
    },
};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinError,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// Everything that one watch keeps in mind. What is durable is in the ledger.
pub(super) struct Keeper {
    pub rule: Watching,
    pub intake: Intake,
    pub clock: Clock,
    pub cancel: CancellationToken,
    pub ledger: Arc<Ledger>,
    pub hints: Option<Arc<Hints>>,
    pub refusals: Arc<Refusals>,
    pub settling: Settling,
    /// Of the last look; another one now means that the folder was replaced.
    pub footing: Option<Footing>,
    pub scan: Option<Scan>,
    pub next_scan: Instant,
    /// Something says that a scan is needed sooner; also while one is under way, which may be past the place.
    pub hurry: Option<Instant>,
    /// How soon after the last scan lost events may cause another; grows while they go on being lost.
    pub breather: Duration,
    /// Events were lost since the last scan ended.
    pub has_lost: bool,
    /// The first scan is over: stamps alone no longer settle a file.
    pub has_started: bool,
    /// Folders to be walked.
    pub folders: BTreeSet<Box<[u8]>>,
    /// Done file → the files that wait for it.
    pub awaited: HashMap<Vec<u8>, BTreeSet<Box<[u8]>>>,
    /// Files to be read and compared, and those of them that are being read.
    pub doubts: Vec<Doubt>,
    pub doubted: HashSet<Vec<u8>>,
    pub comparing: Option<Comparing>,
    /// Intake said later: nothing is offered before.
    pub shut_until: Option<Instant>,
    pub scan_wishes: Vec<oneshot::Sender<ScanReport>>,
    settled_wishes: Vec<oneshot::Sender<()>>,
    pub said: Status,
    status: watch::Sender<Status>,
}

/// Files looked at in one go.
const AT_ONCE: usize = 256;

/// Loads the ledger, however long the database refuses, and keeps the watch until it is cancelled.
pub(super) async fn keep(
    rule: Watching,
    intake: Intake,
    clock: Clock,
    cancel: CancellationToken,
    mut wishes: mpsc::Receiver<Wish>,
    status: watch::Sender<Status>,
) {
    let load = load(&rule, &intake, &status);
    let Some(ledger) = cancel.run_until_cancelled(load).await else { return };
    let mut keeper = Keeper::new(rule, intake, clock, cancel, ledger, status);
    keeper.run(&mut wishes).await;
    keeper.end().await;
}

async fn load(rule: &Watching, intake: &Intake, status: &watch::Sender<Status>) -> Arc<Ledger> {
    let mut wait = Duration::from_secs(1);
    loop {
        match intake.ledger(rule.clone()).await {
            Ok(ledger) => return Arc::new(ledger),
            Err(why) => {
                tracing::error!(rule = rule.name, %why, "the watch cannot start; it tries again");
                status.send_modify(|status| status.later = Some(why.to_string()));
            }
        }
        sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(30));
    }
}

impl Keeper {
    fn new(
        rule: Watching,
        intake: Intake,
        clock: Clock,
        cancel: CancellationToken,
        ledger: Arc<Ledger>,
        status: watch::Sender<Status>,
    ) -> Self {
        let now = Instant::now();
        let settling = Settling::new(rule.when.settled_for, now);
        let mut keeper = Self {
            rule,
            intake,
            clock,
            cancel,
            ledger,
            hints: None,
            refusals: Arc::default(),
            settling,
            footing: None,
            scan: None,
            next_scan: now,
            hurry: None,
            breather: Duration::ZERO,
            has_lost: false,
            has_started: false,
            folders: BTreeSet::new(),
            awaited: HashMap::new(),
            doubts: Vec::new(),
            doubted: HashSet::new(),
            comparing: None,
            shut_until: None,
            scan_wishes: Vec::new(),
            settled_wishes: Vec::new(),
            said: Status::default(),
            status,
        };
        match keeper.rule.when.method {
            WatchMethod::Poll => keeper.said.method = Method::Polling("`method: poll`".to_owned()),
            WatchMethod::Auto | WatchMethod::Events => match Hints::start(&keeper.rule.when) {
                Ok(hints) => keeper.hints = Some(Arc::new(hints)),
                Err(why) => keeper.poll_instead(&why),
            },
        }
        keeper
    }

    async fn run(&mut self, wishes: &mut mpsc::Receiver<Wish>) {
        while !self.cancel.is_cancelled() {
            if self.settling.wants_scan() {
                self.hurry = Some(Instant::now());
            }
            self.begin_scan();
            self.begin_comparing();
            self.answer();
            let due = self.settling.next_due().map(|due| self.shut_until.map_or(due, |until| due.max(until)));
            let next_scan = if self.scan.is_none() { self.scan_due() } else { far() };
            let wake = due.map_or(next_scan, |due| due.min(next_scan));
            tokio::select! {
                () = self.cancel.cancelled() => break,
                Some(wish) = wishes.recv() => self.wish(wish),
                noted = rung(self.hints.as_deref()) => self.follow(noted).await,
                found = next_found(&mut self.scan) => match found {
                    Some(batch) => self.found(batch).await,
                    None => self.end_scan().await,
                },
                compared = next_compared(&mut self.comparing) => self.compared(compared).await,
                () = sleep_until(wake) => self.look_at_due().await,
            }
        }
    }

    /// Lets go of threads and of the database before the handle says that it is over.
    async fn end(mut self) {
        if let Some(scan) = self.scan.take() {
            drop(scan.found);
            let _ = scan.walk.await; // it was cancelled: what it saw is of no use
        }
        if let Some(mut comparing) = self.comparing.take() {
            let _ = comparing.ended().await; // it was cancelled: what it saw is of no use
        }
    }

    fn wish(&mut self, wish: Wish) {
        match wish {
            Wish::Scan(reply) => self.scan_wishes.push(reply),
            Wish::Settled(reply) => self.settled_wishes.push(reply),
        }
    }

    /// Looks where the hints point.
    async fn follow(&mut self, noted: Noted) {
        if noted.rescan {
            self.has_lost = true;
            self.breather = self.breather.max(Duration::from_millis(100));
            self.hurry.get_or_insert(Instant::now() + self.breather);
        }
        self.folders.extend(noted.folders);
        let mut files: Vec<(Box<[u8]>, Hint)> = Vec::with_capacity(noted.files.len());
        for (path, hint) in noted.files {
            if let Some(waiting) = self.awaited.remove(&*path) {
                files.extend(waiting.into_iter().map(|path| (path, Hint::Seen)));
            }
            files.push((path, hint));
        }
        for some in files.chunks(AT_ONCE) {
            if self.cancel.is_cancelled() {
                return;
            }
            self.look(some.to_vec()).await;
        }
    }

    async fn look_at_due(&mut self) {
        let due = self.settling.take_due(Instant::now(), AT_ONCE);
        if !due.is_empty() {
            self.look(due).await;
        }
    }

    /// When the whole folder is to be walked next.
    pub fn scan_due(&self) -> Instant {
        self.hurry.map_or(self.next_scan, |hurry| hurry.min(self.next_scan))
    }

    /// Says how it is, and answers who waits for everything to be settled.
    fn answer(&mut self) {
        self.said.known = self.ledger.len();
        self.said.settling = self.settling.settling();
        self.said.comparing = self.doubted.len();
        self.said.waiting = self.settling.waiting();
        self.said.refused = self.refusals.len();
        if self.said.settling == 0 {
            self.said.later = None; // whatever waited for intake has left
        }
        self.status.send_if_modified(|status| {
            let is_news = *status != self.said;
            status.clone_from(&self.said);
            is_news
        });
        let is_idle = self.scan.is_none() && self.folders.is_empty() && self.has_started;
        if is_idle && self.scan_wishes.is_empty() && self.settling.settling() == 0 {
            for reply in self.settled_wishes.drain(..) {
                let _ = reply.send(()); // who asked has left
            }
        }
    }
}

async fn rung(hints: Option<&Hints>) -> Noted {
    match hints {
        Some(hints) => {
            hints.rung().await;
            hints.take()
        }
        None => std::future::pending().await,
    }
}

async fn next_found(scan: &mut Option<Scan>) -> Option<Batch> {
    match scan {
        Some(scan) => scan.found.recv().await,
        None => std::future::pending().await,
    }
}

async fn next_compared(comparing: &mut Option<Comparing>) -> Result<(Vec<Compared>, Vec<Doubt>), JoinError> {
    match comparing {
        Some(comparing) => comparing.ended().await,
        None => std::future::pending().await,
    }
}

/// Later than anything that is waited for here.
fn far() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}
