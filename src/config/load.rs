//! packetboat.yaml from disk: settings, or everything that is wrong with it.

use super::{
    Defaults, Doors, Finding, Limits, MailSettings, Notices, ServerKinds, Settings, defaults,
    fields::Fields,
    file,
    keys::{Table, default, not_yet, optional},
    mail::mail,
    read,
    read_doors::{check_spool, doors},
    read_notices::{Whose, notices},
    read_secret::hide_secrets,
    read_servers::servers_and_webhooks,
    sheet::{Problem, Sheet},
    suggest,
    surroundings::{Surroundings, machine_time_zone},
    url::Url,
    values::Fault,
    yaml::{self, Node},
};
use chrono_tz::Tz;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The keys of packetboat.yaml.
pub const TOP: Table = Table {
    name: "packetboat.yaml",
    keys: &[
        default("storage", "/var/lib/packetboat"),
        default("rules", "rules/"),
        default("templates", "templates/"),
        optional("time_zone"),
        optional("servers"),
        optional("mail"),
        optional("notices"),
        optional("defaults"),
        optional("doors"),
        optional("webhooks"),
        default("heartbeat", "\"\""),
        not_yet("staging", "leave it out: name other addresses in the rules of a test system"),
        not_yet("attach_from", "leave it out: nobody can ask for a mail with a file of this machine yet"),
        optional("limits"),
        optional("history"),
    ],
    moved: &[
        ("database", "write `storage`: a folder for the database and all else that is ours"),
        ("data_dir", "write `storage`"),
        ("timezone", "write `time_zone`"),
        ("tz", "write `time_zone`"),
        ("server", "write `servers: { NAME: { ftp: { … } } }`"),
        ("ftp", "a server has a name: `servers: { NAME: { ftp: { … } } }`"),
        ("smtp", "a server has a name: `servers: { NAME: { smtp: { … } } }`"),
        ("webhook", "a webhook has a name: `webhooks: { NAME: { url: …, secret: … } }`"),
        ("retry", "write it below `defaults`"),
        ("deadline", "write it below `defaults`"),
        ("priority", "write it below `defaults`"),
        ("when", "a rule is a file of its own: rules/NAME.yaml"),
        ("then", "a rule is a file of its own: rules/NAME.yaml"),
        ("log", "the environment variable RUST_LOG says what is logged"),
    ],
};

/// What packetboat.yaml gave.
pub struct Loaded {
    /// `None` when a finding is an error.
    pub settings: Option<Settings>,
    /// What could be made out, for reading the rules all the same.
    pub outline: Outline,
    pub findings: Vec<Finding>,
}

/// The part of the settings that rules are read by.
#[derive(Debug, Clone)]
pub struct Outline {
    /// What no rule may watch; `None` when packetboat.yaml could not be read so far.
    pub storage: Option<PathBuf>,
    /// Folder of the rule files.
    pub rules: PathBuf,
    /// Folder of the templates of mails.
    pub templates: PathBuf,
    /// `None` when packetboat.yaml could not be read so far.
    pub servers: Option<ServerKinds>,
    pub mail: MailSettings,
    pub defaults: Defaults,
    pub doors: Doors,
    /// `limits.message_size`, in bytes.
    pub message_size: u64,
    pub time_zone: Tz,
}

/// The file to load: the one named, else ./packetboat.yaml, else /etc/packetboat/packetboat.yaml.
#[must_use]
pub fn find(named: Option<&Path>) -> PathBuf {
    let here = PathBuf::from("packetboat.yaml");
    match named {
        Some(path) => path.to_path_buf(),
        None if here.exists() => here,
        // one that may not be looked at is there all the same, and says so when it is opened
        None => {
            Some(PathBuf::from("/etc/packetboat/packetboat.yaml")).filter(|path| may_be_there(path)).unwrap_or(here)
        }
    }
}

fn may_be_there(path: &Path) -> bool {
    !matches!(path.try_exists(), Ok(false))
}

/// Loads packetboat.yaml with the environment of this process.
#[must_use]
pub fn load(path: &Path) -> Loaded {
    load_with(path, &|name| std::env::var_os(name))
}

/// Loads packetboat.yaml, taking environment variables from `variable`.
#[must_use]
pub fn load_with(path: &Path, variable: &dyn Fn(&str) -> Option<OsString>) -> Loaded {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = path.parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf);
    let unknown = Outline {
        storage: None,
        rules: folder.join("rules"),
        templates: folder.join("templates"),
        servers: None,
        mail: MailSettings::default(),
        defaults: Defaults::default(),
        doors: Doors::default(),
        message_size: Limits::default().message_size,
        time_zone: machine_time_zone(),
    };
    if !may_be_there(&path) {
        let hint = "`packetboat init` writes one; `--config FILE` names another";
        let finding = Finding::about_file(&file::shown(&path), "there is no such file", Some(hint));
        return Loaded { settings: None, outline: unknown, findings: vec![finding] };
    }
    let opened = match file::open(&path) {
        Ok(opened) => opened,
        Err(findings) => return Loaded { settings: None, outline: unknown, findings },
    };
    let around = Surroundings { folder, mode: opened.mode, variable };
    let (settings, outline) = read_sheet(&opened.sheet, &path, &around, unknown);
    let findings = opened.sheet.into_findings();
    let settings = settings.filter(|_| !findings.iter().any(Finding::is_error));
    Loaded { settings, outline, findings }
}

fn read_sheet(sheet: &Sheet, path: &Path, around: &Surroundings<'_>, unknown: Outline) -> (Option<Settings>, Outline) {
    let Some(root) = yaml::read(sheet) else { return (None, unknown) };
    hide_secrets(sheet, &root);
    let Some(top) = Fields::open(sheet, &TOP, &first_line(sheet), &root) else { return (None, unknown) };
    let storage = top.need("storage", |sheet, node| storage(sheet, node, around));
    let rules = top.need("rules", read::some_text).map(|rules| around.path(&rules));
    let templates = top.need("templates", read::some_text).map(|templates| around.path(&templates));
    let zone = top.or("time_zone", unknown.time_zone, time_zone);
    let (names, servers) = servers_and_webhooks(sheet, &top, around);
    let mail = mail(&top, names.as_ref(), around);
    let defaults = defaults::defaults(sheet, &top);
    let heartbeat = top.need("heartbeat", heartbeat);
    let doors = doors(&top, around);
    doors.iter().for_each(|doors| check_spool(sheet, &top, (doors, storage.as_deref())));
    let limits = defaults::limits(&top);
    let history = defaults::history(&top);
    let outline = Outline {
        storage: storage.clone(),
        rules: rules.clone().unwrap_or(unknown.rules),
        templates: templates.unwrap_or(unknown.templates),
        servers: names,
        mail: mail.clone().unwrap_or_default(),
        defaults: defaults.clone().unwrap_or_default(),
        doors: doors.clone().unwrap_or_default(),
        message_size: limits.clone().unwrap_or_default().message_size,
        time_zone: zone.unwrap_or(unknown.time_zone),
    };
    let notices = top.or("notices", Notices::default(), |sheet, node| notices(sheet, node, &outline, Whose::AllRules));
    let settings = || {
        Some(Settings {
            file: path.to_path_buf(),
            storage: storage?,
            rules: rules?,
            templates: outline.templates.clone(),
            time_zone: zone?,
            servers,
            mail: mail?,
            notices: notices?,
            defaults: defaults?,
            heartbeat: heartbeat?,
            doors: doors?,
            limits: limits?,
            history: history?,
        })
    };
    (settings(), outline)
}

/// Where a whole file is spoken of.
pub fn first_line(sheet: &Sheet) -> std::ops::Range<usize> {
    0..sheet.text().lines().next().map_or(0, |line| line.trim_end().len())
}

fn storage(sheet: &Sheet, node: &Node, around: &Surroundings<'_>) -> Option<PathBuf> {
    let written = read::some_text(sheet, node)?;
    if written.starts_with("postgres://") || written.starts_with("postgresql://") {
        let problem = Problem::error(&node.at, "a database server as storage is not built yet");
        sheet.report(problem.hint("name a folder: its database is SQLite"));
        return None;
    }
    Some(around.path(&written))
}

/// An address on the web, or `""` for none.
fn heartbeat(sheet: &Sheet, node: &Node) -> Option<Option<Url>> {
    match node.as_text() {
        Some("") => Some(None),
        _ => read::spelt("an address on the web", Url::parse)(sheet, node).map(Some),
    }
}

/// A zone by its name in the tz database.
pub fn time_zone(sheet: &Sheet, node: &Node) -> Option<Tz> {
    let parse = |text: &str| {
        text.parse::<Tz>().map_err(|_| {
            let near = suggest::nearest(text, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
            let hint =
                near.map_or("zones are named as in Europe/Berlin".to_owned(), |near| format!("did you mean `{near}`?"));
            Fault::new(format!("there is no time zone `{text}`"), hint)
        })
    };
    read::spelt("a time zone", parse)(sheet, node)
}
