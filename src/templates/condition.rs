//! A condition as a rule writes it, a bare expression: `file.ext == "pdf" and file.size < size("20MB")`.

use crate::templates::{
    Facts, TemplateError,
    engine::CONDITIONS,
    facts::sample,
    names::{self, Place},
    strict,
};
use minijinja::{
    AutoEscape, Environment, Value,
    machinery::{self, CodeGenerator},
    value::ValueKind,
};
use std::{collections::BTreeMap, sync::Arc};

/// A checked condition; `Clone` is cheap.
#[derive(Debug, Clone)]
pub struct Condition(Arc<str>);

impl Condition {
    /// Reads `text`, looks up every name in it and evaluates it for a sample file.
    ///
    /// # Errors
    /// The first mistake, with its place in `text`: syntax, unknown names, unlike things compared, a result that is
    /// neither true nor false.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let engine: &Environment<'_> = &CONDITIONS;
        let compiled = engine.compile_expression(text).map_err(|error| explain(&error, text))?;
        let functions: Vec<&str> = engine.globals().map(|(name, _)| name).collect();
        names::check(Place::Condition, text, compiled.undeclared_variables(true), |name| functions.contains(&name))?;
        let condition = Self(text.into());
        condition.holds(&sample(None))?;
        Ok(condition)
    }

    /// Whether it is true of this arrival: strictly, a text or a number is not "true".
    ///
    /// # Errors
    /// A value that only this arrival brings and that cannot be compared or is no truth.
    pub fn holds(&self, facts: &Facts<'_>) -> Result<bool, TemplateError> {
        let result = evaluate(&self.0, facts.to_value()).map_err(|error| explain(&error, &self.0))?;
        match result.kind() {
            ValueKind::Bool => Ok(result.is_true()),
            kind => Err(strict::not_a_truth(kind).at(Some(0..self.0.len()))),
        }
    }

    /// The condition as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
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
    if text.contains("{{") || text.contains("{%") {
        return raised.where_it_says("{", text).hint("a condition is a bare expression, without braces");
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
