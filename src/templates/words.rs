//! Texts for people: the subject, the body and the addresses of a mail.

use crate::templates::{
    Facts, Known, TemplateError,
    beside::with_sample,
    carrier,
    compiled::Compiled,
    engine,
    given::GivenData,
    names::{self, Place},
    notice::{self, Notified},
};
use minijinja::Value;
use std::sync::Arc;

/// A compiled text template; `Clone` is cheap.
#[derive(Debug, Clone)]
pub struct TextTemplate(Arc<Compiled>);

/// What is made of a text, and so what may be inserted into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// Any lines.
    Text,
    /// One line of a header.
    Line,
    /// Everything inserted is escaped.
    Html,
}

/// What a mail says: one of `text` and `html`, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailWords {
    pub subject: TextTemplate,
    pub text: Option<TextTemplate>,
    pub html: Option<TextTemplate>,
}

impl TextTemplate {
    /// Compiles `text`, looks up every name in it and renders it for a sample file.
    ///
    /// # Errors
    /// The mistakes, each with its place in `text`.
    pub fn parse<'a>(kind: TextKind, known: impl Into<Known<'a>>, text: &str) -> Result<Self, TemplateError> {
        let known = known.into();
        let template = Self::compile(kind, text)?;
        names::check(Place::Mail, known, text, template.0.used.iter().cloned(), |name| template.0.has_function(name))?;
        if !names::reads_data(&template.0.used) {
            with_sample(known, None, |facts| template.render(facts))?;
        }
        Ok(template)
    }

    /// Compiles the text of a notice and renders it for each of these samples.
    ///
    /// # Errors
    /// The mistakes, each with its place in `text`.
    pub fn parse_notice(kind: TextKind, samples: &[Notified], text: &str) -> Result<Self, TemplateError> {
        let template = Self::compile(kind, text)?;
        notice::check(text, template.0.used.iter().filter(|name| !template.0.has_function(name)))?;
        samples.iter().try_for_each(|sample| template.render_notice(sample).map(drop))?;
        Ok(template)
    }

    /// Compiles the text of a template that knows these values alone, and renders it: a name that is not among them is found where it is
    /// asked for.
    ///
    /// # Errors
    /// The first mistake, with its place in `text`.
    pub fn parse_given(kind: TextKind, data: &GivenData, text: &str) -> Result<Self, TemplateError> {
        let template = Self::compile(kind, text)?;
        template.render_given(data)?;
        Ok(template)
    }

    /// Whether the file must be read for it.
    #[must_use]
    pub fn reads_file(&self) -> bool {
        self.0.used.iter().any(|name| name == "file.text" || name == "file")
    }

    /// Whether it asks for this, or for a field of it.
    #[must_use]
    pub fn asks_for(&self, name: &str) -> bool {
        self.0.used.iter().any(|used| used.split('.').next() == Some(name))
    }

    /// The columns it asks for by name.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.columns()
    }

    /// The text for this arrival. Names of files that are no UTF-8 come with replacement characters.
    ///
    /// # Errors
    /// A value that cannot stand there; this arrival's mail fails, the rule goes on.
    pub fn render(&self, facts: &Facts<'_>) -> Result<String, TemplateError> {
        self.rendered(facts.to_value())
    }

    /// The text for this notice.
    ///
    /// # Errors
    /// A value that cannot stand there.
    pub fn render_notice(&self, notified: &Notified) -> Result<String, TemplateError> {
        self.rendered(notified.to_value())
    }

    /// The text for these values.
    ///
    /// # Errors
    /// A value that is not there, or cannot stand there.
    pub fn render_given(&self, data: &GivenData) -> Result<String, TemplateError> {
        self.rendered(data.to_value())
    }

    fn rendered(&self, facts: Value) -> Result<String, TemplateError> {
        let mut text = self.0.render(facts)?;
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

    fn compile(kind: TextKind, text: &str) -> Result<Self, TemplateError> {
        let control = text.char_indices().find(|(_, letter)| letter.is_control()).filter(|_| kind == TextKind::Line);
        if let Some((at, letter)) = control {
            return Err(TemplateError::new("this is one line").at(Some(at..at + letter.len_utf8())));
        }
        let engine = match kind {
            TextKind::Text => &engine::TEXTS,
            TextKind::Line => &engine::LINES,
            TextKind::Html => &engine::HTML,
        };
        Compiled::of(engine, text).map(|compiled| Self(Arc::new(compiled)))
    }
}

/// The same words.
impl PartialEq for TextTemplate {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for TextTemplate {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Identity, Sighting, Stage},
        templates::{Beside, Content, Row, Rows, facts::sample},
    };

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
                TextTemplate::parse(TextKind::Text, Stage::Then, template).unwrap().render(&facts).as_deref(),
                Ok(text),
                "{template}"
            );
        }
    }

    #[test]
    fn what_is_inserted_into_a_line_cannot_break_it() {
        let line = TextTemplate::parse(TextKind::Line, Stage::Then, "New: {{ file.name }}").unwrap();
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
        assert!(TextTemplate::parse(TextKind::Line, Stage::Then, "two\nlines").is_err());
        assert!(TextTemplate::parse(TextKind::Text, Stage::Then, "two\nlines").is_ok());
    }

    #[test]
    fn what_is_inserted_into_html_is_shown_and_never_read() {
        let odd = file(b"<script>alert('1')</script>/\"&\".pdf");
        let facts = Facts { file: &odd, ..sample(Stage::Then, None) };
        let html = |text: &str| TextTemplate::parse(TextKind::Html, Stage::Then, text).unwrap().render(&facts);
        let shown = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;/&quot;&amp;&quot;.pdf";
        assert_eq!(html("<b>{{ file.path }}</b>").as_deref(), Ok(format!("<b>{shown}</b>").as_str()));
        let unescaped = "{% autoescape false %}{{ file.path | lower }}{% endautoescape %}";
        assert!(!html(unescaped).unwrap().contains('<'));
        for way_around in ["{{ file.path | safe }}", "{{ file.path | e }}"] {
            assert!(TextTemplate::parse(TextKind::Html, Stage::Then, way_around).is_err());
        }
    }

    #[test]
    fn a_file_is_read_in_its_charset_and_only_where_a_text_asks_for_it() {
        let content = Content((*b"Gr\x81\xe1e").into());
        let facts =
            Facts { beside: Beside { content: Some(&content), ..Beside::default() }, ..sample(Stage::Then, None) };
        let text = |template: &str| TextTemplate::parse(TextKind::Text, Stage::Then, template).unwrap();
        assert_eq!(text("{{ file.text('cp850') | truncate(4) }}").render(&facts).as_deref(), Ok("G..."));
        assert_eq!(text("{{ file.text('cp850') }}!").render(&facts).as_deref(), Ok("Grüße!"));
        let error = text("{{ file.text() }}").render(&facts).unwrap_err();
        assert_eq!(error.message, "the byte 0x81 at 2 means nothing in utf-8");
        assert!(TextTemplate::parse(TextKind::Text, Stage::Then, "{{ file.text('cp851') }}").is_err());
        assert!(text("{{ file.text('cp850') }}").reads_file() && !text("{{ file.name }}").reads_file());
    }

    #[test]
    fn rows_and_data_are_names_where_there_are_any() {
        let known = Known { rows: Rows::Yes, data: &["total".to_owned()], ..Stage::Then.into() };
        let template = TextTemplate::parse(TextKind::Line, known, "{{ row.name }}: {{ total }}").unwrap();
        let row = Row::new(&["name".to_owned()], ["Ann".to_owned()]);
        let data = [("total".to_owned(), "4.90".to_owned())];
        let facts =
            |row| Facts { beside: Beside { row: Some(row), content: None, data: &data }, ..sample(Stage::Then, None) };
        assert_eq!(template.render(&facts(&row)).as_deref(), Ok("Ann: 4.90"));
        assert_eq!(template.columns().collect::<Vec<_>>(), ["name"]);
        let odd = Row::new(&["name".to_owned()], ["a\r\nBcc: x@y.z".to_owned()]);
        assert!(template.render(&facts(&odd)).is_err());
        for unknown in ["{{ row.name }}", "{{ total }}"] {
            assert!(TextTemplate::parse(TextKind::Text, Stage::Then, unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn a_name_that_is_not_there_is_found_before_any_arrival() {
        for template in ["{{ file.nmae }}", "{{ nobody }}", "{{ file.name", "{{ now }}"] {
            assert!(TextTemplate::parse(TextKind::Text, Stage::Then, template).is_err(), "{template}");
        }
    }
}
