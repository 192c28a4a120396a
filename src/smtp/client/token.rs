//! `token_command`: a program of the operator's that prints a token, run for each login, without a shell.

use crate::{
    config::Secret,
    smtp::client::{
        Error,
        reply::{hide, shortened},
    },
};
use std::{process::Stdio, time::Duration};
use tokio::{process::Command, time::timeout};

/// How long it may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Runs `command` and returns what it prints, without the white space around it. Of what it prints nothing is in the error, but the
/// first line of its standard error.
pub(super) async fn fetch(command: &[String], patience: Duration) -> Result<Secret, Error> {
    let program = command.first().map(String::as_str).unwrap_or_default();
    let failed = |why: String| Error::NoToken(format!("`token_command` {program}: {why}"));
    let run = Command::new(program).args(command.iter().skip(1)).stdin(Stdio::null()).kill_on_drop(true).output();
    let run = timeout(patience, run).await;
    let output = run
        .map_err(|_| failed(format!("it has not ended within {} s", patience.as_secs_f32())))?
        .map_err(|error| failed(error.to_string()))?;
    let token = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Secret::new(token));
    }
    if output.status.success() {
        return Err(failed("it printed no token, or more than one".to_owned()));
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let complaint = hide(complaint.lines().next().unwrap_or_default().trim().to_owned(), &[Secret::new(token)]);
    Err(failed(shortened(format!("{}: {complaint}", output.status))))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn tried(script: &str, patience: Duration) -> Result<String, String> {
        let command = ["/bin/sh", "-c", script].map(str::to_owned);
        let fetched = fetch(&command, patience).await;
        fetched.map(|token| token.reveal().to_owned()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_token_is_what_is_printed() {
        for (script, expected) in [
            ("echo; echo ' ya29.token '; echo aside >&2", Ok("ya29.token")),
            ("exit 0", Err("`token_command` /bin/sh: it printed no token, or more than one")),
            ("echo one; echo two", Err("`token_command` /bin/sh: it printed no token, or more than one")),
            (
                "echo ya29.token; echo no ya29.token for you >&2; echo more >&2; exit 3",
                Err("`token_command` /bin/sh: exit status: 3: no ******* for you"),
            ),
        ] {
            let found = tried(script, PATIENCE).await;
            assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned));
        }
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_given_up() {
        let patience = Duration::from_millis(50);
        let expected = "`token_command` /bin/sh: it has not ended within 0.05 s";
        assert_eq!(tried("exec tail -f /dev/null", patience).await, Err(expected.to_owned()));
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let error = fetch(&["/no/such/program".to_owned()], PATIENCE).await.unwrap_err();
        assert!(error.to_string().starts_with("`token_command` /no/such/program: No such file"), "{error}");
    }
}
