//! Texts for people: the subject, the body and the addresses of a mail.

use crate::{
    domain::Stage,
    templates::{
        Facts, TemplateError, carrier, engine,
        facts::sample,
        names::{self, Place},
    },
};
use minijinja::Environment;
use std::{fmt, sync::Arc};

/// A compiled text template; `Clone` is cheap.
#[derive(Clone)]
pub struct TextTemplate(Arc<Compiled>);

struct Compiled {
    text: String,
    engine: Environment<'static>,
}

const TEMPLATE: &str = "text";

impl TextTemplate {
    /// Compiles a text of any lines, looks up every name in it and renders it for a sample file.
    ///
    /// # Errors
    /// The first mistake, with its place in `text`.
    pub fn parse(stage: Stage, text: &str) -> Result<Self, TemplateError> {
        Self::compile(&engine::TEXTS, stage, text)
    }

    /// The same for one line of a header: what is inserted may not break it.
    ///
    /// # Errors
    /// The first mistake, with its place in `text`.
    pub fn parse_line(stage: Stage, text: &str) -> Result<Self, TemplateError> {
        if let Some((at, letter)) = text.char_indices().find(|(_, letter)| letter.is_control()) {
            return Err(TemplateError::new("this is one line").at(Some(at..at + letter.len_utf8())));
        }
        Self::compile(&engine::LINES, stage, text)
    }

    /// The text for this arrival. Names of files that are no UTF-8 come with replacement characters.
    ///
    /// # Errors
    /// A value that cannot stand there; this arrival's mail fails, the rule goes on.
    pub fn render(&self, facts: &Facts<'_>) -> Result<String, TemplateError> {
        let rendered = self.0.engine.get_template(TEMPLATE).and_then(|template| template.render(facts.to_value()));
        let mut text = rendered.map_err(|error| TemplateError::from_engine(&error))?;
        if self.text().ends_with('\n') {
            text.push('\n'); // the engine takes one off; a line of text ends with one
        }
        Ok(String::from_utf8_lossy(&carrier::to_bytes(&text)).into_owned())
    }

    /// The template as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether it says the same of every arrival.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        !self.text().contains(['{', '}'])
    }

    fn compile(engine: &Environment<'static>, stage: Stage, text: &str) -> Result<Self, TemplateError> {
        let mut engine = engine.clone();
        engine.add_template_owned(TEMPLATE, text.to_owned()).map_err(|error| TemplateError::from_engine(&error))?;
        let compiled = engine.get_template(TEMPLATE).map_err(|error| TemplateError::from_engine(&error))?;
        let functions: Vec<&str> = engine.globals().map(|(name, _)| name).collect();
        names::check((Place::Mail, stage), text, compiled.undeclared_variables(true), |name| {
            functions.contains(&name)
        })?;
        let template = Self(Arc::new(Compiled { text: text.to_owned(), engine }));
        template.render(&sample(stage, None))?;
        Ok(template)
    }
}

impl fmt::Debug for TextTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TextTemplate").field(&self.0.text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Identity, Sighting};

    fn file(path: &[u8]) -> Sighting {
        Sighting {
            folder: b"/srv".to_vec(),
            path: path.to_vec(),
            identity: Identity { size_bytes: 12_345_678, mtime_ns: 1, inode: 1, ctime_ns: 1 },
        }
    }

    #[test]
    fn a_text_is_rendered_from_what_is_known_of_the_arrival() {
        let file = file(b"in/Gr\xfc\xdfe.pdf");
        let facts = Facts { file: &file, ..sample(Stage::Then, None) };
        for (template, text) in [
            ("{{ file.name }},\n{{ file.size | size }}.", "Gr\u{fffd}\u{fffd}e.pdf,\n12.3 MB."),
            ("{{ file.folder }} of {{ rule.name }}", "in of sample"),
            ("{% if file.ext == 'pdf' %}paper{% endif %}", "paper"),
        ] {
            assert_eq!(
                TextTemplate::parse(Stage::Then, template).unwrap().render(&facts).as_deref(),
                Ok(text),
                "{template}"
            );
        }
    }

    #[test]
    fn what_is_inserted_into_a_line_cannot_break_it() {
        let line = TextTemplate::parse_line(Stage::Then, "New: {{ file.name }}").unwrap();
        for (name, is_fine) in [
            (&b"a.pdf"[..], true),
            (b"a\r\nBcc: x@y.z", false),
            (b"a\nb", false),
            (b"a\x00b", false),
            ("a\u{2028}b".as_bytes(), false),
        ] {
            let file = file(name);
            assert_eq!(
                line.render(&Facts { file: &file, ..sample(Stage::Then, None) }).is_ok(),
                is_fine,
                "{}",
                name.escape_ascii()
            );
        }
        assert!(TextTemplate::parse_line(Stage::Then, "two\nlines").is_err());
        assert!(TextTemplate::parse(Stage::Then, "two\nlines").is_ok());
    }

    #[test]
    fn a_name_that_is_not_there_is_found_before_any_arrival() {
        for template in ["{{ file.nmae }}", "{{ nobody }}", "{{ file.name", "{{ now }}"] {
            assert!(TextTemplate::parse(Stage::Then, template).is_err(), "{template}");
        }
    }
}
