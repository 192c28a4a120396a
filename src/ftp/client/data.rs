//! A data connection comes about: by EPSV (RFC 2428), else PASV, or PORT where that is wanted (RFC 959), then REST, the command, and TLS.

use crate::{
    config::{Mode, PassiveAddress},
    domain::RemotePath,
    ftp::client::{
        Error, Reply, Session, names,
        profile::Refused,
        pulse::Silent,
        session::State,
        shared::Dialled,
        transfer::REASON,
        wire::{Wire, data_tls},
    },
};
use suppaftp::{FtpError, FtpResult, Status, tokio::TransferStream};
use tokio::time::timeout;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Store,
    Retrieve,
    List,
}

impl Command {
    fn verb(self) -> &'static str {
        match self {
            Self::Store => "STOR",
            Self::Retrieve => "RETR",
            Self::List => "LIST",
        }
    }
}

impl Session {
    /// Tries EPSV, then PASV; what one of them turned out not to be good for is not tried again on this server.
    pub(super) async fn open(
        &mut self,
        command: Command,
        path: &RemotePath,
        offset: u64,
    ) -> Result<TransferStream<Wire>, Error> {
        if std::mem::replace(&mut self.may_restart, offset > 0) && offset == 0 {
            self.say("REST", "0").await?;
        }
        let mut failed = None;
        for mode in self.modes() {
            match self.open_by(*mode, command, path, offset).await {
                Ok(stream) => {
                    if failed.is_some() {
                        self.profile.refuse(Refused::Epsv);
                    }
                    self.transfers += 1;
                    return Ok(stream);
                }
                // Only what concerns the making of the connection can go better another way.
                Err(error @ (Error::NoData(_) | Error::Refused { to: "EPSV", .. })) if self.is_usable() => {
                    failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(failed.unwrap_or(Error::GivenUp))
    }

    pub(super) fn modes(&self) -> &'static [suppaftp::Mode] {
        use suppaftp::Mode::{Active, ExtendedPassive, Passive};
        match (self.server.mode, self.server.passive_address) {
            (Mode::Active, _) => &[Active],
            // EPSV tells no address, so what the server tells can only be PASV's.
            (Mode::Passive, PassiveAddress::AsTold) => &[Passive],
            (Mode::Passive, PassiveAddress::SameHost) if self.profile.refuses(Refused::Epsv) => &[Passive],
            (Mode::Passive, PassiveAddress::SameHost) => &[ExtendedPassive, Passive],
        }
    }

    async fn open_by(
        &mut self,
        mode: suppaftp::Mode,
        command: Command,
        path: &RemotePath,
        offset: u64,
    ) -> Result<TransferStream<Wire>, Error> {
        let is_ahead = self.take_passive_ahead(mode, offset).await?;
        self.begin()?;
        self.ftp.set_mode(mode);
        self.shared.take_dialled();
        let limit = self.server.timeouts.reply;
        let name = names::argument(path.as_bytes());
        let opening = async {
            self.ftp.resume_transfer(usize::try_from(offset).unwrap_or(usize::MAX)).await?;
            match command {
                Command::Store => self.ftp.put_with_stream(name).await,
                Command::Retrieve => self.ftp.retr_as_stream(name).await,
                Command::List => {
                    let begun = [Status::AboutToSend, Status::AlreadyOpen];
                    self.ftp.custom_data_command(format!("LIST {name}"), &begun).await.map(|(_, stream)| stream)
                }
            }
        };
        let opened: Result<FtpResult<_>, Silent> = self.shared.pulse.within(limit, opening).await;
        let error = match opened {
            // Still `Asking`, until the transfer is finished.
            Ok(Ok(stream)) => {
                if is_ahead {
                    self.profile.took_passive_ahead();
                }
                return Ok(stream);
            }
            Ok(Err(error)) => self.not_opened(mode, command, error).await,
            Err(Silent(after)) => Error::Silent { doing: command.verb(), after },
        };
        if is_ahead && error.is_break() {
            self.profile.broke_at_passive_ahead();
        }
        Err(error)
    }

    async fn not_opened(&mut self, mode: suppaftp::Mode, command: Command, error: FtpError) -> Error {
        use suppaftp::Mode::{Active, ExtendedPassive, Passive};
        let dialled = self.shared.take_dialled();
        let asked_for = match mode {
            Active => command.verb(),
            ExtendedPassive => "EPSV",
            Passive => "PASV",
        };
        match (error, dialled) {
            (FtpError::UnexpectedResponse(response), None) => {
                self.state = State::Ready;
                self.refused(asked_for, Reply::new(&response.body))
            }
            (FtpError::UnexpectedResponse(response), Some(_)) => {
                self.state = State::Ready;
                self.refused(command.verb(), Reply::new(&response.body))
            }
            (FtpError::ConnectionError(_), Some(Dialled::Failed(why))) => {
                // Nothing was asked since the server named the port: still in step.
                self.state = State::Ready;
                Error::NoData(why)
            }
            // A whole reply, but no address in it, or none that can be: still in step.
            (FtpError::BadResponse | FtpError::InvalidAddress(_), None) if mode != Active => {
                self.state = State::Ready;
                Error::NoData(format!("the server's answer to {asked_for} names no port"))
            }
            (FtpError::SecureError(_), _) => {
                self.state = State::Over;
                let why = data_tls(self.shared.take_trouble());
                // The server's reason, if it gave one, waits on the control connection.
                let said = match timeout(REASON, self.ftp.read_response_in(&[])).await {
                    Ok(Err(FtpError::UnexpectedResponse(response))) => {
                        Some(Reply::new(&response.body).hiding(&self.server.password))
                    }
                    _ => None,
                };
                Error::DataTls { why, said }
            }
            (error, _) => self.give_up(command.verb(), error),
        }
    }
}
