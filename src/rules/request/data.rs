//! `data` of a request: values with names, nested as they are written.

use crate::{
    config::{
        Problem, Sheet, read,
        yaml::{Entry, Kind, Node, Value},
    },
    rules::read_words::no_data_name,
};
use serde_json::{Map, Number, Value as Json};

/// A map whose names can stand in a template.
pub(super) fn data(sheet: &Sheet, node: &Node) -> Option<Map<String, Json>> {
    let Value::Map(entries) = &node.value else {
        read::mismatch(sheet, node, "a map of names and values");
        return None;
    };
    map(sheet, entries, no_data_name)
}

fn map(sheet: &Sheet, entries: &[Entry], wrong: fn(&str) -> Option<&'static str>) -> Option<Map<String, Json>> {
    let mut all = Map::new();
    let mut is_whole = true;
    for Entry { key, value } in entries {
        let name = read::text(sheet, key);
        let hint = name.as_deref().and_then(wrong);
        let is_twice = name.as_ref().is_some_and(|name| all.contains_key(name));
        if let (Some(name), Some(hint)) = (&name, hint) {
            sheet.report(Problem::error(&key.at, format!("`{name}` cannot be a name here")).hint(hint));
        } else if let (Some(name), true) = (&name, is_twice) {
            sheet.report(Problem::error(&key.at, format!("`{name}` stands here twice")).hint("keep one of the two"));
        }
        match (name, self::value(sheet, value)) {
            (Some(name), Some(value)) if hint.is_none() && !is_twice => _ = all.insert(name, value),
            _ => is_whole = false,
        }
    }
    is_whole.then_some(all)
}

fn value(sheet: &Sheet, node: &Node) -> Option<Json> {
    match &node.value {
        Value::Map(entries) => map(sheet, entries, |_| None).map(Json::Object),
        Value::List(items) => read::each(items, |item| value(sheet, item)).map(Json::Array),
        Value::Scalar(scalar) => Some(match scalar.kind {
            Kind::Null => Json::Null,
            Kind::Bool(is) => Json::Bool(is),
            Kind::Number => number(&scalar.text),
            Kind::Text => Json::String(scalar.text.clone()),
        }),
    }
}

/// One that is written otherwise than in JSON stays the text that it is.
fn number(text: &str) -> Json {
    let whole = text.parse::<i64>().ok().map(Number::from);
    let number = whole.or_else(|| Number::from_f64(text.parse().ok()?));
    number.map_or_else(|| Json::String(text.to_owned()), Json::Number)
}
