//! The words of DESIGN as types and their legal moves: no I/O, no async, no clock.

mod arrival;
mod ended;
mod escape;
mod expectation;
mod globs;
mod identity;
mod incident;
mod job;
mod message;
mod moment;
mod original;
mod outcome;
mod owed;
mod priority;
mod proof;
mod receipt;
mod reference;
mod remote_path;
mod report;
mod return_path;
mod settlement;
mod size;
mod token;
mod wishes;

pub use arrival::{ArrivalDraft, Arriving, Beginning, Errand, JobDraft, Letter, Sighting};
pub use ended::{Copied, EndedJob, EndedReceipt, Ends, Stage};
pub use escape::{Escaped, is_harmless};
pub use expectation::{Came, Expectation};
pub use globs::{GlobError, Globs};
pub use identity::Identity;
pub use incident::{Event, Example, Failure, Incident, NOTICES, Reader, StartMail};
pub use job::{HERE, JobState, Reason};
pub use message::{Door, Instructions, Message, MessageFacts, MessageKey, Person};
pub use moment::Moment;
pub use original::Original;
pub use outcome::{Change, Delivered, Outcome, TakenAway, Trouble, TroubleKind, Whose};
pub use owed::Owed;
pub use priority::Priority;
pub use proof::{Proof, Sha256};
pub use receipt::Receipt;
pub use reference::{NotARef, Ref, RefTail};
pub use remote_path::{RemotePath, RemotePathError};
pub use report::{Report, ReportLine, SETTLED};
pub use return_path::{BounceKey, NotOurs, ReturnPath};
pub use settlement::Settlement;
pub use size::{SIZE_UNITS, show_size};
pub use token::Scope;
pub use wishes::{
    ByteRate, Fate, MailWishes, OnExists, OnUnknown, ProofWish, Resume, Retry, SaveWishes, TakeAwayWishes, Times,
    WebhookWishes, Wishes,
};
