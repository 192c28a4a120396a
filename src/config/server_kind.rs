//! What a server is, and which of each kind packetboat.yaml has.

use super::suggest;
use std::collections::BTreeMap;

/// What a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerKind {
    /// Files.
    Ftp,
    /// Mail: a relay.
    Smtp,
    /// What people are told, too.
    Webhook,
}

/// Names and kinds of the servers and webhooks there are, faulty ones included.
pub type ServerKinds = BTreeMap<String, ServerKind>;

impl ServerKind {
    /// As it is written and listed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ftp => "ftp",
            Self::Smtp => "smtp",
            Self::Webhook => "webhook",
        }
    }

    /// The names of this kind, in their order.
    pub(crate) fn names(self, servers: &ServerKinds) -> impl Iterator<Item = &str> {
        servers.iter().filter(move |(_, kind)| **kind == self).map(|(name, _)| name.as_str())
    }

    /// Which of this kind there are, or `none`, as the hint where `name` is not one of them.
    pub(crate) fn listed(self, servers: &ServerKinds, name: &str, none: &str) -> String {
        let names: Vec<&str> = self.names(servers).collect();
        if names.is_empty() {
            return none.to_owned();
        }
        let near = suggest::did_you_mean(name, names.iter().copied());
        format!("packetboat.yaml has {} ({}){near}", names.join(", "), self.word())
    }
}
