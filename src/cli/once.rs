//! `once [RULE]`: do what is due, with bars on a terminal, and end with a code that tells.

use crate::{
    app::{self, OnceReport, Progress},
    cli::{
        args::Once,
        console::Console,
        exit::{Exit, Failure},
        progress::{Board, Running, TICK, ended},
        serve::{runtime, setup},
        text::{count, plural},
    },
    control::{self, Store},
    domain::{Ref, RefTail},
};
use std::{
    collections::BTreeSet,
    io::IsTerminal,
    path::{Path, PathBuf},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// Does what is due, and tells it.
pub fn once(wanted: &Once, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let setup = setup(config, wanted.rule.clone())?;
    let storage = setup.settings.storage.clone();
    let runtime = runtime()?;
    let mut bars = None;
    let show = |progress| bars = std::io::stderr().is_terminal().then(|| Bars::show(progress, storage));
    let report = runtime.block_on(app::once(setup, show))?;
    if let Some(bars) = bars {
        runtime.block_on(bars.end());
    }
    console.answer(&report, || text(&report))?;
    Ok(match report {
        OnceReport { failed: 1.., .. } | OnceReport { unseen: 1.., .. } | OnceReport { missed: 1.., .. } => {
            Exit::Failed
        }
        OnceReport { waiting: 1.., .. } | OnceReport { untaken: 1.., .. } | OnceReport { ended_early: true, .. } => {
            Exit::NotOver
        }
        OnceReport { .. } => Exit::Done,
    })
}

fn text(report: &OnceReport) -> String {
    let OnceReport { delivered, failed, waiting, untaken, unseen, missed, ended_early } = report;
    let why = match (waiting, failed) {
        (0, 0) => "",
        (_, 0) => "packetboat status says what they wait for.\n",
        (_, _) => "packetboat jobs --state failed says why.\n",
    };
    let (delivered, waiting, failed) = (count(*delivered), count(*waiting), count(*failed));
    let (unseen, which) = match unseen {
        0 => (String::new(), ""),
        1 => (", 1 folder not seen whole".to_owned(), "packetboat plan says which folder, and why.\n"),
        more => (format!(", {more} folders not seen whole"), "packetboat plan says which folders, and why.\n"),
    };
    let (untaken, not_whole) = match untaken {
        0 => (String::new(), ""),
        files => (
            format!(", {} not taken", plural(*files as u64, "file")),
            "Not taken: it was still changing, or there was no room; packetboat plan names what would be taken.\n",
        ),
    };
    let (missed, what) = match missed {
        0 => (String::new(), ""),
        rules => (
            format!(", {} missed", plural(*rules as u64, "expectation")),
            "packetboat status says what did not come.\n",
        ),
    };
    let early = if *ended_early { ", ended early" } else { "" };
    format!(
        "{delivered} delivered, {waiting} waiting, {failed} failed{untaken}{unseen}{missed}{early}\n{why}{not_whole}{which}{what}"
    )
}

/// Bars that move until they are ended; what had one gets a line when it has ended.
struct Bars {
    over: CancellationToken,
    moving: AbortOnDropHandle<()>,
}

impl Bars {
    fn show(progress: Progress, storage: PathBuf) -> Self {
        let over = CancellationToken::new();
        let moving = AbortOnDropHandle::new(tokio::spawn(move_bars(progress, storage, over.clone())));
        Self { over, moving }
    }

    /// Takes them away, when every line is said.
    async fn end(self) {
        self.over.cancel();
        let _ = self.moving.await; // a bar that broke is no news
    }
}

async fn move_bars(progress: Progress, storage: PathBuf, over: CancellationToken) {
    let Ok(store) = control::read(&storage).await else { return };
    let (mut board, mut had_a_bar) = (Board::new(), BTreeSet::new());
    let mut ticks = tokio::time::interval(TICK);
    loop {
        let is_over = over.run_until_cancelled(ticks.tick()).await.is_none();
        let now = running(&progress);
        board.show(&now, Instant::now());
        had_a_bar = tell_of_ended(&store, &board, had_a_bar, &now).await;
        had_a_bar.extend(now.iter().map(|transfer| transfer.job));
        if is_over {
            return;
        }
    }
}

/// Answers those that have not ended yet.
async fn tell_of_ended(store: &Store, board: &Board, had: BTreeSet<Ref>, now: &[Running]) -> BTreeSet<Ref> {
    let mut left = BTreeSet::new();
    for job in had {
        let is_running = now.iter().any(|transfer| transfer.job == job);
        let found = if is_running { Vec::new() } else { store.job(RefTail(job.tail())).await.unwrap_or_default() };
        match found.iter().find(|detail| detail.job.id == job).and_then(ended) {
            Some(line) => board.say(&line),
            None => _ = left.insert(job),
        }
    }
    left
}

fn running(progress: &Progress) -> Vec<Running> {
    let transfers = progress.snapshot().into_iter();
    let running = transfers.map(|transfer| Running {
        sent_bytes: transfer.sent_bytes(),
        job: transfer.job,
        server: transfer.server,
        name: transfer.name,
        size_bytes: transfer.size_bytes,
    });
    running.collect()
}
