//! `pause` and `resume`: a rule or a server.

use crate::{
    cli::{
        args::Pause,
        console::Console,
        exit::{Exit, Failure, heard, unasked},
        text::plural,
    },
    control::{self, Answer, Command, Site, Subject},
};
use std::path::Path;

/// Stops it.
pub async fn pause(wanted: &Pause, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let answer = ask(config, wanted, |what| Command::Pause { what }).await?;
    let text = match &answer {
        Answer::Rule { rule, jobs } => format!("{rule} is paused; {} held\n", plural(*jobs, "job")),
        Answer::Server { server } => format!("{server} is paused; what runs ends its try\n"),
        other => return Err(unasked(other)),
    };
    console.answer(&answer, || text)?;
    Ok(Exit::Done)
}

/// Starts it again.
pub async fn resume(wanted: &Pause, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let answer = ask(config, wanted, |what| Command::Resume { what }).await?;
    let text = match &answer {
        Answer::Rule { rule, jobs } => format!("{rule} goes on; {} let go\n", plural(*jobs, "job")),
        Answer::Server { server } => format!("{server} goes on\n"),
        other => return Err(unasked(other)),
    };
    console.answer(&answer, || text)?;
    Ok(Exit::Done)
}

async fn ask(config: Option<&Path>, wanted: &Pause, make: fn(Subject) -> Command) -> Result<Answer, Failure> {
    let site = Site::find(config)?;
    let subject = wanted.subject().ok_or_else(|| Failure::Usage("say which rule or server".into()))?;
    heard(control::act(&site.storage, site.known.clone(), &make(subject)).await?)
}
