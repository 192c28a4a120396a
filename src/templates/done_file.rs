//! The name of the done-file beside a file: `{{ file.stem }}.ok`.

use crate::{
    domain::Stage,
    templates::{
        PathTemplate, TemplateError, carrier,
        facts::{sample, split_name, split_path},
        names::Place,
    },
};
use minijinja::Value;
use std::collections::BTreeMap;

/// A compiled name of done-files; `Clone` is cheap.
#[derive(Debug, Clone)]
pub struct DoneFile(PathTemplate);

impl DoneFile {
    /// Compiles `text`, a name beside a file, from `file.name`, `.stem` and `.ext` alone.
    ///
    /// # Errors
    /// The first mistake, with its place in `text`.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let done_file = Self(PathTemplate::compile(Place::DoneFile, Stage::Then.into(), text)?);
        let name = done_file.beside(&sample(Stage::Then, None).file.path)?;
        if text.contains('/') {
            return Err(TemplateError::new("a done-file lies beside its file").where_it_says("/", text));
        }
        if let Some(glob) = ["*", "?"].into_iter().find(|glob| name.contains(&glob.as_bytes()[0])) {
            let error = TemplateError::new("a done-file is named by a template, not by a glob");
            return Err(error.where_it_says(glob, text).hint("`{{ file.name }}.done` or `{{ file.stem }}.done`"));
        }
        if name == sample(Stage::Then, None).file_name() {
            return Err(TemplateError::new("this is the name of the file itself")
                .hint("`{{ file.stem }}.ok` or `{{ file.name }}.done`"));
        }
        Ok(done_file)
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
        let facts = Value::from(BTreeMap::from([("file", Value::from(file))]));
        Ok(self.0.path_of(facts, name)?.name().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_done_file_is_named_by_its_file() {
        for (template, path, name) in [
            ("{{ file.stem }}.ok", &b"in/ORD1.xml"[..], &b"ORD1.ok"[..]),
            ("{{ file.name }}.done", b"caf\xe9.xml", b"caf\xe9.xml.done"),
            ("{{ file.stem }}.{{ file.ext }}.ok", b"README", b"README..ok"),
            ("all.done", b"x", b"all.done"),
        ] {
            assert_eq!(DoneFile::parse(template).unwrap().beside(path).unwrap(), name, "{template}");
        }
        for (template, message) in [
            ("{{ file.name }}", "the file itself"),
            ("*.done", "not by a glob"),
            ("{{ file.stem }}.o?", "not by a glob"),
            ("done/{{ file.name }}", "beside its file"),
            ("{{ arrived.date }}.ok", "no `arrived`"),
            ("{{ file.path }}.ok", "no `file.path`"),
        ] {
            let error = DoneFile::parse(template).unwrap_err();
            assert!(error.message.contains(message), "{template}: {error}");
        }
    }
}
