//! `hash-password`: what packetboat.yaml keeps in place of an account's password.

use crate::{
    cli::{
        console::Console,
        exit::{Exit, Failure},
    },
    control::Passwords,
};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde::Serialize;
use std::io::{self, BufRead, IsTerminal};

#[derive(Debug, Serialize)]
struct Hashed {
    password_hash: String,
}

/// Reads a line, unseen where somebody types it, and prints its hash.
pub fn hash_password(console: &Console) -> Result<Exit, Failure> {
    let password = read().map_err(|why| Failure::Other(anyhow::anyhow!("the password cannot be read: {why}")))?;
    let hash = Passwords::hash(password.trim_end_matches(['\r', '\n']));
    let password_hash = hash.map_err(|why| Failure::Usage(why.to_string()))?;
    let hashed = Hashed { password_hash };
    console.answer(&hashed, || format!("{}\n", hashed.password_hash))?;
    Ok(Exit::Done)
}

fn read() -> io::Result<String> {
    let stdin = io::stdin();
    let mut line = String::new();
    if !stdin.is_terminal() {
        stdin.lock().read_line(&mut line)?;
        return Ok(line);
    }
    eprint!("Password: ");
    let seen = tcgetattr(&stdin)?;
    let mut unseen = seen.clone();
    unseen.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &unseen)?;
    let read = stdin.lock().read_line(&mut line);
    tcsetattr(&stdin, OptionalActions::Flush, &seen)?;
    eprintln!();
    read.map(|_| line)
}
