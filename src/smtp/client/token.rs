//! `token_command`: a program of the operator's that prints a token, run for each login, without a shell.

use crate::{
    config::Secret,
    smtp::client::{
        Error,
        reply::{hide, hide_parts, shortened},
    },
};
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    io::AsyncReadExt,
    process::Command,
    time::{Instant, sleep_until, timeout},
};

/// How long it may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// More than any token has, in bytes.
const MOST: usize = 64 * 1024;
/// What it said before it ended is there by then: whoever it left behind may hold its output open for longer.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Runs `command` and returns what it prints, without the white space around it. Of what it prints nothing is in the error, but the
/// first line of its standard error.
pub(super) async fn fetch(command: &[String], patience: Duration) -> Result<Secret, Error> {
    let program = command.first().map(String::as_str).unwrap_or_default();
    let failed = |why: String| Error::NoToken(format!("`token_command` {program}: {why}"));
    let printed = timeout(patience, run(program, command.get(1..).unwrap_or_default())).await;
    let printed = printed
        .map_err(|_| failed(format!("it has not ended within {} s", patience.as_secs_f32())))?
        .map_err(|error| failed(error.to_string()))?;
    let token = String::from_utf8_lossy(&printed.output).trim().to_owned();
    if printed.output.len() > MOST {
        return Err(failed("it prints more than a token".to_owned()));
    }
    if printed.status.success() && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Secret::new(token));
    }
    if printed.status.success() {
        return Err(failed("it printed no token, or more than one".to_owned()));
    }
    let complaint = String::from_utf8_lossy(&printed.complaint);
    let token = [Secret::new(token)];
    let complaint = hide(complaint.lines().next().unwrap_or_default().trim().to_owned(), &token);
    Err(failed(shortened(format!("{}: {}", printed.status, hide_parts(&complaint, &token)))))
}

struct Printed {
    status: ExitStatus,
    /// More than [`MOST`]: it was not waited for.
    output: Vec<u8>,
    complaint: Vec<u8>,
}

/// Dropped before it is over, it takes the program and all that this has started with it.
async fn run(program: &str, arguments: &[String]) -> std::io::Result<Printed> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
    let missing = || std::io::Error::other("its output cannot be read");
    let mut stdout = child.stdout.take().ok_or_else(missing)?;
    let mut stderr = child.stderr.take().ok_or_else(missing)?;
    let (mut output, mut complaint, mut passed_over) = (Vec::new(), Vec::new(), [0; 4096]);
    let (mut is_open, mut status, mut until) = ([true, true], None, Instant::now());
    while status.is_none() || is_open.contains(&true) {
        tokio::select! {
            read = stdout.read_buf(&mut output), if is_open[0] => is_open[0] = read? > 0,
            read = stderr.read(&mut passed_over), if is_open[1] => {
                let read = &passed_over[..read?];
                is_open[1] = !read.is_empty();
                complaint.extend_from_slice(&read[..read.len().min(MOST - complaint.len())]);
            }
            ended = child.wait(), if status.is_none() => (status, until) = (Some(ended?), Instant::now() + LAST_WORDS),
            () = sleep_until(until), if status.is_some() => break,
        }
        if output.len() > MOST {
            return Ok(Printed { status: ExitStatus::default(), output, complaint });
        }
    }
    group.0 = None; // what it left running on purpose goes on
    Ok(Printed { status: status.unwrap_or_default(), output, complaint })
}

/// Programs that end with this.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL); // it has ended
        }
    }
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
    async fn a_program_that_prints_without_end_is_given_up_at_once() {
        let expected = "`token_command` /bin/sh: it prints more than a token";
        assert_eq!(tried("exec yes", PATIENCE).await, Err(expected.to_owned()));
    }

    #[tokio::test]
    async fn what_it_leaves_running_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("left");
        let script = format!("tail -f /dev/null & echo $! > {}; echo ya29.token", left.display());
        assert_eq!(tried(&script, PATIENCE).await.as_deref(), Ok("ya29.token"));
        let left: i32 = std::fs::read_to_string(left).unwrap().trim().parse().unwrap();
        rustix::process::kill_process(Pid::from_raw(left).unwrap(), Signal::KILL).unwrap(); // it went on
    }

    #[tokio::test]
    async fn what_it_has_started_is_given_up_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        // whoever reads the pipe sees its end once nobody has it open for writing
        let script = format!("tail -f /dev/null > {} & wait", pipe.display());
        let reader = tokio::task::spawn_blocking(move || std::fs::read(pipe).unwrap());
        tried(&script, Duration::from_secs(2)).await.unwrap_err();
        assert_eq!(reader.await.unwrap(), b"");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let error = fetch(&["/no/such/program".to_owned()], PATIENCE).await.unwrap_err();
        assert!(error.to_string().starts_with("`token_command` /no/such/program: No such file"), "{error}");
    }
}
