//! Where in a JSON text a mistake stands, as JSON Pointer has it (RFC 6901).

use crate::config::{
    Finding,
    yaml::{Node, Value},
};

/// The pointer to what a finding of this text is about: the deepest value, or its key, that begins there or before. What is about the
/// whole, or about another file, is the whole.
pub(super) fn pointer(root: &Node, text: &str, finding: &Finding) -> String {
    let spot = finding.place.spot.as_ref().and_then(|spot| offset(text, spot.line, spot.column));
    spot.map_or_else(String::new, |at| below(root, at))
}

/// The byte at a line and a column, both from 1, the latter in characters.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let (within, _) = text.get(start..)?.char_indices().nth(column.checked_sub(1)?)?;
    Some(start + within)
}

fn below(node: &Node, at: usize) -> String {
    match &node.value {
        Value::Map(entries) => {
            let entry =
                entries.iter().rfind(|entry| entry.key.at.start <= at && at < entry.value.at.end.max(entry.key.at.end));
            entry.map_or_else(String::new, |entry| {
                let name = entry.key.as_text().unwrap_or_default().replace('~', "~0").replace('/', "~1");
                format!("/{name}{}", below(&entry.value, at))
            })
        }
        Value::List(items) => {
            let item = items.iter().position(|item| item.at.contains(&at));
            item.map_or_else(String::new, |place| format!("/{place}{}", below(&items[place], at)))
        }
        Value::Scalar(_) => String::new(),
    }
}
