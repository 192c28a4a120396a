//! A scripted relay: correct by itself, and lying, late or deaf at exactly the steps a script names.
//!
//! It keeps the messages it accepted, records every command it was sent and which came together, and has a thread of its own.

mod commands;
mod fault;
mod session;

pub use super::record::Command;
use super::{
    certificates::{self, CertificateFiles, Shown},
    channel::encryption,
    record::Record,
};
use crate::support::servers::Tls;
pub use fault::{Action, Fault, Lost, once};
use rustls::ServerConfig;
use session::Session;
use std::{
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread::JoinHandle,
};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// What a usual relay offers.
pub const USUAL: [&str; 6] = ["PIPELINING", "SIZE 50000000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"];
/// In place of logging in: it takes mail from everybody.
pub const LOGINS: &str = "AUTH PLAIN LOGIN XOAUTH2";

pub const USER: &str = "packet";
pub const PASSWORD: &str = "b0at?+ü";
pub const TOKEN: &str = "ya29.t0ken";

/// How the relay behaves.
#[derive(Debug, Clone)]
pub struct Script {
    /// `Explicit` is STARTTLS, without which nothing is taken.
    pub tls: Tls,
    pub certificate: Shown,
    /// Only clients that show a certificate of this authority are let in.
    pub client_ca: Option<PathBuf>,
    /// What EHLO tells. Parameters of MAIL and RCPT that need one that is missing are refused; with AUTH, nobody sends without a
    /// login.
    pub keywords: Vec<&'static str>,
    /// What EHLO tells before STARTTLS, beside it.
    pub keywords_in_the_clear: Vec<&'static str>,
    /// 354 to DATA though there is no recipient, as RFC 2920 section 3.1 has it of some.
    pub takes_data_for_nobody: bool,
    /// Where it departs from all this; the first that matches is used.
    pub faults: Vec<Fault>,
}

impl Script {
    /// A plain, correct relay but for these faults.
    pub fn with(faults: impl Into<Vec<Fault>>) -> Self {
        Self {
            tls: Tls::None,
            certificate: Shown::Good,
            client_ca: None,
            keywords: USUAL.into(),
            keywords_in_the_clear: Vec::new(),
            takes_data_for_nobody: false,
            faults: faults.into(),
        }
    }

    pub fn tls(self, tls: Tls) -> Self {
        Self { tls, ..self }
    }

    /// The same without these keywords.
    pub fn without(mut self, keywords: &[&str]) -> Self {
        self.keywords.retain(|line| !keywords.iter().any(|keyword| line.split(' ').next() == Some(keyword)));
        self
    }

    /// The same with this line, too.
    pub fn and(mut self, line: &'static str) -> Self {
        self.keywords.push(line);
        self
    }

    fn offers(&self, keyword: &str) -> bool {
        self.keywords.iter().any(|line| line.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(keyword)))
    }
}

/// One message that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What followed `MAIL FROM:`.
    pub from: String,
    /// What followed each `RCPT TO:`.
    pub recipients: Vec<String>,
    /// Without the dots that transparency added.
    pub bytes: Vec<u8>,
}

/// A running scripted relay; dropping it closes everything.
pub struct ScriptedSmtp {
    pub port: u16,
    pub tls: Tls,
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
    messages: Mutex<Vec<Message>>,
    /// The verbs, as they came in one packet.
    packets: Mutex<Vec<Vec<String>>>,
}

impl ScriptedSmtp {
    /// Starts it on a free port.
    pub fn start(script: Script) -> Self {
        Self::start_at(0, script)
    }

    /// Starts it on this port.
    pub fn start_at(port: u16, script: Script) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tls = script.tls;
        let certificate = (tls != Tls::None).then(|| certificates::write(script.certificate, folder.path()));
        let encryption = certificate.as_ref().map(|files| encryption(files, 2, script.client_ca.as_deref()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            script,
            encryption,
            record: Record::default(),
            messages: Mutex::default(),
            packets: Mutex::default(),
        });
        let (pull, pulled) = oneshot::channel();
        let thread = std::thread::spawn({
            let shared = shared.clone();
            move || live(listener, shared, pulled)
        });
        Self { port, tls, certificate, shared, pull: Some(pull), thread: Some(thread), _folder: folder }
    }

    /// Every command so far, in the order received, over all connections: `RCPT TO:<a@b>`.
    pub fn dialogue(&self) -> Vec<String> {
        self.shared.record.commands().iter().map(Command::to_string).collect()
    }

    /// The verbs so far, as they came in one packet.
    pub fn packets(&self) -> Vec<Vec<String>> {
        self.shared.packets.lock().unwrap().clone()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.record.connections()
    }

    /// What was accepted so far.
    pub fn messages(&self) -> Vec<Message> {
        self.shared.messages.lock().unwrap().clone()
    }
}

impl Drop for ScriptedSmtp {
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
                    // A broken connection is what most scripts are for.
                    let _ = Session::new(shared, connection).serve().await;
                });
            }
        };
        tokio::select! {
            () = accept => {}
            _ = pulled => {}
        }
    });
}
