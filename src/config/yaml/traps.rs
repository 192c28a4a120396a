//! What is not YAML, in words that help: most of it is a missing pair of quotes.

use super::tree::{Broken, Why};
use crate::config::{
    read_secret::SECRET_KEYS,
    sheet::{Problem, Sheet, Span},
};

/// The finding for a text that is no tree.
pub fn explain(text: &str, broken: &Broken) -> Problem {
    let at = &broken.at;
    match &broken.why {
        Why::Syntax(words) => syntax(text, at, words),
        Why::Unclosed => {
            let open = text[at.clone()].to_owned();
            let close = if open == "{" { "}" } else { "]" };
            Problem::error(at, format!("this `{open}` is not closed")).hint(format!("end it with `{close}`"))
        }
        Why::TooDeep => Problem::error(at, "this is nested too deeply")
            .hint("a configuration is a few levels deep; look for brackets too many"),
        Why::TooMany => {
            Problem::error(at, "with its aliases written out this file is too large").hint("use fewer aliases")
        }
        Why::Tag => quotes(text, at.start, "begins a tag in YAML"),
        Why::SecondDocument => Problem::error(at, "a second document begins here")
            .hint("one rule a file: take the `---` away, or make it two files"),
    }
}

fn syntax(text: &str, at: &Span, words: &str) -> Problem {
    let line = Line::around(text, at.start);
    if words.contains("tab") && line.text.trim_start_matches(' ').starts_with('\t') {
        let tab = line.start + line.text.find('\t').unwrap_or(0);
        return Problem::error(&(tab..tab + 1), "a tab cannot indent in YAML").hint("use spaces");
    }
    if let Some(braces) = line.text.find("{{").filter(|_| !line.value().starts_with(['"', '\''])) {
        let end = line.text.rfind("}}").map_or(braces + 2, |end| end + 2).max(braces + 2);
        let value = line.value().trim_end();
        let problem = Problem::error(&(line.start + braces..line.start + end), "`{{` begins a map in YAML");
        return problem.hint(format!("quote it: \"{value}\""));
    }
    match text[at.start..].chars().next() {
        Some('*') => return quotes(text, at.start, "begins an alias in YAML"),
        Some('%' | '@' | '`') => return quotes(text, at.start, "means something else in YAML"),
        _ => {}
    }
    if words.contains("trailing content") {
        return after_quote(&line, at.start);
    }
    if words.contains("quoted scalar") || words.contains("unexpected end of stream") {
        let quote = at.start..at.start + 1;
        return Problem::error(&quote, "this quote is not closed").hint("end the text with the quote it begins with");
    }
    if words.contains("mapping values are not allowed") {
        let hint = if line.value().contains(": ") || line.value().ends_with(':') {
            "quote a text that holds `: `"
        } else {
            return misfit(at);
        };
        return Problem::error(&(at.start..at.start + 1), "a second `: ` on this line").hint(hint);
    }
    if words.contains("did not find expected key") {
        return misfit(at);
    }
    Problem::error(&(at.start..at.start + 1), format!("this is not YAML: {words}"))
        .hint("the keys of one map begin in the same column; a text with special letters wants quotes")
}

fn misfit(at: &Span) -> Problem {
    Problem::error(&(at.start..at.start + 1), "this does not fit what stands above it")
        .hint("the keys of one map begin in the same column, and `: ` stands behind each")
}

/// `if: 'invoice' in …`: the quotes end before the text does.
fn after_quote(line: &Line<'_>, at: usize) -> Problem {
    let key = line.text[..line.value_at].trim();
    let value = line.value().trim_end();
    let quoted = if value.contains('"') { format!("'{value}'") } else { format!("\"{value}\"") };
    Problem::error(&(at..line.end()), "the text goes on behind its closing quote")
        .hint(format!("quote the whole of it: `{key} {quoted}`"))
}

/// The token at `at` wants quotes.
fn quotes(text: &str, at: usize, why: &str) -> Problem {
    let rest = &text[at..];
    let token = rest.split(|letter: char| letter.is_whitespace() || ",]}".contains(letter)).next().unwrap_or_default();
    let sign: String = token.chars().take(1).collect();
    Problem::error(&(at..at + token.len().max(1)), format!("`{sign}` {why}"))
        .hint(format!("a text beginning with `{sign}` needs quotes: \"{token}\""))
}

/// A line and where the value behind its first key begins.
struct Line<'a> {
    start: usize,
    text: &'a str,
    value_at: usize,
}

impl<'a> Line<'a> {
    fn around(text: &'a str, at: usize) -> Self {
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let text = text[start..].lines().next().unwrap_or_default();
        Self { start, text, value_at: text.find(": ").map_or(0, |colon| colon + 2) }
    }

    fn value(&self) -> &'a str {
        self.text[self.value_at..].trim_start()
    }

    fn end(&self) -> usize {
        self.start + self.text.trim_end().len()
    }
}

/// Hides, in a file that is no tree, everything from a key that holds a secret to the end of its line, and the lines below
/// it that are indented more.
pub fn keep_secrets(sheet: &Sheet) {
    let mut start = 0;
    let mut below = None;
    for line in sheet.text().split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        if !content.is_empty() && below.is_some_and(|key_indent| indent <= key_indent) {
            below = None;
        }
        if below.is_some() {
            sheet.keep_secret(start + indent..start + content.len());
        } else if let Some(value) = secret_value(content) {
            sheet.keep_secret(start + value..start + content.len());
            below = Some(indent);
        }
        start += line.len();
    }
}

/// Where the value of the first secret key on the line begins.
fn secret_value(line: &str) -> Option<usize> {
    SECRET_KEYS.iter().filter_map(|key| Some(line.find(key)? + key.len())).min().map(|end| {
        let rest = &line[end..];
        end + (rest.len() - rest.trim_start_matches([' ', '"', '\'', ':']).len())
    })
}

#[cfg(test)]
mod tests {
    use super::{super::tree, *};

    #[test]
    fn a_secret_in_a_file_that_cannot_be_read_is_hidden() {
        for text in [
            "servers:\n  a: { ftp: { password: hunter2, x: [ } }\n",
            "password: hunter2: x\n",
            "password:\n  hunter2: [\n",
            "ftp:\n  password: |\n    x\n    hunter2\n\t\n",
            "\"password\" : hunter2: {\n",
            "password:hunter2: [\n",
        ] {
            let sheet = Sheet::new("packetboat.yaml", text);
            assert!(tree::build(sheet.text()).is_err() || super::super::read(&sheet).is_none(), "{text}");
            keep_secrets(&sheet);
            for at in 0..text.len() {
                let place = sheet.place(&(at..at + 1), None);
                assert!(!place.spot.unwrap().excerpt.contains("hunter2"), "{text}");
            }
        }
    }
}
