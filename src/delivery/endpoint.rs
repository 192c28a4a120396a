//! A server whichever protocol it speaks: the one place that tells them apart for the worker.

use crate::{
    config::{FtpServer, Server, SmtpServer, Webhook},
    delivery::{
        ftp, smtp,
        webhook::{self, Session as WebhookSession},
    },
    domain::{RemotePath, Trouble},
    ftp::client::{Profile, Session as FtpSession},
    smtp::client::Session as SmtpSession,
};
use std::sync::Arc;

#[cfg(feature = "simulation")]
use crate::delivery::simulated;

/// A configured server with what was learned of it.
#[derive(Debug)]
pub enum Endpoint {
    Ftp {
        server: Arc<FtpServer>,
        profile: Arc<Profile>,
    },
    Smtp(Arc<SmtpServer>),
    Webhook(Arc<Webhook>),
    /// This machine.
    Here,
    #[cfg(feature = "simulation")]
    Simulated(simulated::Endpoint),
}

/// A connection that stands, logged in.
pub enum Connection {
    Ftp(Box<FtpSession>),
    Smtp(Box<SmtpSession>),
    Webhook(Box<WebhookSession>),
    Here,
    #[cfg(feature = "simulation")]
    Simulated(Box<simulated::Connection>),
}

impl Endpoint {
    /// Of which nothing is known yet.
    #[must_use]
    pub fn of(server: &Server) -> Self {
        #[cfg(feature = "simulation")]
        if let Some(simulated) = simulated::Endpoint::of(server) {
            return Self::Simulated(simulated);
        }
        match server {
            Server::Ftp(server) => Self::Ftp { server: Arc::new(server.clone()), profile: Arc::default() },
            Server::Smtp(server) => Self::Smtp(Arc::new(server.clone())),
            Server::Webhook(webhook) => Self::Webhook(Arc::new(webhook.clone())),
        }
    }

    /// Whether mail goes to it, and not files.
    #[must_use]
    pub fn is_relay(&self) -> bool {
        match self {
            Self::Ftp { .. } | Self::Webhook(_) | Self::Here => false,
            Self::Smtp(_) => true,
            #[cfg(feature = "simulation")]
            Self::Simulated(simulated) => simulated.is_relay,
        }
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// What stood in the way: the server's trouble.
    pub async fn connect(&self) -> Result<Connection, Trouble> {
        match self {
            Self::Ftp { server, profile } => {
                ftp::connect(server, profile).await.map(|session| Connection::Ftp(Box::new(session)))
            }
            Self::Smtp(server) => smtp::connect(server).await.map(|session| Connection::Smtp(Box::new(session))),
            Self::Webhook(webhook) => {
                webhook::connect(webhook).await.map(|session| Connection::Webhook(Box::new(session)))
            }
            Self::Here => Ok(Connection::Here),
            #[cfg(feature = "simulation")]
            Self::Simulated(simulated) => {
                simulated.connect().await.map(|stands| Connection::Simulated(Box::new(stands)))
            }
        }
    }
}

impl Connection {
    /// Whether another job may follow.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        match self {
            Self::Ftp(session) => session.is_usable(),
            Self::Smtp(session) => session.is_usable(),
            Self::Webhook(session) => session.is_usable(),
            Self::Here => true,
            #[cfg(feature = "simulation")]
            Self::Simulated(connection) => connection.is_usable(),
        }
    }

    /// Whether it may hold temporary names of ours.
    #[must_use]
    pub fn keeps_files(&self) -> bool {
        match self {
            Self::Ftp(_) => true,
            Self::Smtp(_) | Self::Webhook(_) | Self::Here => false,
            #[cfg(feature = "simulation")]
            Self::Simulated(connection) => !connection.is_relay,
        }
    }

    /// Finishes or undoes what an upload of `target` left under `temporary`; a relay holds nothing.
    ///
    /// # Errors
    /// The server's or the job's trouble; call it again later.
    pub async fn recover(&mut self, target: &RemotePath, temporary: &RemotePath) -> Result<(), Trouble> {
        match self {
            Self::Ftp(session) => ftp::recover(session, target, temporary).await,
            Self::Smtp(_) | Self::Webhook(_) | Self::Here => Ok(()),
            #[cfg(feature = "simulation")]
            Self::Simulated(connection) => connection.recover(temporary).await,
        }
    }

    /// Says goodbye, briefly, and hangs up.
    pub async fn quit(self) {
        match self {
            Self::Ftp(session) => session.quit().await,
            Self::Smtp(session) => session.quit().await,
            Self::Webhook(_) | Self::Here => {}
            #[cfg(feature = "simulation")]
            Self::Simulated(connection) => drop(connection),
        }
    }
}
