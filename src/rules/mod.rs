//! rules/*.yaml → [`RuleSet`]; arrival → drafts. Pure after loading.

mod rule;

pub use rule::{
    EmptyFiles, Existing, FileFilter, HardLinks, Rule, RuleLimits, RuleSet, Step, Symlinks, Upload, Watch, WatchMethod,
};
