//! `sendmail`: a drop-in for /usr/sbin/sendmail. It leaves the message where the gateway finds it, whether that runs or not, as any user.

mod flags;

use crate::control::maildrop;
use flags::Flags;
use std::{
    ffi::OsString,
    fs,
    io::{self, IsTerminal, Read, Write},
    path::Path,
    process::ExitCode,
};

/// Whether the program was called by that name.
pub(super) fn is_called_by(name: Option<&OsString>) -> bool {
    name.is_some_and(|name| Path::new(name).file_name().is_some_and(|name| name == "sendmail"))
}

/// sysexits.h: what callers know.
const USAGE: u8 = 64;
const DATA: u8 = 65;
const UNAVAILABLE: u8 = 69;
const TEMPORARY: u8 = 75;

/// Bytes of a message: the gateway has a limit of its own, and says so.
const LARGEST: u64 = 256 << 20;

/// Why nothing was left.
struct Failed(u8, String);

/// Takes a message from stdin.
pub(super) fn sendmail(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(code, why)) => {
            eprintln!("sendmail: {why}");
            ExitCode::from(code)
        }
    }
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<(), Failed> {
    let flags = Flags::parse(arguments).map_err(|wrong| Failed(USAGE, wrong.to_string()))?;
    let is_verbose = flags.is_verbose;
    if is_verbose && !flags.unknown.is_empty() {
        eprintln!("sendmail: not known here, and left out: {}", flags.unknown.join(" "));
    }
    let message = read(flags.ignores_dots)?;
    let mut recipients = flags.recipients;
    if flags.reads_recipients {
        let named = maildrop::recipients(&message).map_err(|why| Failed(DATA, why))?;
        recipients.extend(named);
    }
    if recipients.is_empty() {
        return Err(Failed(USAGE, "it is for nobody: name recipients, or `-t` for those of the header".to_owned()));
    }
    let given = maildrop::Given { sender: flags.sender.unwrap_or_else(user), full_name: flags.full_name, recipients };
    let folder = maildrop::folder(flags.config.as_deref().map(Path::new));
    let id = maildrop::leave(&folder, &given, &message).map_err(|why| {
        let code = if why.kind() == io::ErrorKind::NotFound { UNAVAILABLE } else { TEMPORARY };
        Failed(code, format!("the message cannot be left in {}: {why}", folder.display()))
    })?;
    if is_verbose || io::stdout().is_terminal() {
        let _ = writeln!(io::stdout(), "{id}"); // it is left all the same
    }
    Ok(())
}

/// All of stdin, or up to a line with a dot alone.
fn read(ignores_dots: bool) -> Result<Vec<u8>, Failed> {
    let mut message = Vec::new();
    let read = io::stdin().lock().take(LARGEST + 1).read_to_end(&mut message);
    read.map_err(|why| Failed(TEMPORARY, format!("the message cannot be read: {why}")))?;
    if message.len() as u64 > LARGEST {
        return Err(Failed(DATA, format!("the message has more than {LARGEST} bytes")));
    }
    if !ignores_dots {
        let mut end = 0;
        for line in message.split_inclusive(|byte| *byte == b'\n') {
            if matches!(line, b".\n" | b".\r\n" | b".") {
                break;
            }
            end += line.len();
        }
        message.truncate(end);
    }
    Ok(message)
}

/// Who calls: the gateway goes by the owner of the file, this is only what recipients see.
fn user() -> String {
    let uid = rustix::process::getuid().as_raw().to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default(); // who is of another directory says `-f`, or who LOGNAME is
    let named = users.lines().find_map(|line| named(line, &uid)).map(str::to_owned);
    let named = named.or_else(|| std::env::var("LOGNAME").ok().filter(|name| !name.is_empty()));
    named.unwrap_or_else(|| format!("uid{uid}"))
}

/// The name in a line of passwd(5), if it is this user's.
fn named<'a>(line: &'a str, uid: &str) -> Option<&'a str> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    (fields.nth(1) == Some(uid)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_by_his_number_alone() {
        for (line, uid, name) in [
            ("ann:x:1000:1000:Ann:/home/ann:/bin/sh", "1000", Some("ann")),
            ("ann:x:10:1000:1000:/home/ann:/bin/sh", "1000", None),
            (":x:1000:1000::/:/bin/sh", "1000", None),
            ("", "1000", None),
        ] {
            assert_eq!(named(line, uid), name, "{line}");
        }
    }
}
