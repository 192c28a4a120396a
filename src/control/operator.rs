//! The one place where commands are obeyed: the same code beside a running process and without one.

use crate::{
    clock::Clock,
    config::{ServerKind, ServerKinds},
    control::{Answer, Command, HeartbeatTrouble, Subject, folders::troubles},
    domain::{Moment, Sha256},
    mail::Mailbox,
    sources::Running,
    store::{
        BY_OPERATOR, JobVerb, MoveTo, NewToken, Operation, Rehearsal, Store, StoreError, Suppression, Tally, Which,
    },
};
use std::collections::BTreeMap;
use tokio::sync::{mpsc, watch};

/// Obeys commands. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Operator {
    store: Store,
    clock: Clock,
    known: Known,
    heard: Option<mpsc::UnboundedSender<Heard>>,
    sources: Option<watch::Receiver<Vec<Running>>>,
    heartbeat: Option<watch::Receiver<Option<(Moment, String)>>>,
}

/// The names that there are.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// And whether the rule's own file says `paused: true`.
    pub rules: BTreeMap<String, PausedInFile>,
    pub servers: ServerKinds,
}

/// Whether a rule's own file pauses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PausedInFile {
    Yes,
    No,
}

/// What a running process must act on beyond the rows: queues with something to do are told by the store itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    ServerPaused(String),
    ServerResumed(String),
}

impl Operator {
    /// One that nobody listens to.
    #[must_use]
    pub fn new(store: Store, clock: Clock, known: Known) -> Self {
        Self { store, clock, known, heard: None, sources: None, heartbeat: None }
    }

    /// With someone who listens: told after the commit.
    #[must_use]
    pub fn heard_by(self, heard: mpsc::UnboundedSender<Heard>) -> Self {
        Self { heard: Some(heard), ..self }
    }

    /// With the folders that are watched, once they are.
    #[must_use]
    pub fn watching(self, sources: watch::Receiver<Vec<Running>>) -> Self {
        Self { sources: Some(sources), ..self }
    }

    /// With the heartbeat: since when it is not answered, and why.
    #[must_use]
    pub fn beating(self, heartbeat: watch::Receiver<Option<(Moment, String)>>) -> Self {
        Self { heartbeat: Some(heartbeat), ..self }
    }

    /// Does what is asked and says what became of it. What it committed before it is dropped stays.
    pub async fn obey(&self, command: Command) -> Answer {
        let answer = match command {
            Command::Jobs { verb, which, rehearsal } => self.jobs(verb, &which, rehearsal).await,
            Command::MoveJobs { from, to, rehearsal } => self.move_jobs(&from, &to, rehearsal).await,
            Command::Pause { what } => match self.resolve(what) {
                Ok(Found::Rule(rule)) => self.pause_rule(rule).await,
                Ok(Found::Server(server)) => self.pause_server(server).await,
                Err(refused) => Ok(refused),
            },
            Command::Resume { what: Subject::Rule(rule) | Subject::Named(rule) }
                if self.is_left_paused(&rule).await =>
            {
                self.resume_rule(rule).await
            }
            Command::Resume { what } => match self.resolve(what) {
                Ok(Found::Rule(rule)) => self.resume_rule(rule).await,
                Ok(Found::Server(server)) => self.resume_server(server).await,
                Err(refused) => Ok(refused),
            },
            Command::AddToken { name, sha256, scopes, expires_at } => {
                let token = NewToken { name, sha256: Sha256(sha256), scopes, made_at: self.clock.now(), expires_at };
                self.add_token(token).await
            }
            Command::RevokeToken { name } => self.revoke_token(name).await,
            Command::Suppress { address, said, until } => self.suppress(&address, said, until).await,
            Command::Unsuppress { address } => self.unsuppress(&address).await,
            Command::Folders => {
                let sources = self.sources.as_ref().map(|sources| sources.borrow().clone());
                let unanswered = self.heartbeat.as_ref().and_then(|heartbeat| heartbeat.borrow().clone());
                let heartbeat = unanswered.map(|(since, why)| HeartbeatTrouble { since: Some(since), why });
                Ok(Answer::Folders { troubles: troubles(&sources.unwrap_or_default()), heartbeat })
            }
        };
        answer.unwrap_or_else(|error| match error {
            StoreError::Glob(why) => Answer::Refused { why: why.to_string() },
            error => Answer::Failed { why: error.to_string() },
        })
    }

    async fn jobs(&self, verb: JobVerb, which: &Which, rehearsal: Rehearsal) -> Result<Answer, StoreError> {
        if matches!(which, Which::Filter(filter) if filter.is_empty()) || *which == Which::Ids(Vec::new()) {
            let why = "say which jobs: ids or filters, as `packetboat jobs` takes them".to_owned();
            return Ok(Answer::Refused { why });
        }
        let paused = self.known.rules.iter().filter(|(_, paused)| **paused == PausedInFile::Yes);
        let paused_in_file = paused.map(|(rule, _)| rule.clone()).collect();
        let operation = Operation { verb, rehearsal, now: self.clock.now(), paused_in_file };
        self.store.operate(which, operation).await.map(Answer::Jobs)
    }

    async fn move_jobs(&self, from: &str, to: &str, rehearsal: Rehearsal) -> Result<Answer, StoreError> {
        let Some(&kind) = self.known.servers.get(to) else { return Ok(self.no_server(to)) };
        if from == to {
            return Ok(Answer::Refused { why: format!("the jobs of `{from}` are there already") });
        }
        if let Some(&other) = self.known.servers.get(from).filter(|other| **other != kind) {
            let why = format!(
                "`{from}` is {}, and `{to}` is {}: the jobs of one are nothing for the other",
                a(other),
                a(kind)
            );
            return Ok(Answer::Refused { why });
        }
        let to = MoveTo { server: to.to_owned(), takes: takes(kind) };
        let tally: Tally = self.store.move_jobs(from, to, rehearsal, self.clock.now()).await?;
        if tally == Tally::default() && !self.known.servers.contains_key(from) {
            return Ok(Answer::Refused { why: format!("there is no server `{from}`, and no job waits for it") });
        }
        Ok(Answer::Jobs(tally))
    }

    /// Paused, and then taken out of the configuration or renamed: its jobs are still held.
    async fn is_left_paused(&self, rule: &str) -> bool {
        let is_known = self.known.rules.contains_key(rule) || self.known.servers.contains_key(rule);
        !is_known && self.store.paused_rules().await.is_ok_and(|paused| paused.iter().any(|left| left.rule == rule))
    }

    async fn pause_rule(&self, rule: String) -> Result<Answer, StoreError> {
        let jobs = self.store.pause_rule(&rule, self.clock.now()).await?;
        Ok(Answer::Rule { rule, jobs })
    }

    async fn resume_rule(&self, rule: String) -> Result<Answer, StoreError> {
        if self.known.rules.get(&rule) == Some(&PausedInFile::Yes) {
            let why = format!("the rule `{rule}` is paused by its own file: take `paused: true` out of it");
            return Ok(Answer::Refused { why });
        }
        let jobs = self.store.resume_rule(&rule).await?;
        Ok(Answer::Rule { rule, jobs })
    }

    async fn pause_server(&self, server: String) -> Result<Answer, StoreError> {
        self.store.pause_server(&server, self.clock.now()).await?;
        self.tell(Heard::ServerPaused(server.clone()));
        Ok(Answer::Server { server })
    }

    async fn resume_server(&self, server: String) -> Result<Answer, StoreError> {
        self.store.resume_server(&server, self.clock.now()).await?;
        self.tell(Heard::ServerResumed(server.clone()));
        Ok(Answer::Server { server })
    }

    async fn add_token(&self, token: NewToken) -> Result<Answer, StoreError> {
        let name = token.name.clone();
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_name) {
            let why = "the name of a token has letters, digits, `-`, `_` and `.`, at most 64 of them".to_owned();
            return Ok(Answer::Refused { why });
        }
        if token.scopes.is_empty() {
            return Ok(Answer::Refused { why: "a token without a scope is good for nothing".to_owned() });
        }
        if self.store.add_token(token).await? {
            return Ok(Answer::Token { name });
        }
        let why =
            format!("there is a token `{name}`: name this one otherwise, or `packetboat tokens revoke {name}` first");
        Ok(Answer::Refused { why })
    }

    async fn revoke_token(&self, name: String) -> Result<Answer, StoreError> {
        if self.store.revoke_token(name.clone(), self.clock.now()).await? {
            return Ok(Answer::Token { name });
        }
        Ok(Answer::Refused { why: format!("there is no token `{name}`: `packetboat tokens` lists them") })
    }

    async fn suppress(&self, address: &str, said: String, until: Option<Moment>) -> Result<Answer, StoreError> {
        let address = match Mailbox::parse(address) {
            Ok(mailbox) => mailbox.address().to_lowercase(),
            Err(why) => return Ok(Answer::Refused { why: format!("`{address}`: {why}") }),
        };
        let (why, since) = (BY_OPERATOR.to_owned(), self.clock.now());
        self.store.suppress(Suppression { address: address.clone(), why, said, since, until }).await?;
        Ok(Answer::Address { address })
    }

    async fn unsuppress(&self, address: &str) -> Result<Answer, StoreError> {
        if self.store.unsuppress(address).await? {
            return Ok(Answer::Address { address: address.to_lowercase() });
        }
        Ok(Answer::Refused { why: format!("`{address}` is not on the list: `packetboat suppressions` shows it") })
    }

    fn tell(&self, heard: Heard) {
        if let Some(listener) = &self.heard {
            let _ = listener.send(heard); // the process is going down: its successor reads the rows
        }
    }

    fn resolve(&self, what: Subject) -> Result<Found, Answer> {
        let is_rule = |name: &String| self.known.rules.contains_key(name);
        let is_server = |name: &String| self.known.servers.contains_key(name);
        match what {
            Subject::Rule(name) if is_rule(&name) => Ok(Found::Rule(name)),
            Subject::Server(name) if is_server(&name) => Ok(Found::Server(name)),
            Subject::Named(name) => match (is_rule(&name), is_server(&name)) {
                (true, false) => Ok(Found::Rule(name)),
                (false, true) => Ok(Found::Server(name)),
                (true, true) => Err(Answer::Refused {
                    why: format!("`{name}` is a rule and a server: say `--rule {name}` or `--server {name}`"),
                }),
                (false, false) => {
                    Err(Answer::Refused { why: format!("there is no rule and no server `{name}`{}", self.names()) })
                }
            },
            Subject::Rule(name) => {
                Err(Answer::Refused { why: format!("there is no rule `{name}`{}", listed("rules", self.rules())) })
            }
            Subject::Server(name) => Err(self.no_server(&name)),
        }
    }

    fn no_server(&self, name: &str) -> Answer {
        Answer::Refused { why: format!("there is no server `{name}`{}", listed("servers", self.known.servers.keys())) }
    }

    fn names(&self) -> String {
        format!("{}{}", listed("rules", self.rules()), listed("servers", self.known.servers.keys()))
    }

    fn rules(&self) -> impl IntoIterator<Item = &String> {
        self.known.rules.keys()
    }
}

/// The action of the jobs that a server of this kind takes.
fn takes(kind: ServerKind) -> &'static str {
    match kind {
        ServerKind::Ftp => "upload",
        ServerKind::Smtp => "send",
        ServerKind::Webhook => "webhook",
    }
}

fn a(kind: ServerKind) -> &'static str {
    match kind {
        ServerKind::Ftp => "an FTP server",
        ServerKind::Smtp => "a relay",
        ServerKind::Webhook => "a webhook",
    }
}

/// What a name turned out to be.
enum Found {
    Rule(String),
    Server(String),
}

fn listed<'a>(what: &str, names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    if names.is_empty() { String::new() } else { format!("; {what}: {}", names.join(", ")) }
}
