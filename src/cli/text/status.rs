//! `status`: the first line says whether all is well, the lines with `!` what to do, the table the rest.

use super::{Calendar, Column, Ink, Painter, Table, count, outside, pad, plural, span, width};
use crate::control::{
    HeartbeatTrouble, InVain, LaneStatus, Need, RuleStatus, SessionStatus, Site, SourceTrouble, Status,
};

/// Where the right half of the first line ends.
const LINE: usize = 100;

/// The whole of it.
pub fn status(status: &Status, needs: &[Need], site: &Site, (zone, paint): (Calendar, Painter)) -> String {
    let mut out = headline(status, needs, site, (zone, paint));
    let names = needs.iter().map(|need| width(&name_of(need)));
    let column = names.chain([13]).max().unwrap_or(13) + 2;
    for need in needs {
        let name = pad(&name_of(need), column);
        out.push_str(&format!("  {} {name}{}\n", paint.paint(Ink::Bad, "!"), sentence(need, status.session, zone)));
    }
    for (name, sentence) in paused(status, zone) {
        out.push_str(&format!("  - {}{sentence}\n", pad(&name, column)));
    }
    if has_old_configuration(status, site) {
        let name = pad("configuration", column);
        out.push_str(&format!("  - {name}changed since the start: packetboat check, then start it again\n"));
    }
    out + &table(status, zone)
}

/// The running process read it at its start, and reads it no more.
fn has_old_configuration(status: &Status, site: &Site) -> bool {
    let SessionStatus::Up { since, .. } = status.session else { return false };
    site.changed_at.is_some_and(|changed_at| changed_at > since)
}

fn headline(status: &Status, needs: &[Need], site: &Site, (zone, paint): (Calendar, Painter)) -> String {
    let (left, ink) = match needs.len() {
        0 if status.session == SessionStatus::Never => ("Nothing has run yet.".to_owned(), Ink::Heading),
        0 => ("All is well.".to_owned(), Ink::Good),
        1 => ("One thing needs you.".to_owned(), Ink::Bad),
        more => (format!("{} things need you.", number(more)), Ink::Bad),
    };
    let session = match status.session {
        SessionStatus::Never => "never run".to_owned(),
        SessionStatus::Up { since, .. } => format!("up {}", span(status.now.since(since))),
        SessionStatus::Stopped { at } => format!("stopped {}", zone.minute(at)),
        SessionStatus::Died { last_seen } => format!("not running since {}", zone.minute(last_seen)),
    };
    let (rules, servers) = (site.known.rules.len() as u64, site.known.servers.len() as u64);
    let right =
        format!("{session}, {}, {}, {}", plural(rules, "rule"), plural(servers, "server"), zone.minute(status.now));
    let gap = LINE.saturating_sub(left.len() + width(&right)).max(2);
    format!("{}{}{right}\n", paint.paint(ink, &left), " ".repeat(gap))
}

fn number(number: usize) -> String {
    const WORDS: [&str; 11] =
        ["Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"];
    number.checked_sub(2).and_then(|place| WORDS.get(place)).map_or_else(|| number.to_string(), |&word| word.into())
}

fn name_of(need: &Need) -> String {
    match need {
        Need::NotRunning { .. } | Need::Unanswered { .. } => "packetboat".into(),
        Need::Heartbeat(_) => "heartbeat".into(),
        Need::Trouble(LaneStatus { server: name, .. })
        | Need::NoServer { server: name, .. }
        | Need::Folder(SourceTrouble { rule: name, .. })
        | Need::InVain(InVain { rule: name, .. })
        | Need::Unknown { rule: name, .. }
        | Need::Missed { rule: name, .. }
        | Need::Failed { rule: name, .. } => outside(Some(name.as_bytes())),
    }
}

fn sentence(need: &Need, session: SessionStatus, zone: Calendar) -> String {
    match need {
        Need::NotRunning { open: 0 } => "ended without a word: start it again".into(),
        Need::NotRunning { open } => format!("ended without a word, and {}: start it again", wait(*open)),
        Need::Unanswered { why } => format!("{}: look at its log, or start it again", outside(Some(why.as_bytes()))),
        Need::Folder(SourceTrouble { folder, since: Some(since), why, .. }) => format!(
            "{folder} is not seen whole since {} ({}): {}",
            zone.minute(*since),
            span(zone.now.since(*since)),
            outside(Some(why.as_bytes()))
        ),
        Need::Folder(SourceTrouble { since: None, why, .. }) => {
            format!("nothing new is taken in: {}", outside(Some(why.as_bytes())))
        }
        Need::Heartbeat(HeartbeatTrouble { since, why }) => {
            let since = since.map_or_else(String::new, |since| format!(" since {}", zone.minute(since)));
            format!("is not answered{since}: {}", outside(Some(why.as_bytes())))
        }
        Need::Trouble(lane) => trouble(lane, session, zone),
        Need::NoServer { server, jobs } => {
            let moved = format!("packetboat move-jobs --from {server} --to …");
            format!("is not configured any more; {}: {moved}, or packetboat cancel --server {server}", wait(*jobs))
        }
        Need::InVain(InVain { rule, server, jobs, said }) => format!(
            "{} for {server} tried three times and more: {}: packetboat jobs --rule {rule} --state queued",
            plural(*jobs, "job"),
            outside(said.as_ref().map(|said| said.trim_end_matches('.').as_bytes())),
        ),
        Need::Unknown { rule, jobs } => format!(
            "{} held, for nobody answered and it may have been taken: packetboat jobs --rule {rule} --state held",
            plural(*jobs, "job")
        ),
        Need::Missed { rule, expected } => {
            let by = expected.missed.map_or_else(|| "-".to_owned(), |missed| zone.minute(missed));
            let unfit = expected.unfit.as_ref().map_or_else(String::new, |unfit| format!("; {unfit}"));
            let unfit = outside(Some(unfit.as_bytes()));
            format!("expects {}; by {by} it had not come{unfit}: packetboat plan {rule}", expected.what)
        }
        Need::Failed { rule, jobs } => format!(
            "{} failed in the last 24 h: packetboat jobs --rule {rule} --state failed --since 1d",
            plural(*jobs, "job")
        ),
    }
}

fn trouble(lane: &LaneStatus, session: SessionStatus, zone: Calendar) -> String {
    let said = lane.said.as_ref().or(lane.kind.as_ref());
    let said =
        said.map_or_else(String::new, |said| format!(": {}", outside(Some(said.trim_end_matches('.').as_bytes()))));
    let next = match (session, lane.retry_at) {
        (SessionStatus::Up { .. }, Some(at)) => format!(", next try {}", zone.due(at)),
        (SessionStatus::Up { .. }, None) => String::new(),
        _ => ", and nothing is tried before packetboat runs again".to_owned(),
    };
    let since = format!("trouble since {} ({})", zone.minute(lane.since), span(zone.now.since(lane.since)));
    format!("{since}{said}; {}{next}", wait(lane.waiting))
}

/// `1 job waits`, `212 jobs wait`.
fn wait(jobs: u64) -> String {
    format!("{} {}", plural(jobs, "job"), if jobs == 1 { "waits" } else { "wait" })
}

/// Paused on purpose: told, but no need.
fn paused(status: &Status, zone: Calendar) -> Vec<(String, String)> {
    let rules = status.paused_rules.iter().map(|paused| {
        let held = status.rules.iter().find(|rule| rule.rule == paused.rule).map_or(0, |rule| rule.open.held);
        (&paused.rule, paused.since, format!("{} held", plural(held, "job")))
    });
    let lanes = status.lanes.iter().filter(|lane| lane.is_paused);
    let servers = lanes.map(|lane| (&lane.server, lane.since, wait(lane.waiting)));
    let told = rules.chain(servers).map(|(name, since, jobs)| {
        let sentence = format!("paused since {}; {jobs}: packetboat resume {name}", zone.minute(since));
        (outside(Some(name.as_bytes())), sentence)
    });
    told.collect()
}

fn table(status: &Status, zone: Calendar) -> String {
    let are_held = status.rules.iter().any(|rule| rule.open.held > 0);
    let are_expected = status.rules.iter().any(|rule| rule.expected.is_some() || rule.next_tick.is_some());
    let mut columns = vec![
        ("RULE", Column::Left(40)),
        ("LAST DELIVERED", Column::Left(24)),
        ("TODAY", Column::Right),
        ("WAITING", Column::Right),
        ("FAILED", Column::Right),
    ];
    if are_held {
        columns.push(("HELD", Column::Right));
    }
    if are_expected {
        columns.push(("NEXT EXPECTED", Column::Left(40)));
    }
    let mut table = Table::new(&columns, None);
    for rule in &status.rules {
        let last = match rule.last_delivered {
            Some(last) if last >= zone.midnight() => format!("{}  {}", zone.minute(last), zone.ago(last)),
            Some(last) => zone.minute(last),
            None => "-".into(),
        };
        let name = outside(Some(rule.rule.as_bytes()));
        let mut cells = vec![name, last, count(rule.today), count(rule.open.on_their_way()), count(rule.failed)];
        if are_held {
            cells.push(count(rule.open.held));
        }
        if are_expected {
            cells.push(next_expected(rule, zone));
        }
        table.row(cells);
    }
    table.render()
}

/// `by 04:00`, of a schedule `at 04:00`; while one is missed, that one.
fn next_expected(rule: &RuleStatus, zone: Calendar) -> String {
    let expected = rule.expected.as_ref();
    match (expected.and_then(|expected| expected.missed), rule.next_tick, expected.and_then(|expected| expected.by)) {
        (Some(missed), ..) => format!("by {}, missed", zone.minute(missed)),
        (None, Some(tick), _) => format!("at {}", zone.minute(tick)),
        (None, None, Some(by)) => format!("by {}", zone.minute(by)),
        (None, None, None) => "-".into(),
    }
}
