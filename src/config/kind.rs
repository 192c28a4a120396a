//! Exactly one kind: a source, a step and a server are a map with one known key, or that key as a bare word.

use super::{
    fields::Fields,
    keys::{Form, Table},
    sheet::{Problem, Sheet},
    suggest,
    yaml::{Entry, Kind, Node, Scalar, Value},
};

/// The kinds there are, and what to say when there is none or more than one.
pub struct Kinds {
    pub table: Table,
    /// Keys that may stand beside the kind.
    pub beside: &'static [&'static str],
    /// What is wrong with none, and what to write.
    pub none: (&'static str, &'static str),
    pub two: &'static str,
}

impl Kinds {
    /// The kind of `node` with its value; `None` when there is not exactly one that is built, which is reported.
    pub fn one(&'static self, sheet: &Sheet, node: &Node) -> Option<Entry> {
        if let Some(word) = node.as_text() {
            return self.word(sheet, node, word);
        }
        let fields = Fields::open(sheet, &self.table, &node.at, node)?;
        let kinds =
            || fields.written().filter(|entry| !self.beside.iter().any(|name| entry.key.as_text() == Some(name)));
        let only_beside = fields.count() == fields.written().count();
        match (kinds().next(), kinds().nth(1)) {
            (Some(kind), None) if self.is_built(kind) => Some(kind.clone()),
            (Some(first), Some(second)) if first.key.as_text() != second.key.as_text() => {
                let names = [&second.key, &first.key].map(|key| key.as_text().unwrap_or_default());
                let problem = Problem::error(&second.key.at, format!("`{}` beside `{}`", names[0], names[1]));
                sheet.report(problem.hint(self.two));
                None
            }
            (None, _) if only_beside => {
                sheet.report(Problem::error(&node.at, self.none.0).hint(self.none.1));
                None
            }
            _ => None,
        }
    }

    fn is_built(&self, entry: &Entry) -> bool {
        let form = entry.key.as_text().and_then(|name| self.table.key(name)).map(|key| key.form);
        !matches!(form, None | Some(Form::NotYet(_)))
    }

    fn word(&self, sheet: &Sheet, node: &Node, word: &str) -> Option<Entry> {
        let kinds = || self.table.keys.iter().filter(|key| !self.beside.contains(&key.name));
        let problem = match kinds().find(|key| key.name == word).map(|key| key.form) {
            Some(Form::NotYet(way_out)) => Problem::error(&node.at, format!("`{word}` is not built yet")).hint(way_out),
            Some(_) => {
                let nothing = Scalar { text: String::new(), kind: Kind::Null, verbatim: None };
                let value = Node { at: node.at.clone(), value: Value::Scalar(nothing) };
                return Some(Entry { key: node.clone(), value });
            }
            None => {
                let near = suggest::nearest(word, kinds().map(|key| key.name));
                let hint = near.map_or_else(|| self.none.1.to_owned(), |near| format!("did you mean `{near}`?"));
                Problem::error(&node.at, format!("`{word}` is not known in {}", self.table.name)).hint(hint)
            }
        };
        sheet.report(problem);
        None
    }
}
