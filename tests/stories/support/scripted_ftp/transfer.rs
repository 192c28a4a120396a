//! Data connections: bytes in, bytes out, and everything that can go wrong on the way.

use super::{
    Action, Resumption,
    files::{self, Files},
    session::{Performed, Session, reply},
};
use crate::support::channel::Channel;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::MutexGuard,
};
use tokio::net::{TcpListener, TcpStream};

/// Where the next data connection comes from.
pub enum DataTarget {
    /// We wait.
    Listener(TcpListener),
    /// We go there.
    Client(SocketAddr),
}

/// How a transfer ended.
pub enum Transferred {
    Whole,
    /// All has been said already.
    Said,
    /// With this reply.
    Broken(&'static str),
    /// Nothing moves any more.
    Stalled,
    /// Both connections are gone.
    Cut,
}

impl DataTarget {
    pub async fn listen() -> io::Result<(Self, u16)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        Ok((Self::Listener(listener), port))
    }

    /// The address in PORT (RFC 959); only loopback is believed.
    pub fn parse(argument: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(argument).ok()?;
        let numbers: Vec<u8> = text.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [a, b, c, d, high, low] = numbers[..] else { return None };
        let address = SocketAddr::from(([a, b, c, d], u16::from_be_bytes([high, low])));
        address.ip().is_loopback().then_some(Self::Client(address))
    }
}

impl Session {
    pub(super) fn files(&self) -> MutexGuard<'_, Files> {
        self.shared.files.lock().unwrap()
    }

    /// STOR.
    pub(super) async fn store(&mut self, path: &[u8], action: Option<&Action>) -> io::Result<Performed> {
        let offset = std::mem::take(&mut self.offset);
        let Some(target) = self.data.take() else { return Ok(reply("425 Use EPSV first")) };
        if !self.files().can_hold(path) {
            return Ok(reply("553 Cannot create it"));
        }
        let mut kept = match self.files().file(path) {
            Some(file) => file.bytes[..offset.min(file.bytes.len())].to_vec(),
            None => Vec::new(),
        };
        self.files().put(path, kept.clone());
        self.say("150 Send it").await?;
        if matches!(action, Some(Action::EarlyEnd)) {
            self.say("226 Transfer complete").await?;
        }
        let mut data = match self.connect(target, action).await? {
            Ok(data) => data,
            Err(ended) => return Ok(self.transferred(ended).await),
        };
        let ended = receive(&mut data, &mut kept, action).await;
        distort(&mut kept, action, self.is_binary);
        self.files().put(path, kept);
        match ended {
            Transferred::Stalled => {
                // Open as long as the client wants to wait.
                let stalled = self.transferred(ended).await;
                drop(data);
                return Ok(stalled);
            }
            Transferred::Cut => data.reset(),
            _ if matches!(action, Some(Action::ResetDataAfter(_))) => data.reset(),
            // The client has closed already, or is told by this.
            _ => drop(data.close().await),
        }
        Ok(self.transferred(ended).await)
    }

    /// RETR, LIST and MLSD.
    pub(super) async fn send(&mut self, verb: &str, path: &[u8], action: Option<&Action>) -> io::Result<Performed> {
        let offset = std::mem::take(&mut self.offset);
        let Some(target) = self.data.take() else { return Ok(reply("425 Use EPSV first")) };
        let bytes = match (action, self.served(verb, path)) {
            (Some(Action::Serve(bytes)), _) => bytes.clone(),
            (_, Some(bytes)) => bytes[offset.min(bytes.len())..].to_vec(),
            (_, None) => return Ok(reply("550 No such file")),
        };
        self.say("150 Here it comes").await?;
        let mut data = match self.connect(target, action).await? {
            Ok(data) => data,
            Err(ended) => return Ok(self.transferred(ended).await),
        };
        let most = match action {
            Some(
                Action::CloseDataAfter(k) | Action::ResetDataAfter(k) | Action::CutAfter(k) | Action::StallAfter(k),
            ) => *k,
            _ => bytes.len(),
        };
        data.write(&bytes[..most.min(bytes.len())]).await?;
        let ended = match action {
            Some(Action::StallAfter(_)) => {
                let stalled = self.transferred(Transferred::Stalled).await;
                drop(data);
                return Ok(stalled);
            }
            Some(Action::CutAfter(_)) => {
                data.reset();
                Transferred::Cut
            }
            Some(Action::ResetDataAfter(_)) => {
                data.reset();
                Transferred::Broken("426 The data connection broke")
            }
            Some(Action::CloseDataAfter(_)) => {
                data.close().await?;
                Transferred::Broken("426 The data connection broke")
            }
            Some(Action::NoCloseNotify) => {
                drop(data);
                Transferred::Whole
            }
            _ => {
                data.close().await?;
                Transferred::Whole
            }
        };
        Ok(self.transferred(ended).await)
    }

    fn served(&self, verb: &str, path: &[u8]) -> Option<Vec<u8>> {
        let files = self.files();
        if verb == "RETR" {
            return files.file(path).map(|file| file.bytes.clone());
        }
        let mut lines = Vec::new();
        let entries = match files.file(path) {
            Some(file) => vec![(files::name(path).to_vec(), Some(file))],
            None if files.is_folder(path) => files.list(path),
            None => return None,
        };
        for (name, file) in entries {
            let size = file.map_or(0, |file| file.bytes.len());
            let facts = match (verb, file) {
                ("MLSD", Some(file)) => format!("type=file;size={size};modify={}; ", file.time),
                ("MLSD", None) => "type=dir; ".to_owned(),
                (_, Some(_)) => format!("-rw-r--r--    1 ftp      ftp      {size:>12} Jan 02 03:04 "),
                (_, None) => "drwxr-xr-x    2 ftp      ftp              4096 Jan 02 03:04 ".to_owned(),
            };
            lines.extend_from_slice(facts.as_bytes());
            lines.extend_from_slice(&name);
            lines.extend_from_slice(b"\r\n");
        }
        Some(lines)
    }

    /// The data connection, encrypted if it shall be; or how the transfer ended without one.
    async fn connect(
        &mut self,
        target: DataTarget,
        action: Option<&Action>,
    ) -> io::Result<Result<Channel, Transferred>> {
        if matches!(action, Some(Action::NeverAccept)) {
            let stalled = self.transferred(Transferred::Stalled).await;
            drop((stalled, target));
            return Ok(Err(Transferred::Said));
        }
        let stream = match target {
            DataTarget::Listener(listener) => listener.accept().await?.0,
            DataTarget::Client(address) => match TcpStream::connect(address).await {
                Ok(stream) => stream,
                Err(_) => return Ok(Err(Transferred::Broken("425 Cannot reach you"))),
            },
        };
        let mut channel = Channel::plain(stream);
        if !self.data_is_private {
            return Ok(Ok(channel));
        }
        if matches!(action, Some(Action::GarbageForDataTls)) {
            channel.write(b"this is not TLS at all\r\n").await?;
            channel.close().await?;
            return Ok(Err(Transferred::Broken("425 TLS failed on the data connection")));
        }
        let config = self.shared.encryption.clone().ok_or(io::ErrorKind::Unsupported)?;
        let Ok(channel) = channel.encrypt(config).await else {
            return Ok(Err(Transferred::Broken("425 TLS failed on the data connection")));
        };
        if self.shared.script.resumption == Resumption::Required && !channel.is_resumed() {
            drop(channel.close().await);
            return Ok(Err(Transferred::Broken("522 SSL connection failed: session reuse required")));
        }
        Ok(Ok(channel))
    }
}

/// Reads into `kept` until the end, or as far as the fault goes.
async fn receive(data: &mut Channel, kept: &mut Vec<u8>, action: Option<&Action>) -> Transferred {
    let most = match action {
        Some(Action::StallAfter(k) | Action::CloseDataAfter(k) | Action::ResetDataAfter(k) | Action::CutAfter(k)) => {
            Some(kept.len() + k)
        }
        _ => None,
    };
    let mut buffer = [0; 16 << 10];
    loop {
        let room = most.map_or(buffer.len(), |most| (most - kept.len()).min(buffer.len()));
        if room == 0 {
            return match action {
                Some(Action::StallAfter(_)) => Transferred::Stalled,
                Some(Action::CutAfter(_)) => Transferred::Cut,
                _ => Transferred::Broken("426 The data connection broke"),
            };
        }
        match data.read(&mut buffer[..room]).await {
            Ok(0) if matches!(action, Some(Action::EarlyEnd)) => return Transferred::Said,
            Ok(0) => return Transferred::Whole,
            Ok(read) => kept.extend_from_slice(&buffer[..read]),
            Err(_) => return Transferred::Broken("426 The data connection broke"),
        }
    }
}

/// What a lying server keeps in place of what came.
fn distort(kept: &mut Vec<u8>, action: Option<&Action>, is_binary: bool) {
    match action {
        Some(Action::KeepLess(k)) => kept.truncate(kept.len().saturating_sub(*k)),
        Some(Action::KeepMore) => kept.push(b'!'),
        Some(Action::KeepNothing) => kept.clear(),
        Some(Action::KeepAsText) => {
            *kept =
                kept.iter().flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] }).collect();
        }
        _ if !is_binary => rewrite_line_ends(kept),
        _ => {}
    }
}

/// CRLF becomes LF, as in a transfer of TYPE A to a Unix server.
fn rewrite_line_ends(bytes: &mut Vec<u8>) {
    let mut next = bytes.iter().skip(1).copied().chain([0]).collect::<Vec<_>>().into_iter();
    bytes.retain(|byte| !(next.next() == Some(b'\n') && *byte == b'\r'));
}
