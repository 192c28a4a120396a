//! What a rule waits for, and a rule together with what it waits for.

use super::{Inbox, Rule, Watch};
use crate::{domain::Arriving, schedule::Timetable};
use std::{ops::Deref, sync::Arc};

/// What a rule waits for.
#[derive(Debug, Clone)]
pub enum Source {
    Watch(Arc<Watch>),
    Schedule(Arc<Timetable>),
    Mail(Arc<Inbox>),
}

impl Source {
    /// The watched folder, if it is one.
    #[must_use]
    pub fn watch(&self) -> Option<&Watch> {
        match self {
            Self::Watch(watch) => Some(watch),
            Self::Schedule(_) | Self::Mail(_) => None,
        }
    }

    #[must_use]
    pub fn arriving(&self) -> Arriving {
        match self {
            Self::Watch(_) => Arriving::File,
            Self::Schedule(_) => Arriving::Tick,
            Self::Mail(_) => Arriving::Mail,
        }
    }
}

/// A rule with the source of one kind. What is in its other fields is the rule's.
#[derive(Debug, Clone)]
pub struct With<S> {
    rule: Arc<Rule>,
    pub when: Arc<S>,
}

/// A rule that watches a folder.
pub type Watching = With<Watch>;
/// A rule of moments.
pub type Scheduled = With<Timetable>;
/// A rule that takes messages.
pub type Receiving = With<Inbox>;

impl<S> Deref for With<S> {
    type Target = Rule;

    fn deref(&self) -> &Rule {
        &self.rule
    }
}

impl Watching {
    /// `None` for a rule of another source.
    #[must_use]
    pub fn of(rule: Arc<Rule>) -> Option<Self> {
        match BySource::of(rule) {
            BySource::Watching(rule) => Some(rule),
            BySource::Scheduled(_) | BySource::Receiving(_) => None,
        }
    }
}

/// A rule by the kind of its source.
#[derive(Debug, Clone)]
pub enum BySource {
    Watching(Watching),
    Scheduled(Scheduled),
    Receiving(Receiving),
}

impl BySource {
    #[must_use]
    pub fn of(rule: Arc<Rule>) -> Self {
        match rule.when.clone() {
            Source::Watch(when) => Self::Watching(With { rule, when }),
            Source::Schedule(when) => Self::Scheduled(With { rule, when }),
            Source::Mail(when) => Self::Receiving(With { rule, when }),
        }
    }
}
