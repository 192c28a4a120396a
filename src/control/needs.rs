//! Is everything all right? The decision behind the first line of `status`, pure.

use crate::{
    control::{HeartbeatTrouble, Site, SourceTrouble, Status},
    domain::HERE,
    store::{Expected, InVain, LaneStatus, OpenCounts, SessionStatus},
};
use serde::Serialize;

/// Something that a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "need", rename_all = "snake_case")]
pub enum Need {
    /// The process ended without a word and nobody has started another.
    NotRunning { open: u64 },
    /// The process is there and does not answer.
    Unanswered { why: String },
    /// A rule's source is not seen whole, or nothing of it is taken in.
    Folder(SourceTrouble),
    /// The heartbeat is not answered.
    Heartbeat(HeartbeatTrouble),
    /// A server is in trouble.
    Trouble(LaneStatus),
    /// Jobs wait for a server that is not configured any more.
    NoServer { server: String, jobs: u64 },
    /// Jobs are tried again and again.
    InVain(InVain),
    /// Jobs are held because nobody answered: they may have been taken, and a person decides.
    Unknown { rule: String, jobs: u64 },
    /// What a rule expects has not come.
    Missed {
        rule: String,
        #[serde(flatten)]
        expected: Expected,
    },
    /// Jobs of a rule failed in the last 24 hours.
    Failed { rule: String, jobs: u64 },
}

/// What needs a person, the gravest first; none means that all is well. What an operator paused or stopped is no need.
/// `folders`: those in trouble, as the running process tells, or why it does not.
#[must_use]
pub fn needs(status: &Status, folders: Result<Vec<SourceTrouble>, String>, site: &Site) -> Vec<Need> {
    let mut needs = Vec::new();
    if let SessionStatus::Died { .. } = status.session {
        needs.push(Need::NotRunning { open: status.servers.values().map(OpenCounts::on_their_way).sum() });
    }
    match folders {
        Ok(folders) => needs.extend(folders.into_iter().map(Need::Folder)),
        Err(why) => needs.push(Need::Unanswered { why }),
    }
    let is_known = |server: &String| server == HERE || site.known.servers.contains_key(server);
    let troubled = status.lanes.iter().filter(|lane| !lane.is_paused && is_known(&lane.server));
    needs.extend(troubled.cloned().map(Need::Trouble));
    for (server, open) in &status.servers {
        if !is_known(server) {
            needs.push(Need::NoServer { server: server.clone(), jobs: open.on_their_way() + open.held });
        }
    }
    for rule in &status.rules {
        if let Some(expected) = rule.expected.as_ref().filter(|expected| expected.missed.is_some()) {
            needs.push(Need::Missed { rule: rule.rule.clone(), expected: expected.clone() });
        }
    }
    needs.extend(status.in_vain.iter().cloned().map(Need::InVain));
    needs.extend(status.unknown.iter().map(|(rule, jobs)| Need::Unknown { rule: rule.clone(), jobs: *jobs }));
    let failed = status.rules.iter().filter(|rule| rule.failed > 0);
    needs.extend(failed.map(|rule| Need::Failed { rule: rule.rule.clone(), jobs: rule.failed }));
    needs
}
