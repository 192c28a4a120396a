//! The command line: arguments, printing, exit codes. A file a verb; what it does is done by `control` and `app`.

mod args;
mod check;
mod completions;
mod console;
#[cfg(feature = "demo")]
mod demo;
mod exit;
mod filters;
mod hash_password;
mod init;
mod job;
mod jobs;
mod once;
mod operate;
mod pause;
mod plan;
mod probe;
mod progress;
mod receipts;
mod sendmail;
mod serve;
mod status;
mod suppressions;
mod text;
mod tokens;

use crate::telemetry;
use args::{Args, Verb};
use clap::Parser;
use console::Console;
use exit::{Exit, Failure};
use std::process::ExitCode;

/// Reads the arguments, does what they say and answers the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let name = arguments.next();
    if sendmail::is_called_by(name.as_ref()) {
        return sendmail::sendmail(arguments);
    }
    let mut arguments = arguments.peekable();
    if arguments.next_if(|first| first == "sendmail").is_some() {
        return sendmail::sendmail(arguments); // its letters are not those of our verbs
    }
    let args = Args::parse(); // wrong usage ends here, with 2
    let console = Console::new(&args);
    telemetry::init(args.verb.verbosity(args.verbose), console.ansi());
    match dispatch(&args, &console) {
        Ok(exit) => exit.into(),
        Err(failure) => console.complain(&failure).into(),
    }
}

fn dispatch(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let config = args.config.as_deref();
    match &args.verb {
        Verb::Init(wanted) => init::init(wanted, config, console),
        Verb::Check(wanted) => wait(check::check(wanted, config, console)),
        Verb::Plan(wanted) => wait(plan::plan(wanted, config, console)),
        Verb::Run => serve::run(config),
        Verb::Once(wanted) => once::once(wanted, config, console),
        #[cfg(feature = "demo")]
        Verb::Demo(wanted) => demo::demo(wanted),
        Verb::Status => wait(status::status(config, console)),
        Verb::Jobs(wanted) => wait(jobs::jobs(wanted, config, console)),
        Verb::Job(wanted) => wait(job::job(wanted, config, console)),
        Verb::Retry(wanted) => wait(operate::jobs(crate::control::JobVerb::Retry, wanted, config, console)),
        Verb::Cancel(wanted) => wait(operate::jobs(crate::control::JobVerb::Cancel, wanted, config, console)),
        Verb::Hold(wanted) => wait(operate::jobs(crate::control::JobVerb::Hold, wanted, config, console)),
        Verb::Release(wanted) => wait(operate::jobs(crate::control::JobVerb::Release, wanted, config, console)),
        Verb::MoveJobs(wanted) => wait(operate::move_jobs(wanted, config, console)),
        Verb::Pause(wanted) => wait(pause::pause(wanted, config, console)),
        Verb::Resume(wanted) => wait(pause::resume(wanted, config, console)),
        Verb::Receipts(wanted) => wait(receipts::receipts(wanted, config, console)),
        Verb::Suppressions(wanted) => wait(suppressions::suppressions(wanted, config, console)),
        Verb::Tokens(wanted) => wait(tokens::tokens(wanted, config, console)),
        Verb::HashPassword => hash_password::hash_password(console),
        Verb::Completions { shell } => completions::completions(*shell, console),
    }
}

/// One thread is enough for a verb that asks and prints.
fn wait(verb: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    serve::runtime()?.block_on(verb)
}
