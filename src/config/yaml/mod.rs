//! YAML with places: serde_yaml says what a file holds, saphyr-parser where each part of it stands.

mod node;
mod shape;
mod traps;
mod tree;

pub use node::{Entry, Kind, Node, Scalar, Value};
pub use traps::keep_secrets;

use super::sheet::{Problem, SecretAt, Sheet};

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
            sheet.report(match sheet.secret_at(&broken.at) {
                SecretAt::Nowhere => traps::explain(sheet.text(), &broken),
                SecretAt::Line => {
                    traps::explain(sheet.text(), &broken).hint("put texts with special letters in quotes")
                }
                SecretAt::Here => Problem::error(&broken.at, "this secret cannot be read")
                    .hint("put it in quotes, or better write `{ env: NAME }` or `{ file: name }`"),
            });
            return None;
        }
    };
    let settled = match serde_yaml::from_str::<shape::Shape>(sheet.text()) {
        Ok(shape) => shape::settle(&mut node, shape),
        Err(error) => Err(error.location().map_or(node.at.clone(), |location| location.index()..location.index())),
    };
    // Both parsers know the whole of YAML; what only one of them takes is too odd for a configuration.
    if let Err(at) = settled {
        keep_secrets(sheet);
        let problem = Problem::error(&at, "this YAML can be read in two ways");
        sheet.report(problem.hint("put quotes around the texts of this line"));
        return None;
    }
    Some(node)
}

/// A value as it would stand in a file: how defaults are written down.
#[must_use]
pub fn literal(text: &'static str) -> Option<Node> {
    read(&Sheet::new("default", text))
}
