//! A text that minijinja has compiled, with the names in it.

use crate::templates::{TemplateError, names};
use minijinja::{Environment, Value};
use std::{collections::BTreeSet, fmt};

pub(super) struct Compiled {
    pub text: String,
    /// Dotted names, functions among them.
    pub used: BTreeSet<String>,
    engine: Environment<'static>,
}

const TEMPLATE: &str = "template";

impl Compiled {
    /// `engine` is cloned: it has what goes into the text.
    pub fn of(engine: &Environment<'static>, text: &str) -> Result<Self, TemplateError> {
        let mut engine = engine.clone();
        engine.add_template_owned(TEMPLATE, text.to_owned()).map_err(|error| TemplateError::from_engine(&error))?;
        let template = engine.get_template(TEMPLATE).map_err(|error| TemplateError::from_engine(&error))?;
        let used = template.undeclared_variables(true).into_iter().collect();
        Ok(Self { text: text.to_owned(), used, engine })
    }

    pub fn has_function(&self, name: &str) -> bool {
        self.engine.globals().any(|(function, _)| function == name)
    }

    /// The columns it asks for by name.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        names::columns(&self.used)
    }

    pub fn render(&self, facts: Value) -> Result<String, TemplateError> {
        let rendered = self.engine.get_template(TEMPLATE).and_then(|template| template.render(facts));
        rendered.map_err(|error| TemplateError::from_engine(&error))
    }
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}
