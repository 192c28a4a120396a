//! Callers of each door: so many at once, each with its share of the messages.

use crate::{SIZE, support::servers::unpacked};
use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How messages are handed over.
#[derive(Debug, Clone)]
pub enum Way {
    /// A call of this program with these environment variables for each message.
    Sendmail { program: PathBuf, arguments: Vec<String>, environment: Vec<(&'static str, String)> },
    /// Files renamed into this folder.
    Spool(PathBuf),
}

impl Way {
    /// Hands messages over; how long until the last of them was acknowledged.
    pub fn hand_over(&self, messages: usize, callers: usize) -> Duration {
        let begun = Instant::now();
        match self {
            Self::Sendmail { program, arguments, environment } => at_once(messages, callers, |_| {
                let mut command = Command::new(program);
                command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
                let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
                child.stdin.take().unwrap().write_all(message().as_bytes()).unwrap();
                assert!(child.wait().unwrap().success());
            }),
            Self::Spool(folder) => {
                at_once(messages, callers, |number| {
                    let written = folder.join(format!(".{number}"));
                    fs::write(&written, message()).unwrap();
                    fs::rename(written, folder.join(format!("{number}.eml"))).unwrap();
                });
                // Acknowledged is what has gone; its folders stay.
                while fs::read_dir(folder).unwrap().any(|entry| entry.unwrap().file_type().unwrap().is_file()) {
                    thread::park_timeout(Duration::from_millis(20));
                }
            }
        }
        begun.elapsed()
    }
}

/// `callers` threads, each with its share.
fn at_once(messages: usize, callers: usize, hand_over: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        for caller in 0..callers {
            let hand_over = &hand_over;
            scope.spawn(move || (caller..messages).step_by(callers).for_each(hand_over));
        }
    });
}

fn message() -> String {
    let line = format!("{}\n", "x".repeat(76));
    format!("From: gate@here.example\nTo: ada@there.example\nSubject: order\n\n{}", line.repeat(SIZE / line.len()))
}

/// `-d`: its connections are kept.
pub fn smtp_source(port: u16, messages: usize, sessions: usize) {
    let mut command = Command::new(unpacked::root().join("usr/sbin/smtp-source"));
    command.env("LD_LIBRARY_PATH", unpacked::libraries()).stdin(Stdio::null());
    command.args(["-d", "-s", &sessions.to_string(), "-m", &messages.to_string(), "-l", &SIZE.to_string()]);
    command.args(["-f", "gate@here.example", "-t", "ada@there.example", &format!("127.0.0.1:{port}")]);
    assert!(command.status().unwrap().success());
}
