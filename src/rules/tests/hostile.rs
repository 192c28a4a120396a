//! Files that are too large, too deep or no text at all: they become findings, soon and few, and never a panic.

use super::site::{PACKETBOAT_YAML, RULE, Site};
use crate::config::{Paint, render};

#[test]
fn files_that_are_no_configuration_are_findings_and_never_panics() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "));
    }
    let many_keys: String = (0..20_000).map(|number| format!("key{number}: {{ a: b }}\n")).collect();
    let globs =
        format!("when:\n  watch: {{ folder: /tmp, include: [{}] }}\nthen: [upload]\n", "\"a*\", ".repeat(100_000));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("ten megabytes", vec![b'a'; 10_000_000], "this file is larger than 1 MiB"),
        ("an alias bomb", bomb.into_bytes(), "with its aliases written out this file is too large"),
        ("an alias inside its own anchor", b"a: &a [*a]\n".to_vec(), "this is nested too deeply"),
        ("brackets a thousand deep", b"[".repeat(1000), "this is nested too deeply"),
        ("a million brackets", b"[".repeat(1_000_000), "this is nested too deeply"),
        ("a million dashes", b"- ".repeat(500_000), "this is nested too deeply"),
        ("a million questions", b"? ".repeat(500_000), "this is nested too deeply"),
        ("a million braces", b"{a: ".repeat(250_000), "this is nested too deeply"),
        ("Latin-1", b"about: caf\xe9\n".to_vec(), "this is not UTF-8: the byte 0xe9"),
        ("UTF-16", b"\xff\xfea\0b\0o\0u\0t\0".to_vec(), "this is not UTF-8: the byte 0xff"),
        ("a NUL", b"about: \0\n".to_vec(), "this is not YAML: found unprintable character"),
        ("nothing", b"".to_vec(), "the file is empty"),
        ("blank lines", b"\n\n\r\n".to_vec(), "the file is empty"),
        (
            "one line of a megabyte",
            [b"about: ", &b"a b ".repeat(260_000)[..], b": x\n"].concat(),
            "a second `: ` on this line",
        ),
        ("twenty thousand unknown keys", many_keys.into_bytes(), "unknown key `key0`"),
        ("a hundred thousand globs", globs.into_bytes(), "more than 500 in one list"),
        ("a key that is a list", b"? [a, b]\n: c\n".to_vec(), "a list, expected a key"),
        ("a merge key", [b"<<: { about: x }\n", RULE.as_bytes()].concat(), "unknown key `<<`"),
        ("half a document", b"%YAML 1.2\n".to_vec(), ""),
        ("a lone carriage return", b"when:\r  watch: x\r".to_vec(), ""),
    ];
    let begun = std::time::Instant::now();
    for (title, bytes, message) in cases {
        let site = Site::new(PACKETBOAT_YAML, &[("dumps.yaml", &bytes)]);
        let findings = site.findings();
        assert!(findings.iter().any(|finding| finding.message.contains(message)), "{title}: {findings:#?}");
        assert!(findings.len() <= 100, "{title}");
        assert!(render(&findings, Paint::Plain).len() < 100_000, "{title}");
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let site = Site::new(&bytes, &[("a.yaml", &bytes)]);
        assert!(render(&site.findings(), Paint::Colour).len() < 1_000_000);
    }

    #[test]
    fn no_yaml_makes_it_panic(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60)) {
        let text = pieces.concat();
        let site = Site::new(&text, &[("a.yaml", text.as_bytes())]);
        assert!(render(&site.findings(), Paint::Plain).len() < 1_000_000);
    }
}

const PIECES: &[&str] = &[
    "when:",
    "then:",
    "watch:",
    "upload",
    "servers:",
    "ftp:",
    "password:",
    "if:",
    " ",
    "  ",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    ": ",
    "\"",
    "'",
    "*",
    "&a ",
    "*a",
    "!t ",
    "|\n",
    ">-\n",
    "? ",
    "#",
    "\t",
    "\r\n",
    "---\n",
    "...",
    "é",
    "日",
    "\u{202e}",
    "~",
    "5",
    "10s",
    "true",
    "{{ file.name }}",
    "../",
    "\\",
    "\\x41",
    "%",
    "@",
    "include:",
    "folder: /tmp",
];
