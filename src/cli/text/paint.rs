//! Colour, where a terminal takes it.

use crate::control::Paint;

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Good,
    Bad,
    Heading,
}

/// Paints, or leaves as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Painter {
    Colour,
    Plain,
}

impl Painter {
    /// `text` in the colour of `ink`; its width is the same.
    pub fn paint(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Good => "32",
            Ink::Bad => "1;31",
            Ink::Heading => "1",
        };
        match self {
            Self::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

impl From<Painter> for Paint {
    fn from(painter: Painter) -> Self {
        match painter {
            Painter::Colour => Self::Colour,
            Painter::Plain => Self::Plain,
        }
    }
}
