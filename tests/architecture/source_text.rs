//! Rust source as three kinds of text: code, what stands in strings, and comments, which nobody needs here.

use std::ops::Range;

/// One source file, taken apart. Lines keep their numbers; what was taken out is blank.
#[derive(Debug)]
pub struct SourceText {
    /// Code with strings and comments blanked.
    pub code: String,
    /// Strings: the line where each begins, and what it holds.
    pub strings: Vec<(usize, String)>,
    /// Where the taking apart has come to.
    line: usize,
}

impl SourceText {
    pub fn parse(source: &str) -> Self {
        let mut text = Self { code: String::with_capacity(source.len()), strings: Vec::new(), line: 1 };
        let mut rest = source;
        while let Some(first) = rest.chars().next() {
            let taken = if rest.starts_with("//") {
                text.blank(rest, rest.find('\n').unwrap_or(rest.len()))
            } else if rest.starts_with("/*") {
                text.blank(rest, block_comment(rest))
            } else if let Some((held, end)) = raw_string(rest).filter(|_| !text.is_inside_a_word()) {
                text.string(&rest[held]);
                text.blank(rest, end)
            } else if first == '"' {
                let end = string(rest);
                text.string(&rest[1..end - 1]);
                text.blank(rest, end)
            } else if let Some(end) = character(rest) {
                text.blank(rest, end)
            } else {
                text.code.push(first);
                text.line += usize::from(first == '\n');
                first.len_utf8()
            };
            rest = &rest[taken..];
        }
        text
    }

    /// The code without what stands under `#[cfg(test)]`, and that alone, each with its lines kept.
    pub fn split_tests(&self) -> (String, String) {
        const MARK: &str = "#[cfg(test)]";
        let (mut outside, mut inside) = (String::new(), String::new());
        let mut rest = self.code.as_str();
        while let Some(start) = rest.find(MARK) {
            let end = start + MARK.len() + item(&rest[start + MARK.len()..]);
            outside.push_str(&rest[..start]);
            inside.push_str(&blanked(&rest[..start]));
            outside.push_str(&blanked(&rest[start..end]));
            inside.push_str(&rest[start..end]);
            rest = &rest[end..];
        }
        outside.push_str(rest);
        (outside, inside)
    }

    fn blank(&mut self, rest: &str, end: usize) -> usize {
        self.code.push_str(&blanked(&rest[..end]));
        self.line += rest[..end].matches('\n').count();
        end
    }

    fn string(&mut self, held: &str) {
        self.strings.push((self.line, held.to_owned()));
    }

    fn is_inside_a_word(&self) -> bool {
        self.code.ends_with(|last: char| last.is_alphanumeric() || last == '_')
    }
}

/// As many lines, and nothing on them.
fn blanked(text: &str) -> String {
    text.chars().map(|character| if character == '\n' { '\n' } else { ' ' }).collect()
}

/// Where the item that begins here ends: at its `;`, or at the brace that closes its first.
fn item(code: &str) -> usize {
    let mut depth = 0;
    for (at, character) in code.char_indices() {
        match character {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// `r"…"`, `br#"…"#` and their kind: where the text stands, and where the whole ends.
fn raw_string(text: &str) -> Option<(Range<usize>, usize)> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| text.starts_with(prefix))?;
    let hashes = text[prefix.len()..].chars().take_while(|character| *character == '#').count();
    let begin = prefix.len() + hashes + 1;
    if text.as_bytes().get(begin - 1) != Some(&b'"') {
        return None;
    }
    let closing = format!("\"{}", "#".repeat(hashes));
    let length = text[begin..].find(&closing)?;
    Some((begin..begin + length, begin + length + closing.len()))
}

fn string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character in quotes; `None` for a lifetime.
fn character(text: &str) -> Option<usize> {
    let held = text.strip_prefix('\'')?;
    if held.starts_with('\\') {
        return held.char_indices().skip(2).find(|(_, character)| *character == '\'').map(|(at, _)| at + 2);
    }
    let first = held.chars().next()?;
    held[first.len_utf8()..].starts_with('\'').then_some(first.len_utf8() + 2)
}
