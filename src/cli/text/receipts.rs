//! `receipts`: one line a proof, as a table or as CSV.

use super::{Calendar, Column, Table, csv, jobs::destination, outside, size};
use crate::{control::ReceiptLine, domain::Moment};
use chrono::{DateTime, SecondsFormat, Utc};

/// The table; `fit`: cells of the terminal.
pub fn receipts(lines: &[ReceiptLine], zone: Calendar, fit: Option<usize>) -> String {
    let columns = [
        ("JOB", Column::Left(8)),
        ("DELIVERED", Column::Left(20)),
        ("RULE", Column::Left(20)),
        ("WHAT", Column::Left(32)),
        ("TO", Column::Left(40)),
        ("SIZE", Column::Right),
        ("PROOF", Column::Left(9)),
        ("SHA256", Column::Rest),
    ];
    let mut table = Table::new(&columns, fit);
    for line in lines {
        table.row([
            line.job.to_string(),
            zone.second(line.delivered_at),
            outside(Some(line.rule.as_bytes())),
            outside(line.name.as_deref()),
            destination(&line.server, line.path.as_deref(), line.recipient.as_deref()),
            size(line.size_bytes),
            line.proof.clone(),
            line.sha256.to_string(),
        ]);
    }
    table.render()
}

/// The headings of the CSV: the words of the JSON.
pub fn csv_heading() -> String {
    let words = [
        "job",
        "rule",
        "server",
        "name",
        "path",
        "size_bytes",
        "sha256",
        "proof",
        "reply",
        "delivered_at",
        "recipient",
    ];
    csv::line(&words.map(str::to_owned))
}

/// One line of the CSV.
pub fn csv_line(line: &ReceiptLine) -> String {
    let text = |bytes: Option<&[u8]>| bytes.map_or_else(String::new, |bytes| outside(Some(bytes)));
    csv::line(&[
        line.job.to_string(),
        text(Some(line.rule.as_bytes())),
        text(Some(line.server.as_bytes())),
        text(line.name.as_deref()),
        text(line.path.as_deref()),
        line.size_bytes.to_string(),
        line.sha256.to_string(),
        line.proof.clone(),
        text(Some(line.reply.as_bytes())),
        iso(line.delivered_at),
        text(line.recipient.as_deref().map(str::as_bytes)),
    ])
}

fn iso(moment: Moment) -> String {
    let time = DateTime::<Utc>::from_timestamp_millis(moment.0);
    time.map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
}
