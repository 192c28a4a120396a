//! What a rule asks of a delivery, frozen into the job at intake.

use crate::domain::{Moment, Proof, ReturnPath};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Bytes a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteRate(pub u64);

/// What to do when the target exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExists {
    #[default]
    Replace,
    /// `name-2.ext`, `name-3.ext` … beside it.
    KeepBoth,
    Fail,
    /// Same size and, where the server can tell, same hash: delivered without sending.
    SkipSame,
}

/// The least proof that counts as delivered; better is used where offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofWish {
    #[default]
    Size,
    /// A hash the server computes, else reading back.
    Hash,
    ReadBack,
}

impl ProofWish {
    /// Whether `proof` is at least what is asked.
    #[must_use]
    pub fn is_met_by(self, proof: Proof) -> bool {
        match self {
            Self::Size => true,
            Self::Hash => proof >= Proof::Xmd5,
            Self::ReadBack => proof == Proof::ReadBack,
        }
    }
}

/// Whether the copy gets the source's modification time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    #[default]
    Keep,
    None,
}

/// Whether a cut upload goes on where it was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resume {
    /// From 100 MB.
    #[default]
    WhenLarge,
    Always,
    Never,
}

/// From this size on a part is worth keeping without being asked to.
const LARGE: u64 = 100_000_000;

impl Resume {
    /// Whether a part of a file of this size is kept to go on from.
    #[must_use]
    pub fn is_for(self, size_bytes: u64) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::WhenLarge => size_bytes >= LARGE,
        }
    }
}

/// Doubling from `first_wait` to `longest_wait`, with jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    pub first_wait: Duration,
    pub longest_wait: Duration,
    /// Counted tries after which the job is failed; no limit when `None`.
    pub attempts: Option<u32>,
}

/// Everything a rule asks of one upload. Serialised into the job's row: a new field carries
/// `#[serde(default)]`, for older rows are read with it too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    pub on_exists: OnExists,
    pub proof: ProofWish,
    pub times: Times,
    pub resume: Resume,
    pub bandwidth: Option<ByteRate>,
    pub retry: Retry,
    /// The rule's: what an operator's retry gives the job anew. `None` in rows that are older than this field.
    #[serde(default)]
    pub deadline: Option<Duration>,
    /// Not the arrival's file is sent, but bytes of ours.
    #[serde(default)]
    pub is_text: bool,
}

/// What becomes of a mail whose relay has all of it and did not answer: it may have been taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// It may come twice, under the same Message-ID.
    #[default]
    Retry,
    /// It may not have come: somebody looks.
    Hold,
}

/// Everything a rule asks of one mail, and the sender of its envelope. Serialised as [`Wishes`] are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailWishes {
    /// The envelope's sender, an address.
    pub sender: String,
    /// Relays by name: the first that is not in trouble has it.
    #[serde(default)]
    pub via: Vec<String>,
    #[serde(default)]
    pub on_unknown: OnUnknown,
    pub retry: Retry,
    pub deadline: Option<Duration>,
    /// Whoever gave it in wants it sent no sooner: no clock that was set back brings it forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Moment>,
    /// In the place of the sender an address of each mail's own, so that what comes back is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_path: Option<ReturnPath>,
}

/// Everything that is asked of what a webhook is told. Serialised as [`Wishes`] are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookWishes {
    pub retry: Retry,
    pub deadline: Option<Duration>,
}

/// Everything a rule asks of one copy in a folder of this machine. Serialised as [`Wishes`] are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveWishes {
    /// The folder that the rule names, absolute; the target lies below it.
    pub root: String,
    pub on_exists: OnExists,
    pub proof: ProofWish,
    pub times: Times,
    /// Permission bits of the copy.
    pub mode: u32,
    pub retry: Retry,
    pub deadline: Option<Duration>,
    /// Not the arrival's file is saved, but bytes of ours.
    #[serde(default)]
    pub is_text: bool,
}

/// What becomes of a source that is dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    Delete,
    /// The target lies below this folder, absolute, that the rule names.
    Move {
        root: String,
    },
}

/// Everything a rule asks of the end of a source. Serialised as [`Wishes`] are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeAwayWishes {
    pub fate: Fate,
    /// Name of the done-file beside the source, which goes the same way.
    #[serde(default)]
    pub done_file: Option<Vec<u8>>,
    pub retry: Retry,
    pub deadline: Option<Duration>,
}
