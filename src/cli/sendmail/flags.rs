//! The arguments of /usr/sbin/sendmail as programs have written them for forty years: letters in one word, values joined or apart.

use std::ffi::OsString;

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// `-f`, `-r`; empty: the null sender.
    pub sender: Option<String>,
    /// `-F`
    pub full_name: Option<String>,
    /// `-t`
    pub reads_recipients: bool,
    /// `-i`, `-oi`: a line with a dot alone does not end the message.
    pub ignores_dots: bool,
    /// `-v`
    pub is_verbose: bool,
    /// `-C`
    pub config: Option<OsString>,
    pub recipients: Vec<String>,
    /// What we do not know, to be told in the log and no more: programs pass what they please.
    pub unknown: Vec<String>,
}

/// What sendmail would do here and we do not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    #[error("`-{0}` wants a value")]
    NoValue(char),
    #[error("`-{0}` is not built yet")]
    NotBuilt(String),
    #[error("an argument is not UTF-8")]
    NotText,
}

/// Letters that take a value.
const VALUED: &str = "ABCDFfhLNOopRrVX";

impl Flags {
    /// Reads the arguments behind the program's name.
    ///
    /// # Errors
    /// [`Wrong`]; then nothing was sent.
    pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Wrong> {
        let mut flags = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let text = argument.into_string().map_err(|_| Wrong::NotText)?;
            match text.strip_prefix('-') {
                Some("-") => {
                    for rest in arguments.by_ref() {
                        flags.recipients.push(rest.into_string().map_err(|_| Wrong::NotText)?);
                    }
                }
                Some(long) if long.starts_with('-') => flags.unknown.push(text),
                Some(letters) if !letters.is_empty() => flags.word(letters, &mut arguments)?,
                _ => flags.recipients.push(text),
            }
        }
        Ok(flags)
    }

    fn word(&mut self, letters: &str, arguments: &mut impl Iterator<Item = OsString>) -> Result<(), Wrong> {
        for (at, letter) in letters.char_indices() {
            let rest = &letters[at + letter.len_utf8()..];
            match letter {
                'b' => return self.mode(rest),
                'o' if rest.starts_with(['i', 'e', 'd', 'm', '7', '8']) => {
                    self.ignores_dots |= rest == "i"; // the others: how errors are told, and when it is sent
                    return Ok(());
                }
                'e' | 'd' | 'q' => return self.aside(letter, rest), // a value that is only ever joined
                letter if VALUED.contains(letter) => {
                    let value = match rest {
                        "" => arguments.next().ok_or(Wrong::NoValue(letter))?,
                        rest => rest.into(),
                    };
                    return self.valued(letter, value);
                }
                't' => self.reads_recipients = true,
                'i' => self.ignores_dots = true,
                'v' => self.is_verbose = true,
                'n' | 'm' | 'U' | 'G' | 's' => {} // no aliases here, not even me, first hop or not: nothing that we would do otherwise
                other => self.unknown.push(format!("-{other}")),
            }
        }
        Ok(())
    }

    /// `-bm` is what we do. `-bs` and the like are other programs.
    fn mode(&self, mode: &str) -> Result<(), Wrong> {
        if mode.is_empty() || mode == "m" { Ok(()) } else { Err(Wrong::NotBuilt(format!("b{mode}"))) }
    }

    fn aside(&mut self, letter: char, rest: &str) -> Result<(), Wrong> {
        match letter {
            'q' => Err(Wrong::NotBuilt(format!("q{rest}"))),
            _ => Ok(()), // how errors are told, and debugging
        }
    }

    fn valued(&mut self, letter: char, value: OsString) -> Result<(), Wrong> {
        if letter == 'C' {
            self.config = Some(value);
            return Ok(());
        }
        let value = value.into_string().map_err(|_| Wrong::NotText)?;
        match letter {
            'f' | 'r' => {
                let bare = value.trim();
                let bare = bare.strip_prefix('<').and_then(|bare| bare.strip_suffix('>')).unwrap_or(bare);
                self.sender = Some(bare.to_owned());
            }
            'F' => self.full_name = Some(value),
            'B' | 'N' | 'R' | 'V' | 'L' | 'h' | 'A' | 'p' | 'X' | 'D' => {} // known, and nothing that is done otherwise yet
            _ => self.unknown.push(format!("-{letter} {value}")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Flags, Wrong> {
        Flags::parse(line.split_ascii_whitespace().map(OsString::from))
    }

    #[test]
    fn what_programs_write_is_read_as_they_mean_it() {
        let flags = |recipients: &[&str]| Flags {
            recipients: recipients.iter().map(|recipient| (*recipient).to_owned()).collect(),
            ..Flags::default()
        };
        let from = |sender: &str, flags: Flags| Flags { sender: Some(sender.to_owned()), ..flags };
        for (line, expected) in [
            ("-t -i", Flags { reads_recipients: true, ignores_dots: true, ..flags(&[]) }),
            ("-ti", Flags { reads_recipients: true, ignores_dots: true, ..flags(&[]) }),
            (
                "-t -i -f shop@x.example",
                from("shop@x.example", Flags { reads_recipients: true, ignores_dots: true, ..flags(&[]) }),
            ),
            (
                "-tifshop@x.example",
                from("shop@x.example", Flags { reads_recipients: true, ignores_dots: true, ..flags(&[]) }),
            ),
            ("-oi -oem -f <> -- -a@b.c d@e.f", from("", Flags { ignores_dots: true, ..flags(&["-a@b.c", "d@e.f"]) })),
            (
                "-FCronDaemon -i -B8BITMIME -oem root",
                Flags { full_name: Some("CronDaemon".into()), ignores_dots: true, ..flags(&["root"]) },
            ),
            ("-bm -N never -R hdrs -V id a@b.c", flags(&["a@b.c"])),
            (
                "-v -C /etc/p.yaml a@b.c",
                Flags { is_verbose: true, config: Some("/etc/p.yaml".into()), ..flags(&["a@b.c"]) },
            ),
            (
                "-Z -O x=y --frob a@b.c",
                Flags { unknown: vec!["-Z".into(), "-O x=y".into(), "--frob".into()], ..flags(&["a@b.c"]) },
            ),
            ("-odi -ox a@b.c", Flags { unknown: vec!["-o x".into()], ..flags(&["a@b.c"]) }),
        ] {
            assert_eq!(parsed(line), Ok(expected), "{line}");
        }
        for (line, wrong) in
            [("-f", Wrong::NoValue('f')), ("-bs", Wrong::NotBuilt("bs".into())), ("-q", Wrong::NotBuilt("q".into()))]
        {
            assert_eq!(parsed(line), Err(wrong), "{line}");
        }
    }
}
