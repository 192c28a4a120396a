//! `rows` of a mail: how its file is read as a table.

use super::{Header, TableShape};
use crate::{
    config::{
        Fields, Problem, Sheet,
        keys::{Table, default},
        read::{self, Meaning, Meaning::Built},
        values::Fault,
        yaml::Node,
    },
    domain::{Arriving, Stage},
    templates::{Charset, Known, NotACharset},
};

/// The keys of `rows`.
pub const ROWS: Table = Table {
    name: "rows",
    keys: &[
        default("format", "csv"),
        default("delimiter", "auto"),
        default("charset", "utf-8"),
        default("header", "true"),
    ],
    moved: &[
        ("separator", "write `delimiter`"),
        ("sep", "write `delimiter`"),
        ("encoding", "write `charset`"),
        ("headers", "write `header: true` or `false`"),
    ],
};

const FORMAT: &[(&str, Meaning<()>)] = &[("csv", Built(()))];

/// How the file of a step is read.
pub fn table_shape(sheet: &Sheet, node: &Node, of: Known<'_>) -> Option<TableShape> {
    if of.arriving != Arriving::File {
        let problem = Problem::error(&node.at, "rows where no file comes");
        sheet.report(problem.hint("leave it out: a schedule brings one mail a tick; files of rows come by `watch`"));
        return None;
    }
    if of.stage != Stage::Then {
        let problem = Problem::error(&node.at, "rows are mailed when their file comes");
        sheet.report(problem.hint("write it in `then`; what follows upon that is one mail a file"));
        return None;
    }
    let fields = Fields::open(sheet, &ROWS, &node.at, node)?;
    let format = fields.need("format", read::word(FORMAT));
    let delimiter = fields.need("delimiter", read::spelt("a delimiter", delimiter));
    let charset = fields.need("charset", read::spelt("a charset", charset));
    let header =
        fields.need("header", read::switch).map(|is_there| if is_there { Header::First } else { Header::None });
    format?;
    Some(TableShape { delimiter: delimiter?, charset: charset?, header: header? })
}

fn delimiter(text: &str) -> Result<Option<u8>, Fault> {
    match text {
        "auto" => Ok(None),
        "tab" | "\t" | "\\t" => Ok(Some(b'\t')),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii_punctuation() && *byte != b'"' => Ok(Some(*byte)),
            _ => Err(Fault::new("not a delimiter", "`auto`, `tab` or one sign: \",\" \";\" \"|\"")),
        },
    }
}

fn charset(text: &str) -> Result<Charset, Fault> {
    Charset::named(text).map_err(|why| {
        let hint = match why {
            NotACharset::Unknown => "`utf-8`, `windows-1252`, `iso-8859-15`, `cp850` and such",
            NotACharset::NotYet => "save the file as UTF-8",
        };
        Fault::new(format!("`{text}`: {why}"), hint)
    })
}
