//! JSON (RFC 8259) as YAML reads it, line for line: YAML has most of it, but neither tabs between values nor pairs of surrogates. What is
//! long and plain, a file in base64, is put aside meanwhile: both parsers of YAML would take seconds for it.

use crate::config::{
    Finding, Problem, Sheet,
    yaml::{Entry, Node, Value},
};
use std::collections::BTreeMap;

/// Texts that were put aside, by where their first quote stands now.
#[derive(Debug, Default)]
pub(super) struct Aside(BTreeMap<usize, String>);

/// Letters from which on a text is put aside.
const LONG: usize = 1024;

/// The same values, each on its line; those that were put aside are empty texts.
///
/// # Errors
/// Where it is no JSON.
pub(super) fn as_yaml(sheet: Sheet) -> Result<(Sheet, Aside), Vec<Finding>> {
    if let Err(why) = serde_json::from_str::<serde_json::Value>(sheet.text()) {
        let line = sheet.text().split_inclusive('\n').take(why.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let at = (line + why.column().saturating_sub(1)).min(sheet.text().len());
        let words = why.to_string();
        let words = words.split(" at line ").next().unwrap_or(&words).to_owned();
        sheet.report(Problem::error(&(at..at + 1), format!("this is not JSON: {words}")));
        return Err(sheet.into_findings());
    }
    let (text, aside) = rewritten(sheet.text());
    Ok((sheet.with_text(text), aside))
}

impl Aside {
    /// Puts the texts back into the tree.
    pub(super) fn put_back(&mut self, node: &mut Node) {
        if self.0.is_empty() {
            return;
        }
        match &mut node.value {
            Value::Scalar(scalar) => {
                if let Some(text) = self.0.remove(&node.at.start) {
                    (scalar.text, scalar.verbatim) = (text, None);
                }
            }
            Value::List(items) => items.iter_mut().for_each(|item| self.put_back(item)),
            Value::Map(entries) => entries.iter_mut().for_each(|Entry { key, value }| {
                self.put_back(key);
                self.put_back(value);
            }),
        }
    }
}

fn rewritten(text: &str) -> (String, Aside) {
    let (mut whole, mut aside) = (String::new(), Aside::default());
    let mut rest = text.chars();
    let mut is_quoted = false;
    while let Some(letter) = rest.next() {
        match letter {
            '"' => match plain(rest.as_str()).filter(|_| !is_quoted) {
                Some(length) => {
                    let (long, behind) = rest.as_str().split_at(length);
                    aside.0.insert(whole.len(), long.to_owned());
                    whole.push_str("\"\"");
                    rest = behind[1..].chars();
                }
                None => {
                    is_quoted = !is_quoted;
                    whole.push(letter);
                }
            },
            '\t' if !is_quoted => whole.push(' '),
            '\\' => match rest.next() {
                Some('u') => whole.push_str(&escape(&mut rest)),
                Some('/') => whole.push('/'),
                Some(escaped) => whole.extend(['\\', escaped]),
                None => {}
            },
            letter => whole.push(letter),
        }
    }
    (whole, aside)
}

/// The length of a long text up to its quote that has nothing to be rewritten in it.
fn plain(text: &str) -> Option<usize> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte);
    let length = text.bytes().take_while(|byte| is_plain(byte)).count();
    (length >= LONG && text[length..].starts_with('"')).then_some(length)
}

/// What follows `\u`: four digits, or the first half of a pair with the other half behind it.
fn escape(rest: &mut std::str::Chars<'_>) -> String {
    let mut digits = || -> String { rest.by_ref().take(4).collect() };
    let first = digits();
    let unit = |digits: &str| u16::from_str_radix(digits, 16).unwrap_or_default();
    if !(0xd800..0xdc00).contains(&unit(&first)) {
        return format!("\\u{first}");
    }
    rest.nth(1); // `\u`
    let second: String = rest.by_ref().take(4).collect();
    let letter = char::decode_utf16([unit(&first), unit(&second)]).next().and_then(Result::ok);
    format!("\\U{:08X}", u32::from(letter.unwrap_or(char::REPLACEMENT_CHARACTER)))
}
