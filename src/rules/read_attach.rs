//! `attach` of a mail, `file` of an upload or a save: the file that arrived, or files of this machine.

use super::{Attach, expressions::compiled};
use crate::{
    config::{Problem, Sheet, read, yaml::Node},
    domain::Arriving,
    templates::{Known, PathTemplate, TemplateError},
};
use std::path::PathBuf;

const OF_MAIL: &str = "the parts of a message are not taken out of it yet: `file` is the file that arrived";

/// One or more; a path begins with `/`, and what is inserted into it cannot leave the folder that is written out before.
pub fn attachments(sheet: &Sheet, node: &Node, known: Known<'_>) -> Option<Vec<Attach>> {
    read::each(read::at_most(sheet, read::many(sheet, node)?, 100)?, |item| {
        let text = read::some_text(sheet, item)?;
        match text.as_str() {
            "file" if known.arriving != Arriving::File => {
                let problem = Problem::error(&item.at, "`file` where no file comes");
                sheet.report(problem.hint("`attach: /srv/terms.pdf` is a file of this machine"));
                None
            }
            "file" => Some(Attach::File),
            "attachments" | "message" => {
                sheet.report(Problem::error(&item.at, format!("`{text}` is not built yet")).hint(OF_MAIL));
                None
            }
            path if path.starts_with('/') => compiled(sheet, item, "a path", |text| path_of(text, known)),
            _ => {
                let problem = Problem::error(&item.at, "neither `file` nor a path that begins with `/`");
                sheet.report(
                    problem.hint("`attach: file` is the file that arrived, `attach: /srv/terms.pdf` another one"),
                );
                None
            }
        }
    })
}

/// A file of this machine that goes in place of the one that arrived: its path begins with `/`.
pub fn local_file(sheet: &Sheet, node: &Node, known: Known<'_>) -> Option<(PathBuf, PathTemplate)> {
    let text = read::some_text(sheet, node)?;
    if !text.starts_with('/') {
        let problem = Problem::error(&node.at, "a path on this machine that does not begin with `/`");
        sheet.report(problem.hint("`file: /etc/hosts`; leave it out, and it is the file that arrived"));
        return None;
    }
    compiled(sheet, node, "a path", |text| spot_of(text, known))
}

fn path_of(text: &str, known: Known<'_>) -> Result<Attach, TemplateError> {
    spot_of(text, known).map(|(root, below)| Attach::Path { root, below })
}

/// The folder that is written out, and what is below it.
fn spot_of(text: &str, known: Known<'_>) -> Result<(PathBuf, PathTemplate), TemplateError> {
    let fixed = text.find(['{', '}']).map_or(text, |brace| &text[..brace]);
    let (root, below) = text.split_at(fixed.rfind('/').map_or(0, |slash| slash + 1));
    let below = PathTemplate::parse_attached(known, below).map_err(|error| error.shifted(root.len()))?;
    Ok((PathBuf::from(root), below))
}
