//! The product's own FTP delivery, called without a gateway around it.

use crate::support::{certificates::CertificateFiles, scripted_ftp::ScriptedFtp, servers::Tls};
use packetboat::{
    config::{FtpServer, FtpTimeouts, FtpTls, Mode, PassiveAddress, Secret, TlsVersion, Trust, UploadAs},
    delivery::ftp::{Earlier, Upload},
    domain::{Delivered, OnExists, Outcome, ProofWish, RemotePath, Resume, Retry, Times, Wishes},
    streams::{Reach, Throttles, identity_of},
};
use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long anything may be silent: long enough for a busy machine, short enough for a hundred cases.
pub const PATIENCE: Duration = Duration::from_millis(700);

/// Settings for a scripted server.
pub fn settings(server: &ScriptedFtp, tls: Tls) -> FtpServer {
    with(("localhost", server.port), (server.user, server.password), tls, server.certificate.as_ref())
}

/// Settings for any server.
pub fn with(
    (host, port): (&str, u16),
    (user, password): (&str, &str),
    tls: Tls,
    certificate: Option<&CertificateFiles>,
) -> FtpServer {
    FtpServer {
        host: host.to_owned(),
        port,
        user: user.to_owned(),
        password: Secret::new(password),
        account: String::new(),
        folder: String::new(),
        tls: match tls {
            Tls::None => FtpTls::None,
            Tls::Explicit => FtpTls::Explicit,
            Tls::Implicit => FtpTls::Implicit,
        },
        tls_max: TlsVersion::V1_2,
        trust: Trust { ca_file: certificate.map(|files| files.ca.clone()), ..Trust::default() },
        connections: 4,
        bandwidth: None,
        bandwidth_in: Vec::new(),
        mode: Mode::Passive,
        passive_address: PassiveAddress::SameHost,
        upload_as: UploadAs::TemporaryName,
        keepalive: Duration::from_secs(30),
        timeouts: FtpTimeouts { connect: PATIENCE, reply: PATIENCE, data: PATIENCE },
    }
}

/// What a rule without options asks for.
pub fn wishes() -> Wishes {
    let second = Duration::from_secs(1);
    Wishes {
        on_exists: OnExists::Replace,
        proof: ProofWish::Size,
        times: Times::Keep,
        resume: Resume::WhenLarge,
        bandwidth: None,
        retry: Retry { first_wait: second, longest_wait: second, attempts: None },
        deadline: None,
        is_text: false,
    }
}

/// `bytes` for `target`, under a temporary name that nobody had before.
pub fn upload_of(bytes: &[u8], target: &str) -> Upload {
    static TOKEN: AtomicU64 = AtomicU64::new(1);
    let mut source = tempfile::tempfile().unwrap();
    source.write_all(bytes).unwrap();
    let target = RemotePath::new(target).unwrap();
    let token = TOKEN.fetch_add(1, Ordering::Relaxed);
    Upload {
        reach: Reach::AtOnce,
        expected: identity_of(&source).unwrap(),
        source: Arc::new(source),
        temporary: target.beside(format!(".pb-{token:016x}.part").as_bytes()).unwrap(),
        target,
        wishes: wishes(),
        earlier: Earlier::None,
        throttles: Throttles::default(),
        stop: tokio_util::sync::CancellationToken::new(),
        sent: Arc::default(),
    }
}

/// # Panics
/// When it was not delivered.
#[track_caller]
pub fn delivered(outcome: Outcome) -> Delivered {
    match outcome {
        Outcome::Delivered(delivered) => delivered,
        other => panic!("{other:?}"),
    }
}
