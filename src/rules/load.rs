//! The folder of rules from disk: a rule set, or everything that is wrong with any of them.

use super::{
    Rule, RuleSet, movers, ours,
    read_folder::{check_folder, watched},
    read_rule, spool_folder,
    whereabouts::Atlas,
};
use crate::{
    config::{self, Finding, Outline, Problem, Settings, Sheet, open, shown, yaml},
    domain::{NOTICES, Sha256},
};
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

/// What the rule files gave.
#[derive(Debug)]
pub struct Loaded {
    /// `None` when a finding is an error.
    pub rules: Option<RuleSet>,
    pub findings: Vec<Finding>,
    /// The rules that have a file, whole or not.
    pub names: Vec<String>,
    /// Rule files looked at.
    pub files_read: usize,
}

/// What packetboat.yaml and all rules gave together: the whole of `check`.
#[derive(Debug)]
pub struct Checked {
    /// Settings and rules; `None` when a finding is an error.
    pub loaded: Option<(Settings, RuleSet)>,
    /// In the order packetboat.yaml, then rules by name; in a file by line.
    pub findings: Vec<Finding>,
    /// packetboat.yaml among them.
    pub files_read: usize,
    /// As the rules were read by it.
    pub outline: Outline,
}

/// Loads packetboat.yaml and every rule; faults of the one do not hide those of the others.
#[must_use]
pub fn check(file: &Path) -> Checked {
    check_with(file, &|name| std::env::var_os(name))
}

/// [`check`], taking environment variables from `variable`.
#[must_use]
pub fn check_with(file: &Path, variable: &dyn Fn(&str) -> Option<OsString>) -> Checked {
    let config::Loaded { settings, outline, mut findings } = config::load_with(file, variable);
    let rules = load_outline(&outline);
    findings.extend(rules.findings);
    Checked { loaded: settings.zip(rules.rules), findings, files_read: rules.files_read + 1, outline }
}

/// Loads the rules by as much as is known of the settings.
#[must_use]
pub fn load_outline(outline: &Outline) -> Loaded {
    let (paths, mut findings) = rule_files(&outline.rules);
    let mut sheets = Vec::new();
    for path in &paths {
        let opened = match open(path) {
            Ok(opened) => opened,
            Err(found) => {
                findings.extend(found);
                continue;
            }
        };
        let (mut rule, mut folder) = (None, None);
        if rule_name(path) == Some(NOTICES) {
            let problem = Problem::error(&(0..0), "`notices` is what the jobs of notices are called");
            opened.sheet.report(problem.hint("name this rule's file otherwise"));
        } else if let Some(name) = rule_name(path) {
            let sha256 = Sha256::of(&opened.bytes);
            if let Some(root) = yaml::read(&opened.sheet) {
                rule = read_rule::rule(&opened.sheet, &root, (name, sha256), outline);
                folder = watched(&root);
            }
        } else {
            let problem = Problem::error(&(0..0), "a rule's file has a name of small letters, digits and `-`");
            opened.sheet.report(problem.hint("its name is the rule's: nightly-dumps.yaml"));
        }
        sheets.push((opened.sheet, rule, folder));
    }
    let read: Vec<(&Sheet, &Rule)> =
        sheets.iter().filter_map(|(sheet, rule, _)| Some((sheet, rule.as_ref()?))).collect();
    let folders = || sheets.iter().filter_map(|(sheet, _, folder)| Some((sheet, folder.as_ref()?)));
    let written = read.iter().flat_map(|(_, rule)| rule.folders_of_ours()).map(|spot| &spot.root);
    let spool = outline.doors.spool.as_ref();
    let atlas =
        Atlas::of(folders().map(|(_, watched)| &watched.folder).chain(written).chain(&outline.storage).chain(spool));
    for (sheet, watched) in folders() {
        check_folder(sheet, watched, outline.storage.as_deref(), &atlas);
        spool.into_iter().for_each(|spool| spool_folder::check_watch(sheet, watched, spool, &atlas));
    }
    for (sheet, rule) in &read {
        movers::check_own_folder(sheet, rule, &atlas);
        movers::check_links(sheet, rule);
        spool.into_iter().for_each(|spool| spool_folder::check_own(sheet, rule, spool, &atlas));
    }
    movers::check_two(&read, &atlas);
    let mut rules = Vec::new();
    for (sheet, rule, _) in sheets {
        findings.extend(sheet.into_findings());
        rules.extend(rule);
    }
    ours::leave_out(&mut rules, &atlas);
    let whole = !findings.iter().any(Finding::is_error);
    let names = paths.iter().filter_map(|path| rule_name(path)).map(str::to_owned).collect();
    Loaded { rules: whole.then_some(RuleSet { rules }), findings, names, files_read: paths.len() }
}

/// A rule of this text, as an arrival met it; what is wrong with it by now is said in a sentence. Its folder is not looked at.
///
/// # Errors
/// The first thing in it that this packetboat.yaml does not go with any more.
pub fn frozen(name: &str, text: &str, sha256: Sha256, outline: &Outline) -> Result<Rule, String> {
    let sheet = Sheet::new(format!("{name}.yaml"), text);
    let root = yaml::read(&sheet);
    let rule = root.and_then(|root| read_rule::rule(&sheet, &root, (name, sha256), outline));
    let faults = sheet.into_findings().into_iter().filter(Finding::is_error).map(|finding| finding.message).next();
    match (rule, faults) {
        (Some(rule), None) => Ok(rule),
        (_, fault) => Err(fault.unwrap_or_else(|| "it is no rule".to_owned())),
    }
}

/// The rule's name, where the file has a proper one.
fn rule_name(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?.strip_suffix(".yaml")?;
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (!name.is_empty() && name.len() <= 100 && name.bytes().all(fits)).then_some(name)
}

/// Everything in the folder that ends in `.yaml`, by name. Files whose name begins with a dot are an editor's.
fn rule_files(folder: &Path) -> (Vec<PathBuf>, Vec<Finding>) {
    let refuse = |message: String, hint: &str| vec![Finding::about_file(&shown(folder), &message, Some(hint))];
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let hint = "the key `rules` of packetboat.yaml names the folder; `packetboat init` makes one";
            return (Vec::new(), refuse(format!("the folder of rules cannot be read: {error}"), hint));
        }
    };
    let (mut paths, mut findings) = (Vec::new(), Vec::new());
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let message = format!("the folder of rules cannot be read to its end: {error}");
                findings
                    .extend(refuse(message, "a rule that is not read is not served: mend the disk, or move the rules"));
                break;
            }
        };
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if name.ends_with(".yaml") {
            paths.push(path);
        } else if name.ends_with(".yml") || name.to_lowercase().ends_with(".yaml") {
            let message = "this file is not read: a rule's file ends in `.yaml`";
            findings.push(Finding::about_file(&shown(&path), message, Some("rename it, or move it out of the folder")));
        }
    }
    paths.sort();
    if paths.is_empty() && findings.is_empty() {
        let mut none = refuse("there is no rule in this folder".to_owned(), "a rule is a file: rules/NAME.yaml");
        none.iter_mut().for_each(|finding| finding.severity = config::Severity::Warning);
        findings.extend(none);
    }
    (paths, findings)
}
