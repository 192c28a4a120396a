//! Where verbs print: text or JSON, coloured or not, as wide as the terminal is.

use crate::{
    cli::{
        args::Args,
        exit::{Exit, Failure},
        text::{Calendar, Ink, Painter, json},
    },
    clock::Clock,
    control,
};
use chrono_tz::Tz;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

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
        let is_plain = args.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let painter = |is_terminal: bool| if is_terminal && !is_plain { Painter::Colour } else { Painter::Plain };
        let fit = if io::stdout().is_terminal() { terminal_width() } else { None };
        Self {
            shape: if args.json { Shape::Json } else { Shape::Text },
            painter: painter(io::stdout().is_terminal()),
            fit,
            complainer: painter(io::stderr().is_terminal()),
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
            Failure::Configuration(findings) => {
                let paint = match self.complainer {
                    Painter::Colour => control::Paint::Colour,
                    Painter::Plain => control::Paint::Plain,
                };
                control::render(findings, paint)
            }
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

fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}
