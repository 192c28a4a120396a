//! One rule, checked: when, if, then.

use crate::{
    config::Notice,
    domain::{
        Arriving, ByteRate, Globs, OnExists, OnUnknown, Priority, ProofWish, Resume, Retry, ReturnPath, Sha256, Stage,
        Times,
    },
    mail::Mailbox,
    rules::{Source, TableShape},
    schedule::{Expect, Windows},
    templates::{Condition, LONGEST_TEXT, PathTemplate, TextTemplate},
};
use std::{ops::Range, path::PathBuf, time::Duration};

/// All rules of one load, in the order of their names.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    pub rules: Vec<Rule>,
}

/// One file of rules/.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The file's name without `.yaml`.
    pub name: String,
    pub about: Option<String>,
    /// The text as it was loaded, and its hash: what an arrival points at.
    pub text: String,
    pub sha256: Sha256,
    pub when: Source,
    pub condition: Option<Condition>,
    pub then: Vec<Step>,
    /// In order, once every job of `then` is delivered.
    pub after: Vec<Step>,
    /// In order, once all of them have ended and one is failed.
    pub after_failure: Vec<Step>,
    pub retry: Retry,
    pub deadline: Duration,
    pub priority: Priority,
    /// Which waiting files go first, see [`Rule::rank`].
    pub order: Vec<Globs>,
    pub in_order: bool,
    pub windows: Windows,
    pub limits: RuleLimits,
    pub time_zone: chrono_tz::Tz,
    pub paused: bool,
    /// What must come.
    pub expect: Option<Expect>,
    /// The age from which on a job is late.
    pub delayed_after: Duration,
    /// `None`: those of packetboat.yaml.
    pub notices: Option<Vec<Notice>>,
    /// Where its steps stand in the text.
    pub steps_at: Range<usize>,
    /// Where it moves or deletes the source, if it does.
    pub end_at: Option<Range<usize>>,
}

impl Rule {
    /// The steps of one of its lists.
    #[must_use]
    pub fn steps(&self, stage: Stage) -> &[Step] {
        match stage {
            Stage::Then => &self.then,
            Stage::After => &self.after,
            Stage::Failure => &self.after_failure,
        }
    }

    /// Something follows upon the end of an arrival's jobs.
    #[must_use]
    pub fn has_after(&self) -> bool {
        !(self.after.is_empty() && self.after_failure.is_empty())
    }

    /// Every place on this machine that it writes files to.
    pub fn folders_of_ours(&self) -> impl Iterator<Item = &Spot> {
        let steps = self.then.iter().chain(&self.after).chain(&self.after_failure);
        steps.filter_map(|step| match &step.action {
            Action::Save(save) => Some(&save.to),
            Action::Move(spot) => Some(spot),
            Action::Upload(_) | Action::Mail(_) | Action::Manifest(_) | Action::Relay(_) | Action::Delete => None,
        })
    }

    /// Whether any text of its `then` tells of a `report`.
    #[must_use]
    pub fn tells_report(&self) -> bool {
        let tells = |text: &TextTemplate| text.asks_for("report");
        self.when.arriving() == Arriving::Tick
            && self.then.iter().any(|step| match &step.action {
                Action::Mail(mail) => mail.texts().any(tells),
                other => other.own().and_then(Own::text).is_some_and(tells),
            })
    }

    /// The place of a file in `order`, 0 first: that of the last glob that matches, so that a general one may stand before
    /// its exceptions (`"**/*.html", index.html`). Behind all of them when none matches.
    #[must_use]
    pub fn rank(&self, path_below_root: &[u8]) -> i64 {
        let place = self.order.iter().rposition(|globs| globs.matches(path_below_root)).unwrap_or(self.order.len());
        i64::try_from(place).unwrap_or(i64::MAX)
    }

    /// Bytes of an arrival's file that are read to plan these steps; `None` when they need none.
    #[must_use]
    pub fn most_read(&self, stage: Stage) -> Option<u64> {
        self.steps(stage).iter().filter_map(Step::most_read).max()
    }

    /// Whether planning these steps reads files of any kind, which takes a while.
    #[must_use]
    pub fn needs_files(&self, stage: Stage) -> bool {
        let attaches = |step: &Step| match &step.action {
            Action::Mail(mail) => !mail.attach.is_empty(),
            other => matches!(other.own(), Some(Own::File { .. })),
        };
        self.most_read(stage).is_some() || self.steps(stage).iter().any(attaches)
    }

    /// Whether the delivery of an arrival reads the whole of its file, and so tells its hash.
    #[must_use]
    pub fn sends_its_file(&self) -> bool {
        self.then.iter().any(|step| match &step.action {
            Action::Upload(_) | Action::Save(_) => step.action.own().is_none(),
            Action::Mail(_) | Action::Manifest(_) | Action::Relay(_) | Action::Move(_) | Action::Delete => false,
        })
    }

    /// Whether a file of it becomes mails row by row.
    #[must_use]
    pub fn has_rows(&self) -> bool {
        self.then.iter().any(|step| matches!(&step.action, Action::Mail(mail) if mail.rows.is_some()))
    }
}

/// `limits:` of a rule.
#[derive(Debug, Clone, Default)]
pub struct RuleLimits {
    /// Jobs started per span; delays.
    pub rate: Option<(u32, Duration)>,
    /// Jobs running at once.
    pub running: Option<u32>,
    /// Bytes; beyond it a file is refused, on record.
    pub size: Option<u64>,
}

/// One step of a list.
#[derive(Debug, Clone)]
pub struct Step {
    pub action: Action,
    /// The step's own `if`.
    pub condition: Option<Condition>,
}

impl Step {
    fn most_read(&self) -> Option<u64> {
        match &self.action {
            Action::Mail(mail) => mail.most_read(),
            other => other.own()?.text()?.reads_file().then_some(LONGEST_TEXT),
        }
    }
}

#[cfg(test)]
impl Step {
    pub(super) fn upload(&self) -> &Upload {
        let Action::Upload(upload) = &self.action else { panic!("no upload") };
        upload
    }
}

#[derive(Debug, Clone)]
pub enum Action {
    Upload(Upload),
    Mail(Box<Mail>),
    Save(Save),
    Manifest(Manifest),
    Relay(Box<Relay>),
    /// The source, to another folder of this machine.
    Move(Spot),
    /// The source.
    Delete,
}

impl Action {
    /// What it brings in place of the arrival's file, if it does.
    #[must_use]
    pub fn own(&self) -> Option<&Own> {
        match self {
            Self::Upload(upload) => upload.own.as_ref(),
            Self::Save(save) => save.own.as_ref(),
            Self::Mail(_) | Self::Manifest(_) | Self::Relay(_) | Self::Move(_) | Self::Delete => None,
        }
    }
}

/// A place on this machine: a folder that the rule names, and a path below it.
#[derive(Debug, Clone)]
pub struct Spot {
    /// Absolute, without `.` and `..`.
    pub root: PathBuf,
    pub path: PathTemplate,
}

/// `save:`
#[derive(Debug, Clone)]
pub struct Save {
    pub to: Spot,
    pub on_exists: OnExists,
    pub proof: ProofWish,
    pub times: Times,
    /// Permission bits.
    pub mode: u32,
    /// What is saved in place of the arrival's file.
    pub own: Option<Own>,
}

/// `mail:`, one message to everybody in it; each recipient its own job.
#[derive(Debug, Clone)]
pub struct Mail {
    pub from: Mailbox,
    /// Each makes one address; one without names in it may be several.
    pub to: Vec<TextTemplate>,
    pub cc: Vec<TextTemplate>,
    pub bcc: Vec<TextTemplate>,
    pub reply_to: Vec<TextTemplate>,
    pub subject: TextTemplate,
    /// One of the two, or both.
    pub text: Option<TextTemplate>,
    pub html: Option<TextTemplate>,
    /// More values for subject, text and HTML, by name.
    pub data: Vec<(String, TextTemplate)>,
    /// Of the message, beside those that are made of the rest.
    pub headers: Vec<(String, TextTemplate)>,
    pub attach: Vec<Attach>,
    /// One mail a row of the file.
    pub rows: Option<TableShape>,
    /// What is mailed once in this rule, whatever brings it in again.
    pub key: Option<TextTemplate>,
    pub on_unknown: OnUnknown,
    /// Bytes of a message; a larger one is refused.
    pub message_size: u64,
    /// Relays by name, in order: the first that is not in trouble has it.
    pub via: Vec<String>,
    /// `mail: return_path`.
    pub return_path: Option<ReturnPath>,
}

impl Mail {
    /// All that is rendered for it.
    pub(super) fn texts(&self) -> impl Iterator<Item = &TextTemplate> {
        let lists = [&self.to, &self.cc, &self.bcc, &self.reply_to].into_iter().flatten();
        let words = [Some(&self.subject), self.text.as_ref(), self.html.as_ref(), self.key.as_ref()];
        let named = self.data.iter().chain(&self.headers).map(|(_, template)| template);
        lists.chain(words.into_iter().flatten()).chain(named)
    }

    fn most_read(&self) -> Option<u64> {
        let rows = self.rows.map(|_| LONGEST_TABLE);
        let attached = self.attach.iter().any(|attach| matches!(attach, Attach::File)).then_some(self.message_size);
        let text = self.texts().any(TextTemplate::reads_file).then_some(LONGEST_TEXT);
        rows.max(attached).max(text)
    }
}

/// `relay:`, the message that came.
#[derive(Debug, Clone)]
pub struct Relay {
    /// In place of the envelope's recipients; empty: those.
    pub to: Vec<TextTemplate>,
    /// Beside them.
    pub bcc: Vec<TextTemplate>,
    /// The envelope's sender; `None`: as it is.
    pub sender: Option<TextTemplate>,
    /// `From:`, likewise.
    pub from: Option<TextTemplate>,
    /// Set, or with `None` removed.
    pub headers: Vec<(String, Option<TextTemplate>)>,
    pub on_unknown: OnUnknown,
    /// Relays by name, in order.
    pub via: Vec<String>,
    pub sender_hears: SenderHears,
    /// `mail: return_path`.
    pub return_path: Option<ReturnPath>,
}

/// What the sender of a message is told of what becomes of it (`report_to_sender`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SenderHears {
    pub delayed: bool,
    pub failed: bool,
}

/// Bytes of a file of rows: it is read whole, so that it is one version of it that is mailed.
pub(super) const LONGEST_TABLE: u64 = 64_000_000;

/// A file that goes with a mail.
#[derive(Debug, Clone)]
pub enum Attach {
    /// The one that arrived.
    File,
    /// One of this machine, beneath the folder that the rule itself names.
    Path { root: PathBuf, below: PathTemplate },
}

/// `upload:`
#[derive(Debug, Clone)]
pub struct Upload {
    /// Servers by name; each its own job.
    pub to: Vec<String>,
    pub path: PathTemplate,
    pub on_exists: OnExists,
    pub proof: ProofWish,
    pub times: Times,
    pub resume: Resume,
    pub bandwidth: Option<ByteRate>,
    /// What is sent in place of the arrival's file.
    pub own: Option<Own>,
}

/// What an upload or a save brings itself.
#[derive(Debug, Clone)]
pub enum Own {
    Text(TextTemplate),
    /// A file of this machine, as it is when the job is planned, of `most` bytes.
    File {
        root: PathBuf,
        below: PathTemplate,
        most: u64,
    },
}

impl Own {
    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&TextTemplate> {
        match self {
            Self::Text(text) => Some(text),
            Self::File { .. } => None,
        }
    }
}

/// `manifest:`, a list of the copies of an arrival with their SHA-256, beside them.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Servers by name; each gets the list of what is on it.
    pub to: Vec<String>,
    pub path: PathTemplate,
}
