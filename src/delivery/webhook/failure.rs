//! The one place where a webhook's answers and silences become outcomes (RFC 9110 section 15, RFC 6585).
//!
//! | what came | outcome | whose | kind |
//! |---|---|---|---|
//! | no TCP connection; an unknown name | deferred | server | connect |
//! | a handshake that fails, a certificate we refuse | deferred | server | tls |
//! | the system's trusted certificates cannot be read | deferred | server | local |
//! | the connection was dead before the request, twice | deferred | server | session |
//! | silence, nonsense, a cut connection after that | unknown | job | session |
//! | 2xx | delivered | | |
//! | 429, 502, 503, 504: it, or who stands before it, is busy or down | deferred | server | busy |
//! | 408, 425 and every other 5xx | deferred | job | refused_now |
//! | 3xx: redirects are not followed | failed | job | refused |
//! | 410 and every other 4xx; what is no answer to a POST | failed | job | refused |
//!
//! `Retry-After`, in seconds or as a date, is heeded with what is deferred; `policy` bounds it.

use crate::{
    domain::{Moment, Outcome, Trouble, TroubleKind, Whose},
    web::{Answer, ConnectError, PostError},
};
use chrono::DateTime;
use std::time::Duration;

/// What stood in the way of a connection.
pub(super) fn unconnected(error: &ConnectError) -> Trouble {
    let kind = match error {
        ConnectError::Unreachable { .. } | ConnectError::TooLate { .. } => TroubleKind::Connect,
        ConnectError::Tls { .. } => TroubleKind::Tls,
        ConnectError::Setting(_) => TroubleKind::Local,
    };
    Trouble::of_server(kind, error.to_string())
}

/// What became of a message of so many bytes that got no answer.
pub(super) fn unanswered(error: &PostError, size_bytes: u64) -> Outcome {
    match error {
        PostError::Unsent(why) => {
            Outcome::Deferred(Trouble::of_server(TroubleKind::Session, format!("the connection was dead: {why}")))
        }
        PostError::Unanswered(why) => {
            let said = format!("what it was told may have been heard, and was not answered: {why}");
            Outcome::Unknown(Trouble { sent_bytes: size_bytes, ..Trouble::of_job(TroubleKind::Session, said) })
        }
    }
}

/// What became of a message of so many bytes that was answered so; `None`: it was taken.
pub(super) fn outcome(answer: &Answer, size_bytes: u64, now: Moment) -> Option<Outcome> {
    let (whose, kind) = match answer.status {
        200..=299 => return None,
        429 | 502 | 503 | 504 => (Whose::Server, TroubleKind::Busy),
        408 | 425 | 500..=599 => (Whose::Job, TroubleKind::RefusedNow),
        _ => (Whose::Job, TroubleKind::Refused),
    };
    let said = match answer.status {
        300..=399 => {
            format!("{}: redirects are not followed; write the new address as `url` in packetboat.yaml", answer.words)
        }
        _ => answer.words.clone(),
    };
    let trouble = Trouble { whose, sent_bytes: size_bytes, ..Trouble::of_server(kind, said) };
    let trouble = trouble.with_code(Some(answer.status));
    if kind == TroubleKind::Refused {
        return Some(Outcome::Failed(trouble));
    }
    let wait = answer.retry_after.as_deref().and_then(|written| wait(written, now));
    Some(Outcome::Deferred(Trouble { wait, ..trouble }))
}

/// RFC 9110 section 10.2.3: seconds, or a moment (section 5.6.7).
fn wait(written: &str, now: Moment) -> Option<Duration> {
    let written = written.trim();
    if let Ok(seconds) = written.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = DateTime::parse_from_rfc2822(written).ok()?;
    Some(Moment(moment.timestamp_millis()).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_795_330_800_000); // 2026-11-22 07:00 UTC

    fn told(status: u16, retry_after: Option<&str>) -> String {
        let answer = Answer { status, words: format!("{status} x"), retry_after: retry_after.map(str::to_owned) };
        let (word, trouble) = match outcome(&answer, 7, NOW) {
            None => return "delivered".to_owned(),
            Some(Outcome::Deferred(trouble)) => ("deferred", trouble),
            Some(Outcome::Failed(trouble)) => ("failed", trouble),
            other => panic!("{other:?}"),
        };
        assert_eq!((trouble.code, trouble.sent_bytes), (Some(status), 7));
        assert!(trouble.said.starts_with(&answer.words));
        let whose = if trouble.whose == Whose::Server { "server" } else { "job" };
        let wait = trouble.wait.map_or_else(String::new, |wait| format!(" {}", wait.as_secs()));
        format!("{word} {whose} {}{wait}", trouble.kind.word())
    }

    #[test]
    fn an_answer_is_judged_by_its_digits() {
        for (statuses, expected) in [
            (&[200, 201, 202, 204, 299][..], "delivered"),
            (&[301, 302, 303, 307, 308], "failed job refused"),
            (&[400, 401, 403, 404, 405, 410, 413, 422, 451], "failed job refused"),
            (&[408, 425, 500, 501, 507, 520], "deferred job refused_now"),
            (&[429, 502, 503, 504], "deferred server busy"),
            (&[101, 600, 999], "failed job refused"),
        ] {
            for status in statuses {
                assert_eq!(told(*status, None), expected, "{status}");
            }
        }
    }

    #[test]
    fn who_asks_for_time_is_heard_in_seconds_or_by_a_date() {
        assert_eq!(told(503, Some("120")), "deferred server busy 120");
        assert_eq!(told(500, Some(" 7 ")), "deferred job refused_now 7");
        assert_eq!(told(429, Some("Sun, 22 Nov 2026 07:01:30 GMT")), "deferred server busy 90");
        assert_eq!(told(429, Some("Sun, 22 Nov 2026 06:00:00 GMT")), "deferred server busy 0");
        for nonsense in ["soon", "-5", "1.5", ""] {
            assert_eq!(told(503, Some(nonsense)), "deferred server busy", "{nonsense}");
        }
        assert_eq!(told(404, Some("120")), "failed job refused");
    }

    #[test]
    fn what_may_have_been_heard_is_unknown() {
        let Outcome::Unknown(trouble) = unanswered(&PostError::Unanswered("x".into()), 7) else { panic!() };
        assert_eq!((trouble.whose, trouble.kind, trouble.sent_bytes), (Whose::Job, TroubleKind::Session, 7));
        let Outcome::Deferred(trouble) = unanswered(&PostError::Unsent("x".into()), 7) else { panic!() };
        assert_eq!((trouble.whose, trouble.kind, trouble.sent_bytes), (Whose::Server, TroubleKind::Session, 0));
    }
}
