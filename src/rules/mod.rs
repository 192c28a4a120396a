//! rules/*.yaml → [`RuleSet`]; arrival → drafts. Pure after loading.

mod closed;
mod expressions;
mod filter;
mod globs;
mod load;
mod plan;
mod plan_mail;
mod read_mail;
mod read_rule;
mod read_steps;
mod read_watch;
mod rule;

pub use filter::FileFilter;
pub use load::{Checked, Loaded, check, check_with, load_outline};
pub use plan::{Context, Planned, Unwanted, plan};
pub use rule::{
    Action, EmptyFiles, Existing, HardLinks, Mail, Rule, RuleLimits, RuleSet, Step, Symlinks, Upload, Watch,
    WatchMethod,
};

#[cfg(test)]
mod tests;
