//! The tree of places, from saphyr-parser's events.

use super::{Entry, Kind, Node, Scalar, Value};
use crate::config::sheet::Span;
use saphyr_parser::{Event, Parser, ScalarStyle, Span as Marks};
use std::collections::BTreeMap;

/// Deeper than any configuration, and shallow enough to walk by recursion.
const DEEPEST: usize = 64;
/// Nodes of a file with its aliases written out.
const MOST_NODES: usize = 200_000;

/// Why there is no tree.
pub struct Broken {
    pub at: Span,
    pub why: Why,
}

pub enum Why {
    /// The parser's own words.
    Syntax(String),
    /// A map or list in braces that begins at `at` does not end.
    Unclosed,
    TooDeep,
    TooMany,
    Tag,
    SecondDocument,
}

/// The first document's tree; `None` when there is none.
pub fn build(text: &str) -> Result<Option<Node>, Broken> {
    let mut builder =
        Builder { text, bytes: Bytes::new(text), open: Vec::new(), anchors: BTreeMap::new(), nodes: 0, root: None };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, marks)) => {
                let at = builder.bytes.of(&marks);
                builder.take(event, at)?;
            }
            Err(error) => return Err(builder.broken(error.marker().index(), error.info())),
        }
    }
    Ok(builder.root)
}

/// The parser counts characters, we count bytes.
struct Bytes {
    /// Byte of each character and of the end; `None` where the two are the same.
    offsets: Option<Vec<usize>>,
    length: usize,
}

impl Bytes {
    fn new(text: &str) -> Self {
        let length = text.len();
        let offsets =
            (!text.is_ascii()).then(|| text.char_indices().map(|(byte, _)| byte).chain([length]).collect::<Vec<_>>());
        Self { offsets, length }
    }

    fn at(&self, index: usize) -> usize {
        self.offsets.as_ref().map_or(index, |offsets| *offsets.get(index).unwrap_or(&self.length)).min(self.length)
    }

    fn of(&self, marks: &Marks) -> Span {
        let start = self.at(marks.start.index());
        start..self.at(marks.end.index()).max(start)
    }
}

/// A list or map whose end has not come.
struct Open {
    at: Span,
    anchor: usize,
    value: Value,
    key: Option<Node>,
    nodes_before: usize,
}

struct Builder<'a> {
    text: &'a str,
    bytes: Bytes,
    open: Vec<Open>,
    /// Node and number of nodes, by anchor.
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, at: Span) -> Result<(), Broken> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => Err(Broken { at, why: Why::SecondDocument }),
            Event::Scalar(_, _, _, Some(tag))
            | Event::SequenceStart(_, Some(tag))
            | Event::MappingStart(_, Some(tag))
                if !tag.is_yaml_core_schema() =>
            {
                Err(Broken { at, why: Why::Tag })
            }
            Event::Scalar(text, style, anchor, _) => {
                let node = self.scalar(text.into_owned(), style, at);
                self.close(node, anchor, 1)
            }
            Event::SequenceStart(anchor, _) => self.begin(at, anchor, Value::List(Vec::new())),
            Event::MappingStart(anchor, _) => self.begin(at, anchor, Value::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => {
                    let nodes = self.nodes - open.nodes_before;
                    let at = self.whole(open.at, at.end);
                    self.close(Node { at, value: open.value }, open.anchor, nodes)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some((node, nodes)) => {
                    self.count(nodes, &at)?;
                    self.close(node, 0, 0)
                }
                // An alias inside its own anchor.
                None => Err(Broken { at, why: Why::TooDeep }),
            },
            _ => Ok(()),
        }
    }

    fn begin(&mut self, at: Span, anchor: usize, value: Value) -> Result<(), Broken> {
        if self.open.len() >= DEEPEST {
            return Err(Broken { at, why: Why::TooDeep });
        }
        self.open.push(Open { at, anchor, value, key: None, nodes_before: self.nodes });
        Ok(())
    }

    fn count(&mut self, nodes: usize, at: &Span) -> Result<(), Broken> {
        self.nodes += nodes;
        if self.nodes > MOST_NODES { Err(Broken { at: at.clone(), why: Why::TooMany }) } else { Ok(()) }
    }

    /// Puts a finished node where it belongs.
    fn close(&mut self, node: Node, anchor: usize, nodes: usize) -> Result<(), Broken> {
        self.count(usize::from(matches!(node.value, Value::Scalar(_))), &node.at)?;
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), nodes.max(1)));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { value: Value::List(items), .. }) => items.push(node),
            Some(Open { value: Value::Map(entries), key, .. }) => match key.take() {
                None => *key = Some(node),
                Some(key) => entries.push(Entry { key, value: node }),
            },
            Some(Open { value: Value::Scalar(_), .. }) => {}
        }
        Ok(())
    }

    fn scalar(&self, text: String, style: ScalarStyle, at: Span) -> Node {
        let written = &self.text[at.clone()];
        // The parser counts an anchor or a tag in.
        let begin = at.start + if text.is_empty() { 0 } else { written.rfind(&text).unwrap_or(0) };
        let inside = match style {
            ScalarStyle::Plain => begin..begin + text.len(),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => at.start + 1..(at.start + 1 + text.len()),
            ScalarStyle::Literal | ScalarStyle::Folded => at.start..at.start,
        };
        let verbatim = self.text.get(inside.clone()).is_some_and(|found| found == text).then_some(inside.clone());
        let at = match (style, &verbatim) {
            // An absent value is given the token behind it.
            (ScalarStyle::Plain, Some(inside)) if text.is_empty() => inside.start..inside.start,
            (ScalarStyle::Plain, Some(inside)) => inside.clone(),
            _ => at,
        };
        Node { at, value: Value::Scalar(Scalar { text, kind: Kind::Text, verbatim }) }
    }

    /// A list or map in braces from brace to brace; in block style as far as its first line goes.
    fn whole(&self, start: Span, end: usize) -> Span {
        if self.text[start.clone()].trim_end().ends_with(['{', '[']) {
            return start.start..start.start + self.text[start.start..end].trim_end().len();
        }
        let line = self.text[start.start..].lines().next().unwrap_or_default();
        start.start..start.start + line.trim_end().len()
    }

    /// What the parser objects to, at a character.
    fn broken(&self, index: usize, info: &str) -> Broken {
        let at = self.bytes.at(index);
        let unclosed = info.contains("did not find expected ',' or") || info.contains("illegal placement of ':'");
        match self.open.last() {
            Some(open) if unclosed && self.text[open.at.clone()].starts_with(['{', '[']) => {
                Broken { at: open.at.start..open.at.start + 1, why: Why::Unclosed }
            }
            _ if info.contains("recursion limit") => Broken { at: at..at, why: Why::TooDeep },
            _ => Broken { at: at..at, why: Why::Syntax(info.to_owned()) },
        }
    }
}
