//! Single values of a file: texts, words, numbers and lists, each with what it says when it is none.

use super::{
    sheet::{Problem, Sheet},
    suggest,
    values::{self, Fault},
    yaml::{Kind, Node, Value},
};
use crate::schedule::{Crontab, TextError, Window};
use std::{ops::RangeInclusive, time::Duration};

/// Bytes of a text that means something: more takes long to compile and is not meant.
const LONGEST: usize = 10_000;

/// Reports that `node` is something else.
pub fn mismatch(sheet: &Sheet, node: &Node, expected: &str) {
    let braces = sheet.text().get(node.at.clone()).is_some_and(|written| written.starts_with("{{"));
    let hint = match &node.value {
        Value::Map(_) if braces => Some(format!("quote it: \"{}\"", &sheet.text()[node.at.clone()])),
        Value::Scalar(scalar) if expected == "a text" && scalar.kind != Kind::Null => {
            Some(format!("quote it: \"{}\"", scalar.text))
        }
        Value::Scalar(scalar) if expected == "true or false" => match scalar.text.to_lowercase().as_str() {
            "yes" | "on" | "y" => Some("write `true`".to_owned()),
            "no" | "off" | "n" => Some("write `false`".to_owned()),
            _ => None,
        },
        _ => None,
    };
    sheet.report(Problem::error(&node.at, format!("{}, expected {expected}", node.kind_word())).maybe_hint(hint));
}

/// Reports what is wrong with a text, at the part of it that is.
pub fn fault(sheet: &Sheet, node: &Node, fault: Fault) {
    let at = node.part(fault.range.as_ref());
    sheet.report(Problem::error(&at, fault.message).maybe_hint(fault.hint));
}

/// A text.
pub fn text(sheet: &Sheet, node: &Node) -> Option<String> {
    if node.as_text().is_none() {
        mismatch(sheet, node, "a text");
    }
    node.as_text().map(str::to_owned)
}

/// A text with something in it.
pub fn some_text(sheet: &Sheet, node: &Node) -> Option<String> {
    let text = text(sheet, node)?;
    if text.trim().is_empty() {
        sheet.report(Problem::error(&node.at, "an empty text"));
        return None;
    }
    Some(text)
}

/// A text that means a value; numbers count as the text they are written as.
pub fn spelt<T>(
    expected: &'static str,
    parse: impl Fn(&str) -> Result<T, Fault>,
) -> impl Fn(&Sheet, &Node) -> Option<T> {
    move |sheet, node| {
        let Some(scalar) = node.as_scalar() else {
            mismatch(sheet, node, expected);
            return None;
        };
        if scalar.text.len() > LONGEST {
            sheet.report(Problem::error(&node.at, format!("this text is longer than {LONGEST} letters")));
            return None;
        }
        parse(&scalar.text).map_err(|found| fault(sheet, node, found)).ok()
    }
}

/// A span of time within bounds.
pub fn span(bounds: RangeInclusive<Duration>) -> impl Fn(&Sheet, &Node) -> Option<Duration> {
    move |sheet, node| {
        let span = spelt("a span of time", values::span)(sheet, node)?;
        let message = if span < *bounds.start() {
            format!("too short: it is at least {}", span_words(*bounds.start()))
        } else if span > *bounds.end() {
            format!("too long: it is at most {}", span_words(*bounds.end()))
        } else {
            return Some(span);
        };
        sheet.report(Problem::error(&node.at, message));
        None
    }
}

/// The shortest way to write a span.
#[must_use]
pub fn span_words(span: Duration) -> String {
    let millis = span.as_millis();
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
    let unit = units.iter().find(|(unit, _)| millis >= *unit && millis.is_multiple_of(*unit));
    unit.map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", millis / unit))
}

/// A whole number within bounds; `what` names it with its article.
pub fn count(what: &'static str, bounds: RangeInclusive<u32>) -> impl Fn(&Sheet, &Node) -> Option<u32> {
    move |sheet, node| {
        let number = node.as_scalar().filter(|scalar| scalar.kind == Kind::Number);
        let number = number.map(|scalar| (&scalar.text, scalar.text.parse::<u32>()));
        match number {
            None => mismatch(sheet, node, "a whole number"),
            Some((_, Ok(number))) if bounds.contains(&number) => return Some(number),
            Some((text, _)) => {
                let (least, most) = (bounds.start(), bounds.end());
                let message = format!("{what} is a whole number from {least} to {most}, and here it is {text}");
                sheet.report(Problem::error(&node.at, message));
            }
        }
        None
    }
}

/// `true` or `false`.
pub fn switch(sheet: &Sheet, node: &Node) -> Option<bool> {
    match node.as_scalar().map(|scalar| scalar.kind) {
        Some(Kind::Bool(value)) => Some(value),
        _ => {
            mismatch(sheet, node, "true or false");
            None
        }
    }
}

/// What a word means.
pub enum Meaning<T> {
    Built(T),
    /// In the language, but not in this version: what to do.
    NotYet(&'static str),
}

/// One of a few words.
pub fn word<T: Copy>(words: &'static [(&'static str, Meaning<T>)]) -> impl Fn(&Sheet, &Node) -> Option<T> {
    move |sheet, node| {
        let built = || words.iter().filter(|(_, meaning)| matches!(meaning, Meaning::Built(_))).map(|(word, _)| *word);
        let Some(scalar) = node.as_scalar() else {
            mismatch(sheet, node, "a word");
            return None;
        };
        let problem = match words.iter().find(|(word, _)| *word == scalar.text) {
            Some((_, Meaning::Built(value))) => return Some(*value),
            Some((word, Meaning::NotYet(way_out))) => {
                Problem::error(&node.at, format!("`{word}` is not built yet")).hint(*way_out)
            }
            None => {
                let near = suggest::did_you_mean(&scalar.text, built());
                let choice = format!("one of {}{near}", built().collect::<Vec<_>>().join(" "));
                Problem::error(&node.at, format!("unknown word `{}`", scalar.text)).hint(choice)
            }
        };
        sheet.report(problem);
        None
    }
}

/// One value or a list of them, which may be empty.
#[must_use]
pub fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}

/// One value or a list of them, each with its place; never an empty list.
pub fn many<'a>(sheet: &Sheet, node: &'a Node) -> Option<&'a [Node]> {
    match &node.value {
        Value::List(items) if items.is_empty() => {
            sheet.report(Problem::error(&node.at, "an empty list").hint("name at least one, or leave the key out"));
            None
        }
        Value::List(items) => Some(items),
        _ => Some(std::slice::from_ref(node)),
    }
}

/// The items, unless they are more than anybody writes by hand.
pub fn at_most<'a>(sheet: &Sheet, items: &'a [Node], most: usize) -> Option<&'a [Node]> {
    match items.get(most) {
        None => Some(items),
        Some(beyond) => {
            sheet.report(Problem::error(&beyond.at, format!("more than {most} in one list")));
            None
        }
    }
}

/// Reads every item, so that every faulty one is reported; `None` when any is.
pub fn each<T>(items: &[Node], read: impl FnMut(&Node) -> Option<T>) -> Option<Vec<T>> {
    items.iter().map(read).collect::<Vec<_>>().into_iter().collect()
}

/// One window of the week.
pub fn window(sheet: &Sheet, node: &Node) -> Option<Window> {
    spelt("a window", |text| Window::parse(text).map_err(at_its_part))(sheet, node)
}

/// A crontab moment.
pub fn crontab(sheet: &Sheet, node: &Node) -> Option<Crontab> {
    spelt("a crontab moment", |text| Crontab::parse(text).map_err(at_its_part))(sheet, node)
}

fn at_its_part(error: TextError) -> Fault {
    Fault { message: error.message, range: Some(error.range), hint: Some(error.hint) }
}
