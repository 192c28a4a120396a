//! Secrets: `{ env: NAME }`, `{ file: name }`, or the text itself where nobody else can read it.

use super::{
    Secret,
    fields::Fields,
    keys::{Table, optional},
    sheet::{Problem, Sheet, Span},
    surroundings::Surroundings,
    yaml::{Entry, Node, Value},
};
use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

/// Keys whose values are secrets, in any map.
pub const SECRET_KEYS: [&str; 6] = ["password", "proxy_password", "client_key", "key", "secret", "password_hash"];

/// Bytes of a secret's file.
const LARGEST: u64 = 64 * 1024;

const SECRET: Table = Table {
    name: "a secret",
    keys: &[optional("env"), optional("file")],
    moved: &[
        ("environment", "write `env: NAME`"),
        ("path", "write `file: name`"),
        ("value", "write the text itself, or better `{ env: NAME }` or `{ file: name }`"),
    ],
};

/// Keeps every secret that is written into a file out of its excerpts. Comes before the first finding.
pub fn hide_secrets(sheet: &Sheet, node: &Node) {
    match &node.value {
        Value::Scalar(_) => {}
        Value::List(items) => items.iter().for_each(|item| hide_secrets(sheet, item)),
        Value::Map(entries) => {
            for Entry { key, value } in entries {
                if key.as_text().is_some_and(|name| SECRET_KEYS.contains(&name)) && !names_a_place(value) {
                    hide(sheet, value);
                    hide_anchor(sheet, key, value);
                }
                hide_secrets(sheet, value);
            }
        }
    }
}

/// `{ env: NAME }` and the like, whose text may be shown; also with slips in its keys.
fn names_a_place(node: &Node) -> bool {
    let Value::Map(entries) = &node.value else { return node.is_null() };
    entries.iter().all(|Entry { key, value }| {
        let is_key = key.as_text().is_some_and(|name| super::suggest::nearest(name, ["env", "file"]).is_some());
        is_key && value.as_text().is_some()
    })
}

fn hide(sheet: &Sheet, node: &Node) {
    sheet.keep_secret(node.at.clone());
    match &node.value {
        Value::Scalar(_) => {}
        Value::List(items) => items.iter().for_each(|item| hide(sheet, item)),
        Value::Map(entries) => entries.iter().for_each(|Entry { key, value }| {
            hide(sheet, key);
            hide(sheet, value);
        }),
    }
}

/// `password: &abc def` is the text `def` to YAML: hardly meant, and `&abc` is as secret.
fn hide_anchor(sheet: &Sheet, key: &Node, value: &Node) {
    let rest = &sheet.text()[key.at.end..];
    let start = key.at.end + rest.len() - rest.trim_start_matches([':', ' ']).len();
    if sheet.text()[start..].starts_with('&') {
        let token = sheet.text()[start..].split_whitespace().next().map_or(0, str::len);
        let all = start..value.at.end.max(start + token);
        sheet.keep_secret(all.clone());
        sheet.report(
            Problem::error(&all, "`&` begins an anchor in YAML").hint("a secret that begins with `&` needs quotes"),
        );
    }
}

/// The secret's value, read now. `variable` is what a hint calls the environment variable it could come from.
pub fn secret(sheet: &Sheet, node: &Node, variable: &str, around: &Surroundings<'_>) -> Option<Secret> {
    if let Some(text) = node.as_text() {
        return written_out(sheet, node, text, variable, around);
    }
    let hint = "a secret is `{ env: NAME }`, `{ file: name }` or a text in quotes";
    if !matches!(node.value, Value::Map(_)) {
        sheet.report(Problem::error(&node.at, format!("{}, expected a secret", node.kind_word())).hint(hint));
        return None;
    }
    if !names_a_place(node) {
        sheet.report(Problem::error(&node.at, "not a secret").hint(hint));
        return None;
    }
    let fields = Fields::open(sheet, &SECRET, &node.at, node)?;
    match (fields.value("env"), fields.value("file")) {
        (Some(env), None) => from_variable(sheet, env, around),
        (None, Some(file)) => from_file(sheet, file, around),
        (Some(_), Some(file)) => {
            sheet.report(Problem::error(&file.at, "`file` beside `env`").hint("a secret comes from one place"));
            None
        }
        (None, None) if fields.count() > 0 => None,
        (None, None) => {
            sheet.report(Problem::error(&node.at, "this secret comes from nowhere").hint(hint));
            None
        }
    }
}

fn written_out(sheet: &Sheet, node: &Node, text: &str, variable: &str, around: &Surroundings<'_>) -> Option<Secret> {
    if around.mode & 0o077 != 0 {
        let problem = Problem::error(&node.at, "a secret stands in a file that others can read");
        let hint =
            format!("mode is {:04o}: `chmod 600 packetboat.yaml`, or better `{{ env: {variable} }}`", around.mode);
        sheet.report(problem.label("never printed, here or in a log").hint(hint));
        return None;
    }
    if text.is_empty() {
        sheet.report(Problem::error(&node.at, "an empty secret"));
        return None;
    }
    Some(Secret::new(text))
}

fn from_variable(sheet: &Sheet, node: &Node, around: &Surroundings<'_>) -> Option<Secret> {
    let name = node.as_text()?;
    let said = match (around.variable)(name).map(std::ffi::OsString::into_string) {
        Some(Ok(value)) if !value.is_empty() => return Some(Secret::new(value)),
        Some(Ok(_)) => "is empty",
        Some(Err(_)) => "is not UTF-8",
        None => "is not set",
    };
    let problem = Problem::error(&node.at, format!("the environment variable `{name}` {said}"));
    sheet.report(problem.hint("set it where packetboat is started, or write `{ file: name }`"));
    None
}

fn from_file(sheet: &Sheet, node: &Node, around: &Surroundings<'_>) -> Option<Secret> {
    let name = node.as_text()?;
    let paths = around.secret_paths(name);
    for path in &paths {
        match read_secret_file(path) {
            Ok(text) => {
                warn_of_readers(sheet, &node.at, path);
                return Some(Secret::new(text));
            }
            Err(why) if why == NOT_THERE => {}
            Err(why) => {
                sheet.report(Problem::error(&node.at, format!("the secret file {} {why}", path.display())));
                return None;
            }
        }
    }
    let looked = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", then ");
    sheet.report(
        Problem::error(&node.at, format!("there is no secret file `{name}`")).hint(format!("looked for {looked}")),
    );
    None
}

const NOT_THERE: &str = "is not there";

/// A secret that a protocol carries in one line; a key is longer.
pub fn password(sheet: &Sheet, node: &Node, secret: Secret) -> Option<Secret> {
    let text = secret.reveal();
    let why = match text.chars().find(|letter| letter.is_control()) {
        _ if text.starts_with('\u{feff}') => "this password begins with a byte order mark",
        Some('\n' | '\r') => "this password has a line end in it",
        Some(_) => "this password has a control character in it",
        None => return Some(secret),
    };
    sheet.report(
        Problem::error(&node.at, why).hint("a password is one line of text; one line end after it does not count"),
    );
    None
}

/// The text of a secret's file without its last line end, or why there is none.
fn read_secret_file(path: &Path) -> Result<String, String> {
    let refused = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => NOT_THERE.to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    if !fs::metadata(path).map_err(refused)?.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(refused)?;
    if bytes.len() as u64 > LARGEST {
        return Err("is larger than 64 KiB".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if text.is_empty() { Err("is empty".to_owned()) } else { Ok(text.to_owned()) }
}

fn warn_of_readers(sheet: &Sheet, at: &Span, path: &Path) {
    let mode = fs::metadata(path).map_or(0, |found| found.permissions().mode());
    if mode & 0o004 != 0 {
        let problem = Problem::warning(at, "everybody on this machine can read this secret");
        sheet.report(problem.hint(format!("mode is {:04o}: `chmod 600 {}`", mode & 0o7777, path.display())));
    }
}

/// What the environment variable with a server's secret may be called.
pub(super) fn variable_name(server: &str, what: &str) -> String {
    format!("{}_{what}", server.to_uppercase().replace(['-', '.'], "_"))
}
