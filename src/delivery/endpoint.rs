//! A server whichever protocol it speaks: the one place that tells them apart for the worker.

use crate::{
    config::{FtpServer, Server, SmtpServer},
    delivery::{ftp, smtp},
    domain::Trouble,
    ftp::client::{Profile, Session as FtpSession},
    smtp::client::Session as SmtpSession,
};
use std::sync::Arc;

/// A configured server with what was learned of it.
#[derive(Debug)]
pub enum Endpoint {
    Ftp {
        server: Arc<FtpServer>,
        profile: Arc<Profile>,
    },
    Smtp(Arc<SmtpServer>),
    /// This machine.
    Here,
}

/// A connection that stands, logged in.
pub enum Connection {
    Ftp(Box<FtpSession>),
    Smtp(Box<SmtpSession>),
    Here,
}

impl Endpoint {
    /// Of which nothing is known yet.
    #[must_use]
    pub fn of(server: &Server) -> Self {
        match server {
            Server::Ftp(server) => Self::Ftp { server: Arc::new(server.clone()), profile: Arc::default() },
            Server::Smtp(server) => Self::Smtp(Arc::new(server.clone())),
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
            Self::Here => Ok(Connection::Here),
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
            Self::Here => true,
        }
    }

    /// Says goodbye, briefly, and hangs up.
    pub async fn quit(self) {
        match self {
            Self::Ftp(session) => session.quit().await,
            Self::Smtp(session) => session.quit().await,
            Self::Here => {}
        }
    }
}
