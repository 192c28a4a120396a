//! Templates and conditions of a rule, compiled where they stand.

use crate::{
    config::{
        Problem, Sheet, read,
        values::Fault,
        yaml::{Node, Value},
    },
    domain::Arriving,
    templates::{Condition, Known, PathTemplate, TemplateError},
};

/// A path with `{{ … }}` in it.
pub fn template(sheet: &Sheet, node: &Node, known: Known<'_>) -> Option<PathTemplate> {
    has_name(sheet, node, known)?;
    compiled(sheet, node, "a text", |text| PathTemplate::parse(known, text))
}

/// Refuses a folder where no file comes that could keep its name in it.
pub fn has_name(sheet: &Sheet, node: &Node, known: Known<'_>) -> Option<()> {
    let text = read::some_text(sheet, node)?;
    if known.arriving != Arriving::File && text.ends_with('/') {
        let problem = Problem::error(&node.at, "this is a folder, and there is no file that keeps its name in it");
        sheet.report(problem.hint("write the whole path: `path: \"heartbeat.txt\"`"));
        return None;
    }
    Some(())
}

/// What `parse` makes of a text, its mistakes at their places.
pub fn compiled<T>(
    sheet: &Sheet,
    node: &Node,
    expected: &'static str,
    parse: impl Fn(&str) -> Result<T, TemplateError>,
) -> Option<T> {
    let text = read::spelt(expected, |text| Ok(text.to_owned()))(sheet, node)?;
    let told = |error: TemplateError| {
        for TemplateError { message, range, hint, .. } in error.each() {
            read::fault(sheet, node, Fault { message, range, hint });
        }
    };
    parse(&text).map_err(told).ok()
}

/// A condition, without braces.
pub fn condition(sheet: &Sheet, node: &Node, known: Known<'_>) -> Option<Condition> {
    if matches!(node.value, Value::Map(_)) {
        sheet.report(
            Problem::error(&node.at, "a map, expected a condition")
                .hint("a condition has no braces: `if: file.size > 0`"),
        );
        return None;
    }
    compiled(sheet, node, "a condition", |text| Condition::parse(known, text))
}
