//! The engines: paths and single lines guard every value that goes into them, texts take all, conditions compare strictly.

use crate::{
    domain::Escaped,
    templates::{TemplateError, carrier, filters, strict},
};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value, value::ValueKind};
use std::{fmt::Write, sync::LazyLock};

/// Bounds time and memory of one rendering: some 10,000 rounds of a small loop, 3 MB of text.
const FUEL: u64 = 60_000;

/// For paths. Templates are added to a clone, which shares the filters.
pub(super) static PATHS: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = base();
    environment.set_formatter(|out, _: &mut State<'_, '_>, value| insert(out, value));
    environment
});

/// For the texts of mails.
pub(super) static TEXTS: LazyLock<Environment<'static>> = LazyLock::new(base);

/// For the lines of a mail's header.
pub(super) static LINES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = base();
    environment.set_formatter(|out, _: &mut State<'_, '_>, value| insert_into_line(out, value));
    environment
});

/// For the HTML of mails: whatever is inserted is escaped, and there is no way around it. (minijinja's own escaping lets pass what
/// was parsed as a path.)
pub(super) static HTML: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = base();
    environment.set_formatter(|out, _: &mut State<'_, '_>, value| insert_into_html(out, value));
    environment
});

/// For conditions, where comparing unlike things is an error.
pub(super) static CONDITIONS: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = base();
    strict::install(&mut environment);
    environment
});

fn base() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(100);
    environment.set_debug(true); // gives errors their place in the text
    filters::install(&mut environment);
    environment
}

/// Writes one value into a path, if it is one segment or was parsed as a path (`file.path`, `file.folder`).
fn insert(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::String | ValueKind::Number | ValueKind::Bool | ValueKind::Plain => {}
        kind => return Err(TemplateError::new(format!("{} cannot be a part of a path", filters::article(kind))).into()),
    }
    let text = value.to_string();
    guard(&text, value.is_safe())?;
    match text.as_str() {
        "" => out.write_char(carrier::NOTHING)?,
        text => out.write_str(text)?,
    }
    Ok(())
}

/// Writes one value into a line that nothing may break.
fn insert_into_line(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let text = value.to_string();
    if text.chars().any(|letter| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')) {
        let shown = Escaped(&carrier::to_bytes(&text)).to_string();
        let error = TemplateError::new(format!("this value has a line break or a control character in it: `{shown}`"));
        return Err(error.hint("`| slug` makes a safe name").into());
    }
    out.write_str(&text).map_err(Error::from)
}

fn insert_into_html(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    for letter in value.to_string().chars() {
        match letter {
            '&' => out.write_str("&amp;")?,
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '"' => out.write_str("&quot;")?,
            '\'' => out.write_str("&#39;")?,
            letter => out.write_char(letter)?,
        }
    }
    Ok(())
}

fn guard(text: &str, is_path: bool) -> Result<(), TemplateError> {
    let refuse = |what: &str| {
        let shown = Escaped(&carrier::to_bytes(text)).to_string();
        TemplateError::new(format!("{what}, and no path can be made of that: `{shown}`"))
    };
    if text.is_empty() && !is_path {
        return Err(TemplateError::new("this value is empty, and no path can be made of that")
            .hint("give it something to be then: `| default(\"none\", true)`"));
    }
    if text.contains('/') && !is_path {
        return Err(refuse("this value has a `/` in it")
            .hint("only `file.path` and `file.folder` may bring folders; `| slug` makes a safe name"));
    }
    if text.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(refuse("this value could leave the folder"));
    }
    if text.chars().any(char::is_control) {
        return Err(refuse("this value has a control character in it").hint("`| slug` makes a safe name"));
    }
    Ok(())
}
