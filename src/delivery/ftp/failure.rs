//! The one place where an FTP server's words and silences become outcomes.
//!
//! | what came | while | outcome | whose | kind |
//! |---|---|---|---|---|
//! | no TCP connection; anything but 220 as a greeting | connecting | deferred | server | connect |
//! | 421; 120; 4xx, 500 or 530 that speaks of too many, of limits or of trying again | anywhere | deferred | server | busy |
//! | a handshake that fails, a certificate we refuse, bytes before TLS, no to AUTH, PBSZ or PROT | connecting | deferred | server | tls |
//! | any other no to USER, PASS or ACCT; 530, 532 later | | deferred | server | login |
//! | a no to CWD | connecting | deferred | server | refused |
//! | our settings cannot work (`ca_file` …) | connecting | deferred | server | local |
//! | silence, nonsense, a cut connection | before the first byte | deferred | server | session |
//! | the same | while bytes flow | deferred | job | data |
//! | the same | after the last byte | unknown, if asking over a new connection does not settle it | job | session |
//! | no TCP connection for data; a no to EPSV, PASV, PORT | | deferred | server | data |
//! | 431, 521, 522, 533–536; a handshake that fails | opening data | deferred | server | tls |
//! | 425, 426 | | deferred | job | data |
//! | 452, 552; a 4xx or 5xx that speaks of space or quota | | deferred | job | full |
//! | 450, 451 and every other 4xx; a 5xx that speaks of a lock or of later | | deferred | job | refused_now |
//! | 503 | | deferred | job | session |
//! | 550, 553 and every other 5xx | | failed | job | refused |
//!
//! A folder that vanished (550 or 553 to STOR or RNTO under a folder we took for granted) is made again within the attempt, before this
//! table is asked.

use crate::{
    domain::{Outcome, Trouble, TroubleKind, Whose},
    ftp::client::{Error, Reply},
};

/// What we were doing: it decides whose trouble a silence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Up to and including the login and the server's folder.
    Connect,
    /// Asking, making folders, opening the file: nothing of it has been sent yet.
    Before,
    /// Bytes flow.
    Send,
    /// All bytes are sent: proving, renaming, removing.
    After,
}

/// What an attempt that met `error` ends as.
pub(super) fn outcome(error: &Error, step: Step) -> Outcome {
    let trouble = trouble(error, step);
    match error.reply() {
        Some(reply) if is_for_good(&trouble, reply) => Outcome::Failed(trouble),
        _ if step == Step::After && error.is_break() => Outcome::Unknown(trouble),
        _ => Outcome::Deferred(trouble),
    }
}

/// A server whose own folder is refused is in trouble, and may be mended.
fn is_for_good(trouble: &Trouble, reply: &Reply) -> bool {
    trouble.whose == Whose::Job && trouble.kind == TroubleKind::Refused && reply.code >= 500
}

/// What `error` is, in words that decide and words that are read.
pub(super) fn trouble(error: &Error, step: Step) -> Trouble {
    let (whose, kind) = classify(error, step);
    let said = error.to_string();
    Trouble { whose, ..Trouble::of_server(kind, said) }.with_code(error.reply().map(|reply| reply.code))
}

fn classify(error: &Error, step: Step) -> (Whose, TroubleKind) {
    use TroubleKind::{Connect, Data, Local, Session, Tls};
    use Whose::{Job, Server};
    match error {
        Error::Refused { to, reply } if step == Step::Connect => (Server, refused_entry(to, reply)),
        Error::Refused { to: "EPSV" | "PASV" | "PORT", reply } => match of_reply(reply) {
            (Server, kind) => (Server, kind),
            (Job, _) => (Server, Data),
        },
        Error::Refused { reply, .. } => of_reply(reply),
        Error::Unreachable { .. } => (Server, Connect),
        Error::NoData(_) => (Server, Data),
        Error::Tls(_) | Error::Injected => (Server, Tls),
        Error::DataTls { said: Some(reply), .. } if reply.code == 421 => of_reply(reply),
        Error::DataTls { .. } => (Server, Tls),
        Error::Setting(_) => (Server, Local),
        Error::Silent { .. } | Error::Broken { .. } | Error::Nonsense { .. } | Error::GivenUp => match step {
            Step::Connect => (Server, Connect),
            Step::Before => (Server, Session),
            Step::Send => (Job, Data),
            Step::After => (Job, Session),
        },
    }
}

/// A no on the way in is every job's.
fn refused_entry(to: &str, reply: &Reply) -> TroubleKind {
    match (reply.code, to) {
        (421 | 120, _) => TroubleKind::Busy,
        (400..=499 | 500 | 530, _) if is_crowded(reply) => TroubleKind::Busy,
        (400..=599, "AUTH TLS" | "PBSZ" | "PROT") => TroubleKind::Tls,
        (332 | 400..=599, "the login" | "ACCT") => TroubleKind::Login,
        (_, "CWD") => TroubleKind::Refused,
        (_, "the connection") => TroubleKind::Connect,
        _ => TroubleKind::Session,
    }
}

fn of_reply(reply: &Reply) -> (Whose, TroubleKind) {
    use TroubleKind::{Busy, Data, Full, Login, Refused, RefusedNow, Session, Tls};
    use Whose::{Job, Server};
    match reply.code {
        421 | 120 => (Server, Busy),
        530 if is_crowded(reply) => (Server, Busy),
        530 | 532 => (Server, Login),
        431 | 521 | 522 | 533..=536 => (Server, Tls),
        425 | 426 => (Job, Data),
        452 | 552 => (Job, Full),
        400..=599 if speaks_of(reply, &["quota", "no space", "disk full", "not enough space", "enough disk space"]) => {
            (Job, Full)
        }
        503 => (Job, Session),
        400..=499 => (Job, RefusedNow),
        500..=599 if speaks_of(reply, &["in use", "being used", "locked", "try again", "temporar", "later"]) => {
            (Job, RefusedNow)
        }
        500..=599 => (Job, Refused),
        _ => (Job, Session),
    }
}

/// What servers say when it is not us but how many we are.
fn is_crowded(reply: &Reply) -> bool {
    speaks_of(
        reply,
        &["too many", "maximum", "max connections", "limit", "try again", "busy", "already logged", "concurrent"],
    )
}

fn speaks_of(reply: &Reply, words: &[&str]) -> bool {
    let said = reply.lowercase();
    let own: Vec<&str> = said.split_whitespace().filter(|word| !is_a_name(word)).collect();
    let own = own.join(" ");
    words.iter().any(|word| own.contains(word))
}

/// Servers repeat the path, and `550 in/locked.txt: Permission denied` does not speak of a lock.
fn is_a_name(word: &str) -> bool {
    word.trim_matches(|letter: char| letter.is_ascii_punctuation()).contains(['/', '.', '\\'])
}

/// The server wants the data connection to resume a TLS session, and 1.3 could not give it one.
pub(super) fn is_refused_resumption(error: &Error) -> bool {
    matches!(error, Error::DataTls { .. }) || error.reply().is_some_and(|reply| matches!(reply.code, 425 | 522))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io, time::Duration};

    fn refused(to: &'static str, words: &str) -> Error {
        Error::Refused { to, reply: Reply::new(words.as_bytes()) }
    }

    /// `deferred server busy` and the like.
    fn told(error: &Error, step: Step) -> String {
        let (word, trouble) = match outcome(error, step) {
            Outcome::Deferred(trouble) => ("deferred", trouble),
            Outcome::Failed(trouble) => ("failed", trouble),
            Outcome::Unknown(trouble) => ("unknown", trouble),
            other => panic!("{other:?}"),
        };
        let whose = if trouble.whose == Whose::Server { "server" } else { "job" };
        format!("{word} {whose} {}", trouble.kind.word())
    }

    #[test]
    fn a_no_on_the_way_in_is_the_servers_trouble() {
        for (to, words, expected) in [
            ("the connection", "421 Too many users", "busy"),
            ("the connection", "120 ready in 5 minutes", "busy"),
            ("the connection", "500 OOPS: vsftpd: cannot locate user", "connect"),
            ("the connection", "530 Sorry, the maximum number of clients (3) is reached", "busy"),
            ("AUTH TLS", "500 What?", "tls"),
            ("AUTH TLS", "534 no", "tls"),
            ("PROT", "536 no", "tls"),
            ("the login", "530 Login incorrect.", "login"),
            ("the login", "530 Sorry, max connections per user exceeded", "busy"),
            ("the login", "421 10 users (the maximum) are already logged in", "busy"),
            ("the login", "430 wrong", "login"),
            ("the login", "332 account, please", "login"),
            ("the login", "220 hello again", "session"),
            ("CWD", "550 No such directory", "refused"),
            ("TYPE", "500 no", "session"),
        ] {
            assert_eq!(told(&refused(to, words), Step::Connect), format!("deferred server {expected}"), "{to} {words}");
        }
    }

    #[test]
    fn a_reply_to_a_file_is_judged_by_its_digits_and_sometimes_its_words() {
        for (to, words, expected) in [
            ("STOR", "421 Timeout", "deferred server busy"),
            ("STOR", "425 Can't open data connection", "deferred job data"),
            ("the end of STOR", "426 Transfer aborted", "deferred job data"),
            ("STOR", "450 busy", "deferred job refused_now"),
            ("the end of STOR", "451 local error", "deferred job refused_now"),
            ("the end of STOR", "451 Quota exceeded", "deferred job full"),
            ("the end of STOR", "452 no space", "deferred job full"),
            ("the end of STOR", "552 quota exceeded", "deferred job full"),
            ("STOR", "550 There is not enough space on the disk", "deferred job full"),
            ("STOR", "550 The file is being used by another process", "deferred job refused_now"),
            ("STOR", "550 Permission denied", "failed job refused"),
            ("STOR", "550 in/locked-until-later.txt: Permission denied", "failed job refused"),
            ("STOR", "550 \"quota.csv\": Permission denied", "failed job refused"),
            ("STOR", "553 Could not create file.", "failed job refused"),
            ("RNTO", "550 denied", "failed job refused"),
            ("STOR", "500 What?", "failed job refused"),
            ("STOR", "502 not here", "failed job refused"),
            ("RNTO", "503 RNFR first", "deferred job session"),
            ("STOR", "530 Please log in", "deferred server login"),
            ("STOR", "532 need account", "deferred server login"),
            ("STOR", "522 session reuse required", "deferred server tls"),
            ("EPSV", "500 OOPS: vsf_sysutil_bind", "deferred server data"),
            ("PASV", "421 bye", "deferred server busy"),
        ] {
            assert_eq!(told(&refused(to, words), Step::Before), expected, "{to} {words}");
        }
    }

    #[test]
    fn whose_trouble_a_silence_is_depends_on_when_it_falls() {
        let silent = Error::Silent { doing: "x", after: Duration::from_secs(1) };
        let broken = Error::Broken { doing: "x", why: io::ErrorKind::ConnectionReset.into() };
        for (step, expected) in [
            (Step::Connect, "deferred server connect"),
            (Step::Before, "deferred server session"),
            (Step::Send, "deferred job data"),
            (Step::After, "unknown job session"),
        ] {
            assert_eq!(told(&silent, step), expected);
            assert_eq!(told(&broken, step), expected);
        }
        assert_eq!(told(&refused("SIZE", "421 going down"), Step::After), "unknown server busy");
        assert_eq!(told(&Error::NoData("refused".to_owned()), Step::Before), "deferred server data");
    }
}
