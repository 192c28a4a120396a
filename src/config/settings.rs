//! The whole of packetboat.yaml, checked.

use crate::config::{
    Defaults, Doors, FtpServer, History, Limits, MailSettings, Notices, Outline, ServerKind, SmtpServer, Url, Webhook,
};
use std::{collections::BTreeMap, path::PathBuf};

/// What packetboat.yaml says, with every default filled in and every path absolute.
#[derive(Debug, Clone)]
pub struct Settings {
    /// packetboat.yaml itself.
    pub file: PathBuf,
    /// Database, lock, control socket and spool.
    pub storage: PathBuf,
    /// Folder of the rule files.
    pub rules: PathBuf,
    /// Folder of the templates of mails.
    pub templates: PathBuf,
    pub time_zone: chrono_tz::Tz,
    /// And the webhooks: they share lanes and names.
    pub servers: BTreeMap<String, Server>,
    pub mail: MailSettings,
    /// For every rule that has none of its own.
    pub notices: Notices,
    pub defaults: Defaults,
    /// Asked for every minute while all is well.
    pub heartbeat: Option<Url>,
    pub doors: Doors,
    pub limits: Limits,
    pub history: History,
}

impl Settings {
    /// What rules are read by.
    #[must_use]
    pub fn outline(&self) -> Outline {
        Outline {
            storage: Some(self.storage.clone()),
            rules: self.rules.clone(),
            templates: self.templates.clone(),
            servers: Some(self.servers.iter().map(|(name, server)| (name.clone(), server.kind())).collect()),
            mail: self.mail.clone(),
            defaults: self.defaults.clone(),
            doors: self.doors.clone(),
            message_size: self.limits.message_size,
            time_zone: self.time_zone,
        }
    }
}

/// A named server, by protocol.
#[derive(Debug, Clone)]
pub enum Server {
    Ftp(FtpServer),
    Smtp(SmtpServer),
    /// Of `webhooks`: told as people are.
    Webhook(Webhook),
}

impl Server {
    #[must_use]
    pub fn kind(&self) -> ServerKind {
        match self {
            Self::Ftp(_) => ServerKind::Ftp,
            Self::Smtp(_) => ServerKind::Smtp,
            Self::Webhook(_) => ServerKind::Webhook,
        }
    }

    /// Most conversations at once.
    #[must_use]
    pub fn connections(&self) -> u32 {
        match self {
            Self::Ftp(server) => server.connections,
            Self::Smtp(server) => server.connections,
            Self::Webhook(_) => 1, // what is told comes in its order
        }
    }
}
