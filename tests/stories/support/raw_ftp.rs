//! A client without cleverness: it sends what it is told and shows what comes back. For looking at servers, never in
//! place of the product's client.

use super::walk::sha256;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, client::Resumption, pki_types::pem::PemObject,
};
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpStream},
    path::Path,
    sync::Arc,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// One control connection.
pub struct RawFtp {
    channel: Channel,
    tls: Option<Arc<ClientConfig>>,
    resume: Resume,
    /// What was read and not yet taken.
    buffer: Vec<u8>,
}

enum Channel {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// Whether data connections continue the control connection's TLS session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    Sessions,
    Never,
}

/// A reply as it came, with its code; several lines stay together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    pub text: String,
}

impl RawFtp {
    /// Connects and reads the greeting.
    pub fn connect(port: u16) -> io::Result<(Self, Reply)> {
        let mut client = Self::silent(port)?;
        let greeting = client.reply()?;
        Ok((client, greeting))
    }

    /// Connects and reads nothing.
    pub fn silent(port: u16) -> io::Result<Self> {
        Ok(Self { channel: Channel::Plain(dial(port)?), tls: None, resume: Resume::Sessions, buffer: Vec::new() })
    }

    /// Connects with TLS from the first byte, trusting `ca`, and reads the greeting.
    pub fn connect_tls(port: u16, ca: &Path) -> io::Result<(Self, Reply)> {
        let mut client = Self::silent(port)?;
        client.encrypt(ca)?;
        let greeting = client.reply()?;
        Ok((client, greeting))
    }

    /// Sends one line and reads one reply.
    pub fn command(&mut self, line: &str) -> io::Result<Reply> {
        self.send(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Sends bytes and reads nothing.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.channel.write_all(bytes)?;
        self.channel.flush()
    }

    /// Reads one reply; `UnexpectedEof` when the server closed instead.
    pub fn reply(&mut self) -> io::Result<Reply> {
        let mut text = self.line()?;
        let code = text.get(..3).and_then(|code| code.parse().ok()).unwrap_or_default();
        if text.as_bytes().get(3) == Some(&b'-') {
            let end = format!("{code} ");
            loop {
                let line = self.line()?;
                text = text + "\n" + &line;
                if line.starts_with(&end) {
                    break;
                }
            }
        }
        Ok(Reply { code, text })
    }

    /// Chooses before `secure`.
    pub fn resume(&mut self, resume: Resume) {
        self.resume = resume;
    }

    /// As rustls writes it; `None` in plain text.
    pub fn tls_version(&self) -> Option<String> {
        match &self.channel {
            Channel::Plain(_) => None,
            Channel::Tls(stream) => stream.conn.protocol_version().map(|version| format!("{version:?}")),
        }
    }

    /// SHA-256 of the certificate that the server shows, in DER form.
    pub fn shown_sha256(&self) -> Option<[u8; 32]> {
        match &self.channel {
            Channel::Plain(_) => None,
            Channel::Tls(stream) => stream.conn.peer_certificates().map(|chain| sha256(&chain[0])),
        }
    }

    /// Gives up on a reply after this long, with `WouldBlock`.
    pub fn patience(&mut self, patience: Duration) {
        let stream = match &self.channel {
            Channel::Plain(stream) => stream,
            Channel::Tls(stream) => &stream.sock,
        };
        stream.set_read_timeout(Some(patience)).unwrap();
    }

    /// Reads bytes as they come.
    pub fn read_exactly(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.channel.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// AUTH TLS, PBSZ 0, PROT P.
    pub fn secure(&mut self, ca: &Path) -> io::Result<Reply> {
        let reply = self.command("AUTH TLS")?;
        if reply.code != 234 {
            return Ok(reply);
        }
        self.encrypt(ca)?;
        self.command("PBSZ 0")?;
        self.command("PROT P")
    }

    /// USER and PASS, then TYPE I; the reply to PASS.
    pub fn login(&mut self, user: &str, password: &str) -> io::Result<Reply> {
        self.command(&format!("USER {user}"))?;
        let reply = self.command(&format!("PASS {password}"))?;
        if reply.code == 230 {
            self.command("TYPE I")?;
        }
        Ok(reply)
    }

    /// EPSV, and the connection it leads to.
    pub fn data_connection(&mut self) -> io::Result<TcpStream> {
        let reply = self.command("EPSV")?;
        let port = reply.text.split('|').nth(3).and_then(|port| port.parse().ok());
        dial(port.ok_or_else(|| io::Error::other(reply.text))?)
    }

    /// Stores a file; the reply after the data.
    pub fn store(&mut self, name: &str, bytes: &[u8]) -> io::Result<Reply> {
        let data = self.data_connection()?;
        let reply = self.command(&format!("STOR {name}"))?;
        if reply.code >= 300 {
            return Ok(reply);
        }
        // What the server does with the data connection is its affair; what it says is ours.
        let _ = self.send_data(data, bytes);
        self.reply()
    }

    /// What LIST, MLSD or RETR sends, and the reply after it.
    pub fn fetch(&mut self, command: &str) -> io::Result<(Vec<u8>, Reply)> {
        let mut data = self.data_connection()?;
        let reply = self.command(command)?;
        if reply.code >= 300 {
            return Ok((Vec::new(), reply));
        }
        let mut bytes = Vec::new();
        match &self.tls {
            Some(config) => drop(handshake(config.clone(), data)?.read_to_end(&mut bytes)?),
            None => drop(data.read_to_end(&mut bytes)?),
        }
        Ok((bytes, self.reply()?))
    }

    fn send_data(&self, mut data: TcpStream, bytes: &[u8]) -> io::Result<()> {
        let Some(config) = &self.tls else { return data.write_all(bytes) };
        let mut data = handshake(config.clone(), data)?;
        data.write_all(bytes)?;
        data.conn.send_close_notify();
        data.flush()?;
        // TLS 1.3 tickets that nobody reads turn our close into a reset, and a whole upload into a broken one.
        data.sock.shutdown(Shutdown::Write)?;
        data.read_to_end(&mut Vec::new()).map(drop)
    }

    fn encrypt(&mut self, ca: &Path) -> io::Result<()> {
        let mut roots = RootCertStore::empty();
        let authority = rustls::pki_types::CertificateDer::from_pem_file(ca).map_err(io::Error::other)?;
        roots.add(authority).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        if self.resume == Resume::Never {
            config.resumption = Resumption::disabled();
        }
        let config = Arc::new(config);
        let Channel::Plain(stream) = &self.channel else { return Err(io::Error::other("encrypted already")) };
        self.channel = Channel::Tls(Box::new(handshake(config.clone(), stream.try_clone()?)?));
        self.tls = Some(config);
        Ok(())
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            let mut more = [0; 4096];
            let read = match self.channel.read(&mut more) {
                // A signal; with a timeout on the socket the kernel does not resume by itself.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&more[..read]);
        }
    }
}

fn dial(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn handshake(config: Arc<ClientConfig>, stream: TcpStream) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let name = "localhost".try_into().map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(ClientConnection::new(config, name).map_err(io::Error::other)?, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
