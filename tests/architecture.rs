//! The shape of the program, held by a test: who imports whom, where SQL may stand, and what stands nowhere.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on stops with a panic")]

#[path = "architecture/layers.rs"]
mod layers;
#[path = "architecture/source_text.rs"]
mod source_text;

use layers::{LAYERS, allowed, imports};
use source_text::SourceText;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// Everything below a folder of the project, sorted.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy();
            if path.is_dir() && name != "target" && name != ".git" {
                folders.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn rust_files(folder: &str) -> Vec<(PathBuf, String)> {
    let rust = files(folder).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| (path.strip_prefix(root()).unwrap().to_owned(), fs::read_to_string(&path).unwrap())).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The module of a file in `src`; `None` for lib.rs and main.rs.
fn module_of(path: &Path) -> Option<String> {
    let below = path.strip_prefix("src").unwrap();
    let first = below.components().next().unwrap().as_os_str().to_str().unwrap();
    let module = first.strip_suffix(".rs").unwrap_or(first);
    (module != "lib" && module != "main").then(|| module.to_owned())
}

/// A file that is there for tests alone: in a folder `tests`, or a module declared under `#[cfg(test)]`.
fn is_test_file(path: &Path) -> bool {
    static DECLARED: LazyLock<BTreeSet<PathBuf>> =
        LazyLock::new(|| rust_files("src").iter().flat_map(|(path, source)| test_modules(path, source)).collect());
    path.components().any(|component| component.as_os_str() == "tests") || DECLARED.contains(path)
}

/// The files of the modules that this one declares for tests alone.
fn test_modules(path: &Path, source: &str) -> Vec<PathBuf> {
    let folder = match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod" | "lib" | "main") => path.parent().unwrap().to_owned(),
        _ => path.with_extension(""),
    };
    let (_, tests) = SourceText::parse(source).split_tests();
    let items = tests.split_inclusive(';').filter_map(|item| item.strip_suffix(';'));
    let declared = items.filter_map(|item| item.rsplit_once("mod ").map(|(_, name)| name));
    let files = declared.map(|name| [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")]);
    files.flatten().collect()
}

fn findings_of_imports(path: &Path, source: &str) -> Vec<String> {
    let Some(module) = module_of(path) else { return Vec::new() };
    let Some(allowed) = allowed(&module) else { return vec![format!("{}: `{module}` is not listed", path.display())] };
    let imported = imports(&SourceText::parse(source).code);
    let is_wrong = |(_, import): &(usize, String)| *import != module && !allowed.contains(&import.as_str());
    let wrong = imported.into_iter().filter(is_wrong);
    wrong.map(|(line, import)| format!("{}:{line}: `{module}` imports `{import}`", path.display())).collect()
}

fn findings_of_sql(path: &Path, source: &str) -> Vec<String> {
    if module_of(path).as_deref() == Some("store") {
        return Vec::new();
    }
    let text = SourceText::parse(source);
    let mut lines: Vec<usize> =
        text.code.match_indices("sqlx").map(|(at, _)| text.code[..at].matches('\n').count() + 1).collect();
    lines.extend(text.strings.iter().filter(|(_, held)| is_sql(held)).map(|(line, _)| *line));
    lines.into_iter().map(|line| format!("{}:{line}: SQL outside the store", path.display())).collect()
}

fn is_sql(text: &str) -> bool {
    let text = text.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let both = |first: &str, second: &str| text.starts_with(first) && text.contains(second);
    both("select ", " from ")
        || both("update ", " set ")
        || both("insert ", " into ")
        || ["delete from ", "create table ", "create index ", "pragma "].iter().any(|start| text.starts_with(start))
}

fn findings_of_unwrap(path: &Path, source: &str) -> Vec<String> {
    if is_test_file(path) {
        return Vec::new();
    }
    lines_with(&SourceText::parse(source).split_tests().0, ".unwrap()", path)
}

fn findings_of_sleep(path: &Path, source: &str) -> Vec<String> {
    let text = SourceText::parse(source);
    let tests = if is_test_file(path) { text.code } else { text.split_tests().1 };
    lines_with(&tests, "sleep(", path)
}

/// The lines that hold `what`, and not as the end of a longer word.
fn lines_with(code: &str, what: &str, path: &Path) -> Vec<String> {
    let is_word_part =
        |before: char| what.starts_with(char::is_alphabetic) && (before.is_alphanumeric() || before == '_');
    let holds = |line: &str| line.match_indices(what).any(|(at, _)| !line[..at].ends_with(is_word_part));
    let lines = code.lines().enumerate().filter(|(_, line)| holds(line));
    lines.map(|(line, _)| format!("{}:{}: `{what}`", path.display(), line + 1)).collect()
}

fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn the_table_only_points_upwards() {
    for (at, (module, allowed)) in LAYERS.iter().enumerate() {
        for import in *allowed {
            assert!(LAYERS[..at].iter().any(|(above, _)| above == import), "{module} may import {import}, below it");
        }
    }
}

#[test]
fn every_permit_of_the_table_is_used() {
    let mut unused: BTreeSet<(String, String)> = LAYERS
        .iter()
        .flat_map(|(module, allowed)| allowed.iter().map(|import| ((*module).to_owned(), (*import).to_owned())))
        .collect();
    for (path, source) in rust_files("src") {
        let Some(module) = module_of(&path) else { continue };
        for (_, import) in imports(&SourceText::parse(&source).code) {
            unused.remove(&(module.clone(), import));
        }
    }
    assert_none(&unused.iter().map(|(module, import)| format!("{module} → {import}")).collect::<Vec<_>>());
}

#[test]
fn the_manual_has_the_same_table() {
    let manual = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let rows = manual.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, modules, _, imports, _] = cells[..] else { return None };
        let words = |cell: &str| cell.split_whitespace().filter(|word| *word != "–").map(str::to_owned).collect();
        let modules = modules.strip_prefix('`')?.split(" · ").map(|module| module.trim_matches('`').to_owned());
        Some(modules.map(|module| (module, words(imports))).collect::<Vec<(String, BTreeSet<String>)>>())
    });
    let shown: BTreeSet<_> = rows.flatten().collect();
    let held =
        LAYERS.map(|(module, allowed)| (module.to_owned(), allowed.iter().map(|name| (*name).to_owned()).collect()));
    let held: BTreeSet<(String, BTreeSet<String>)> = held.into();
    let differ: Vec<_> = held.symmetric_difference(&shown).map(|row| format!("{row:?}")).collect();
    assert_none(&differ);
}

#[test]
fn every_module_imports_only_what_the_table_allows() {
    let findings: Vec<_> =
        rust_files("src").iter().flat_map(|(path, source)| findings_of_imports(path, source)).collect();
    assert_none(&findings);
}

#[test]
fn the_program_itself_only_calls_the_command_line() {
    let main = SourceText::parse(&fs::read_to_string(root().join("src/main.rs")).unwrap()).code;
    let named = main.match_indices("packetboat::").map(|(at, mark)| &main[at + mark.len()..]);
    let others: Vec<_> = named.filter(|path| !path.starts_with("cli")).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn sql_stands_in_the_store_alone() {
    let findings: Vec<_> = rust_files("src").iter().flat_map(|(path, source)| findings_of_sql(path, source)).collect();
    assert_none(&findings);
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    let findings: Vec<_> =
        rust_files("src").iter().flat_map(|(path, source)| findings_of_unwrap(path, source)).collect();
    assert_none(&findings);
}

#[test]
fn no_test_sleeps() {
    let sources = ["src", "tests"].map(rust_files).concat();
    let findings: Vec<_> = sources.iter().flat_map(|(path, source)| findings_of_sleep(path, source)).collect();
    assert_none(&findings);
}

#[test]
fn no_file_names_the_machine_that_built_it() {
    let here = root().to_str().unwrap();
    // A clone straight in a folder that every machine has tells nothing by it.
    let everywhere = ["/", "/home", "/opt", "/root", "/srv", "/tmp", "/usr", "/var", "/var/tmp"];
    let above = root().parent().and_then(Path::to_str).filter(|above| !everywhere.contains(above));
    let paths: Vec<String> = [Some(here), above].into_iter().flatten().map(|path| format!("{path}/")).collect();
    let mut findings = Vec::new();
    for path in files("") {
        // What is no text names nothing.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let named = paths.iter().find(|name| text.contains(name.as_str()));
        findings.extend(named.map(|name| format!("{} names {name}", path.display())));
    }
    assert_none(&findings);
}

/// What each check must find, so that none of them is blind.
#[test]
fn the_checks_find_what_they_look_for() {
    type Check = fn(&Path, &str) -> Vec<String>;
    let cases: [(Check, &str, &str, usize); 23] = [
        (findings_of_imports, "src/policy/a.rs", "use crate::store::X;", 1),
        (findings_of_imports, "src/policy/a.rs", "use crate::{domain::X, store::{Y, Z}, clock};", 2),
        (findings_of_imports, "src/policy/mod.rs", "use super::store;", 1),
        (findings_of_imports, "src/policy/a.rs", "fn f() { crate::store::g() }", 1),
        (findings_of_imports, "src/policy/a.rs", "use crate::policy::b; use super::b; use crate::domain;", 0),
        (findings_of_imports, "src/policy/a.rs", "// crate::store\n/* crate::store */ let a = \"crate::store\";", 0),
        (findings_of_imports, "src/common.rs", "", 1),
        (findings_of_imports, "src/lib.rs", "use crate::store;", 0),
        (findings_of_sql, "src/worker/a.rs", "use sqlx::Row;", 1),
        (findings_of_sql, "src/worker/a.rs", "q(\"SELECT id\n FROM jobs\")", 1),
        (findings_of_sql, "src/worker/a.rs", "q(r#\"update jobs set state = 1\"#)", 1),
        (findings_of_sql, "src/worker/a.rs", "q(\"INSERT OR IGNORE INTO jobs\")", 1),
        (findings_of_sql, "src/worker/a.rs", "say(\"select a rule, or update one\")", 0),
        (findings_of_sql, "src/store/a.rs", "use sqlx::Row; q(\"select id from jobs\")", 0),
        (findings_of_unwrap, "src/worker/a.rs", "fn f() { g().unwrap(); }", 1),
        (findings_of_unwrap, "src/worker/a.rs", "let quote = '\"'; g().unwrap(); let other = '\"';", 1),
        (findings_of_unwrap, "src/worker/a.rs", "#[cfg(test)]\nmod tests { fn f() { g().unwrap(); } }", 0),
        (findings_of_unwrap, "src/worker/a.rs", "#[cfg(test)]\nmod tests { }\nfn f<'a>() { g().unwrap(); }", 1),
        (findings_of_unwrap, "src/worker/a.rs", "g().unwrap_or_default(); let a = b\".unwrap()\";", 0),
        (findings_of_sleep, "src/worker/a.rs", "#[cfg(test)]\nmod tests { fn f() { sleep(d); } }", 1),
        (findings_of_sleep, "src/worker/a.rs", "fn f() { sleep(d); }", 0),
        (findings_of_sleep, "tests/stories/a.rs", "tokio::time::sleep(d).await", 1),
        (findings_of_sleep, "tests/stories/a.rs", "// sleep(d)", 0),
    ];
    for (check, path, source, count) in cases {
        let found = check(Path::new(path), source);
        assert_eq!(found.len(), count, "{path}: {source}\n{found:?}");
    }
}

#[test]
fn a_module_declared_for_tests_is_a_test_file() {
    let source = "pub mod a;\n#[cfg(test)]\nmod b;\n#[cfg(test)]\nmod tests { mod c { } }\nmod d;";
    let expected = [PathBuf::from("src/x/b.rs"), PathBuf::from("src/x/b/mod.rs")];
    assert_eq!(test_modules(Path::new("src/x/mod.rs"), source), expected);
    assert_eq!(test_modules(Path::new("src/x.rs"), source), expected);
}
