//! What a mail may know beside its arrival: one row of it, its bytes, and the values that the step adds.

use crate::templates::{Charset, Destination, Facts, Known, Rows, TemplateError, facts::sample};
use minijinja::{
    Error, Value,
    value::{Object, Rest},
};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// All of it; nothing by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    pub row: Option<&'a Row>,
    pub content: Option<&'a Content>,
    /// Names and values of `data`.
    pub data: &'a [(String, String)],
}

/// What `then` makes of a sample arrival that has all of it.
pub(super) fn with_sample<T>(
    known: Known<'_>,
    destination: Option<Destination<'_>>,
    then: impl FnOnce(&Facts<'_>) -> T,
) -> T {
    let (row, content) = (Row::sample(), Content((*b"a sample\n").into()));
    let data: Vec<_> = known.data.iter().map(|name| (name.clone(), "1".to_owned())).collect();
    let row = Some(&row).filter(|_| known.rows == Rows::Yes);
    let beside = Beside { row, content: Some(&content), data: &data };
    then(&Facts { beside, ..sample(known, destination) })
}

/// One row of a table: `row.number`.
#[derive(Debug, Clone)]
pub struct Row(Value);

impl Row {
    /// As many values as there are columns.
    #[must_use]
    pub fn new(columns: &[String], values: impl IntoIterator<Item = String>) -> Self {
        let row: BTreeMap<String, Value> = columns.iter().cloned().zip(values.into_iter().map(Value::from)).collect();
        Self(Value::from(row))
    }

    pub(super) fn value(&self) -> Value {
        self.0.clone()
    }

    /// One that has every column, and a 1 in it: it is a text, and a number and an amount can be read from it.
    pub(super) fn sample() -> Self {
        Self(Value::from_object(AnyColumn))
    }
}

/// All columns with their values, by name, as minijinja shows a map.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug)]
struct AnyColumn;

impl Object for AnyColumn {
    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        Some(Value::from("1"))
    }
}

/// The bytes of the arrival's file: `file.text('cp850')`.
#[derive(Debug, Clone)]
pub struct Content(pub Arc<[u8]>);

/// Bytes of a file that `file.text` reads.
pub const LONGEST_TEXT: u64 = 1_000_000;

impl Content {
    pub(super) fn text(&self) -> Value {
        let Self(bytes) = self.clone();
        Value::from_function(move |charset: Rest<String>| -> Result<String, Error> { Ok(text(&bytes, &charset)?) })
    }
}

fn text(bytes: &[u8], charset: &[String]) -> Result<String, TemplateError> {
    let name = charset.first().map_or("utf-8", String::as_str);
    let charset = Charset::named(name)
        .map_err(|why| TemplateError::new(format!("`{}`: {why}", name.escape_debug())).hint("`file.text('cp850')`"))?;
    charset.decode(bytes).map(|text| text.into_owned()).map_err(|why| TemplateError::new(why.to_string()))
}
