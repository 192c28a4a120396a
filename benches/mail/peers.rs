//! The gateways that stand between a door and the sink: Packetboat, and Postfix as a satellite, both with the durability they come with.

use crate::{
    doors::Way,
    support::{
        cost::{self, Cost},
        endpoint::Endpoint,
        gateway::{Gateway, Serving},
        program::listens,
        relays::postfix::Postfix,
        servers::{Tls, unpacked},
        wait,
    },
};
use std::{fs::File, net::TcpListener, path::PathBuf, process::Stdio, time::Duration};

const PATIENCE: Duration = Duration::from_secs(30);

/// One that relays everything to the sink.
pub enum Peer {
    Packetboat { gateway: Gateway, serving: Serving, submission: u16, http: (u16, String) },
    Postfix(Box<Postfix>),
}

/// A door that both or one of them has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Sendmail,
    Spool,
    Submission,
    Http,
}

impl Peer {
    /// Packetboat with this many connections to the sink on `port`. With `statements`, a file takes every statement that it asks its database.
    pub fn packetboat(port: u16, connections: u32, statements: Option<File>) -> Self {
        let gateway = Gateway::with(&[("main", &Endpoint::relay(port, Tls::None).connections(connections))]);
        let [submission, http] = [(); 2].map(|()| free_port());
        gateway.configuration(&format!(
            "mail: {{ from: gate@here.example }}\ndoors: {{ sendmail: {{ maildrop: maildrop }}, spool: {{ folder: spool }}, \
             submission: {{ listen: \"127.0.0.1:{submission}\" }}, http: {{ listen: \"127.0.0.1:{http}\" }} }}"
        ));
        let made = gateway.run(&["--json", "tokens", "add", "bench"]);
        let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
        let http = (http, made["token"].as_str().unwrap().to_owned());
        gateway.rule_file("everything", "when: mail\nthen: [relay]\n");
        let mut command = gateway.command(&["run"]);
        command.stdout(Stdio::null());
        match statements {
            Some(file) => command.env("RUST_LOG", "warn,sqlx::query=debug").env("NO_COLOR", "1").stderr(file),
            None => command.stderr(Stdio::null()),
        };
        let serving = Serving(command.spawn().unwrap());
        let peer = Self::Packetboat { gateway, serving, submission, http };
        wait::until("its doors are open", PATIENCE, || {
            let are_there = |door: &Door| peer.folder(*door).is_some_and(|folder| folder.is_dir());
            [Door::Sendmail, Door::Spool].iter().all(are_there) && [submission, port_of(&peer)].into_iter().all(listens)
        });
        peer
    }

    /// `None`: this machine cannot run it, which is told.
    pub fn postfix(port: u16) -> Option<Self> {
        Some(Self::Postfix(Postfix::start(port)?.into()))
    }

    /// How a message gets in by `door`; `None`: it has no such door.
    pub fn way(&self, door: Door) -> Option<Way> {
        let to = ["-f", "gate@here.example", "ada@there.example"].map(str::to_owned);
        Some(match (self, door) {
            (Self::Packetboat { gateway, .. }, Door::Sendmail) => {
                let ours = ["sendmail".to_owned(), "-C".to_owned(), gateway.config.display().to_string()];
                let program = PathBuf::from(env!("CARGO_BIN_EXE_packetboat"));
                Way::Sendmail { program, arguments: ours.into_iter().chain(to).collect(), environment: vec![] }
            }
            (Self::Packetboat { .. }, Door::Spool) => Way::Spool(self.folder(door)?),
            (Self::Postfix(postfix), Door::Sendmail) => {
                let environment = vec![
                    ("MAIL_CONFIG", postfix.conf().display().to_string()),
                    ("LD_LIBRARY_PATH", unpacked::libraries()),
                ];
                let program = unpacked::root().join("usr/sbin/sendmail");
                Way::Sendmail { program, arguments: to.to_vec(), environment }
            }
            (Self::Packetboat { submission, .. }, Door::Submission) => Way::Submission(*submission),
            (Self::Packetboat { http: (port, token), .. }, Door::Http) => Way::Http(*port, token.clone()),
            (Self::Postfix(postfix), Door::Submission) => Way::Submission(postfix.port),
            (Self::Postfix(_), Door::Spool | Door::Http) => return None,
        })
    }

    /// User and system time of all its processes so far.
    pub fn cpu(&self) -> Duration {
        match self {
            Self::Packetboat { serving, .. } => Cost::of(serving.0.id()).cpu,
            Self::Postfix(postfix) => cost::of_group(postfix.group()),
        }
    }

    fn folder(&self, door: Door) -> Option<PathBuf> {
        let Self::Packetboat { gateway, .. } = self else { return None };
        match door {
            Door::Sendmail => Some(gateway.config.with_file_name("maildrop")),
            Door::Spool => Some(gateway.config.with_file_name("spool")),
            Door::Submission | Door::Http => None,
        }
    }
}

fn port_of(peer: &Peer) -> u16 {
    match peer {
        Peer::Packetboat { http: (port, _), .. } => *port,
        Peer::Postfix(postfix) => postfix.port,
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
