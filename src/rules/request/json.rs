//! JSON (RFC 8259) as YAML reads it, line for line: YAML has most of it, but neither tabs between values nor pairs of surrogates.

use crate::config::{Finding, Problem, Sheet};

/// The same values, each on its line.
///
/// # Errors
/// Where it is no JSON.
pub(super) fn as_yaml(sheet: Sheet) -> Result<Sheet, Vec<Finding>> {
    if let Err(why) = serde_json::from_str::<serde_json::Value>(sheet.text()) {
        let line = sheet.text().split_inclusive('\n').take(why.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let at = (line + why.column().saturating_sub(1)).min(sheet.text().len());
        let words = why.to_string();
        let words = words.split(" at line ").next().unwrap_or(&words).to_owned();
        sheet.report(Problem::error(&(at..at + 1), format!("this is not JSON: {words}")));
        return Err(sheet.into_findings());
    }
    let text = rewritten(sheet.text());
    Ok(sheet.with_text(text))
}

fn rewritten(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text.chars();
    let mut is_quoted = false;
    while let Some(letter) = rest.next() {
        match letter {
            '"' => {
                is_quoted = !is_quoted;
                whole.push(letter);
            }
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
    whole
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
