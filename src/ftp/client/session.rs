//! One conversation: connected, logged in, in the server's folder; dropped after anything but a plain answer.

use crate::{
    config::{FtpServer, FtpTls, TlsVersion},
    domain::RemotePath,
    ftp::client::{
        Error, Features, Found, Profile, Reply,
        connect::{open, tls_settings},
        error::is_of_tls,
        names,
        profile::Refused,
        pulse::Silent,
        shared::Shared,
        wire::Wire,
    },
    tls::{ClientTls, Seen},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use suppaftp::{FtpError, tokio::ImplAsyncFtpStream};
use tokio::time::timeout;

pub(super) type Ftp = ImplAsyncFtpStream<Wire>;

/// A logged-in control connection. `Send`; one command at a time.
///
/// After a timeout, a broken connection, nonsense or a cancelled call nobody can tell which answer belongs to which question:
/// then [`Session::is_usable`] is false for good, and every call fails with [`Error::GivenUp`] until [`Session::reconnect`].
pub struct Session {
    pub(super) server: Arc<FtpServer>,
    pub(super) profile: Arc<Profile>,
    pub(super) ftp: Ftp,
    pub(super) shared: Arc<Shared>,
    pub(super) features: Features,
    /// A transfer from an offset did not end well: some servers start the next one there too, asked or not.
    pub(super) may_restart: bool,
    /// HASH has been told to compute SHA-256.
    pub(super) is_sha256_chosen: bool,
    pub(super) state: State,
    tls: Option<ClientTls>,
    /// Files sent or fetched so far: an old session may have been closed by the server meanwhile.
    pub(super) transfers: u64,
    /// A rename that it confirmed was looked at.
    pub(super) are_renames_real: bool,
    pub(super) next: Next,
    /// When an EPSV for the next file went out whose answer is not yet read.
    pub(super) passive_ahead: Option<Instant>,
}

/// What follows the file at hand, as far as one can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another file: its data connection may be asked for ahead.
    File,
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    /// Between a command and its answer. Found here later: the call was cancelled.
    Asking,
    Over,
}

/// What a probe tells of a session.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The server's greeting, unescaped.
    pub greeting: String,
    pub tls: Option<&'static str>,
    pub certificate: Option<Seen>,
    pub features: Features,
}

impl Session {
    /// Connects, makes the connection secure, logs in and goes to the server's folder.
    ///
    /// # Errors
    /// What stood in the way. A password is sent only once the connection is as secure as the settings ask.
    pub async fn connect(server: &Arc<FtpServer>, profile: &Arc<Profile>) -> Result<Self, Error> {
        let most = if profile.refuses(Refused::Tls13) { TlsVersion::V1_2 } else { server.tls_max };
        let tls = match server.tls {
            FtpTls::None => None,
            FtpTls::Explicit | FtpTls::Implicit => Some(tls_settings(Arc::clone(server), most).await?),
        };
        let (ftp, shared) = open(server, tls.as_ref()).await?;
        let mut session = Self {
            server: Arc::clone(server),
            profile: Arc::clone(profile),
            ftp,
            shared,
            features: Features::default(),
            may_restart: false,
            is_sha256_chosen: false,
            state: State::Ready,
            tls,
            transfers: 0,
            are_renames_real: false,
            next: Next::Nothing,
            passive_ahead: None,
        };
        session.log_in().await?;
        Ok(session)
    }

    /// Replaces a session that was given up by a new one, with the same settings.
    ///
    /// # Errors
    /// As [`Session::connect`]; then this one stays unusable.
    pub async fn reconnect(&mut self) -> Result<(), Error> {
        self.state = State::Over;
        let fresh = Self::connect(&self.server, &self.profile).await?;
        *self = fresh;
        Ok(())
    }

    /// Whether another command may follow.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.state == State::Ready
    }

    /// Says what follows the file at hand.
    pub fn expect(&mut self, next: Next) {
        self.next = next;
    }

    /// Whether it has carried a file already: an old session may find its server gone, which is nobody's fault.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.transfers > 0
    }

    /// Whether `from` was renamed as confirmed: looked at until it once was so, and taken at its word from then on, as one that
    /// cannot say is.
    ///
    /// # Errors
    /// What ends sessions.
    pub async fn has_left(&mut self, from: &RemotePath) -> Result<bool, Error> {
        if self.are_renames_real {
            return Ok(true);
        }
        match self.find(from).await {
            Ok(Found::Nothing) => self.are_renames_real = true,
            Ok(Found::Something(_)) => return Ok(false),
            Err(Error::Refused { .. }) if self.is_usable() => {}
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// Says goodbye, briefly, and hangs up. Dropping a session hangs up without a word.
    pub async fn quit(mut self) {
        if self.forgo_passive().await.is_ok() && self.is_usable() {
            // Nothing depends on the answer, and a server that does not answer is not waited for.
            let _ = timeout(Duration::from_secs(2), self.ftp.quit()).await;
        }
    }

    /// `TLSv1.2` and the like; `None` on a plain connection.
    #[must_use]
    pub fn tls(&self) -> Option<&'static str> {
        self.shared.tls()
    }

    /// What the server said it can.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// What we know of the server, shared by its sessions.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The settings it was made with.
    #[must_use]
    pub fn server(&self) -> &FtpServer {
        &self.server
    }

    /// For a probe.
    #[must_use]
    pub fn facts(&self) -> Facts {
        Facts {
            greeting: Reply::new(self.greeting().as_bytes()).to_string(),
            tls: self.tls(),
            certificate: self.tls.as_ref().and_then(ClientTls::seen),
            features: self.features.clone(),
        }
    }

    /// suppaftp was given it, wherever it was read first.
    pub(super) fn greeting(&self) -> &str {
        self.ftp.get_welcome_msg().unwrap_or_default()
    }

    async fn log_in(&mut self) -> Result<(), Error> {
        if self.tls.is_some() {
            let first = self.ask("PBSZ", "0", &[200]).await;
            first.map_err(|error| self.refused_by_tls(error))?;
            self.ask("PROT", "P", &[200]).await?;
        }
        self.identify().await?;
        self.features = Features::of(&self.say("FEAT", "").await?);
        self.is_sha256_chosen = self.features.is_sha256_chosen;
        self.ask("TYPE", "I", &[200]).await?;
        if self.features.utf8 {
            // Some servers want to be told, others refuse and do it anyway.
            self.say("OPTS", "UTF8 ON").await?;
        }
        if !self.server.folder.is_empty() {
            let folder = names::text(self.server.folder.as_bytes());
            self.ask("CWD", &folder, &[250, 200]).await.map_err(with_folder)?;
        }
        Ok(())
    }

    /// TLS 1.3 tells only after the handshake that a server refuses our certificate, or misses one.
    fn refused_by_tls(&self, error: Error) -> Error {
        match (error, &self.tls) {
            (Error::Broken { why, .. }, Some(tls)) if is_of_tls(&why) => Error::Tls(tls.trouble(why)),
            (error, _) => error,
        }
    }

    /// USER, PASS and, where the server asks for it, ACCT. suppaftp's own call, so that the password is in no command of ours.
    async fn identify(&mut self) -> Result<(), Error> {
        let user = names::text(self.server.user.as_bytes());
        let password = names::text(self.server.password.reveal().as_bytes());
        let limit = self.server.timeouts.reply;
        self.begin()?;
        let said = self.shared.pulse.within(limit, self.ftp.login(user, password)).await;
        let reply = match said {
            Ok(Ok(())) => {
                self.state = State::Ready;
                return Ok(());
            }
            Ok(Err(FtpError::UnexpectedResponse(response))) => Reply::new(&response.body),
            Ok(Err(error)) => return Err(self.give_up("logging in", error)),
            Err(Silent(after)) => return Err(Error::Silent { doing: "logging in", after }),
        };
        self.state = State::Ready;
        if matches!(reply.code, 200 | 202 | 230 | 232) {
            return Ok(());
        }
        if reply.code != 332 || self.server.account.is_empty() {
            return Err(self.refused("the login", reply));
        }
        let account = names::text(self.server.account.as_bytes());
        self.ask("ACCT", &account, &[230, 202, 200]).await.map(drop)
    }
}

fn with_folder(error: Error) -> Error {
    match error {
        Error::Refused { to, reply } => Error::Refused {
            to,
            reply: reply.and("(that is the server's `folder`: make it there, or correct it here)"),
        },
        other => other,
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { server, state, transfers, .. } = self;
        f.debug_struct("Session")
            .field("host", &server.host)
            .field("state", state)
            .field("transfers", transfers)
            .finish()
    }
}
