//! JSON that is safe on a terminal too: what could steer one is `\u`-escaped, which loses nothing.

use crate::domain::is_harmless;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use std::{io, ops::ControlFlow};

/// `value`, indented, with a line feed at its end.
///
/// # Errors
/// When it cannot be said in JSON.
pub fn json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut out = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut out, Safe(PrettyFormatter::with_indent(b"  "))))?;
    out.push(b'\n');
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// An object with one long list, written as the list comes: nothing of it is kept.
pub struct JsonList<W> {
    out: W,
    is_empty: bool,
    /// The first write that failed; nothing is written after it.
    written: io::Result<()>,
}

impl<W: io::Write> JsonList<W> {
    pub fn begin(out: W, key: &str) -> Self {
        let mut list = Self { out, is_empty: true, written: Ok(()) };
        list.write(&format!("{{\n  \"{key}\": ["));
        list
    }

    /// Breaks off once nobody reads any more.
    pub fn item(&mut self, item: &impl Serialize) -> ControlFlow<()> {
        self.write(if self.is_empty { "\n    " } else { ",\n    " });
        self.is_empty = false;
        match json(item) {
            Ok(text) => self.write(&text.trim_end().replace('\n', "\n    ")), // a string of JSON holds no line feed
            Err(why) => self.written = Err(why.into()),
        }
        if self.written.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Closes the list and the object with one more key.
    ///
    /// # Errors
    /// The first that came up while it was written.
    pub fn end(mut self, key: &str, value: &impl Serialize) -> io::Result<()> {
        let value = json(value)?;
        let close = if self.is_empty { "]" } else { "\n  ]" };
        self.write(&format!("{close},\n  \"{key}\": {}\n}}\n", value.trim_end()));
        self.written.and_then(|()| self.out.flush())
    }

    fn write(&mut self, text: &str) {
        if self.written.is_ok() {
            self.written = self.out.write_all(text.as_bytes());
        }
    }
}

/// The pretty one, but for the letters of strings.
struct Safe<'a>(PrettyFormatter<'a>);

impl Formatter for Safe<'_> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        for letter in fragment.chars() {
            if is_harmless(letter) {
                write!(out, "{letter}")?;
            } else {
                letter.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))?;
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_in_it_and_nothing_is_lost() {
        let names = ["plain", "Grüße €.pdf", "fdp.\u{202e}exe", "\u{9b}2J", "\u{1b}[2J\r\n\"\\", "😀\u{feff}"];
        let text = json(&names).unwrap();
        assert!(text.chars().all(|letter| letter == '\n' || is_harmless(letter)), "{text}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), names);
        assert_eq!(
            json(&serde_json::json!({ "a": [1, {}], "b": [] })).unwrap(),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}\n"
        );
    }

    #[test]
    fn a_list_written_as_it_comes_looks_like_any_other() {
        #[derive(Serialize)]
        struct List<'a> {
            jobs: &'a [serde_json::Value],
            more: Option<u64>,
        }
        let items = [serde_json::json!({ "id": "a\nb", "tags": [1, 2] }), serde_json::json!({})];
        for count in 0..=items.len() {
            let mut out = Vec::new();
            let mut list = JsonList::begin(&mut out, "jobs");
            assert!(items[..count].iter().all(|item| list.item(item).is_continue()));
            list.end("more", &Some(7)).unwrap();
            let whole = json(&List { jobs: &items[..count], more: Some(7) }).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), whole);
        }
    }

    #[test]
    fn a_list_that_nobody_reads_any_more_breaks_off() {
        struct Gone;
        impl io::Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert!(JsonList::begin(Gone, "jobs").item(&1).is_break());
    }
}
