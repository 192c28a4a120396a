//! The template of a mail: a folder with its subject, and its text or its HTML or both.

use super::{
    file::{open, shown},
    read,
    sheet::{Problem, Sheet},
    suggest,
    yaml::Node,
};
use crate::templates::{MailWords, TemplateError, TextKind, TextTemplate};
use std::{fs, path::Path};

const PARTS: &str = "subject.txt, and text.txt or html.html or both";

/// What makes a template of a file's text.
type Parse<'a> = dyn Fn(TextKind, &str) -> Result<TextTemplate, TemplateError> + 'a;

/// The words that the template of this name has, a folder below `templates`.
pub fn read_template(sheet: &Sheet, node: &Node, templates: &Path, parse: &Parse<'_>) -> Option<MailWords> {
    let name = read::some_text(sheet, node)?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if !name.chars().all(fits) {
        let problem = Problem::error(&node.at, "this is not a template's name");
        sheet.report(
            problem.hint("a template is a folder, its name has letters, digits, `-` and `_`: templates/invoice/"),
        );
        return None;
    }
    let folder = templates.join(&name);
    if !folder.is_dir() {
        let there = names_in(templates);
        let near = suggest::did_you_mean(&name, there.iter().map(String::as_str));
        let has = if there.is_empty() { "no template".to_owned() } else { there.join(", ") };
        let problem = Problem::error(&node.at, format!("there is no template `{name}`"));
        let make = format!("to make it: {}/ with {PARTS}", shown(&folder));
        sheet.report(problem.hint(format!("{make}; {} has {has}{near}", shown(templates))));
        return None;
    }
    let subject = part(sheet, &folder.join("subject.txt"), TextKind::Line, parse);
    let text = part(sheet, &folder.join("text.txt"), TextKind::Text, parse);
    let html = part(sheet, &folder.join("html.html"), TextKind::Html, parse);
    let (subject, text, html) = (subject?, text?, html?);
    if subject.is_none() || (text.is_none() && html.is_none()) {
        let problem = Problem::error(&node.at, format!("the template `{name}` is not whole"));
        let hint = format!("{}/ has {PARTS}", shown(&folder));
        sheet.report(problem.hint(hint));
    }
    Some(MailWords { subject: subject?, text, html })
}

/// One file of a template: `Some(None)` when it is not there, `None` when it is faulty, which is reported in it.
fn part(sheet: &Sheet, path: &Path, kind: TextKind, parse: &Parse<'_>) -> Option<Option<TextTemplate>> {
    if !path.exists() {
        return Some(None);
    }
    let opened = match open(path) {
        Ok(opened) => opened,
        Err(found) => {
            sheet.adopt(found);
            return None;
        }
    };
    let whole = opened.sheet.text();
    let text = if kind == TextKind::Line { whole.trim_end() } else { whole };
    match parse(kind, text) {
        Ok(template) => Some(Some(template)),
        Err(error) => {
            for TemplateError { message, range, hint, .. } in error.each() {
                opened.sheet.report(Problem::error(&range.unwrap_or(0..0), message).maybe_hint(hint));
            }
            sheet.adopt(opened.sheet.into_findings());
            None
        }
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names.truncate(20);
    names
}
