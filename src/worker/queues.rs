//! Which queues have jobs and when their first is due: the memory that spares the database a question a second.
//!
//! It may be too hopeful (a queue that turns out to be empty or not yet due costs one seek) but never too late: every
//! commit that gives a queue something to do is heard of.

use crate::{domain::Moment, store::QueueKey};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(super) struct Queues {
    by_server: BTreeMap<String, BTreeMap<QueueKey, Moment>>,
}

impl Queues {
    /// A queue has something, due at `due_at` at the earliest.
    pub(super) fn set(&mut self, key: QueueKey, due_at: Option<Moment>) {
        let queues = self.by_server.entry(key.server.clone()).or_default();
        match due_at {
            Some(moment) => _ = queues.insert(key, moment),
            None => _ = queues.remove(&key),
        }
    }

    /// For every rule with something due the queue whose turn it is by the rule's `order`: its lowest rank.
    pub(super) fn due(&self, server: &str, now: Moment) -> Vec<&QueueKey> {
        let mut rules = BTreeSet::new();
        self.queues(server)
            .filter(|(_, due_at)| **due_at <= now)
            .map(|(key, _)| key)
            .filter(|key| rules.insert((key.priority, &key.rule)))
            .collect()
    }

    /// The servers that anything is queued for.
    pub(super) fn servers(&self) -> impl Iterator<Item = &String> {
        self.by_server.iter().filter(|(_, queues)| !queues.is_empty()).map(|(server, _)| server)
    }

    /// The servers that anything of `rule` is queued for.
    pub(super) fn servers_of(&self, rule: &str) -> impl Iterator<Item = &String> {
        let has = move |queues: &BTreeMap<QueueKey, Moment>| queues.keys().any(|key| key.rule == rule);
        self.by_server.iter().filter(move |(_, queues)| has(queues)).map(|(server, _)| server)
    }

    /// When the next queue of `server` that is not yet due will be.
    pub(super) fn next_due(&self, server: &str, now: Moment) -> Option<Moment> {
        self.queues(server).map(|(_, due_at)| *due_at).filter(|due_at| *due_at > now).min()
    }

    fn queues(&self, server: &str) -> impl Iterator<Item = (&QueueKey, &Moment)> {
        self.by_server.get(server).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Priority;

    fn key(rule: &str, rank: i64) -> QueueKey {
        QueueKey { server: "offsite".into(), priority: Priority::Normal, rule: rule.into(), rank }
    }

    #[test]
    fn each_rule_is_asked_by_its_lowest_due_rank() {
        let mut queues = Queues::default();
        queues.set(key("a", 0), Some(Moment(20)));
        queues.set(key("a", 1), Some(Moment(5)));
        queues.set(key("a", 2), Some(Moment(5)));
        queues.set(key("b", 3), Some(Moment(5)));
        assert_eq!(queues.due("offsite", Moment(10)), [&key("a", 1), &key("b", 3)]);
        assert_eq!(queues.due("offsite", Moment(20)), [&key("a", 0), &key("b", 3)]);
        assert_eq!(queues.next_due("offsite", Moment(10)), Some(Moment(20)));
        assert!(queues.due("elsewhere", Moment(99)).is_empty());
    }

    #[test]
    fn an_emptied_queue_is_forgotten() {
        let mut queues = Queues::default();
        queues.set(key("a", 0), Some(Moment(1)));
        queues.set(key("a", 0), None);
        assert!(queues.due("offsite", Moment(9)).is_empty());
        assert_eq!(queues.servers().count(), 0);
    }
}
