//! Templates and conditions of a rule, compiled where they stand.

use crate::{
    config::{
        Problem, Sheet, read,
        values::Fault,
        yaml::{Node, Value},
    },
    templates::{Condition, PathTemplate, TemplateError},
};

/// A path with `{{ … }}` in it.
pub fn template(sheet: &Sheet, node: &Node) -> Option<PathTemplate> {
    read::some_text(sheet, node)?;
    read::spelt("a text", |text| PathTemplate::parse(text).map_err(fault))(sheet, node)
}

/// A condition, without braces.
pub fn condition(sheet: &Sheet, node: &Node) -> Option<Condition> {
    if matches!(node.value, Value::Map(_)) {
        sheet.report(
            Problem::error(&node.at, "a map, expected a condition")
                .hint("a condition has no braces: `if: file.size > 0`"),
        );
        return None;
    }
    read::spelt("a condition", |text| Condition::parse(text).map_err(fault))(sheet, node)
}

fn fault(error: TemplateError) -> Fault {
    Fault { message: error.message, range: error.range, hint: error.hint }
}
