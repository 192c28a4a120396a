//! Where verbs print: text or JSON, coloured or not, as wide as the terminal is.

use crate::{
    cli::{
        args::Args,
        exit::{Exit, Failure},
        text::{Calendar, Ink, Painter, json},
    },
    clock::Clock,
    control,
    telemetry::Ansi,
};
use chrono_tz::Tz;
use serde::Serialize;
use std::{
    ffi::OsStr,
    io::{self, IsTerminal, Write},
};

/// How the answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Text,
    Json,
}

/// What the arguments and the terminal ask for.
#[derive(Debug)]
pub struct Console {
    pub shape: Shape,
    pub painter: Painter,
    /// Cells of the terminal; `None`: it is none, nothing is cut.
    pub fit: Option<usize>,
    /// For errors, which go to another place.
    complainer: Painter,
}

impl Console {
    /// For these arguments on this terminal.
    pub fn new(args: &Args) -> Self {
        let no_color = std::env::var_os("NO_COLOR");
        let painter = |is_terminal| painter(args, no_color.as_deref(), is_terminal);
        let fit = if io::stdout().is_terminal() { terminal_width() } else { None };
        Self {
            shape: if args.json { Shape::Json } else { Shape::Text },
            painter: painter(io::stdout().is_terminal()),
            fit,
            complainer: painter(io::stderr().is_terminal()),
        }
    }

    /// How the log is to look, which goes where errors go.
    pub fn ansi(&self) -> Ansi {
        match self.complainer {
            Painter::Colour => Ansi::Yes,
            Painter::Plain => Ansi::No,
        }
    }

    /// Prints text. A reader that has gone away (`| head`) is no mistake.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        self.printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// How printing went. A reader that has gone away (`| head`) is no mistake.
    ///
    /// # Errors
    /// When it could not be written.
    #[expect(clippy::unused_self, reason = "what is printed goes through the console")]
    pub fn printed(&self, written: io::Result<()>) -> Result<(), Failure> {
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::Other(anyhow::Error::new(error).context("the answer could not be printed")))
            }
            _ => Ok(()),
        }
    }

    /// Prints JSON, or the text made of the same.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn answer(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        match self.shape {
            Shape::Json => self.print(&json(value).map_err(|why| Failure::Other(why.into()))?),
            Shape::Text => self.print(&text()),
        }
    }

    /// Says on stderr why it could not be done.
    pub fn complain(&self, failure: &Failure) -> Exit {
        let text = match failure {
            Failure::Configuration(findings) => control::render(findings, self.complainer.into()),
            Failure::Other(error) => format!("{}: {error:#}\n", self.complainer.paint(Ink::Bad, "error")),
            failure => format!("{}: {failure}\n", self.complainer.paint(Ink::Bad, "error")),
        };
        let _ = io::stderr().write_all(text.as_bytes()); // nobody is left to be told
        failure.exit()
    }

    /// Moments in `zone`, seen from now.
    pub fn calendar(&self, zone: Tz) -> Calendar {
        Calendar { zone, now: Clock::System.now() }
    }
}

/// The one place that decides it, for answers, errors and the log. An empty NO_COLOR is not set (no-color.org).
fn painter(args: &Args, no_color: Option<&OsStr>, is_terminal: bool) -> Painter {
    let is_plain = args.no_color || no_color.is_some_and(|value| !value.is_empty());
    if is_terminal && !is_plain { Painter::Colour } else { Painter::Plain }
}

fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn colours_are_for_terminals_that_nobody_asked_to_leave_plain() {
        for (line, no_color, is_terminal, expected) in [
            ("packetboat run", None, true, Painter::Colour),
            ("packetboat run", Some(""), true, Painter::Colour),
            ("packetboat run", None, false, Painter::Plain),
            ("packetboat run", Some("1"), true, Painter::Plain),
            ("packetboat run --no-color", None, true, Painter::Plain),
        ] {
            let args = Args::try_parse_from(line.split(' ')).unwrap();
            let found = painter(&args, no_color.map(OsStr::new), is_terminal);
            assert_eq!(found, expected, "{line} {no_color:?} {is_terminal}");
            let console = Console { shape: Shape::Text, painter: found, fit: None, complainer: found };
            assert_eq!(console.ansi() == Ansi::Yes, expected == Painter::Colour, "the log too");
        }
    }
}
