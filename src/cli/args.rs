//! The arguments, as clap reads them; their doc comments are what `--help` says.

use crate::{
    cli::exit::CODES,
    control::{self, JobFilter, ReceiptFilter, Subject},
    domain::{JobState, Moment, RefTail},
    telemetry::Verbosity,
};
use clap::{Parser, Subcommand, ValueEnum};
use std::{path::PathBuf, time::Duration};

/// Rules watch folders, push files to FTP servers, and every job, attempt and retry is on record.
#[derive(Debug, Parser)]
#[command(name = "packetboat", version, max_term_width = 100, after_help = CODES)]
pub struct Args {
    /// The configuration; else ./packetboat.yaml, then /etc/packetboat/packetboat.yaml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Print no colours, on a terminal either (so does NO_COLOR)
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Log more; RUST_LOG says it in detail
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write a commented packetboat.yaml and a first rule
    Init(Init),
    /// Find every mistake in the configuration
    Check(Check),
    /// Say what would be done now, and do nothing
    Plan(Plan),
    /// Serve until stopped
    Run,
    /// Do what is due, then exit with a code that tells
    Once(Once),
    /// See it work, with a remote server of its own
    #[cfg(feature = "demo")]
    Demo(Demo),
    /// Is everything all right? Exits 1 when something needs you
    Status,
    /// List jobs, newest first
    Jobs(Jobs),
    /// Show one job with every attempt and the server's words
    Job(Job),
    /// Try again now
    Retry(Operate),
    /// Give up
    Cancel(Operate),
    /// Set aside
    Hold(Operate),
    /// Let go what was set aside
    Release(Operate),
    /// Send elsewhere what waits for a server that is no more
    MoveJobs(MoveJobs),
    /// Stop a rule or a server; arrivals are still recorded
    Pause(Pause),
    /// Start a rule or a server again
    Resume(Pause),
    /// Proof of what was delivered, newest first
    Receipts(Receipts),
    /// Print a completion script
    Completions { shell: clap_complete::Shell },
}

impl Verb {
    /// What is logged unless RUST_LOG says otherwise.
    pub fn verbosity(&self, verbose: u8) -> Verbosity {
        match verbose {
            0 if matches!(self, Self::Run) => Verbosity::Serving,
            0 => Verbosity::Quiet,
            _ => Verbosity::Loud,
        }
    }
}

#[derive(Debug, clap::Args)]
pub struct Init {
    /// Write instead, for systemd, which folders the service may write; from the rules there are
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = crate::cli::init::DROP_IN)]
    pub systemd: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Plan {
    /// This rule alone
    #[arg(value_name = "RULE")]
    pub rule: Option<String>,
    /// At most so many files of a rule; 0: all
    #[arg(long, default_value_t = 200)]
    pub limit: usize,
}

#[derive(Debug, clap::Args)]
pub struct Once {
    /// Of this rule alone
    #[arg(value_name = "RULE")]
    pub rule: Option<String>,
}

#[cfg(feature = "demo")]
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// End when every file has arrived and been compared
    #[arg(long)]
    pub once: bool,
}

#[derive(Debug, clap::Args)]
pub struct Check {
    /// Tell of these files alone
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How the findings are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Then try every server, with a small file that is removed again
    #[arg(long, conflicts_with = "files")]
    pub probe: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
}

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
        let common = &self.common;
        JobFilter {
            states: self.state.clone(),
            rule: common.rule.clone(),
            server: common.server.clone(),
            name: common.name.clone(),
            to: common.to.clone(),
            since: common.since.map(|span| now.minus(span)),
            text: common.text.clone(),
        }
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

#[derive(Debug, clap::Args)]
pub struct Jobs {
    #[command(flatten)]
    pub filters: Filters,
    /// At most so many; 0: all
    #[arg(long, default_value_t = 200)]
    pub limit: u64,
}

#[derive(Debug, clap::Args)]
pub struct Job {
    /// As `jobs` prints it
    pub id: RefTail,
    /// Show every attempt
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, clap::Args)]
pub struct Operate {
    /// As `jobs` prints them
    #[arg(value_name = "ID")]
    pub ids: Vec<RefTail>,
    #[command(flatten)]
    pub filters: Filters,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, clap::Args)]
pub struct MoveJobs {
    #[arg(long, value_name = "SERVER")]
    pub from: String,
    #[arg(long, value_name = "SERVER")]
    pub to: String,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Pause {
    /// A rule or a server
    pub name: Option<String>,
    /// A rule whose name a server has too
    #[arg(long)]
    pub rule: Option<String>,
    /// A server whose name a rule has too
    #[arg(long)]
    pub server: Option<String>,
}

impl Pause {
    /// What is meant; clap lets exactly one through.
    pub fn subject(&self) -> Option<Subject> {
        let named = self.name.clone().map(Subject::Named);
        named.or(self.rule.clone().map(Subject::Rule)).or(self.server.clone().map(Subject::Server))
    }
}

#[derive(Debug, clap::Args)]
pub struct Receipts {
    #[command(flatten)]
    pub filters: CommonFilters,
    /// At most so many; 0: all. 200 unless --csv
    #[arg(long)]
    pub limit: Option<u64>,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn wrong_usage_is_told_with_what_is_right() {
        for (line, says) in [
            ("packetboat frobnicate", "unrecognized subcommand"),
            ("packetboat jobs --state lost", "waiting, queued, running"),
            ("packetboat jobs --since yesterday", "500ms, 10s, 5m, 24h or 7d"),
            ("packetboat job 8f3k2", "eight letters and digits"),
            ("packetboat pause", "required"),
            ("packetboat pause a --rule b", "cannot be used with"),
            ("packetboat receipts --csv --json", "cannot be used with"),
        ] {
            let error = Args::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(error.to_string().contains(says), "{line}: {error}");
        }
    }

    #[test]
    fn the_same_filters_go_with_every_verb_that_acts_on_many() {
        for verb in ["jobs", "retry", "cancel", "hold", "release"] {
            let line = format!(
                "packetboat {verb} --state failed,held --rule r --server s --name * --to * --since 2d --text t --json"
            );
            let args = Args::try_parse_from(line.split(' ')).unwrap();
            assert!(args.json);
        }
    }
}
