//! Messages to a relay that does as it should: what goes over the wire, what the relay then has, and what we say of it.

mod connections;
mod content;
mod secrecy;

use crate::support::{
    scripted_smtp::{Message, Script, ScriptedSmtp},
    smtp_client::settings,
};
use packetboat::{
    config::SmtpServer,
    delivery::smtp::{connect, send},
    domain::Outcome,
    smtp::client::{Mail, Session},
};
use std::sync::Arc;

/// A relay and a session with it.
async fn begin(script: Script) -> (ScriptedSmtp, Session) {
    begin_with(script, |server| server).await
}

async fn begin_with(script: Script, change: impl FnOnce(SmtpServer) -> SmtpServer) -> (ScriptedSmtp, Session) {
    let relay = ScriptedSmtp::start(script);
    let session = connect(&Arc::new(change(settings(&relay)))).await.unwrap();
    (relay, session)
}

/// One message to a relay of its own: what became of it, and what the relay has and heard.
async fn sent(script: Script, mail: &Mail<'_>) -> (Vec<Outcome>, Vec<Message>, Vec<String>) {
    let (relay, mut session) = begin(script).await;
    let outcomes = send(&mut session, mail).await;
    (outcomes, relay.messages(), relay.dialogue())
}
