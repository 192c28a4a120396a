//! A condition as a rule writes it, a bare expression: `file.ext == "pdf" and file.size < size("20MB")`.

use crate::templates::{
    Facts, Known, TemplateError,
    beside::with_sample,
    engine::CONDITIONS,
    names::{self, Place},
    strict,
};
use minijinja::{
    AutoEscape, Environment, Value,
    machinery::{self, CodeGenerator},
    value::ValueKind,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A checked condition; `Clone` is cheap.
#[derive(Debug, Clone)]
pub struct Condition(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    text: String,
    /// Dotted names.
    used: BTreeSet<String>,
}

impl Condition {
    /// Reads `text`, looks up every name in it and evaluates it for a sample file.
    ///
    /// # Errors
    /// The mistakes, each with its place in `text`: syntax, unknown names, unlike things compared, a result that is
    /// neither true nor false.
    pub fn parse<'a>(known: impl Into<Known<'a>>, text: &str) -> Result<Self, TemplateError> {
        let known = known.into();
        let engine: &Environment<'_> = &CONDITIONS;
        let compiled = engine.compile_expression(text).map_err(|error| explain(&error, text))?;
        let functions: Vec<&str> = engine.globals().map(|(name, _)| name).collect();
        let used: BTreeSet<String> = compiled.undeclared_variables(true).into_iter().collect();
        names::check(Place::Condition, known, text, used.iter().cloned(), |name| functions.contains(&name))?;
        let condition = Self(Arc::new(Compiled { text: text.to_owned(), used }));
        if !names::reads_data(&condition.0.used) {
            with_sample(known, None, |facts| condition.holds(facts))?;
        }
        Ok(condition)
    }

    /// Whether it is true of this arrival: strictly, a text or a number is not "true".
    ///
    /// # Errors
    /// A value that only this arrival brings and that cannot be compared or is no truth.
    pub fn holds(&self, facts: &Facts<'_>) -> Result<bool, TemplateError> {
        let result = evaluate(self.text(), facts.to_value()).map_err(|error| explain(&error, self.text()))?;
        match result.kind() {
            ValueKind::Bool => Ok(result.is_true()),
            kind => Err(strict::not_a_truth(kind).at(Some(0..self.text().len()))),
        }
    }

    /// The columns it asks for by name.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        names::columns(&self.0.used)
    }

    /// The condition as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }
}

/// Compiles anew each time: a condition is a line, and what is compiled borrows from the text.
fn evaluate(text: &str, facts: Value) -> Result<Value, minijinja::Error> {
    let expression = strict::strictly(&machinery::parse_expr(text)?);
    let mut generator = CodeGenerator::new("if", text);
    generator.compile_expr(&expression);
    let instructions = generator.finish().0;
    let mut words = String::new();
    let (result, _) = machinery::eval(
        &CONDITIONS,
        &instructions,
        facts,
        &BTreeMap::new(),
        &mut machinery::make_string_output(&mut words),
        AutoEscape::None,
    )?;
    Ok(result.unwrap_or_default())
}

fn explain(error: &minijinja::Error, text: &str) -> TemplateError {
    let raised = TemplateError::from_engine(error);
    if let Some(brace) = text.find("{{").or_else(|| text.find("{%")) {
        let range = Some(brace..brace + 2);
        return TemplateError { range, ..raised }.hint("a condition is a bare expression, without braces");
    }
    let single = text.match_indices('=').map(|(at, _)| at).find(|at| is_single(text, *at));
    match single {
        Some(at) if error.kind() == minijinja::ErrorKind::SyntaxError => {
            TemplateError { range: Some(at..at + 1), ..raised }.hint("to compare, write `==`")
        }
        _ => raised,
    }
}

fn is_single(text: &str, at: usize) -> bool {
    let neighbours = [at.checked_sub(1), Some(at + 1)];
    neighbours.into_iter().flatten().all(|place| !matches!(text.as_bytes().get(place), Some(b'=' | b'!' | b'<' | b'>')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Identity, Sighting, Stage},
        templates::facts::sample,
    };

    fn file(path: &[u8], size_bytes: u64) -> Sighting {
        let identity = Identity { size_bytes, mtime_ns: 1_795_000_000_000_000_000, inode: 1, ctime_ns: 1 };
        Sighting { folder: b"/srv".to_vec(), path: path.to_vec(), identity }
    }

    fn holds(condition: &str, path: &[u8]) -> Result<bool, TemplateError> {
        Condition::parse(Stage::Then, condition)?
            .holds(&Facts { file: &file(path, 5_000), ..sample(Stage::Then, None) })
    }

    #[test]
    fn a_condition_is_true_or_false_of_an_arrival() {
        for (condition, path, is_true) in [
            ("true", "a", true),
            ("file.ext == \"pdf\"", "a.pdf", true),
            ("file.ext != \"pdf\"", "a.pdf", false),
            ("file.size < size(\"20MB\")", "a", true),
            ("file.size >= 5000 and file.size < 5001", "a", true),
            ("1 < file.size <= 4999", "a", false),
            ("4999 < file.size < 5001 < 6000", "a", true),
            ("file.ext in [\"pdf\", \"xml\"]", "a.xml", true),
            ("file.ext not in [\"pdf\", \"xml\"]", "a.xml", false),
            ("'invoice' in file.name | lower", "INVOICE-7.pdf", true),
            ("'invoice' not in file.name | lower", "INVOICE-7.pdf", false),
            ("not file.name is startingwith('a')", "b", true),
            ("file.folder == \"in\"", "in/a", true),
            ("file.path == \"in/a\" or file.folder == \"\"", "a", true),
            ("arrived.hour | int < 12", "a", true),
            ("arrived.month == \"11\"", "a", true),
            ("arrived.weekday in ['Sat', 'Sun']", "a", true),
            ("file.modified < arrived", "a", true),
            ("arrived == arrived", "a", true),
            ("file.name | length > 3", "abcd", true),
            ("(true if file.ext == 'a' else false)", "x.a", true),
            ("file.size is gt(4000) and file.ext is eq('a')", "x.a", true),
            ("rule.name == 'sample' and host == 'localhost'", "a", true),
            ("file.name == 'a' and (file.size > 1 or file.size < 0) and not false", "a", true),
        ] {
            assert_eq!(holds(condition, path.as_bytes()), Ok(is_true), "{condition}");
        }
    }

    #[test]
    fn names_that_are_no_utf8_compare_as_themselves() {
        assert_eq!(holds("file.stem == file.name", b"caf\xe9"), Ok(true));
        assert_eq!(holds("file.name == 'caf\u{e9}'", b"caf\xe9"), Ok(false));
    }

    #[test]
    fn what_is_neither_true_nor_false_is_refused_at_its_place() {
        for (condition, place, message, hint) in [
            ("file.name", "file.name", "this is a text", "compare it"),
            ("file.size", "file.size", "this is a number", "compare it"),
            ("\"true\"", "\"true\"", "this is a text", ""),
            ("file.name and true", "file.name", "this is a text", ""),
            ("true and file.name", "file.name", "this is a text", ""),
            ("not file.size", "file.size", "this is a number", ""),
            ("false or file.size", "file.size", "this is a number", ""),
            ("true if file.name else false", "file.name", "this is a text", ""),
            ("file.size > \"20\"", "file.size > \"20\"", "a number cannot be compared with a text", "size(\"20MB\")"),
            ("arrived.hour < 6", "arrived.hour < 6", "a text cannot be compared with a number", "| int"),
            ("1 < file.size < \"9\"", "1 < file.size < \"9\"", "a number cannot be compared with a text", ""),
            ("true and 7 == \"7\"", "7 == \"7\"", "a number cannot be compared", ""),
            ("file.size == true", "file.size == true", "a number cannot be compared with true or false", ""),
            ("file.size in [\"1\"]", "file.size in [\"1\"]", "cannot be compared", ""),
            ("5 in file.name", "5 in file.name", "cannot be compared", ""),
            ("'x' in file.size", "'x' in file.size", "nothing is `in` a number", "in file.name"),
            ("file.size is gt(\"4\")", "gt(\"4\")", "cannot be compared", ""),
            ("arrived < \"2026-11-22\"", "arrived < \"2026-11-22\"", "a moment cannot be compared", "arrived.date"),
            ("file.nmae == 'a'", "file.nmae", "no `file.nmae`", "Did you mean `name`?"),
            ("server.name == 'a'", "server.name", "no `server`", ""),
            ("now > arrived", "now", "`now` would be", "use `arrived`"),
            ("file.sha256 == 'a'", "file.sha256", "not known before", ""),
            ("false and nope", "nope", "no `nope`", ""),
            ("file.ext = 'pdf'", "=", "cannot be read", "write `==`"),
            ("{{ file.ext == 'pdf' }}", "{{", "", "bare expression"),
            ("", "", "", ""),
        ] {
            let error = Condition::parse(Stage::Then, condition).expect_err(condition);
            assert!(error.message.contains(message), "{condition}: {error}");
            assert!(error.hint.as_deref().unwrap_or("").contains(hint), "{condition}: {:?}", error.hint);
            if !place.is_empty() {
                assert_eq!(error.range.map(|range| &condition[range]), Some(place), "{condition}");
            }
        }
    }

    #[test]
    fn a_quarrel_that_only_an_arrival_brings_is_an_error_then() {
        let condition = "file.ext == 'pdf' or file.size > file.ext";
        let error = holds(condition, b"a.txt").unwrap_err();
        assert_eq!(error.range.map(|range| &condition[range]), Some("file.size > file.ext"));
    }
}
