//! Callers of each door: so many at once, each with its share of the messages.

use crate::{SIZE, support::servers::unpacked};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
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
    /// SMTP on this port of 127.0.0.1.
    Submission(u16),
    /// HTTP on this port of 127.0.0.1, with this token.
    Http(u16, String),
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
            Self::Submission(port) => smtp_source(*port, messages, callers),
            Self::Http(port, token) => post(*port, token, (messages, callers)),
        }
        begun.elapsed()
    }
}

/// A message request at a time over each connection, which is kept.
fn post(port: u16, token: &str, (messages, callers): (usize, usize)) {
    let text = "x".repeat(SIZE);
    let request = format!("{{\"to\":\"ada@there.example\",\"subject\":\"order\",\"text\":\"{text}\"}}");
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    );
    let whole = format!("{head}Content-Length: {}\r\n\r\n{request}", request.len());
    thread::scope(|scope| {
        for caller in 0..callers {
            let whole = &whole;
            scope.spawn(move || {
                let mut connection = BufReader::new(TcpStream::connect(("127.0.0.1", port)).unwrap());
                connection.get_ref().set_nodelay(true).unwrap();
                for _ in (caller..messages).step_by(callers) {
                    connection.get_mut().write_all(whole.as_bytes()).unwrap();
                    let (mut length, mut line) = (0, String::new());
                    connection.read_line(&mut line).unwrap();
                    assert!(line.starts_with("HTTP/1.1 202"), "{line}");
                    while line.trim() != "" {
                        line.clear();
                        connection.read_line(&mut line).unwrap();
                        if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                            length = bytes.trim().parse().unwrap();
                        }
                    }
                    connection.read_exact(&mut vec![0; length]).unwrap();
                }
            });
        }
    });
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
