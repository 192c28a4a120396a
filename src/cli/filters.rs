//! The filters, as clap reads them: the same for `jobs`, `receipts` and the verbs that act on many.

use crate::{
    control::{self, JobFilter, ReceiptFilter},
    domain::{JobState, Moment},
};
use std::time::Duration;

/// The filters of `jobs` and of the verbs that act on many.
#[derive(Debug, clap::Args)]
pub struct Filters {
    /// In one of these states: waiting, queued, running, held, delivered, failed, cancelled
    #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = state)]
    pub state: Vec<JobState>,
    #[command(flatten)]
    pub common: CommonFilters,
}

/// The filters that receipts have too.
#[derive(Debug, clap::Args)]
pub struct CommonFilters {
    /// Of this rule
    #[arg(long)]
    pub rule: Option<String>,
    /// For this server
    #[arg(long)]
    pub server: Option<String>,
    /// Whose source matches; without `/` its name does, else its path
    #[arg(long, value_name = "GLOB")]
    pub name: Option<String>,
    /// Whose path on the server matches
    #[arg(long, value_name = "GLOB")]
    pub to: Option<String>,
    /// Ended, or arrived and still open, no longer ago: 30m, 12h, 2d
    #[arg(long, value_name = "SPAN", value_parser = control::span)]
    pub since: Option<Duration>,
    /// Whose source, target or last words contain this
    #[arg(long)]
    pub text: Option<String>,
}

fn state(word: &str) -> Result<JobState, String> {
    let words = JobState::ALL.map(JobState::word).join(", ");
    JobState::from_word(word).ok_or_else(|| format!("a state is one of {words}"))
}

impl Filters {
    /// As the store knows them.
    pub fn at(&self, now: Moment) -> JobFilter {
        let ReceiptFilter { rule, server, name, to, since, text } = self.common.at(now);
        JobFilter { states: self.state.clone(), rule, server, name, to, since, text }
    }
}

impl CommonFilters {
    /// As the store knows them.
    pub fn at(&self, now: Moment) -> ReceiptFilter {
        ReceiptFilter {
            rule: self.rule.clone(),
            server: self.server.clone(),
            name: self.name.clone(),
            to: self.to.clone(),
            since: self.since.map(|span| now.minus(span)),
            text: self.text.clone(),
        }
    }
}
