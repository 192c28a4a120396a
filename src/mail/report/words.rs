//! The part of a report that people read: to whom it does not go, why, and what happens next.

use super::{Concerned, Fate, SenderReport};
use crate::domain::Moment;
use chrono::DateTime;
use std::fmt::Write;

/// Of many that met the same, so many are named; the part for machines has them all.
const NAMED: usize = 20;
/// Letters of what somebody else said or wrote.
const MOST_SAID: usize = 500;

pub(super) fn subject(fate: Fate, concerned: &[Concerned]) -> String {
    let whose = match concerned {
        [one] if one.address.is_ascii() && !one.address.bytes().any(|byte| !byte.is_ascii_graphic()) => {
            format!("Your mail to {}", one.address)
        }
        [_] => "Your mail to one recipient".to_owned(),
        all => format!("Your mail to {} recipients", all.len()),
    };
    match fate {
        Fate::Failed => format!("{whose} was not delivered"),
        Fate::Delayed => format!("{whose} is delayed"),
    }
}

pub(super) fn text(report: &SenderReport<'_>) -> String {
    let SenderReport { host, fate, concerned, arrived_at, subject, .. } = report;
    let at = |moment: Moment| clock(report, moment);
    let mut text = format!("This is the mail gateway on {host}.\n\n");
    let about = match plain(subject) {
        subject if subject.is_empty() => format!("Your message of {}", at(*arrived_at)),
        subject => format!("Your message \"{subject}\" of {}", at(*arrived_at)),
    };
    let _ = match fate {
        Fate::Failed => writeln!(text, "{about} could not be delivered to:\n"),
        Fate::Delayed => writeln!(text, "{about} has not been delivered yet to:\n"),
    };
    for (said, remote, met) in alike(concerned) {
        for concerned in met.iter().take(NAMED) {
            let _ = writeln!(text, "  <{}>", plain(&concerned.address));
        }
        if met.len() > NAMED {
            let _ = writeln!(text, "  and {} more, who are in the part of this mail for machines", met.len() - NAMED);
        }
        let said = plain(said);
        let _ = match (said.is_empty(), remote) {
            (true, _) => writeln!(text, "    It has come to no try yet.\n"),
            (false, Some(remote)) => writeln!(text, "    {remote} said: {said}\n"),
            (false, None) => writeln!(text, "    {said}\n"),
        };
    }
    let last = concerned.iter().map(|concerned| concerned.until).max().unwrap_or_default();
    let _ = match fate {
        Fate::Failed => writeln!(text, "Nothing more is tried. Put right what was said, and send it again."),
        Fate::Delayed => writeln!(
            text,
            "It is tried again until {}, and you need not send it again. You will hear if it fails for good.",
            at(last)
        ),
    };
    text
}

/// Those who met the same, by the words of it, in the order of the first of each.
fn alike(concerned: &[Concerned]) -> Vec<(&str, Option<&str>, Vec<&Concerned>)> {
    let mut places = std::collections::HashMap::new();
    let mut all: Vec<(&str, Option<&str>, Vec<&Concerned>)> = Vec::new();
    for one in concerned {
        // what we say ourselves is no server's word
        let remote = one.remote.as_deref().filter(|_| one.code.is_some());
        let place = *places.entry((&*one.said, remote)).or_insert(all.len());
        if place == all.len() {
            all.push((&one.said, remote, Vec::new()));
        }
        all[place].2.push(one);
    }
    all
}

/// One line, whatever it was.
fn plain(text: &str) -> String {
    let short: String = text.chars().take(MOST_SAID).collect();
    short
        .split(|letter: char| letter.is_control() || letter.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn clock(report: &SenderReport<'_>, moment: Moment) -> String {
    let at = DateTime::from_timestamp_millis(moment.0).unwrap_or_default().with_timezone(&report.time_zone);
    at.format("%Y-%m-%d %H:%M %Z").to_string()
}
