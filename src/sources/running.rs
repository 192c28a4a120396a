//! What the rest of the program holds of a running source, of whatever kind.

use crate::{
    domain::{Escaped, Moment},
    sources::{Listening, mail_folder, schedule, watch},
};
use std::time::Duration;

/// A running source.
#[derive(Debug, Clone)]
pub enum Running {
    Watch(watch::Handle),
    Schedule(schedule::Handle),
    MailFolder(mail_folder::Handle),
    Listening(Listening),
}

impl Running {
    /// Its rule's name; of a door, that door's word.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Watch(watch) => &watch.rule().name,
            Self::Schedule(schedule) => &schedule.rule().name,
            Self::MailFolder(folder) => folder.door().word(),
            Self::Listening(door) => door.door().word(),
        }
    }

    /// Where it looks: a folder, escaped, or the words of a schedule.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Watch(watch) => Escaped(watch.rule().when.folder.as_os_str().as_encoded_bytes()).to_string(),
            Self::Schedule(schedule) => schedule.rule().when.to_string(),
            Self::MailFolder(folder) => Escaped(folder.folder().as_os_str().as_encoded_bytes()).to_string(),
            Self::Listening(door) => door.place().to_owned(),
        }
    }

    /// How long ago all that it had to show was first seen since the start.
    #[must_use]
    pub fn seen_whole(&self) -> Option<Duration> {
        let seen_whole = match self {
            Self::Watch(watch) => watch.status().seen_whole,
            Self::Schedule(schedule) => schedule.status().seen_whole,
            Self::MailFolder(_) | Self::Listening(_) => return None, // nothing is expected of it
        };
        Some(seen_whole?.elapsed())
    }

    /// What is wrong with it: since when not everything is seen (`None`: it is, and nothing is taken in), and why; unescaped.
    #[must_use]
    pub fn trouble(&self) -> Option<(Option<Moment>, String)> {
        match self {
            Self::Watch(watch) if watch.has_broken_off() => {
                Some((None, "its watch broke off: start packetboat again".to_owned()))
            }
            Self::Watch(watch) => {
                let status = watch.status();
                let unseen = status.trouble.map(|(since, why)| (Some(since), why));
                unseen.or_else(|| Some((None, status.later?)))
            }
            Self::Schedule(schedule) if schedule.has_broken_off() => {
                Some((None, "its schedule broke off: start packetboat again".to_owned()))
            }
            Self::Schedule(schedule) => Some((None, schedule.status().later?)),
            Self::MailFolder(folder) => Some((None, folder.trouble()?)),
            Self::Listening(door) => Some((None, door.trouble()?)),
        }
    }

    /// What it has seen and not taken.
    #[must_use]
    pub fn untaken(&self) -> usize {
        match self {
            Self::Watch(watch) => watch.status().settling,
            Self::Schedule(schedule) => usize::from(schedule.status().later.is_some()),
            Self::MailFolder(folder) => usize::from(folder.trouble().is_some()),
            Self::Listening(_) => 0, // what does not come in is the caller's still
        }
    }

    /// Returns when it has ended and has let go of the database.
    pub async fn ended(&self) {
        match self {
            Self::Watch(watch) => watch.ended().await,
            Self::Schedule(schedule) => schedule.ended().await,
            Self::MailFolder(folder) => folder.ended().await,
            Self::Listening(door) => door.ended().await,
        }
    }
}
