//! The arguments, as clap reads them; their doc comments are what `--help` says.

use crate::{
    cli::{
        exit::CODES,
        filters::{CommonFilters, Filters},
    },
    control::Subject,
    domain::{RefTail, Scope},
    telemetry::Verbosity,
};
use clap::{Parser, Subcommand, ValueEnum};
use std::{path::PathBuf, time::Duration};

/// The heading of what goes with every verb.
const EVERYWHERE: &str = "With every verb";

/// Rules watch folders, push files to FTP servers, and every job, attempt and retry is on record.
#[derive(Debug, Parser)]
#[command(name = "packetboat", version, max_term_width = 100, after_help = CODES)]
pub struct Args {
    /// The configuration; else ./packetboat.yaml, then /etc/packetboat/packetboat.yaml
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    pub config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
    /// Print no colours, on a terminal either (so does NO_COLOR)
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub no_color: bool,
    /// Log more; RUST_LOG says it in detail
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = EVERYWHERE)]
    pub verbose: u8,
    #[command(subcommand)]
    pub verb: Verb,
}

const MOVE_EXAMPLE: &str = "Example: packetboat move-jobs --from old-nas --to new-nas --dry-run";

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
    /// Give up, or be done with what failed
    Cancel(Operate),
    /// Set aside
    Hold(Operate),
    /// Let go what was set aside
    Release(Operate),
    /// Send elsewhere what waits for a server that is no more
    ///
    /// Moved are its jobs that wait, are queued or held; queued ones are due at once there. Their paths, tries and deadlines stay
    /// theirs. A job goes only to a server of its kind. Left alone are jobs that are running (ask again when their try has ended),
    /// that have ended, and those whose path has a newer or the same job at the other server already. Files that were delivered
    /// stay where they are, and what arrives later goes where its rule says.
    #[command(after_help = MOVE_EXAMPLE)]
    MoveJobs(MoveJobs),
    /// Stop a rule or a server; arrivals are still recorded
    Pause(Pause),
    /// Start a rule or a server again
    Resume(Pause),
    /// Proof of what was delivered, newest first
    Receipts(Receipts),
    /// Addresses that no mail is sent to: list them, add one, remove one
    Suppressions(Suppressions),
    /// Who may use the HTTP door: list tokens, make one, end one
    Tokens(Tokens),
    /// Hash a password, read from stdin, for an account of the submission door
    HashPassword,
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
    /// Write instead, for systemd, that the service may write in `storage` and nowhere else
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
    /// Then try every server, FTP servers with a small file that is removed again; a webhook is connected to and told nothing
    #[arg(long, conflicts_with = "files")]
    pub probe: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
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
    /// Where the jobs are to go now; it need not be configured any more
    #[arg(long, value_name = "SERVER")]
    pub from: String,
    /// Where they are to go instead; one of packetboat.yaml
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

#[derive(Debug, clap::Args)]
pub struct Suppressions {
    #[command(subcommand)]
    pub verb: Option<SuppressionVerb>,
}

#[derive(Debug, Subcommand)]
pub enum SuppressionVerb {
    /// Send it no mail from now on; what waits is sent
    Add(AddSuppression),
    /// Send it mail again
    Remove {
        /// As `suppressions` lists it
        address: String,
    },
}

#[derive(Debug, clap::Args)]
pub struct AddSuppression {
    /// ann@example.org
    pub address: String,
    /// What its mails' failure says
    #[arg(long, default_value = "an operator wants it so")]
    pub why: String,
    /// For how long: 12h, 90d. Default: until it is removed
    #[arg(long, value_name = "SPAN", value_parser = crate::control::span)]
    pub expires: Option<Duration>,
}

#[derive(Debug, clap::Args)]
pub struct Tokens {
    #[command(subcommand)]
    pub verb: Option<TokenVerb>,
}

#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// Make one, and show it this once
    Add(AddToken),
    /// End one, at once
    Revoke {
        /// As `tokens` lists it
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub struct AddToken {
    /// Whose it is
    pub name: String,
    /// What it is good for: send (hand messages over), read (ask what became of them)
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', default_value = "send,read", value_parser = scope)]
    pub scopes: Vec<Scope>,
    /// How long it is good: 12h, 90d. Default: until it is revoked
    #[arg(long, value_name = "SPAN", value_parser = crate::control::span)]
    pub expires: Option<Duration>,
}

fn scope(word: &str) -> Result<Scope, String> {
    let words = Scope::ALL.map(Scope::word).join(", ");
    Scope::from_word(word).ok_or_else(|| format!("a scope is one of {words}"))
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
            ("packetboat tokens add", "required"),
            ("packetboat tokens add shop --scopes send,operate", "a scope is one of send, read"),
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
