//! The first files of a new installation: a short packetboat.yaml and one rule, as text.

use std::path::Path;

/// Where the first rule goes, beside packetboat.yaml.
pub const FIRST_RULE_PATH: &str = "rules/nightly-dumps.yaml";

/// A packetboat.yaml that keeps its data in `storage` and knows one server, `offsite`.
///
/// It loads as it is once the environment has `OFFSITE_PASSWORD`.
#[must_use]
pub fn packetboat_yaml(storage: &Path) -> String {
    let storage = quoted(&storage.to_string_lossy());
    format!(
        r#"# packetboat.yaml: where things are and whom we talk to. What happens is in rules/*.yaml, one rule a file.
# `packetboat check` finds every mistake in both; deploy/packetboat.yaml shows every key with its default.

storage: {storage}  # a folder for the database and all else that is ours

servers:                              # names for `to:` in the rules
  offsite:
    ftp:
      host: backup.example.com        # the server's name or address
      # port: 21
      user: acme
      password: {{ env: OFFSITE_PASSWORD }}  # or {{ file: offsite.password }}, a file beside this one
      # folder: backups/acme          # where every path of a rule starts; else where login puts us
      # tls: implicit                 # explicit (the default), implicit, or none
"#
    )
}

/// The first rule: what comes into a folder goes to `offsite`.
#[must_use]
pub fn first_rule(folder: &Path) -> String {
    let folder = quoted(&folder.to_string_lossy());
    format!(
        r#"# One rule: when a file comes, then send it. `packetboat plan` says what it would do now.
about: Nightly database dumps
when:
  watch:
    folder: {folder}
    include: "*"                      # e.g. "*.dump.zst", or a list
    recursive: false                  # true: the folders below it too; then write `{{{{ file.path }}}}` below, not a folder alone
    settled_for: 5s                   # a file is whole when nothing changed for so long
then:
  - upload:
      to: offsite                     # a server of packetboat.yaml
      # ends in `/`: a folder, and the file keeps its name; one of that name there is replaced (`on_exists` says otherwise)
      path: "db/{{{{ arrived.year }}}}/{{{{ arrived.month }}}}/"
"#
    )
}

/// A text as YAML has it, in quotes only where they are needed.
fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-".contains(letter);
    if text.starts_with('/') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}
