//! `jobs`: one line a job.

use super::{Column, Table, outside};
use crate::{
    control::{JobLine, Rest},
    domain::{HERE, Reason},
};

/// The table; `fit`: cells of the terminal.
pub fn jobs(lines: &[JobLine], fit: Option<usize>) -> String {
    let columns = [
        ("ID", Column::Left(8)),
        ("RULE", Column::Left(20)),
        ("WHAT", Column::Left(32)),
        ("TO", Column::Left(32)),
        ("STATE", Column::Left(9)),
        ("ATTEMPTS", Column::Right),
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
            line.tries.to_string(),
            said(line),
        ]);
    }
    table.render()
}

/// `south:inbox/north/plan.dwg`, `ann@example.org by main`; of what could not be planned as far as it is known, `by main`
pub fn to(line: &JobLine) -> String {
    match line.reason.as_deref().and_then(Reason::from_word) {
        Some(Reason::Unplannable) if line.server == HERE && line.target.is_none() => "this machine".to_owned(),
        _ => destination(&line.server, line.target.as_deref(), line.recipient.as_deref()),
    }
}

/// The same of anything that went somewhere.
pub fn destination(server: &str, path: Option<&[u8]>, recipient: Option<&str>) -> String {
    if server == HERE {
        return path.map_or_else(|| "deleted".to_owned(), |path| format!("/{}", outside(Some(path))));
    }
    let server = outside(Some(server.as_bytes()));
    match (path, recipient) {
        (Some(path), _) => format!("{server}:{}", outside(Some(path))),
        (None, Some("")) => format!("by {server}"),
        (None, Some(recipient)) if recipient != server => {
            format!("{} by {server}", outside(Some(recipient.as_bytes())))
        }
        (None, _) => server,
    }
}

/// The last words, else the reason.
pub fn said(line: &JobLine) -> String {
    let reason = line.reason.as_deref();
    let sentence = reason.map(|word| match Reason::from_word(word) {
        Some(reason) => sentence(reason),
        None => word,
    });
    outside(Some(line.said.as_deref().or(sentence).unwrap_or_default().as_bytes()))
}

fn sentence(reason: Reason) -> &'static str {
    match reason {
        Reason::Superseded => "a newer version took its place",
        Reason::SourceChanged => "the file is no longer the version that was to be sent",
        Reason::RulePaused => "the rule is paused",
        Reason::ByOperator => "an operator's wish",
        Reason::Unknown => "it may have been taken, and nobody answered",
        Reason::Deadline => "its deadline has passed",
        Reason::Attempts => "all its attempts are used up",
        Reason::Refused => "the server refused it for good",
        Reason::Unplannable => "it could not be planned",
        Reason::Bounced => "it came back",
        Reason::Suppressed => "no mail is sent to this address",
    }
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
