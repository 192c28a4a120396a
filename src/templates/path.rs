//! A path on a server as a rule writes it: `db/{{ arrived.year }}/{{ file.name }}`.

use crate::{
    domain::{Ref, RemotePath, RemotePathError},
    templates::{
        Destination, Facts, TemplateError, carrier, engine,
        facts::{sample, split_name, split_path},
        names::{self, Place},
    },
};
use minijinja::{Environment, Value};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// A compiled path template; `Clone` is cheap.
#[derive(Clone)]
pub struct PathTemplate(Arc<Compiled>);

struct Compiled {
    text: String,
    engine: Environment<'static>,
}

const TEMPLATE: &str = "path";
const STAY_BELOW: &str = "a path stays below the server's folder; set `folder:` at the server to start higher";

impl PathTemplate {
    /// Compiles `text`, looks up every name in it and renders it for a sample file.
    ///
    /// # Errors
    /// The first mistake, with its place in `text`: syntax, unknown names, `now`, absolute paths and such as can leave
    /// their root.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let template = Self::compile(Place::Path, text)?;
        template.render(&sample(Some(Destination { server: "sample", job: Ref([7; 16]) })))?;
        Ok(template)
    }

    /// As [`PathTemplate::parse`], for `done_file`: a name beside a file, from `file.name`, `.stem` and `.ext` alone.
    ///
    /// # Errors
    /// The first mistake, with its place in `text`.
    pub fn parse_done_file(text: &str) -> Result<Self, TemplateError> {
        let template = Self::compile(Place::DoneFile, text)?;
        let name = template.beside(&sample(None).file.path)?;
        if text.contains('/') {
            return Err(TemplateError::new("a done-file lies beside its file").where_it_says("/", text));
        }
        if name == sample(None).file_name() {
            return Err(TemplateError::new("this is the name of the file itself")
                .hint("`{{ file.stem }}.ok` or `{{ file.name }}.done`"));
        }
        Ok(template)
    }

    /// The path for this arrival at this destination. Ending in `/`, the template names a folder and the file keeps its
    /// name. Names of files come through byte for byte, whether they are UTF-8 or not.
    ///
    /// # Errors
    /// A value that no path can be made of, or a path that no server would take; this arrival's job fails, the rule
    /// goes on.
    pub fn render(&self, facts: &Facts<'_>) -> Result<RemotePath, TemplateError> {
        let text = self.rendered(facts.to_value())?;
        let bytes = place(&text, facts.file_name());
        RemotePath::new(bytes).map_err(|error| self.explain(&error))
    }

    /// The name of the done-file beside the file with this name or path.
    ///
    /// # Errors
    /// A name that the template makes nothing usable of.
    pub fn beside(&self, path: &[u8]) -> Result<Vec<u8>, TemplateError> {
        let name = split_path(path).1;
        let (stem, ext) = split_name(name);
        let file = BTreeMap::from([("name", name), ("stem", stem), ("ext", ext)].map(|(key, bytes)| {
            // A done-file's name is only looked for in a listing: an empty extension does no harm here.
            (key, Value::from_safe_string(carrier::to_text(bytes)))
        }));
        let text = self.rendered(Value::from(BTreeMap::from([("file", Value::from(file))])))?;
        let path = RemotePath::new(place(&text, name)).map_err(|error| self.explain(&error))?;
        Ok(path.name().to_vec())
    }

    /// The template as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    fn compile(place: Place, text: &str) -> Result<Self, TemplateError> {
        if text.chars().any(carrier::is_carrier) {
            return Err(TemplateError::new("the characters U+10FF00 to U+10FFFF cannot stand in a path"));
        }
        let mut engine = engine::PATHS.clone();
        engine.add_template_owned(TEMPLATE, text.to_owned()).map_err(|error| TemplateError::from_engine(&error))?;
        let compiled = engine.get_template(TEMPLATE).map_err(|error| TemplateError::from_engine(&error))?;
        let functions: Vec<&str> = engine.globals().map(|(name, _)| name).collect();
        names::check(place, text, compiled.undeclared_variables(true), |name| functions.contains(&name))?;
        Ok(Self(Arc::new(Compiled { text: text.to_owned(), engine })))
    }

    fn rendered(&self, facts: Value) -> Result<String, TemplateError> {
        self.0
            .engine
            .get_template(TEMPLATE)
            .and_then(|template| template.render(facts))
            .map_err(|error| TemplateError::from_engine(&error))
    }

    /// The whole path is wrong where each value was right: point at the text of the template that makes it so.
    fn explain(&self, error: &RemotePathError) -> TemplateError {
        let text = self.text();
        let raised = TemplateError::new(error.to_string());
        match error {
            RemotePathError::Absolute => TemplateError::new("this path starts at the root of the server")
                .at(text.starts_with('/').then_some(0..1))
                .hint(STAY_BELOW),
            RemotePathError::Dots("..") => {
                TemplateError::new("this path can leave its root").where_it_says("..", text).hint(STAY_BELOW)
            }
            RemotePathError::Dots(_) => raised.where_it_says("./", text).hint("leave `./` out"),
            RemotePathError::EmptyPart => raised.where_it_says("//", text),
            RemotePathError::Empty => raised.hint("end it with `/`, and the file keeps its name"),
            RemotePathError::LongPart(_) => raised.hint("`| truncate(100)` makes a text shorter"),
            RemotePathError::Control(_) => raised,
        }
    }
}

impl fmt::Debug for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PathTemplate").field(&self.0.text).finish()
    }
}

/// The rendered text as bytes: the folder of a file at the root takes its slash with it, and a folder gets the file's name.
fn place(text: &str, file_name: &[u8]) -> Vec<u8> {
    let nothing = carrier::NOTHING.encode_utf8(&mut [0; 4]).to_owned();
    let parts: Vec<String> =
        text.split('/').filter(|part| *part != nothing).map(|part| part.replace(carrier::NOTHING, "")).collect();
    let mut bytes = carrier::to_bytes(&parts.join("/"));
    if text.ends_with('/') {
        bytes.extend_from_slice(file_name);
    }
    bytes
}
