//! What the template of a message request knows: the values of its `data`, and nothing else.

use minijinja::Value;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Values as they were given, nested as they were.
#[derive(Debug, Clone, Default)]
pub struct GivenData(BTreeMap<String, Value>);

impl GivenData {
    /// By their names.
    #[must_use]
    pub fn new(data: &Map<String, Json>) -> Self {
        Self(fields(data))
    }

    pub(super) fn to_value(&self) -> Value {
        Value::from(self.0.clone())
    }
}

/// Values by name.
pub(super) fn fields(map: &Map<String, Json>) -> BTreeMap<String, Value> {
    map.iter().map(|(name, given)| (name.clone(), value(given))).collect()
}

fn value(given: &Json) -> Value {
    match given {
        Json::Object(map) => Value::from(fields(map)),
        Json::Array(items) => items.iter().map(value).collect(),
        Json::String(text) => Value::from(text.as_str()),
        Json::Bool(is) => Value::from(*is),
        Json::Number(number) => number.as_i64().map_or_else(|| Value::from(number.as_f64()), Value::from),
        Json::Null => Value::from(()),
    }
}
