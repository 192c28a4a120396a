//! How a verb ends: the exit codes, one meaning each.

use crate::{
    app::StartError,
    control::{ActError, Answer, Finding, StoreError},
};
use std::process::ExitCode;

/// What `--help` says of them.
pub const CODES: &str = "Exit codes: 0 done; 1 something failed, needs you or was left alone, or a folder was not seen whole; 2 wrong usage; \
3 configuration refused; 4 jobs still wait, or files were not taken (once); 5 the database is in use or unreadable; 6 a server could not be reached or \
refused what we need (check --probe).";

/// How a verb ended that said all it had to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// Something failed, needs a person, was not seen whole, or was left alone though it was named.
    Failed,
    Usage,
    Refused,
    /// Jobs still wait, or files were not taken.
    NotOver,
    Database,
    /// A server could not be reached, or refused what a delivery needs.
    Unreachable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::NotOver => 4,
            Exit::Database => 5,
            Exit::Unreachable => 6,
        })
    }
}

/// Why a verb could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Asked for something that makes no sense here.
    #[error("{0}")]
    Usage(String),
    #[error("the configuration is refused")]
    Configuration(Vec<Finding>),
    #[error(transparent)]
    Database(#[from] ActError),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl Failure {
    /// The code that it ends with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Configuration(_) => Exit::Refused,
            Self::Database(_) => Exit::Database,
            Self::Other(_) => Exit::Failed,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Glob(why) => Self::Usage(why.to_string()),
            error => Self::Database(error.into()),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Store(error) => error.into(),
            StartError::NoSuchRule(_) => Self::Usage(error.to_string()),
            StartError::Socket(error) => Self::Database(error.into()),
            StartError::Signals(_) => Self::Other(error.into()),
        }
    }
}

impl From<Vec<Finding>> for Failure {
    fn from(findings: Vec<Finding>) -> Self {
        Self::Configuration(findings)
    }
}

/// The other side answers what was not asked: it is of another version, say.
pub fn unasked(answer: &Answer) -> Failure {
    Failure::Other(anyhow::anyhow!("an answer to something else: {answer:?}"))
}

/// An answer that says no is a failure.
pub fn heard(answer: Answer) -> Result<Answer, Failure> {
    match answer {
        Answer::Refused { why } => Err(Failure::Usage(why)),
        Answer::Failed { why } => Err(Failure::Database(StoreError::Told(why).into())),
        answer => Ok(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_codes_that_help_has() {
        let readme = include_str!("../../README.md").replace('`', "");
        let readme: Vec<&str> = readme.split_whitespace().collect();
        assert!(readme.join(" ").contains(CODES), "README: {CODES}");
    }
}
