//! Real FTP servers, each a throw-away instance on 127.0.0.1 with a folder of its own.
//!
//! vsftpd, ProFTPD and Pure-FTPd come unpacked from Debian's packages (`tests/servers/fetch`); the embedded one is the
//! product's. Not every server can do everything: `offers` knows.

mod embedded;
mod options;
mod proftpd;
mod pure_ftpd;
pub mod unpacked;
mod vsftpd;

use super::{
    cannot_here::cannot_here,
    certificates::CertificateFiles,
    ports::PortBlock,
    program::{Program, check_as_root, is_root},
    raw_ftp::RawFtp,
};
pub use options::{
    ClientCertificate, Limits, RenameOver, ServerOptions, SessionReuse, SetTime, Tls, TlsVersions, Writes,
};
use packetboat::ftp::server::Running;
use std::path::PathBuf;
use tempfile::TempDir;

/// Which program serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServerKind {
    Vsftpd,
    ProFtpd,
    PureFtpd,
    Embedded,
}

/// A running server. Dropping it kills it, with every connection.
#[derive(Debug)]
pub struct TestServer {
    pub kind: ServerKind,
    pub tls: Tls,
    pub host: &'static str,
    pub port: u16,
    pub user: &'static str,
    pub password: &'static str,
    /// The files as they lie on disk.
    pub root: PathBuf,
    /// `root` as a client sees it after login: `/`, or its whole path where the server does not hide it.
    pub folder: String,
    /// What to trust and what is shown, unless plain.
    pub certificate: Option<CertificateFiles>,
    /// What a client must show, where that is demanded.
    pub client_certificate: Option<CertificateFiles>,
    options: ServerOptions,
    life: Option<Life>,
    ports: PortBlock,
    home: TempDir,
}

/// What keeps a server alive.
#[derive(Debug)]
enum Life {
    Program(Program),
    Embedded(Running),
}

impl ServerKind {
    pub const ALL: [Self; 4] = [Self::Vsftpd, Self::ProFtpd, Self::PureFtpd, Self::Embedded];

    /// Whether this server can be what `options` wish for. A story skips the others without a word: they are not
    /// missing on this machine, they do not exist.
    pub fn offers(self, options: &ServerOptions) -> bool {
        match self {
            Self::Vsftpd => vsftpd::offers(options),
            Self::ProFtpd => proftpd::offers(options),
            Self::PureFtpd => pure_ftpd::offers(options),
            Self::Embedded => embedded::offers(options),
        }
    }

    /// Starts one; it listens when this returns. `None`: this machine cannot run it, which is told.
    ///
    /// # Panics
    /// When the server does not offer these options, or does not start; with `CI=true` also where this machine
    /// cannot run it: there, nothing may be skipped.
    pub fn start(self, options: ServerOptions) -> Option<TestServer> {
        assert!(self.offers(&options), "{self:?} does not offer {options:?}");
        let check = match self {
            Self::Embedded => Ok(()),
            Self::Vsftpd | Self::ProFtpd => unpacked::check(),
            Self::PureFtpd => unpacked::check().and_then(|()| check_as_root()),
        };
        if let Err(why) = check {
            cannot_here(&format!("{self:?}: {why}"));
            return None;
        }
        let home = tempfile::Builder::new().prefix("packetboat-server-").tempdir().unwrap();
        let mut server = TestServer::new(self, options, home);
        server.start();
        Some(server)
    }
}

impl TestServer {
    /// A session by a client without cleverness: logged in, in the server's folder.
    ///
    /// # Panics
    /// When it is not let in.
    pub fn session(&self) -> RawFtp {
        let ca = self.certificate.as_ref().map(|files| files.ca.as_path());
        let (mut client, greeting) = match self.tls {
            Tls::Implicit => RawFtp::connect_tls(self.port, ca.unwrap()).unwrap(),
            Tls::None | Tls::Explicit => RawFtp::connect(self.port).unwrap(),
        };
        assert_eq!(greeting.code, 220, "{:?}: {greeting:?}", self.kind);
        match self.tls {
            Tls::None => {}
            Tls::Explicit => assert_eq!(client.secure(ca.unwrap()).unwrap().code, 200),
            Tls::Implicit => {
                client.command("PBSZ 0").unwrap();
                assert_eq!(client.command("PROT P").unwrap().code, 200);
            }
        }
        assert_eq!(client.login(self.user, self.password).unwrap().code, 230, "{:?}", self.kind);
        assert_eq!(client.command(&format!("CWD {}", self.folder)).unwrap().code, 250);
        client
    }

    /// Kills the server with every connection, as if the cable were pulled. Does nothing when it is down.
    pub async fn unplug(&mut self) {
        match self.life.take() {
            Some(Life::Embedded(running)) => running.stop().await,
            Some(Life::Program(program)) => drop(program),
            None => {}
        }
    }

    /// Starts it again on the same port, with the same files.
    ///
    /// # Panics
    /// When it is running.
    pub fn plug_in(&mut self) {
        assert!(self.life.is_none(), "the server is running");
        self.start();
    }

    fn start(&mut self) {
        self.life = Some(match self.kind {
            ServerKind::Vsftpd => Life::Program(vsftpd::start(self)),
            ServerKind::ProFtpd => Life::Program(proftpd::start(self)),
            ServerKind::PureFtpd => Life::Program(pure_ftpd::start(self)),
            ServerKind::Embedded => Life::Embedded(embedded::start(self)),
        });
    }

    fn new(kind: ServerKind, options: ServerOptions, home: TempDir) -> Self {
        let root = home.path().join("root");
        std::fs::create_dir(&root).unwrap();
        let certificate =
            (options.tls != Tls::None).then(|| super::certificates::write(options.certificate, home.path()));
        let client_certificate = (options.client_certificate == ClientCertificate::Demanded)
            .then(|| super::certificates::write_for_client(&home.path().join("client")));
        let ports = PortBlock::take();
        let (user, folder) = match kind {
            // It only knows the machine's own accounts besides this one.
            ServerKind::Vsftpd => ("anonymous", root.to_str().unwrap().to_owned()),
            ServerKind::ProFtpd if !is_root() => ("packet", root.to_str().unwrap().to_owned()),
            _ => ("packet", "/".to_owned()),
        };
        Self {
            kind,
            tls: options.tls,
            host: "127.0.0.1",
            port: ports.control(),
            user,
            password: "b0at",
            root,
            folder,
            certificate,
            client_certificate,
            options,
            life: None,
            ports,
            home,
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.life.take());
        if self.kind == ServerKind::PureFtpd {
            pure_ftpd::clean(self);
        }
    }
}
