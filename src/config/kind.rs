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
    /// What `read` makes of the kind of `node`; `None` when there is not exactly one that is built, which is reported. Of several each is
    /// read, so that its mistakes are told, too.
    pub fn one<T>(&'static self, sheet: &Sheet, node: &Node, mut read: impl FnMut(Entry) -> Option<T>) -> Option<T> {
        if let Some(word) = node.as_text() {
            return self.word(sheet, node, word).and_then(read);
        }
        let fields = Fields::open(sheet, &self.table, &node.at, node)?;
        let is_beside = |entry: &&Entry| self.beside.iter().any(|name| entry.key.as_text() == Some(name));
        let kinds: Vec<&Entry> = fields.written().filter(|entry| !is_beside(entry) && self.is_built(entry)).collect();
        if kinds.is_empty() && fields.count() == fields.written().filter(is_beside).count() {
            sheet.report(Problem::error(&node.at, self.none.0).hint(self.none.1));
        }
        if let [first, second, ..] = kinds[..]
            && first.key.as_text() != second.key.as_text()
        {
            let names = [&second.key, &first.key].map(|key| key.as_text().unwrap_or_default());
            let problem = Problem::error(&second.key.at, format!("`{}` beside `{}`", names[0], names[1]));
            sheet.report(problem.hint(self.two));
        }
        let is_one = kinds.len() == 1;
        let mut made: Vec<Option<T>> = kinds.into_iter().map(|kind| read(kind.clone())).collect();
        made.pop().flatten().filter(|_| is_one)
    }

    fn is_built(&self, entry: &Entry) -> bool {
        entry.key.as_text().is_some_and(|name| self.table.built().any(|key| key.name == name))
    }

    fn word(&self, sheet: &Sheet, node: &Node, word: &str) -> Option<Entry> {
        let problem = match self.table.key(word).filter(|key| !self.beside.contains(&key.name)).map(|key| key.form) {
            Some(Form::NotYet(way_out)) => Problem::error(&node.at, format!("`{word}` is not built yet")).hint(way_out),
            Some(_) => {
                let nothing = Scalar { text: String::new(), kind: Kind::Null, verbatim: None };
                let value = Node { at: node.at.clone(), value: Value::Scalar(nothing) };
                return Some(Entry { key: node.clone(), value });
            }
            None => {
                let kinds = self.table.built().filter(|key| !self.beside.contains(&key.name));
                let near = suggest::nearest(word, kinds.map(|key| key.name));
                let hint = near.map_or_else(|| self.none.1.to_owned(), |near| format!("did you mean `{near}`?"));
                Problem::error(&node.at, format!("`{word}` is not known in {}", self.table.name)).hint(hint)
            }
        };
        sheet.report(problem);
        None
    }
}
