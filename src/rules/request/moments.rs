//! `send_at` and `deadline` of a request: a moment (RFC 3339), or a span from when it came.

use crate::{
    config::{
        Problem, Sheet,
        read::{self, span_words},
        values::{self, Fault},
        yaml::Node,
    },
    domain::Moment,
};
use chrono::DateTime;
use std::time::Duration;

/// How far ahead a mail may be asked for: what is further is a slip of units.
const FURTHEST: Duration = Duration::from_secs(366 * 86_400);

/// The moment that a value means, `from` being when its span begins. One that has passed is itself.
pub(super) fn moment(from: Moment) -> impl Fn(&Sheet, &Node) -> Option<Moment> {
    move |sheet, node| {
        let moment = read::spelt("a moment or a span of time", |text| parsed(text, from))(sheet, node)?;
        if moment > from.plus(FURTHEST) {
            let problem = Problem::error(&node.at, format!("this is more than {} ahead", span_words(FURTHEST)));
            sheet.report(problem.hint("hand the request over later"));
            return None;
        }
        Some(moment)
    }
}

/// The same, of a moment that must be to come.
pub(super) fn moment_ahead(from: Moment) -> impl Fn(&Sheet, &Node) -> Option<Moment> {
    move |sheet, node| {
        let at = moment(from)(sheet, node)?;
        if at <= from {
            let problem = Problem::error(&node.at, "this has passed before the mail is due");
            sheet.report(problem.hint("a deadline is later than `send_at`, and than now"));
            return None;
        }
        Some(at)
    }
}

fn parsed(text: &str, from: Moment) -> Result<Moment, Fault> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(Moment(time.timestamp_millis()));
    }
    let wrong = |_| {
        let hint = "a moment is 2026-11-29T08:00:00Z or 2026-11-29T09:00:00+01:00, a span 90s, 10m, 24h or 7d";
        Fault::new(format!("`{text}` is no moment and no span of time"), hint)
    };
    values::span(text).map(|span| from.plus(span)).map_err(wrong)
}
