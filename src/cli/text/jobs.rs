//! `jobs`: one line a job.

use super::{Column, Table, outside};
use crate::control::{JobLine, Rest};

/// The table; `fit`: cells of the terminal.
pub fn jobs(lines: &[JobLine], fit: Option<usize>) -> String {
    let columns = [
        ("ID", Column::Left(8)),
        ("RULE", Column::Left(20)),
        ("WHAT", Column::Left(32)),
        ("TO", Column::Left(32)),
        ("STATE", Column::Left(9)),
        ("TRIES", Column::Right),
        ("SAID", Column::Rest),
    ];
    let mut table = Table::new(&columns, fit);
    for line in lines {
        table.row([
            line.id.to_string(),
            outside(Some(line.rule.as_bytes())),
            outside(line.name.as_deref()),
            to(line),
            line.state.word().to_owned(),
            line.counted_tries.to_string(),
            said(line),
        ]);
    }
    table.render()
}

/// `south:inbox/north/plan.dwg`
pub fn to(line: &JobLine) -> String {
    let server = outside(Some(line.server.as_bytes()));
    match &line.target {
        Some(target) => format!("{server}:{}", outside(Some(target))),
        None => server,
    }
}

/// The last words, else the reason.
pub fn said(line: &JobLine) -> String {
    let words = line.said.as_deref().or(line.reason.as_deref()).unwrap_or_default();
    outside(Some(words.as_bytes()))
}

/// The line that closes a list which was cut; nothing under a whole one.
pub fn rest(rest: Rest) -> String {
    let more = match rest {
        Rest::Jobs(0) => return String::new(),
        Rest::Jobs(more) => format!("{} more", super::count(more)),
        Rest::Some => "There are more".to_owned(),
    };
    format!("{more}: narrow the filters, or --limit 0 for all\n")
}
