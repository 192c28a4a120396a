//! `job ID`: what it is, every attempt with the server's words, and what comes next.

use super::{Calendar, Ink, Painter, jobs::to, outside, pad, size, span, width};
use crate::{
    control::{Attempt, JobDetail, LaneRow, LaneState, LeftAlone},
    domain::JobState,
};
use std::fmt::Write as _;

/// How many attempts are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    All,
    /// The first and the last.
    Ends,
}

/// Up to so many are shown in any case.
const FEW: usize = 6;

/// The whole of it. `lane`: how its server is.
pub fn job(
    detail: &JobDetail,
    lane: Option<&LaneRow>,
    attempts: Attempts,
    (zone, paint): (Calendar, Painter),
) -> String {
    let mut out = headline(detail, paint);
    let mut line = |label: &str, text: String| {
        let _ = writeln!(out, "{}", format!("  {}{text}", pad(label, 12)).trim_end());
    };
    if let Some(arrived) = detail.job.arrived_at {
        line("arrived", format!("{}   {}", zone.second(arrived), source(detail)));
    }
    let (shown, mut tries) = (detail.attempts.len(), 0);
    for (place, attempt) in detail.attempts.iter().enumerate() {
        let label = if attempt.is_handed_back() {
            "handed back".to_owned()
        } else {
            tries += 1;
            format!("attempt {tries}")
        };
        let is_end = place == 0 || place + 1 == shown;
        if attempts == Attempts::Ends && shown > FEW && !is_end {
            if place == 1 {
                line("⋮", between(&detail.attempts[1..shown - 1]));
            }
            continue;
        }
        line(&label, told(attempt, zone));
    }
    let is_told = |said: &String| detail.attempts.iter().any(|attempt| attempt.said.as_ref() == Some(said));
    if let Some(said) = detail.job.said.as_ref().filter(|said| detail.receipt.is_none() && !is_told(said)) {
        line("said", outside(Some(said.as_bytes())));
    }
    if let Some(receipt) = &detail.receipt {
        let reply = outside(Some(receipt.reply.as_bytes()));
        line(
            "receipt",
            format!(
                "{}   proof {}, sha256 {}, {reply}",
                zone.second(receipt.delivered_at),
                receipt.proof,
                receipt.sha256
            ),
        );
    }
    for (place, next) in next(detail, lane, zone).iter().flat_map(|next| next.lines()).enumerate() {
        line(if place == 0 { "next" } else { "" }, next.to_owned());
    }
    out
}

fn headline(detail: &JobDetail, paint: Painter) -> String {
    let job = &detail.job;
    let mut left = outside(job.name.as_deref());
    if let Some(bytes) = job.size_bytes {
        let _ = write!(left, "  {}", size(bytes));
    }
    let _ = write!(left, "  →  {}", to(job));
    let ink = match job.state {
        JobState::Delivered => Ink::Good,
        JobState::Failed => Ink::Bad,
        _ => Ink::Heading,
    };
    let attempts = super::plural(u64::from(job.tries), "attempt");
    let rule = outside(Some(job.rule.as_bytes()));
    let gap = " ".repeat(56usize.saturating_sub(width(&left)).max(4));
    format!("{left}{gap}{}, {attempts}, rule {rule}\n", paint.paint(ink, job.state.word()))
}

fn source(detail: &JobDetail) -> String {
    let mut path = outside(detail.folder.as_deref());
    if let Some(name) = &detail.job.name {
        let _ = write!(path, "/{}", outside(Some(name)));
    }
    match detail.sha256 {
        Some(hash) => format!("{path}  sha256 {}", short(&hash.to_string())),
        None => path,
    }
}

/// `6b1f…c2`; the receipt has all of it.
fn short(hash: &str) -> String {
    match (hash.get(..4), hash.get(62..)) {
        (Some(head), Some(tail)) => format!("{head}…{tail}"),
        _ => hash.to_owned(),
    }
}

fn told(attempt: &Attempt, zone: Calendar) -> String {
    let said = outside(attempt.said.as_ref().or(attempt.kind.as_ref()).map(String::as_bytes));
    let took = span(attempt.ended_at.since(attempt.started_at));
    let sent = if attempt.bytes == 0 { String::new() } else { size(attempt.bytes) };
    let head = format!("{}   {}{}", zone.second(attempt.started_at), pad(&attempt.outcome, 11), pad(&took, 7));
    format!("{head}{}{said}", pad(&sent, 10))
}

fn between(attempts: &[Attempt]) -> String {
    let alike = attempts.iter().all(|attempt| {
        (&attempt.outcome, attempt.code, &attempt.kind) == (&attempts[0].outcome, attempts[0].code, &attempts[0].kind)
    });
    let waits = attempts.windows(2).map(|pair| pair[1].started_at.since(pair[0].ended_at));
    let longest = waits.max().map_or_else(String::new, |wait| format!(", longest wait {}", span(wait)));
    let like = if alike { " like it" } else { "" };
    let back = match attempts.iter().filter(|attempt| attempt.is_handed_back()).count() {
        0 => String::new(),
        back => format!(", {back} of them handed back"),
    };
    pad(&format!("{} more{like}{back}{longest}", attempts.len()), 40) + "(--all shows them)"
}

/// What is escaped has no line end: those in it are ours.
fn next(detail: &JobDetail, lane: Option<&LaneRow>, zone: Calendar) -> Option<String> {
    let job = &detail.job;
    let reason = job.reason.as_deref().unwrap_or_default();
    match job.state {
        JobState::Queued => {
            let given_up = format!("given up {}", zone.minute(job.expires_at));
            Some(match lane.map(|lane| (lane.state, lane)) {
                Some((LaneState::Closed, lane)) => format!("waits for {}, {given_up}", trouble(lane, zone)),
                Some((LaneState::Paused, lane)) => {
                    let server = outside(Some(lane.server.as_bytes()));
                    format!("`packetboat resume {server}` lets its server go on, {given_up}")
                }
                Some((LaneState::Open, _)) | None => format!("tried {}, {given_up}", zone.due(job.due_at)),
            })
        }
        JobState::Waiting => Some(match detail.waits_for {
            Some(before) => format!("waits until job {before} has ended"),
            None => "waits for another job".into(),
        }),
        JobState::Running => Some("is being tried now".into()),
        JobState::Held if reason == "rule_paused" => {
            Some(format!("`packetboat resume {}` lets it go", outside(Some(job.rule.as_bytes()))))
        }
        JobState::Held if reason == "unknown" => Some(format!(
            "it may have been taken: ask whom it is for, then `packetboat release {0}` or `packetboat cancel {0}`",
            job.id
        )),
        JobState::Held => Some(format!("`packetboat release {}` lets it go", job.id)),
        JobState::Failed => Some(match detail.left_alone {
            None => format!("`packetboat retry {}` once that is put right", job.id),
            Some(why) => {
                format!("{}\nthis job stays failed until `packetboat cancel {}`", instead(detail, why), job.id)
            }
        }),
        JobState::Cancelled if reason == "superseded" => Some("nothing: a newer version took its place".into()),
        JobState::Cancelled if let Some(why) = detail.left_alone => Some(instead(detail, why)),
        JobState::Cancelled => Some(format!("`packetboat retry {}` takes it up again", job.id)),
        JobState::Delivered => None,
    }
}

/// What helps, where no `retry` does.
fn instead(detail: &JobDetail, why: LeftAlone) -> String {
    match why {
        LeftAlone::NoTarget => {
            let (again, anew) = detail.original.again();
            let again = outside(Some(again.as_bytes()));
            format!("correct the rule, which is read at the next start, or what it names; then\n{again}:\n{anew}")
        }
        why => why.sentence().to_owned(),
    }
}

/// `offsite (530 Login incorrect; next try 05:24)`.
fn trouble(lane: &LaneRow, zone: Calendar) -> String {
    let server = outside(Some(lane.server.as_bytes()));
    let said = outside(lane.said.as_ref().or(lane.kind.as_ref()).map(|said| said.trim_end_matches('.').as_bytes()));
    let next = lane.retry_at.map_or_else(String::new, |at| format!("; next try {}", zone.due(at)));
    format!("{server} ({said}{next})")
}
