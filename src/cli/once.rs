//! `once [RULE]`: do what is due, with bars on a terminal, and end with a code that tells.

use crate::{
    app::{self, OnceReport},
    cli::{
        args::Once,
        console::Console,
        exit::{Exit, Failure},
        progress::{Board, Running, TICK},
        serve::{runtime, setup},
    },
    worker::Progress,
};
use serde_json::json;
use std::{io::IsTerminal, path::Path, time::Instant};
use tokio_util::task::AbortOnDropHandle;

pub fn once(wanted: &Once, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let setup = setup(config, wanted.rule.clone())?;
    let mut bars = None;
    let show = |progress| bars = std::io::stderr().is_terminal().then(|| Bars::show(progress));
    let report = runtime()?.block_on(app::once(setup, show))?;
    drop(bars);
    let OnceReport { delivered, failed, waiting } = report;
    let value = json!({ "delivered": delivered, "failed": failed, "waiting": waiting });
    console.answer(&value, || format!("{delivered} delivered, {waiting} waiting, {failed} failed\n"))?;
    Ok(match report {
        OnceReport { failed: 1.., .. } => Exit::Failed,
        OnceReport { waiting: 1.., .. } => Exit::NotOver,
        OnceReport { .. } => Exit::Done,
    })
}

/// Bars that move until this is dropped.
struct Bars(#[expect(dead_code, reason = "held, not read")] AbortOnDropHandle<()>);

impl Bars {
    fn show(progress: Progress) -> Self {
        let moving = async move {
            let mut board = Board::new();
            let mut ticks = tokio::time::interval(TICK);
            loop {
                ticks.tick().await;
                board.show(&running(&progress), Instant::now());
            }
        };
        Self(AbortOnDropHandle::new(tokio::spawn(moving)))
    }
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
