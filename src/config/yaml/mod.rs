//! YAML with places: serde_yaml says what a file holds, saphyr-parser where each part of it stands.

mod node;
mod shape;
mod traps;
mod tree;

pub use node::{Entry, Kind, Node, Scalar, Value};
pub use traps::keep_secrets;

use super::sheet::{Problem, Sheet};

/// The file as a tree, or `None` when it is not one; the reason is reported on the sheet.
///
/// Bounded: the tree is built first, without recursion and up to a depth and a number of nodes (aliases counted where they
/// are used), and only what passed is given to serde_yaml.
#[must_use]
pub fn read(sheet: &Sheet) -> Option<Node> {
    let mut node = match tree::build(sheet.text()) {
        Ok(Some(node)) => node,
        Ok(None) => {
            sheet.report(
                Problem::error(&(0..0), "the file is empty").hint("`packetboat init` writes one to start from"),
            );
            return None;
        }
        Err(broken) => {
            keep_secrets(sheet);
            sheet.report(traps::explain(sheet.text(), &broken));
            return None;
        }
    };
    let shape = serde_yaml::from_str::<shape::Shape>(sheet.text());
    if shape.is_ok_and(|shape| shape::settle(&mut node, shape)) {
        return Some(node);
    }
    // Both parsers know the whole of YAML; what only one of them takes is too odd for a configuration.
    keep_secrets(sheet);
    sheet.report(Problem::error(&node.at, "this YAML can be read in two ways").hint("write it in a plainer way"));
    None
}

/// A value as it would stand in a file: how defaults are written down.
#[must_use]
pub fn literal(text: &'static str) -> Option<Node> {
    read(&Sheet::new("default", text))
}
