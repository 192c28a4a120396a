//! The product's own delivery to a relay, called without a gateway around it.

use super::{
    ftp_client::PATIENCE,
    scripted_smtp::{PASSWORD, ScriptedSmtp, USER},
    servers::Tls,
};
use packetboat::{
    config::{PasswordBy, Secret, SmtpLogin, SmtpProof, SmtpServer, SmtpTimeouts, SmtpTls, Trust},
    domain::{Delivered, Outcome, Trouble, Whose},
    smtp::client::{Mail, Recipient},
};
use std::path::PathBuf;

/// Three who are written to.
pub const THREE: [Recipient<'static>; 3] = [to("ada@there.example"), to("bob@there.example"), to("cyd@there.example")];

/// A message that has every kind of line that could be mistaken for another.
pub const MESSAGE: &[u8] =
    b"Subject: a story\r\nMessage-ID: <1@here.example>\r\n\r\n.\r\n..\r\n.dot\r\nQUIT\r\n\r\n.\r\n";

pub const fn to(address: &str) -> Recipient<'_> {
    Recipient { address, notify: None, original: None }
}

pub const fn mail<'a>(recipients: &'a [Recipient<'a>], message: &'a [u8]) -> Mail<'a> {
    Mail { from: Some("me@here.example"), recipients, message, envelope_id: None, returning: None }
}

/// Settings for a scripted relay, without a login.
pub fn settings(relay: &ScriptedSmtp) -> SmtpServer {
    with(relay.port, relay.tls, relay.certificate.as_ref().map(|files| files.ca.clone()))
}

/// Settings for any relay on this machine.
pub fn with(port: u16, tls: Tls, ca_file: Option<PathBuf>) -> SmtpServer {
    SmtpServer {
        host: "localhost".to_owned(),
        port,
        tls: match tls {
            Tls::None => SmtpTls::None,
            Tls::Explicit => SmtpTls::StartTls,
            Tls::Implicit => SmtpTls::Implicit,
        },
        trust: Trust { ca_file, ..Trust::default() },
        login: None,
        helo: "gateway.example".to_owned(),
        connections: 4,
        messages_per_connection: 100,
        timeouts: SmtpTimeouts { connect: PATIENCE, reply: PATIENCE, data: PATIENCE },
    }
}

/// With the scripted relay's user and password.
pub fn by_password(by: PasswordBy) -> Option<SmtpLogin> {
    Some(SmtpLogin { user: USER.to_owned(), proof: SmtpProof::Password(Secret::new(PASSWORD), by) })
}

/// With what this shell script prints for a token.
pub fn by_token(script: &str) -> Option<SmtpLogin> {
    let command = ["/bin/sh", "-c", script].map(str::to_owned);
    Some(SmtpLogin { user: USER.to_owned(), proof: SmtpProof::TokenCommand(command.into()) })
}

/// `deferred server busy` and the like.
pub fn told(outcome: &Outcome) -> String {
    let word = match outcome {
        Outcome::Delivered(delivered) => return format!("delivered {}", delivered.proof.word()),
        Outcome::Deferred(_) => "deferred",
        Outcome::Failed(_) => "failed",
        Outcome::Unknown(_) => "unknown",
        Outcome::Returned | Outcome::TakenAway(_) | Outcome::SourceChanged(_) | Outcome::SourceUnclear(_) => {
            "of a file"
        }
    };
    trouble_of(outcome).map_or_else(|| word.to_owned(), |trouble| format!("{word} {}", kind_of(trouble)))
}

/// `server busy` and the like.
pub fn kind_of(trouble: &Trouble) -> String {
    let whose = if trouble.whose == Whose::Server { "server" } else { "job" };
    format!("{whose} {}", trouble.kind.word())
}

pub fn trouble_of(outcome: &Outcome) -> Option<&Trouble> {
    match outcome {
        Outcome::Deferred(trouble) | Outcome::Failed(trouble) | Outcome::Unknown(trouble) => Some(trouble),
        Outcome::Delivered(_)
        | Outcome::TakenAway(_)
        | Outcome::Returned
        | Outcome::SourceChanged(_)
        | Outcome::SourceUnclear(_) => None,
    }
}

/// What each recipient's delivery says.
///
/// # Panics
/// When one of them has none.
#[track_caller]
pub fn delivered(outcomes: Vec<Outcome>) -> Vec<Delivered> {
    let delivered = outcomes.into_iter().map(|outcome| match outcome {
        Outcome::Delivered(delivered) => delivered,
        other => panic!("{other:?}"),
    });
    delivered.collect()
}
