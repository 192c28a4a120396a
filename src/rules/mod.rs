//! rules/*.yaml → [`RuleSet`]; arrival → drafts. Pure after loading.

mod closed;
mod expressions;
mod filter;
mod globs;
mod inbox;
mod load;
mod movers;
mod not_built;
mod ours;
mod plan;
mod plan_after;
mod plan_here;
mod plan_mail;
mod plan_relay;
mod plan_rows;
mod plan_text;
mod read_attach;
mod read_expect;
mod read_folder;
mod read_here;
mod read_inbox;
mod read_mail;
mod read_own;
mod read_relay;
mod read_rows;
mod read_rule;
mod read_schedule;
mod read_steps;
mod read_upload;
mod read_watch;
mod read_words;
mod request;
mod rule;
mod source;
mod spool_folder;
mod supply;
mod table;
mod watch;
mod whereabouts;

pub use filter::FileFilter;
pub use inbox::Inbox;
pub use load::{Checked, Loaded, check, check_with, frozen, load_outline};
pub use plan::{Context, Planned, Unwanted, plan, plan_message, plan_tick};
pub use plan_after::{AfterStep, FollowUp, cannot_follow, follow_up};
pub use plan_rows::{Begun, Over, Part, plan_part};
pub use request::{Asked, Fault, NotARequest, Notation, Requests};
pub use rule::{
    Action, Attach, Mail, Manifest, Own, Relay, Rule, RuleLimits, RuleSet, Save, SenderHears, Spot, Step, Upload,
};
pub use source::{BySource, Receiving, Scheduled, Source, Watching};
pub use supply::{Fetched, Supply};
pub use table::{Header, TableShape};
pub use watch::{EmptyFiles, Existing, HardLinks, Symlinks, Watch, WatchMethod};
pub use whereabouts::Whereabouts;

#[cfg(test)]
mod tests;
