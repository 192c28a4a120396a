//! The one place where a relay's words and silences become outcomes.
//!
//! | what came | to | outcome | whose | kind |
//! |---|---|---|---|---|
//! | no TCP connection; silence, nonsense, a cut connection; 5xx | the connection | deferred | server | connect |
//! | 421, anywhere; 4xx on the way in | | deferred | server | busy |
//! | no STARTTLS; a no to it; bytes before TLS; a handshake that fails, a certificate we refuse | | deferred | server | tls |
//! | 421 that speaks of a certificate | EHLO | deferred | server | tls |
//! | 5xx to EHLO | | deferred | server | session |
//! | 432, 5xx; no mechanism of ours; `token_command` fails | AUTH | deferred | server | login |
//! | our settings cannot work (`ca_file` …) | | deferred | server | local |
//! | silence, nonsense, a cut connection; a no to RSET | up to DATA | deferred | server | session |
//! | the same | while the message is sent | deferred | job | data |
//! | the same | after its end | unknown | job | session |
//! | 530 that speaks of TLS, 538 | MAIL … | deferred | server | tls |
//! | 530, 534, 535 | MAIL … | deferred | server | login |
//! | 503 | | deferred | job | session |
//! | 452 | MAIL, the message | deferred | job | full |
//! | 452, too many recipients; 552 that means the same (RFC 5321 section 4.5.3.1.10) | RCPT | deferred | job | refused_now |
//! | 450, 451 and every other 4xx | | deferred | job | refused_now |
//! | 550, 552, 554 and every other 5xx | | failed | job | refused |
//! | our own no: too large for it, 8-bit, an address | | failed | job | refused |
//!
//! A no to MAIL, to DATA or to the message is every recipient's who has none of his own.

use crate::{
    domain::{Outcome, Trouble, TroubleKind, Whose},
    smtp::client::{Enhanced, Error, Failure, Reply, Step},
};

/// What became of a recipient who does not have the message.
pub(super) fn outcome(failure: &Failure) -> Outcome {
    let trouble = Trouble { sent_bytes: failure.sent_bytes, ..trouble(&failure.why, failure.step) };
    match &*failure.why {
        Error::Refused { .. } | Error::Unsendable(_) if trouble.kind == TroubleKind::Refused => {
            Outcome::Failed(trouble)
        }
        Error::Refused { .. } => Outcome::Deferred(trouble),
        _ if failure.step == Step::Answer => Outcome::Unknown(trouble),
        _ => Outcome::Deferred(trouble),
    }
}

/// What `error` is, in words that decide and words that are read.
pub(super) fn trouble(error: &Error, step: Step) -> Trouble {
    let (whose, kind) = classify(error, step);
    let said = match error {
        // which of the steps on the way in it was says more than the digits
        Error::Refused { to, reply } if step == Step::Connect && *to != "the connection" => format!("{to}: {reply}"),
        error => error.to_string(),
    };
    Trouble { whose, ..Trouble::of_server(kind, said) }.with_code(error.reply().map(|reply| reply.code))
}

fn classify(error: &Error, step: Step) -> (Whose, TroubleKind) {
    use TroubleKind::{Connect, Data, Local, Login, Refused, Session, Tls};
    use Whose::{Job, Server};
    match error {
        Error::Refused { to, reply } if step == Step::Connect => (Server, refused_entry(to, reply)),
        Error::Refused { to, reply } => of_reply(to, reply),
        Error::Unreachable { .. } => (Server, Connect),
        Error::Tls(_) | Error::NoStartTls | Error::Injected => (Server, Tls),
        Error::NoLogin { .. } | Error::NoToken(_) => (Server, Login),
        Error::Setting(_) => (Server, Local),
        Error::Unsendable(_) => (Job, Refused),
        Error::Silent { .. } | Error::Broken { .. } | Error::Nonsense { .. } | Error::GivenUp => match step {
            Step::Connect => (Server, Connect),
            Step::Mail | Step::Envelope => (Server, Session),
            Step::Message => (Job, Data),
            Step::Answer => (Job, Session),
        },
    }
}

/// A no on the way in is every job's.
fn refused_entry(to: &str, reply: &Reply) -> TroubleKind {
    match (to, reply.code) {
        // Postfix lets everybody through the handshake and says then what it misses.
        (_, 421) if reply.lowercase().contains("certificate") => TroubleKind::Tls,
        (_, 421) => TroubleKind::Busy,
        ("STARTTLS", _) => TroubleKind::Tls,
        // RFC 4954 section 4.7.1: 432 asks for a new password, 454 for another time.
        ("AUTH", 432) => TroubleKind::Login,
        (_, 400..=499) => TroubleKind::Busy,
        ("AUTH", _) => TroubleKind::Login,
        ("the connection", _) => TroubleKind::Connect,
        _ => TroubleKind::Session,
    }
}

fn of_reply(to: &str, reply: &Reply) -> (Whose, TroubleKind) {
    use TroubleKind::{Busy, Full, Login, Refused, RefusedNow, Session, Tls};
    use Whose::{Job, Server};
    match (to, reply.code) {
        (_, 421) => (Server, Busy),
        ("RSET", _) => (Server, Session),
        (_, 538) => (Server, Tls),
        (_, 530) if reply.lowercase().contains("tls") => (Server, Tls),
        (_, 530 | 534 | 535) => (Server, Login),
        (_, 503) => (Job, Session),
        ("RCPT", 552) if means_too_many(reply) => (Job, RefusedNow),
        ("RCPT", 452) => (Job, RefusedNow),
        (_, 452) => (Job, Full),
        (_, 400..=499) => (Job, RefusedNow),
        _ => (Job, Refused),
    }
}

/// Older servers say 552 for 452; one that explains itself (a full mailbox is 5.2.2) means what it says.
fn means_too_many(reply: &Reply) -> bool {
    matches!(reply.enhanced, None | Some(Enhanced(_, 5, 3)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io, sync::Arc, time::Duration};

    fn refused(to: &'static str, words: &str) -> Error {
        Error::Refused { to, reply: Reply::new(words.as_bytes()) }
    }

    /// `deferred server busy` and the like.
    fn told(error: Error, step: Step) -> String {
        let (word, trouble) = match outcome(&Failure { step, why: Arc::new(error), sent_bytes: 7 }) {
            Outcome::Deferred(trouble) => ("deferred", trouble),
            Outcome::Failed(trouble) => ("failed", trouble),
            Outcome::Unknown(trouble) => ("unknown", trouble),
            other => panic!("{other:?}"),
        };
        assert_eq!(trouble.sent_bytes, 7);
        let whose = if trouble.whose == Whose::Server { "server" } else { "job" };
        format!("{word} {whose} {}", trouble.kind.word())
    }

    #[test]
    fn a_no_on_the_way_in_names_its_step() {
        let said = |to, words| trouble(&refused(to, words), Step::Connect).said;
        assert_eq!(said("AUTH", "535 5.7.8 wrong"), "AUTH: 535 5.7.8 wrong");
        assert_eq!(said("the connection", "554 no service"), "554 no service");
    }

    #[test]
    fn a_no_on_the_way_in_is_the_servers_trouble() {
        for (to, words, kind) in [
            ("the connection", "421 mx.example too busy", "busy"),
            ("the connection", "450 4.7.1 not now", "busy"),
            ("the connection", "554 no SMTP service here", "connect"),
            ("EHLO", "421 bye", "busy"),
            ("EHLO", "421 4.7.1 relay.example Error: No client certificate presented", "tls"),
            ("EHLO", "550 5.7.1 we do not like that name", "session"),
            ("STARTTLS", "454 TLS not available", "tls"),
            ("STARTTLS", "502 What?", "tls"),
            ("AUTH", "535 5.7.8 wrong", "login"),
            ("AUTH", "534 5.7.9 too weak", "login"),
            ("AUTH", "432 4.7.12 a new password, please", "login"),
            ("AUTH", "454 4.7.0 later", "busy"),
            ("AUTH", "504 no such mechanism", "login"),
        ] {
            assert_eq!(told(refused(to, words), Step::Connect), format!("deferred server {kind}"), "{to} {words}");
        }
        let no_login = Error::NoLogin { wanted: "AUTH PLAIN", offered: String::new() };
        assert_eq!(told(no_login, Step::Connect), "deferred server login");
        assert_eq!(told(Error::NoToken("x".to_owned()), Step::Connect), "deferred server login");
        assert_eq!(told(Error::NoStartTls, Step::Connect), "deferred server tls");
        assert_eq!(told(Error::Injected, Step::Connect), "deferred server tls");
    }

    #[test]
    fn a_reply_to_a_message_is_judged_by_its_digits() {
        for (to, words, expected) in [
            ("RSET", "500 What?", "deferred server session"),
            ("MAIL", "421 4.4.2 idle too long", "deferred server busy"),
            ("MAIL", "530 5.7.0 Must issue a STARTTLS command first", "deferred server tls"),
            ("MAIL", "538 5.7.11 encryption required", "deferred server tls"),
            ("MAIL", "530 5.7.0 Authentication required", "deferred server login"),
            ("MAIL", "535 5.7.8 no", "deferred server login"),
            ("MAIL", "503 5.5.1 nested MAIL", "deferred job session"),
            ("MAIL", "450 4.1.8 your domain is not found", "deferred job refused_now"),
            ("MAIL", "452 4.3.1 insufficient storage", "deferred job full"),
            ("MAIL", "552 5.3.4 too large", "failed job refused"),
            ("MAIL", "550 5.7.1 sender refused", "failed job refused"),
            ("MAIL", "501 5.1.7 bad syntax", "failed job refused"),
            ("RCPT", "450 4.2.0 greylisted", "deferred job refused_now"),
            ("RCPT", "452 4.5.3 too many recipients", "deferred job refused_now"),
            ("RCPT", "552 too many recipients", "deferred job refused_now"),
            ("RCPT", "552 5.5.3 too many recipients", "deferred job refused_now"),
            ("RCPT", "552 5.2.2 mailbox full", "failed job refused"),
            ("RCPT", "550 5.1.1 no such user", "failed job refused"),
            ("DATA", "554 5.5.1 no valid recipients", "failed job refused"),
            ("DATA", "451 4.3.0 not now", "deferred job refused_now"),
            ("the message", "421 shutting down", "deferred server busy"),
            ("the message", "452 4.3.1 disk full", "deferred job full"),
            ("the message", "552 5.3.4 too large", "failed job refused"),
            ("the message", "554 5.7.1 spam", "failed job refused"),
        ] {
            for step in [Step::Mail, Step::Envelope, Step::Message, Step::Answer] {
                assert_eq!(told(refused(to, words), step), expected, "{to} {words}");
            }
        }
        assert_eq!(told(Error::Unsendable("too large".to_owned()), Step::Mail), "failed job refused");
    }

    #[test]
    fn whose_trouble_a_silence_is_depends_on_when_it_falls() {
        for (step, expected) in [
            (Step::Connect, "deferred server connect"),
            (Step::Mail, "deferred server session"),
            (Step::Envelope, "deferred server session"),
            (Step::Message, "deferred job data"),
            (Step::Answer, "unknown job session"),
        ] {
            let silent = Error::Silent { doing: "x", after: Duration::from_secs(1) };
            let broken = Error::Broken { doing: "x", why: io::ErrorKind::ConnectionReset.into() };
            let nonsense = Error::Nonsense { doing: "x", about: "250".to_owned() };
            for error in [silent, broken, nonsense] {
                assert_eq!(told(error, step), expected);
            }
        }
        let unreachable = Error::Unreachable { address: "x:25".to_owned(), why: "refused".to_owned() };
        assert_eq!(told(unreachable, Step::Connect), "deferred server connect");
    }
}
