//! A path on a server as a rule writes it: `db/{{ arrived.year }}/{{ file.name }}`.

use crate::{
    domain::{Ref, RemotePath, RemotePathError},
    templates::{
        Destination, Facts, Known, TemplateError,
        beside::with_sample,
        carrier,
        compiled::Compiled,
        engine,
        names::{self, Place},
    },
};
use minijinja::Value;
use std::sync::Arc;

/// A compiled path template; `Clone` is cheap.
#[derive(Debug, Clone)]
pub struct PathTemplate(Arc<Compiled>);

const STAY_BELOW: &str = "a path stays below the server's folder; set `folder:` at the server to start higher";

impl PathTemplate {
    /// Compiles `text`, looks up every name in it and renders it for a sample file.
    ///
    /// # Errors
    /// The mistakes, each with its place in `text`: syntax, unknown names, `now`, absolute paths and such as can leave
    /// their root.
    pub fn parse<'a>(known: impl Into<Known<'a>>, text: &str) -> Result<Self, TemplateError> {
        let known = known.into();
        let template = Self::compile(Place::Path, known, text)?;
        let destination = Destination { server: "sample", job: Ref([7; 16]) };
        if !names::reads_data(&template.0.used) {
            with_sample(known, Some(destination), |facts| template.render(facts))?;
        }
        Ok(template)
    }

    /// The same for the path of a file of this machine: it goes to no server, and is of no job.
    ///
    /// # Errors
    /// As [`PathTemplate::parse`].
    pub fn parse_attached(known: Known<'_>, text: &str) -> Result<Self, TemplateError> {
        let template = Self::compile(Place::Attached, known, text)?;
        if !names::reads_data(&template.0.used) {
            with_sample(known, None, |facts| template.render(facts))?;
        }
        Ok(template)
    }

    /// The columns it asks for by name.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.columns()
    }

    /// The path for this arrival at this destination. Ending in `/`, the template names a folder and the file keeps its
    /// name. Names of files come through byte for byte, whether they are UTF-8 or not.
    ///
    /// # Errors
    /// A value that no path can be made of, or a path that no server would take; this arrival's job fails, the rule
    /// goes on.
    pub fn render(&self, facts: &Facts<'_>) -> Result<RemotePath, TemplateError> {
        self.path_of(facts.to_value(), facts.file_name())
    }

    /// The template as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    pub(super) fn compile(place: Place, known: Known<'_>, text: &str) -> Result<Self, TemplateError> {
        if text.chars().any(carrier::is_carrier) {
            return Err(TemplateError::new("the characters U+10FF00 to U+10FFFF cannot stand in a path"));
        }
        let compiled = Compiled::of(&engine::PATHS, text)?;
        names::check(place, known, text, compiled.used.iter().cloned(), |name| compiled.has_function(name))?;
        Ok(Self(Arc::new(compiled)))
    }

    /// The bytes that it makes of these values, as a path that a server takes.
    pub(super) fn path_of(&self, facts: Value, file_name: &[u8]) -> Result<RemotePath, TemplateError> {
        let bytes = place(&self.0.render(facts)?, file_name);
        RemotePath::new(bytes).map_err(|error| self.explain(&error))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Escaped, Identity, Moment, Sighting, Stage},
        templates::facts::{Facts, sample},
    };
    use proptest::prelude::*;

    fn file(path: &[u8]) -> Sighting {
        let identity = Identity { size_bytes: 12_345_678, mtime_ns: 1_767_222_000_000_000_000, inode: 1, ctime_ns: 1 };
        Sighting { folder: b"/srv".to_vec(), path: path.to_vec(), identity }
    }

    fn facts(file: &Sighting) -> Facts<'_> {
        let destination = Destination { server: "offsite", job: Ref([9; 16]) };
        Facts {
            arrived_at: Moment(1_795_357_571_000), // 2026-11-22 15:26:11 in Berlin
            time_zone: chrono_tz::Europe::Berlin,
            rule: "nightly-dumps",
            about: None,
            host: "gate",
            destination: Some(destination),
            ..sample_of(file)
        }
    }

    fn sample_of(file: &Sighting) -> Facts<'_> {
        Facts { file, ..sample(Stage::Then, None) }
    }

    fn render(template: &str, path: &[u8]) -> Result<RemotePath, TemplateError> {
        PathTemplate::parse(Stage::Then, template).unwrap().render(&facts(&file(path)))
    }

    #[test]
    fn paths_are_rendered_from_what_is_known_of_the_arrival() {
        for (template, path, rendered) in [
            ("{{ file.path }}", "a/b/c.txt", "a/b/c.txt"),
            ("db/{{ arrived.year }}/{{ arrived.month }}/", "a/orders.dump", "db/2026/11/orders.dump"),
            ("{{ arrived.date }}_{{ arrived.stamp }}.{{ file.ext }}", "x.gz", "2026-11-22_20261122-152611.gz"),
            ("{{ file.modified.date }}/", "x.gz", "2026-01-01/x.gz"),
            ("{{ arrived | time('%d.%m.%Y') }}/{{ file.stem }}", "x.tar.gz", "22.11.2026/x.tar"),
            ("{{ rule.name }}/{{ host }}/{{ server.name }}/", "x", "nightly-dumps/gate/offsite/x"),
            ("{{ arrival.id }}-{{ job.id }}", "x", "0w3ge1r7-144gj289"),
            ("{{ file.size }}/{{ file.size | size | slug }}/", "x", "12345678/12-3-mb/x"),
            ("{{ file.folder }}/", "a/b/c", "a/b/c"),
            ("{{ file.folder | upper }}/{{ file.name | upper }}", "a/b/c", "A/B/C"),
            ("x/{{ file.folder }}/", "c", "x/c"),
            ("{{ file.folder }}/", "c", "c"),
            ("{{ file.folder }}/{{ file.stem | slug }}.{{ file.ext }}", "Grüße, Bob.PDF", "grüße-bob.PDF"),
            ("x{{ file.folder }}/{{ file.name }}", "c", "x/c"),
            ("{% if file.ext == 'pdf' %}papers{% else %}other{% endif %}/", "a.pdf", "papers/a.pdf"),
            ("{{ file.name | truncate(5) }}", "abcdefgh", "ab..."),
            ("{{ file.stem[:2] }}/{{ file.name }}", "abcdefgh", "ab/abcdefgh"),
            ("{{ file.ext | default('none', true) }}/", "README", "none/README"),
            ("{{ 90061 | span | slug }}/{{ 59 | span }}/{{ 0 | span }}/{{ 3600 | span }}", "x", "1-d-1-h/59 s/0 s/1 h"),
        ] {
            let found = render(template, path.as_bytes());
            assert_eq!(found.as_ref().map(RemotePath::as_bytes), Ok(rendered.as_bytes()), "{template}");
        }
    }

    #[test]
    fn mistakes_are_found_at_their_place_before_any_file_comes() {
        for (template, place, message, hint) in [
            ("../htdocs/{{ file.path }}", "..", "can leave its root", "set `folder:`"),
            ("a/../{{ file.name }}", "..", "can leave its root", "set `folder:`"),
            ("/srv/{{ file.name }}", "/", "starts at the root of the server", "set `folder:`"),
            ("./{{ file.name }}", "./", "part `.`", "leave"),
            ("a//b", "//", "empty part", ""),
            ("", "", "empty", "end it with `/`"),
            ("{{ file.nmae }}/", "file.nmae", "no `file.nmae`", "Did you mean `name`?"),
            ("{{ fiel.name }}/", "fiel.name", "no `fiel`", "Did you mean `file`?"),
            ("{{ now.year }}/", "now.year", "`now` would be", "use `arrived`"),
            ("{{ now() }}/", "now", "`now` would be", "use `arrived`"),
            ("{{ file.sha256 }}/", "file.sha256", "not known before", "receipt"),
            ("{{ server.password }}/", "server.password", "no `server.password`", "`server` has name"),
            ("{{ arrived.yaer }}/", "arrived.yaer", "no `arrived.yaer`", "`year`"),
            ("{{ file.modified.yaer }}/", "file.modified.yaer", "no `file.modified.yaer`", "`year`"),
            ("{{ file.name.upper() }}/", "file.name.upper", "no `file.name.upper`", "file.name | upper"),
            ("{{ host.name }}/", "host.name", "no `host.name`", "is a text"),
            ("{% if false %}{{ nope }}{% endif %}x/", "nope", "no `nope`", "there are arrived"),
            ("{{ file.name | uper }}", "uper", "filter uper", ""),
            ("{{ sizes('1') }}", "sizes", "no `sizes`", ""),
            ("{{ size('1 potato') }}", "size('1 potato')", "not a size", "20MB"),
            ("{{ arrived | time('%Q') }}/", "time('%Q')", "not a format of time", "%d.%m.%Y"),
            ("{{ file.name | time('%Y') }}/", "time('%Y')", "this is a text", "arrived"),
            ("{{ file.name", "", "cannot be read", ""),
            ("{{ 'a/b' }}", "'a/b'", "has a `/` in it", "slug"),
            ("{{ '..' }}/x", "'..'", "could leave the folder", ""),
            ("{{ '' }}/x", "''", "is empty", "default"),
            ("{{ 'a\r\nDELE b' }}", "'a\r\nDELE b'", "control character", ""),
            ("a\tb", "", "control character", ""),
            ("{{ none }}", "none", "nothing cannot be a part", ""),
            ("{{ [1, 2] }}", "[1, 2]", "a list cannot be a part", ""),
            ("{{ file }}", "file", "a map cannot be a part", ""),
            ("{% include 'x' %}", "include", "unknown statement", "no include"),
            ("{% import 'x' as y %}", "import", "unknown statement", "no include"),
            ("{% macro x() %}{% endmacro %}", "macro", "unknown statement", "no include"),
            ("{% for i in range(20000) %}{{ i }}{% endfor %}", "", "takes too long", "10,000"),
            (
                "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
                "",
                "takes too long",
                "",
            ),
            ("{{ 'x' * 100000000 }}", "", "takes too long", ""),
            ("{{ file.name | safe }}", "safe", "safe", ""),
            ("{{ debug() }}", "debug", "no `debug`", ""),
            ("\u{10FF80}", "", "U+10FF00", ""),
        ] {
            let error = PathTemplate::parse(Stage::Then, template).unwrap_err();
            assert!(error.message.contains(message), "{template}: {error}");
            assert!(error.hint.as_deref().unwrap_or("").contains(hint), "{template}: {:?}", error.hint);
            if !place.is_empty() {
                assert_eq!(error.range.map(|range| &template[range]), Some(place), "{template}");
            }
        }
    }

    #[test]
    fn values_that_only_an_arrival_brings_are_guarded_when_it_comes() {
        for (template, path, message) in [
            ("{{ file.stem }}/x", &b"..txt"[..], "could leave the folder"),
            ("{{ file.ext }}/x", b"README", "is empty"),
            ("{{ file.name }}", b"a\r\nDELE b", "control character"),
            ("in/", b"a\nb", "control character"),
            ("{{ file.path }}", "a\u{85}b".as_bytes(), "control character"),
            ("{{ file.path }}", b"a/../b", "could leave the folder"),
            ("{% if file.name == 'b' %}{{ file.path ~ 'x' }}{% endif %}x", b"a/b", "has a `/` in it"),
            ("{{ file.folder }}", b"b", "empty"),
            ("{{ file.name }}.part", &[b'x'; 251], "256 bytes"),
            // Each half is an odd byte; only together they are a control character.
            ("{{ file.stem }}{{ file.ext }}", b"a\xc2.\x85b", "control character"),
        ] {
            let error = render(template, path).unwrap_err();
            assert!(error.message.contains(message), "{template} {}: {error}", Escaped(path));
            assert!(!error.message.contains(char::is_control), "{error}");
        }
    }

    #[test]
    fn what_a_value_says_is_not_a_template() {
        assert_eq!(render("{{ file.name }}", b"{{ host }}").unwrap().as_bytes(), b"{{ host }}");
        assert_eq!(render("in/", b"<&>").unwrap().as_bytes(), b"in/<&>");
    }

    /// A name as Linux has them: any bytes but `/` and NUL; here also no control characters and no dots alone.
    fn names() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![0x20u8..=0x7e, 0x80u8..=0xff].prop_filter("no slash", |byte| *byte != b'/');
        let odd = prop::collection::vec(byte, 1..60);
        let text = "[a-z\u{e9}\u{10FF00}-\u{10FFFF}\u{1F600}. ]{1,20}".prop_map(String::into_bytes);
        prop_oneof![odd, text].prop_filter("a file's name", |name| RemotePath::new(name.clone()).is_ok())
    }

    proptest! {
        #[test]
        fn every_name_arrives_byte_for_byte(folder in names(), name in names()) {
            let path = [&folder[..], b"/", &name].concat();
            for (template, wanted) in [
                ("{{ file.path }}", path.clone()),
                ("in/{{ file.name }}", [b"in/", &name[..]].concat()),
                ("in/", [b"in/", &name[..]].concat()),
                ("{{ file.folder }}/", path.clone()),
            ] {
                let rendered = render(template, &path).unwrap();
                prop_assert_eq!(rendered.as_bytes(), &wanted[..], "{}", template);
            }
        }

        #[test]
        fn whatever_the_name_the_path_stays_below_its_root(path in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = render("in/{{ file.stem }}/{{ file.folder }}/", &path);
            if let Ok(rendered) = render("in/{{ file.name }}", &path) {
                prop_assert!(rendered.as_bytes().starts_with(b"in/"));
                prop_assert_eq!(rendered.as_bytes().split(|byte| *byte == b'/').count(), 2);
            }
        }
    }
}
