//! Which jobs are meant: the filters of `jobs` and of the verbs that act on many. What an index can answer is SQL; globs and
//! texts are matched here, over bytes, with the meaning that they have in rules.

use crate::domain::{Globs, JobState, Moment};
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Sqlite};

/// All that are given must hold; none given means every job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobFilter {
    /// Any of these.
    pub states: Vec<JobState>,
    pub rule: Option<String>,
    pub server: Option<String>,
    /// A glob on the source: without `/` on its name, else on its path below the rule's folder.
    pub name: Option<String>,
    /// A glob on the target, with the same meaning, or on the recipient.
    pub to: Option<String>,
    /// Ended since, or still open and arrived since.
    pub since: Option<Moment>,
    /// Found in the source's path, the target or the last words; upper and lower case are one.
    pub text: Option<String>,
}

/// A pattern that is none.
#[derive(Debug, thiserror::Error)]
#[error("`{pattern}` is {why}")]
pub struct NotAGlob {
    pub pattern: String,
    pub why: String,
}

impl JobFilter {
    /// Nothing was asked for: a verb that acts refuses this.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The part that is matched over rows.
    pub(super) fn sieve(&self) -> Result<Sieve, NotAGlob> {
        Sieve::new(self.name.as_deref(), self.to.as_deref(), self.text.as_deref())
    }

    /// Appends `WHERE …` over `jobs j`, in the words that let an index be used.
    pub(super) fn push_where(&self, sql: &mut QueryBuilder<Sqlite>) {
        sql.push(" WHERE 1");
        if let [state] = self.states[..] {
            sql.push(format!(" AND j.state = '{}'", state.word()));
        } else if !self.states.is_empty() {
            let words: Vec<_> = self.states.iter().map(|state| format!("'{}'", state.word())).collect();
            sql.push(format!(" AND j.state IN ({})", words.join(", ")));
        }
        let all_ended = !self.states.is_empty() && self.states.iter().all(|state| state.is_ended());
        if all_ended {
            sql.push(" AND j.ended_at IS NOT NULL");
        }
        match &self.rule {
            Some(rule) => _ = sql.push(" AND j.rule = ").push_bind(rule.clone()),
            None if all_ended => _ = sql.push(" AND j.rule IN (").push(rules_with_ended_jobs!()).push(")"),
            None => {}
        }
        if let Some(server) = &self.server {
            sql.push(" AND j.server = ").push_bind(server.clone());
        }
        if let Some(since) = self.since {
            sql.push(" AND (j.ended_at >= ").push_bind(since.0);
            if !all_ended {
                sql.push(" OR (j.ended_at IS NULL AND (SELECT arrived_at FROM arrivals WHERE id = j.arrival_id) >= ")
                    .push_bind(since.0)
                    .push(")");
            }
            sql.push(")");
        }
    }
}

/// The rules that have ended jobs, by one seek each where DISTINCT would read them all.
macro_rules! rules_with_ended_jobs {
    () => {
        "WITH RECURSIVE ended(rule) AS (
           SELECT min(rule) FROM jobs WHERE ended_at IS NOT NULL
           UNION ALL
           SELECT (SELECT min(rule) FROM jobs WHERE ended_at IS NOT NULL AND rule > ended.rule) FROM ended
            WHERE ended.rule IS NOT NULL)
         SELECT rule FROM ended WHERE rule IS NOT NULL"
    };
}
pub(in crate::store) use rules_with_ended_jobs;

/// What is left to be matched once a row is here.
#[derive(Debug)]
pub(super) struct Sieve {
    name: Option<Globs>,
    to: Option<Globs>,
    text: Option<String>,
}

impl Sieve {
    /// Globs of the source and of the target, and a text.
    pub(super) fn new(name: Option<&str>, to: Option<&str>, text: Option<&str>) -> Result<Self, NotAGlob> {
        Ok(Self { name: name.map(glob).transpose()?, to: to.map(glob).transpose()?, text: text.map(str::to_lowercase) })
    }

    /// Lets every row through.
    pub(super) fn is_open(&self) -> bool {
        self.name.is_none() && self.to.is_none() && self.text.is_none()
    }

    pub(super) fn lets_through(&self, name: &[u8], to: &[u8], said: &str) -> bool {
        let holds = |text: &String| {
            [name, to, said.as_bytes()].iter().any(|bytes| String::from_utf8_lossy(bytes).to_lowercase().contains(text))
        };
        self.name.as_ref().is_none_or(|glob| glob.matches(name))
            && self.to.as_ref().is_none_or(|glob| glob.matches(to))
            && self.text.as_ref().is_none_or(holds)
    }
}

fn glob(pattern: &str) -> Result<Globs, NotAGlob> {
    Globs::new([pattern]).map_err(|why| NotAGlob { pattern: pattern.to_owned(), why: why.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_is_none_is_named() {
        let filter = JobFilter { name: Some("[a".into()), ..JobFilter::default() };
        assert!(filter.sieve().unwrap_err().to_string().starts_with("`[a` is not a glob: "));
    }

    #[test]
    fn a_text_is_looked_for_in_source_target_and_last_words() {
        let sieve = JobFilter { text: Some("QuoTa".into()), ..JobFilter::default() }.sieve().unwrap();
        assert!(sieve.lets_through(b"a", b"b", "552 Quota exceeded"));
        assert!(sieve.lets_through(b"x/quota.txt", b"b", ""));
        assert!(!sieve.lets_through(b"a", b"b", "550 no"));
    }
}
