//! What a mail says: `subject`, `text` and `html` in its step, or a folder of templates; and the values of `data`.

use super::{expressions::compiled, read_mail::line};
use crate::{
    config::{
        Fields, Outline, Problem, Sheet, read, read_template,
        yaml::{Entry, Node, Value},
    },
    templates::{Known, MailWords, TextKind, TextTemplate, is_taken},
};

/// The words that a step says itself, or its template says.
pub fn words(sheet: &Sheet, fields: &Fields<'_>, outline: &Outline, known: Known<'_>) -> Option<MailWords> {
    let own: Vec<&Entry> = ["subject", "text", "html"].iter().filter_map(|key| fields.entry(key)).collect();
    if let Some(template) = fields.entry("template") {
        for entry in &own {
            let name = entry.key.as_text().unwrap_or_default();
            let problem = Problem::error(&entry.key.at, format!("`{name}` beside `template`"));
            sheet.report(problem.hint("a template has the subject and the text: keep one of the two"));
        }
        let parse = |kind, text: &str| TextTemplate::parse(kind, known, text);
        return read_template(sheet, &template.value, &outline.templates, &parse).filter(|_| own.is_empty());
    }
    let missing = |key: &str, hint: &str| {
        sheet.report(Problem::error(fields.at(), format!("`{key}` is missing in mail")).hint(hint));
    };
    if fields.entry("subject").is_none() {
        missing("subject", "add `subject: …`, or `template: …` in place of subject and text");
    }
    if fields.entry("text").is_none() && fields.entry("html").is_none() {
        missing("text", "add `text: …`, `html: …` or `template: …`");
    }
    let part = |key, kind| {
        fields.or(key, None, |sheet, node| {
            read::some_text(sheet, node)?;
            compiled(sheet, node, "a text", |text| TextTemplate::parse(kind, known, text)).map(Some)
        })
    };
    let subject = fields.may("subject", |sheet, node| line(sheet, node, known));
    let (text, html) = (part("text", TextKind::Text), part("html", TextKind::Html));
    let words = MailWords { subject: subject?, text: text?, html: html? };
    (words.text.is_some() || words.html.is_some()).then_some(words)
}

/// `data`: names and what they stand for.
pub fn data(sheet: &Sheet, fields: &Fields<'_>, known: Known<'_>) -> Option<Vec<(String, TextTemplate)>> {
    texts_by_name(sheet, fields.entry("data"), no_data_name, (TextKind::Text, known))
}

/// Why a value of `data` cannot be called so.
pub fn no_data_name(name: &str) -> Option<&'static str> {
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    match (is_name, is_taken(name)) {
        (false, _) => Some("a name has letters, digits and `_`: it stands in a template as `{{ name }}`"),
        (_, true) => Some("this name has a meaning of its own: call it otherwise"),
        _ => None,
    }
}

/// Headers that are made of other keys, by relays, or by whoever signs.
const NOT_BY_HAND: [&str; 14] = [
    "from",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "sender",
    "return-path",
    "received",
    "dkim-signature",
    "auto-submitted",
];

/// Why no header can be set by this name.
pub fn no_header_name(name: &str) -> Option<&'static str> {
    let is_name = !name.is_empty() && name.len() <= 76 && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
    let lower = name.to_ascii_lowercase();
    match is_name {
        false => Some("a header's name has letters, digits and `-`: `X-Order`"),
        true if NOT_BY_HAND.contains(&&*lower) || lower.starts_with("content-") => {
            Some("this one is made of the other keys of the mail")
        }
        true => None,
    }
}

/// `headers`: names and what they say.
pub fn headers(sheet: &Sheet, fields: &Fields<'_>, known: Known<'_>) -> Option<Vec<(String, TextTemplate)>> {
    texts_by_name(sheet, fields.entry("headers"), no_header_name, (TextKind::Line, known))
}

fn texts_by_name(
    sheet: &Sheet,
    entry: Option<&Entry>,
    wrong: impl Fn(&str) -> Option<&'static str>,
    (kind, known): (TextKind, Known<'_>),
) -> Option<Vec<(String, TextTemplate)>> {
    let Some(entry) = entry else { return Some(vec![]) };
    let Value::Map(entries) = &entry.value.value else {
        read::mismatch(sheet, &entry.value, "a map of names and texts");
        return None;
    };
    let value = |Entry { key, value }: &Entry| {
        let name = read::text(sheet, key)?;
        if let Some(hint) = wrong(&name) {
            sheet.report(Problem::error(&key.at, format!("`{name}` cannot be a name here")).hint(hint));
            return None;
        }
        Some((name, compiled(sheet, value, "a text", |text| TextTemplate::parse(kind, known, text))?))
    };
    entries.iter().map(value).collect::<Vec<_>>().into_iter().collect()
}

/// Letters of a tag, and tags of one message or rule.
const LONGEST_TAG: usize = 100;
const MOST_TAGS: usize = 50;

/// One tag, or a list of them: what a message request says, and rules ask for.
pub fn tags(sheet: &Sheet, node: &Node) -> Option<Vec<String>> {
    read::each(read::at_most(sheet, read::many(sheet, node)?, MOST_TAGS)?, |item| {
        let tag = read::some_text(sheet, item)?;
        if tag.chars().count() > LONGEST_TAG || tag.chars().any(char::is_control) {
            let message = format!("a tag is one line of at most {LONGEST_TAG} letters");
            sheet.report(Problem::error(&item.at, message));
            return None;
        }
        Some(tag)
    })
}
