//! What serde_yaml makes of each scalar, laid over the tree of places.

use super::{Kind, Node, Value};
use crate::config::sheet::Span;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A document without places; keys that stand twice are kept.
pub enum Shape {
    Scalar(Kind),
    List(Vec<Shape>),
    Map(Vec<(Shape, Shape)>),
}

/// Gives every scalar of `node` the kind that `shape` has there; where the two are not the same document, the place.
pub fn settle(node: &mut Node, shape: Shape) -> Result<(), Span> {
    match (&mut node.value, shape) {
        (Value::Scalar(scalar), Shape::Scalar(kind)) => {
            scalar.kind = kind;
            Ok(())
        }
        (Value::List(nodes), Shape::List(shapes)) if nodes.len() == shapes.len() => {
            nodes.iter_mut().zip(shapes).try_for_each(|(node, shape)| settle(node, shape))
        }
        (Value::Map(entries), Shape::Map(shapes)) if entries.len() == shapes.len() => {
            entries.iter_mut().zip(shapes).try_for_each(|(entry, (key, value))| {
                settle(&mut entry.key, key)?;
                settle(&mut entry.value, value)
            })
        }
        _ => Err(node.at.clone()),
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyShape)
    }
}

struct AnyShape;

impl<'de> Visitor<'de> for AnyShape {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a tag")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Bool(value)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Number))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Number))
    }

    fn visit_i128<E>(self, _: i128) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Number))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Number))
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
        let mut shapes = Vec::new();
        while let Some(shape) = seq.next_element()? {
            shapes.push(shape);
        }
        Ok(Shape::List(shapes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut shapes = Vec::new();
        while let Some(entry) = map.next_entry()? {
            shapes.push(entry);
        }
        Ok(Shape::Map(shapes))
    }
}
