//! A value of a file and where it stands.

use crate::config::sheet::Span;

/// A value with its place. It has no `Debug`: it may be a password.
#[derive(Clone)]
pub struct Node {
    /// Of a scalar with its quotes; of a map or list in braces with them, else its first line.
    pub at: Span,
    pub value: Value,
}

#[derive(Clone)]
pub enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    /// In the order of the file, with keys that stand twice.
    Map(Vec<Entry>),
}

#[derive(Clone)]
pub struct Entry {
    pub key: Node,
    pub value: Node,
}

#[derive(Clone)]
pub struct Scalar {
    pub text: String,
    pub kind: Kind,
    /// Where `text` stands letter for letter; not so with escapes and folded lines.
    pub verbatim: Option<Span>,
}

/// What YAML makes of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Null,
    Bool(bool),
    Number,
    Text,
}

impl Node {
    /// The kind of value, as messages name it.
    #[must_use]
    pub fn kind_word(&self) -> &'static str {
        match &self.value {
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Scalar(Scalar { kind, .. }) => match kind {
                Kind::Null => "nothing",
                Kind::Bool(_) => "true or false",
                Kind::Number => "a number",
                Kind::Text => "a text",
            },
        }
    }

    /// Whether nothing is written here.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.kind == Kind::Null)
    }

    /// The text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(Scalar { text, kind: Kind::Text, .. }) => Some(text),
            _ => None,
        }
    }

    /// The scalar, where it is one that is not null.
    #[must_use]
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) if scalar.kind != Kind::Null => Some(scalar),
            _ => None,
        }
    }

    /// What is written for a key, where it is a map that has it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|entry| entry.key.as_text() == Some(key))
    }

    /// Where `part` of the text stands in the file: the whole of the value when the text is not there letter for letter.
    #[must_use]
    pub fn part(&self, part: Option<&Span>) -> Span {
        let verbatim = self.as_scalar().and_then(|scalar| scalar.verbatim.clone());
        match (part, verbatim) {
            (Some(part), Some(whole)) if whole.start + part.end <= whole.end => {
                whole.start + part.start..whole.start + part.end
            }
            _ => self.at.clone(),
        }
    }
}
