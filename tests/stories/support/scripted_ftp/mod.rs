//! A scripted FTP server: correct by itself, and lying, late or deaf at exactly the steps a script names.
//!
//! It keeps its files in memory, records every command it was sent, and has a thread of its own, so that a story may
//! block while it answers.

mod commands;
mod digest;
mod fault;
mod files;
mod session;
mod transfer;

pub use super::record::Command;
use super::{
    certificates::{self, CertificateFiles, Shown},
    channel::encryption,
    record::Record,
};
use crate::support::servers::{RenameOver, Tls};
pub use fault::{Action, Fault, Lost, always, once};
use rustls::ServerConfig;
use session::Session;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// What a usual server can do; `HASH`, `XCRC`, `XMD5`, `XSHA1` and `XSHA256` are there to be added.
pub const USUAL: [&str; 7] = ["EPSV", "MDTM", "MFMT", "MLST", "REST", "SIZE", "UTF8"];

/// How the server behaves.
#[derive(Debug, Clone)]
pub struct Script {
    pub tls: Tls,
    pub certificate: Shown,
    /// TLS 1.3 tickets that it gives with each handshake.
    pub tickets: usize,
    /// Whether a data connection must resume the control connection's TLS session, else 522.
    pub resumption: Resumption,
    /// What FEAT tells and what is understood; everything else of these is answered with 500.
    pub features: BTreeSet<&'static str>,
    /// What RNTO does where the name is taken.
    pub rename_over: RenameOver,
    /// The next connection beyond this many is sent away with 421.
    pub connections: usize,
    /// Where it departs from all this; the first that matches is used.
    pub faults: Vec<Fault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumption {
    Optional,
    Required,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            tls: Tls::None,
            certificate: Shown::Good,
            tickets: 2,
            resumption: Resumption::Optional,
            features: USUAL.into(),
            rename_over: RenameOver::Replaces,
            connections: usize::MAX,
            faults: Vec::new(),
        }
    }
}

impl Script {
    /// A plain, correct server but for these faults.
    pub fn with(faults: impl Into<Vec<Fault>>) -> Self {
        Self { faults: faults.into(), ..Self::default() }
    }

    /// The same without these features.
    pub fn without(mut self, features: &[&'static str]) -> Self {
        self.features.retain(|feature| !features.contains(feature));
        self
    }

    /// The same with these features too.
    pub fn and(mut self, features: &[&'static str]) -> Self {
        self.features.extend(features);
        self
    }
}

/// A running scripted server; dropping it closes everything.
pub struct ScriptedFtp {
    pub port: u16,
    pub user: &'static str,
    pub password: &'static str,
    /// What to trust and what is shown, unless plain.
    pub certificate: Option<CertificateFiles>,
    shared: Arc<Shared>,
    pull: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _folder: TempDir,
}

/// What all sessions share.
struct Shared {
    script: Script,
    encryption: Option<Arc<ServerConfig>>,
    record: Record,
    files: Mutex<files::Files>,
    open: AtomicUsize,
}

const USER: &str = "packet";
const PASSWORD: &str = "b0at";

impl ScriptedFtp {
    /// Starts it on a free port.
    pub fn start(script: Script) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = (script.tls != Tls::None).then(|| certificates::write(script.certificate, folder.path()));
        let encryption = certificate.as_ref().map(|files| encryption(files, script.tickets, None));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            script,
            encryption,
            record: Record::default(),
            files: Mutex::default(),
            open: AtomicUsize::new(0),
        });
        let (pull, pulled) = oneshot::channel();
        let thread = std::thread::spawn({
            let shared = shared.clone();
            move || live(listener, shared, pulled)
        });
        Self {
            port,
            user: USER,
            password: PASSWORD,
            certificate,
            shared,
            pull: Some(pull),
            thread: Some(thread),
            _folder: folder,
        }
    }

    /// Every command so far, in the order received, over all connections.
    pub fn commands(&self) -> Vec<Command> {
        self.shared.record.commands()
    }

    /// The same as text: `STOR a.part`.
    pub fn dialogue(&self) -> Vec<String> {
        self.commands().iter().map(Command::to_string).collect()
    }

    /// How many control connections there were.
    pub fn connections(&self) -> usize {
        self.shared.record.connections()
    }

    /// What is stored now: path from the root, without a first slash, and bytes.
    pub fn files(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.shared.files.lock().unwrap().all()
    }

    /// Puts a file there, with the folders it needs.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        self.shared.files.lock().unwrap().put_with_folders(path.as_bytes(), bytes);
    }
}

impl Drop for ScriptedFtp {
    fn drop(&mut self) {
        drop(self.pull.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was printed; here it would hide the story's own.
            let _ = thread.join();
        }
    }
}

fn live(listener: TcpListener, shared: Arc<Shared>, pulled: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let accept = async {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                let shared = shared.clone();
                tokio::spawn(async move {
                    shared.record.connected();
                    let now_open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
                    // A broken connection is what most scripts are for.
                    let _ = Session::new(shared.clone(), connection, now_open).serve().await;
                    shared.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        };
        tokio::select! {
            () = accept => {}
            _ = pulled => {}
        }
    });
}
