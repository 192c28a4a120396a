//! What we do on a simulated server: files and mail, with the outcomes that `ftp` and `smtp` would give. For the engine's own
//! simulation alone: no protocol is spoken here, and none is tested.

mod send;
mod upload;

use crate::{
    config::Server as Configured,
    delivery::ftp::Upload,
    domain::{Outcome, RemotePath, Trouble, TroubleKind, Whose},
    simulation::{self, Said, Server, Talk},
    smtp::client::Mail,
};
use std::sync::Arc;

/// A server of the simulated world.
#[derive(Debug, Clone)]
pub struct Endpoint {
    server: Arc<Server>,
    /// Mail goes to it.
    pub is_relay: bool,
}

impl Endpoint {
    /// The simulated server that the configured one stands for; `None` outside of a simulation.
    #[must_use]
    pub fn of(server: &Configured) -> Option<Self> {
        let (host, is_relay) = match server {
            Configured::Ftp(server) => (&server.host, false),
            Configured::Smtp(server) => (&server.host, true),
            Configured::Webhook(_) => return None,
        };
        Some(Self { server: simulation::server(host)?, is_relay })
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// What stood in the way: the server's trouble.
    pub async fn connect(&self) -> Result<Connection, Trouble> {
        let talk = Talk::begin(&self.server).await.map_err(refused_entry)?;
        Ok(Connection { talk, is_relay: self.is_relay })
    }
}

/// A conversation that stands.
#[derive(Debug)]
pub struct Connection {
    talk: Talk,
    pub is_relay: bool,
}

impl Connection {
    /// Whether another job may follow.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.talk.is_usable()
    }

    /// Brings a file to its target, as `ftp::upload` promises it.
    pub async fn upload(&mut self, upload: &Upload) -> Outcome {
        upload::run(&mut self.talk, upload).await
    }

    /// Sends a message, as `smtp::send` promises it.
    pub async fn send(&mut self, mail: &Mail<'_>) -> Vec<Outcome> {
        send::run(&mut self.talk, mail).await
    }

    /// Removes a temporary name. It is never renamed aside: this server renames over what is there.
    ///
    /// # Errors
    /// Why it is still there.
    pub async fn recover(&mut self, temporary: &RemotePath) -> Result<(), Trouble> {
        self.talk.delete(temporary.as_bytes()).await.map_err(|said| trouble(said, Step::Before))
    }
}

/// When something fell: it decides whose trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Before,
    Send,
    After,
}

fn refused_entry(said: Option<u16>) -> Trouble {
    match said {
        None => Trouble::of_server(TroubleKind::Connect, "nobody answers"),
        Some(421) => Trouble::of_server(TroubleKind::Busy, "421 too many").with_code(Some(421)),
        Some(code) => Trouble::of_server(TroubleKind::Login, format!("{code} no")).with_code(Some(code)),
    }
}

fn trouble(said: Said, step: Step) -> Trouble {
    let (whose, kind) = match (said, step) {
        (Said::Broken, Step::Before) => (Whose::Server, TroubleKind::Session),
        (Said::Broken, Step::Send) | (Said::No(425 | 426), _) => (Whose::Job, TroubleKind::Data),
        (Said::Broken, Step::After) => (Whose::Job, TroubleKind::Session),
        (Said::No(421), _) => (Whose::Server, TroubleKind::Busy),
        (Said::No(452), _) => (Whose::Job, TroubleKind::Full),
        (Said::No(400..=499), _) => (Whose::Job, TroubleKind::RefusedNow),
        (Said::No(_), _) => (Whose::Job, TroubleKind::Refused),
    };
    let (code, words) = match said {
        Said::No(code) => (Some(code), format!("{code} no")),
        Said::Broken => (None, "the connection was cut".to_owned()),
    };
    Trouble { whose, ..Trouble::of_server(kind, words) }.with_code(code)
}

fn outcome(trouble: Trouble) -> Outcome {
    if trouble.kind == TroubleKind::Refused { Outcome::Failed(trouble) } else { Outcome::Deferred(trouble) }
}
