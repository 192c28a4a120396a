//! What only the running process knows: of which folders not everything is taken in, and whether its heartbeat is answered.

use crate::{
    control::{Answer, Command, SocketError, socket},
    domain::{Escaped, Moment},
    sources::watch::Handle,
    store::json,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::{path::Path, time::Duration};
use tokio::time::timeout;

/// A folder that is not seen whole, or of which nothing is taken in for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderTrouble {
    pub rule: String,
    /// Escaped.
    pub folder: String,
    /// Since when it is not seen whole. `None`: it is, and intake says later.
    #[serde(serialize_with = "json::moment_or_null", deserialize_with = "moment_or_null")]
    pub since: Option<Moment>,
    /// Unescaped.
    pub why: String,
}

/// The address of the heartbeat does not answer as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatTrouble {
    #[serde(serialize_with = "json::moment_or_null", deserialize_with = "moment_or_null")]
    pub since: Option<Moment>,
    /// Unescaped; names the host alone.
    pub why: String,
}

fn moment_or_null<'de, D: Deserializer<'de>>(text: D) -> Result<Option<Moment>, D::Error> {
    let text: Option<String> = Option::deserialize(text)?;
    let parse = |text: String| chrono::DateTime::parse_from_rfc3339(&text).map_err(D::Error::custom);
    Ok(text.map(parse).transpose()?.map(|time| Moment(time.timestamp_millis())))
}

/// Somebody who holds the lock and is busy must not keep `status` waiting.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks whoever serves `storage`.
///
/// # Errors
/// [`SocketError::Silent`] when nobody does; else why there is no answer.
pub async fn folders(storage: &Path) -> Result<(Vec<FolderTrouble>, Option<HeartbeatTrouble>), SocketError> {
    let asked = timeout(PATIENCE, socket::ask(storage, &Command::Folders)).await;
    match asked.map_err(|_| SocketError::Broken(format!("nothing came for {PATIENCE:?}")))?? {
        Answer::Folders { troubles, heartbeat } => Ok((troubles, heartbeat)),
        other => Err(SocketError::Broken(format!("an answer to something else: {other:?}"))),
    }
}

/// What is wrong with the first of these that is not well.
#[must_use]
pub fn first_trouble(watches: &[Handle]) -> Option<String> {
    troubles(watches).into_iter().next().map(|trouble| format!("{}: {}", trouble.folder, trouble.why))
}

/// What is wrong with these.
pub(super) fn troubles(watches: &[Handle]) -> Vec<FolderTrouble> {
    let told = watches.iter().filter_map(|watch| {
        let status = watch.status();
        let (since, why) = match (status.trouble, status.later) {
            _ if watch.has_broken_off() => (None, "its watch broke off: start packetboat again".to_owned()),
            (Some((since, why)), _) => (Some(since), why),
            (None, Some(why)) => (None, why),
            (None, None) => return None,
        };
        let folder = Escaped(watch.rule().when.folder.as_os_str().as_encoded_bytes()).to_string();
        Some(FolderTrouble { rule: watch.rule().name.clone(), folder, since, why })
    });
    told.collect()
}
