//! `receipts`: as a table, JSON or CSV; JSON and CSV go out line by line, however many there are.

use crate::{
    cli::{
        args::Receipts,
        console::{Console, Shape},
        exit::{Exit, Failure},
        text,
    },
    control::{self, Site},
};
use std::{
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    path::Path,
};

const LIMIT: u64 = 200;

/// Lists them.
pub async fn receipts(wanted: &Receipts, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let site = Site::find(config)?;
    let calendar = console.calendar(site.time_zone);
    let filter = wanted.filters.at(calendar.now);
    let store = control::read(&site.storage).await?;
    let limit = match wanted.limit {
        Some(0) => u64::MAX,
        Some(limit) => limit,
        None if wanted.csv => u64::MAX,
        None => LIMIT,
    };
    if wanted.csv {
        let mut out = BufWriter::new(io::stdout());
        let mut written = out.write_all(text::receipts::csv_heading().as_bytes());
        let write = |line| {
            written = out.write_all(text::receipts::csv_line(&line).as_bytes());
            if written.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        store.receipts(&filter, limit, write).await?;
        console.printed(written.and_then(|()| out.flush()))?;
        return Ok(Exit::Done);
    }
    if console.shape == Shape::Json {
        let mut list = text::JsonList::begin(BufWriter::new(io::stdout()), "receipts");
        let are_more = store.receipts(&filter, limit, |line| list.item(&line)).await?;
        console.printed(list.end("are_more", &are_more))?;
        return Ok(Exit::Done);
    }
    let mut lines = Vec::new();
    let are_more = store
        .receipts(&filter, limit, |line| {
            lines.push(line);
            ControlFlow::Continue(())
        })
        .await?;
    let closing = if are_more { "There are more: narrow the filters, or --limit 0 for all\n" } else { "" };
    console.print(&match &lines[..] {
        [] if store.is_stand_in() => text::nothing_yet(&site.storage),
        [] => "No receipt is meant.\n".to_owned(),
        lines => text::receipts::receipts(lines, calendar, console.fit) + closing,
    })?;
    Ok(Exit::Done)
}
