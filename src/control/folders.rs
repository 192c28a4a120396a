//! What only the running process knows: of which sources not everything is taken in, and whether its heartbeat is answered.

use crate::{
    control::{Answer, Command, SocketError, socket},
    domain::Moment,
    sources::Running,
    store::json,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::{path::Path, time::Duration};
use tokio::time::timeout;

/// A source that is not seen whole, or of which nothing is taken in for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceTrouble {
    pub rule: String,
    /// Escaped; of a schedule, its words.
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
pub async fn folders(storage: &Path) -> Result<(Vec<SourceTrouble>, Option<HeartbeatTrouble>), SocketError> {
    let asked = timeout(PATIENCE, socket::ask(storage, &Command::Folders)).await;
    match asked.map_err(|_| SocketError::Broken(format!("nothing came for {PATIENCE:?}")))?? {
        Answer::Folders { troubles, heartbeat } => Ok((troubles, heartbeat)),
        other => Err(SocketError::Broken(format!("an answer to something else: {other:?}"))),
    }
}

/// What is wrong with the first of these that is not well.
#[must_use]
pub fn first_trouble(sources: &[Running]) -> Option<String> {
    troubles(sources).into_iter().next().map(|trouble| format!("{}: {}", trouble.folder, trouble.why))
}

/// What is wrong with these.
pub(super) fn troubles(sources: &[Running]) -> Vec<SourceTrouble> {
    let told = sources.iter().filter_map(|source| {
        let (since, why) = source.trouble()?;
        Some(SourceTrouble { rule: source.name().to_owned(), folder: source.place(), since, why })
    });
    told.collect()
}
