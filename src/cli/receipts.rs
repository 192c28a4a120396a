//! `receipts`: as a table, JSON or CSV; CSV goes out line by line, however many there are.

use crate::{
    cli::{
        args::Receipts,
        console::Console,
        exit::{Exit, Failure},
        text,
    },
    control::{self, ReceiptLine, Site},
};
use serde::Serialize;
use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

/// The JSON.
#[derive(Serialize)]
struct List<'a> {
    receipts: &'a [ReceiptLine],
    are_more: bool,
}

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
            if written.is_ok() {
                written = out.write_all(text::receipts::csv_line(&line).as_bytes());
            }
        };
        store.receipts(&filter, limit, write).await?;
        written.and_then(|()| out.flush()).or_else(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Ok(()), // `| head`
            _ => Err(Failure::Other(anyhow::Error::new(error).context("the answer could not be printed"))),
        })?;
        return Ok(Exit::Done);
    }
    let mut lines = Vec::new();
    let are_more = store.receipts(&filter, limit, |line| lines.push(line)).await?;
    console.answer(&List { receipts: &lines, are_more }, || {
        let closing = if are_more { "There are more: narrow the filters, or --limit 0 for all\n" } else { "" };
        match &lines[..] {
            [] => "No receipt is meant.\n".to_owned(),
            lines => text::receipts::receipts(lines, calendar, console.fit) + closing,
        }
    })?;
    Ok(Exit::Done)
}
