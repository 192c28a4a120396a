//! A map read key by key: unknown, repeated, missing and not yet built keys are found here, for every map of the language.

use super::{
    keys::{Form, Table},
    sheet::{Problem, Sheet, Span},
    suggest,
    yaml::{self, Entry, Node, Value},
};
use std::collections::BTreeMap;

/// Keys of a map that are compared with a missing one; no table has more.
const MOST_KEYS: usize = 100;

/// A map of a file and the table it is read by.
pub struct Fields<'a> {
    sheet: &'a Sheet,
    table: &'static Table,
    entries: &'a [Entry],
    /// Where the map is spoken of when something is missing in it.
    at: Span,
}

impl<'a> Fields<'a> {
    /// Opens `node` as the map that `table` describes and reports every key that does not belong there; a value left
    /// empty counts as an empty map.
    pub fn open(sheet: &'a Sheet, table: &'static Table, at: &Span, node: &'a Node) -> Option<Self> {
        let entries = match &node.value {
            Value::Map(entries) => entries.as_slice(),
            _ if node.is_null() => &[],
            _ => {
                let problem = Problem::error(&node.at, format!("{}, expected a map", node.kind_word()));
                sheet.report(problem.hint(format!("keys of {}: {}", table.name, built_keys(table))));
                return None;
            }
        };
        let fields = Self { sheet, table, entries, at: at.clone() };
        let mut seen = BTreeMap::new();
        for Entry { key, .. } in entries.iter().take_while(|_| !sheet.is_full()) {
            fields.check_key(key, &mut seen);
        }
        fields.check_missing();
        Some(fields)
    }

    /// A map in which nothing is written.
    pub fn empty(sheet: &'a Sheet, table: &'static Table) -> Self {
        Self { sheet, table, entries: &[], at: 0..0 }
    }

    /// The map under a key that may be left out: then it is empty, and its keys have their defaults.
    pub fn map(&self, name: &str, table: &'static Table) -> Option<Fields<'a>> {
        match self.entry(name) {
            Some(Entry { key, value }) => Self::open(self.sheet, table, &key.at, value),
            None => Some(Self { sheet: self.sheet, table, entries: &[], at: self.at.clone() }),
        }
    }

    /// The value of a key that is required or has a default; `None` when it is faulty, which is reported.
    pub fn need<T>(&self, name: &str, read: impl FnOnce(&Sheet, &Node) -> Option<T>) -> Option<T> {
        if let Some(node) = self.value(name) {
            return read(self.sheet, node);
        }
        match self.table.key(name)?.form {
            Form::Default(text) => read(self.sheet, &yaml::literal(text)?),
            _ => None,
        }
    }

    /// The value of a key that may be left out; `None` when it is, or is faulty, which is reported.
    pub fn may<T>(&self, name: &str, read: impl FnOnce(&Sheet, &Node) -> Option<T>) -> Option<T> {
        read(self.sheet, self.value(name)?)
    }

    /// The value of a key that may be left out: then it is `unwritten`; `None` when it is faulty, which is reported.
    pub fn or<T>(&self, name: &str, unwritten: T, read: impl FnOnce(&Sheet, &Node) -> Option<T>) -> Option<T> {
        match self.value(name) {
            Some(node) => read(self.sheet, node),
            None => Some(unwritten),
        }
    }

    /// What is written for a key.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&'a Node> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// Key and value, as they are written.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key.as_text() == Some(name))
    }

    /// How many keys are written, known or not.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Whether this key is neither written nor meant by one that is misspelt.
    #[must_use]
    pub fn lacks(&self, name: &str) -> bool {
        !self.entries.iter().take(MOST_KEYS).any(|entry| self.is_meant(entry, name))
    }

    /// The keys of the table that are written, in their order.
    pub fn written(&self) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(|entry| entry.key.as_text().is_some_and(|name| self.table.key(name).is_some()))
    }

    /// What is found about the map as a whole.
    pub fn told<T>(&self, tell: impl FnOnce(&Sheet) -> T) -> T {
        tell(self.sheet)
    }

    /// Where the map is spoken of.
    #[must_use]
    pub fn at(&self) -> &Span {
        &self.at
    }

    fn check_key(&self, key: &'a Node, seen: &mut BTreeMap<&'a str, &'a Span>) {
        let Some(name) = key.as_text() else {
            let problem = Problem::error(&key.at, format!("{}, expected a key", key.kind_word()));
            return self.sheet.report(problem.hint(format!("keys of {}: {}", self.table.name, built_keys(self.table))));
        };
        if let Some(first) = seen.get(name) {
            let place = self.sheet.place(first, Some("here first"));
            let problem = Problem::error(&key.at, format!("`{name}` stands here twice")).related(place);
            return self.sheet.report(problem.hint("keep one of the two"));
        }
        seen.insert(name, &key.at);
        match self.table.key(name).map(|key| key.form) {
            None => {
                let problem = Problem::error(&key.at, format!("unknown key `{name}`"));
                self.sheet.report(problem.hint(self.suggestion(name)));
            }
            Some(Form::NotYet(way_out)) => {
                self.sheet.report(Problem::error(&key.at, format!("`{name}` is not built yet")).hint(way_out));
            }
            Some(_) => {}
        }
    }

    fn suggestion(&self, name: &str) -> String {
        if let Some((_, instead)) = self.table.moved.iter().find(|(written, _)| *written == name) {
            return (*instead).to_owned();
        }
        let near = suggest::nearest(name, self.table.built().map(|key| key.name));
        match near.and_then(|near| self.table.key(near)) {
            Some(key) => match key.form {
                Form::Default(value) => format!("did you mean `{}`? (default {value})", key.name),
                _ => format!("did you mean `{}`?", key.name),
            },
            None => format!("keys of {}: {}", self.table.name, built_keys(self.table)),
        }
    }

    fn check_missing(&self) {
        for key in self.table.keys.iter().filter(|key| matches!(key.form, Form::Required) && self.lacks(key.name)) {
            let problem = Problem::error(&self.at, format!("`{}` is missing in {}", key.name, self.table.name));
            self.sheet.report(problem.hint(format!("add `{}: …`", key.name)));
        }
    }

    /// Whether this key is `name`, or is going to be once it is spelt as suggested: one mistake is one finding.
    fn is_meant(&self, entry: &Entry, name: &str) -> bool {
        let Some(written) = entry.key.as_text() else { return false };
        let suggested = || self.suggestion(written).contains(&format!("`{name}`"));
        written == name || (self.table.key(written).is_none() && suggested())
    }
}

fn built_keys(table: &Table) -> String {
    table.built().map(|key| key.name).collect::<Vec<_>>().join(" ")
}
