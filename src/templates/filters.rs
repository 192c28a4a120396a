//! The filters and functions that minijinja does not have.

use crate::{
    domain::show_size,
    templates::{TemplateError, moment::ZonedMoment, size},
};
use chrono::format::{Item, StrftimeItems};
use minijinja::{
    Environment, Error, Value,
    value::{Kwargs, StringInput, ValueKind},
};

/// Adds ours and takes away what has no place in a path or a condition.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_filter("size", show_size);
    environment.add_filter("span", show_span);
    environment.add_filter("time", show_time);
    environment.add_filter("slug", slug);
    environment.add_filter("truncate", truncate);
    environment.add_function("size", parse_size);
    // `safe` would let any value bring a `/`; `debug` would print everything there is.
    for name in ["safe", "escape", "e", "pprint"] {
        environment.remove_filter(name);
    }
    environment.remove_global("debug");
}

/// `size("20MB")` → 20000000, to compare with.
fn parse_size(text: &str) -> Result<u64, Error> {
    size::parse(text).ok_or_else(|| {
        TemplateError::new(format!("`{}` is not a size", text.escape_debug()))
            .hint("write `20MB` (10^6 bytes) or `20MiB` (2^20)")
            .into()
    })
}

/// Seconds as `3 h 5 min`: the two largest units that are there.
fn show_span(seconds: u64) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let shown: Vec<String> = units
        .into_iter()
        .scan(seconds, |left, (unit, length)| {
            let count = *left / length;
            *left %= length;
            Some((count, unit))
        })
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if shown.is_empty() { "0 s".to_owned() } else { shown.join(" ") }
}

/// `{{ arrived | time("%d.%m.%Y") }}`, with strftime's letters.
fn show_time(value: &Value, format: &str) -> Result<String, Error> {
    let Some(moment) = value.downcast_object_ref::<ZonedMoment>() else {
        return Err(TemplateError::new(format!("`time` shows a moment, and this is {}", article(value.kind())))
            .hint("`arrived | time(\"%d.%m.%Y\")` or `file.modified | time(…)`")
            .into());
    };
    let items: Vec<Item<'_>> = StrftimeItems::new(format).collect();
    if items.contains(&Item::Error) {
        return Err(TemplateError::new(format!("`{}` is not a format of time", format.escape_debug()))
            .hint("`%d.%m.%Y` is 22.11.2026, `%H%M` is 1526; a `%` itself is `%%`")
            .into());
    }
    Ok(moment.0.format_with_items(items.into_iter()).to_string())
}

/// A name that is safe anywhere: lower-case letters, digits and single `-`; `Grüße, Bob.PDF` → `grüße-bob-pdf`.
fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_alphanumeric() {
            slug.extend(letter.to_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// At most `length` letters (255), the last of them `end` (`...`) where something was cut.
fn truncate(text: StringInput<'_>, length: Option<usize>, options: Kwargs) -> Result<Value, Error> {
    let length = match length {
        Some(length) => length,
        None => options.get::<Option<usize>>("length")?.unwrap_or(255),
    };
    let end: Option<String> = options.get("end")?;
    options.assert_all_used()?;
    let end = end.as_deref().unwrap_or("...");
    if text.as_str().chars().count() <= length {
        return Ok(text.preserve_safety(text.as_str().to_owned()));
    }
    let kept = length.saturating_sub(end.chars().count());
    Ok(Value::from(text.as_str().chars().take(kept).chain(end.chars()).take(length).collect::<String>()))
}

/// `a text`, `a number`: how messages name what a value is.
pub(super) fn article(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Undefined => "undefined",
        ValueKind::None => "nothing",
        ValueKind::Bool => "true or false",
        ValueKind::Number => "a number",
        ValueKind::String => "a text",
        ValueKind::Bytes => "bytes",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a map",
        ValueKind::Plain => "a moment",
        _ => "something else",
    }
}
