//! The names there are, checked in every branch of a template, also in those that the sample arrival does not take.

use crate::{
    domain::{Arriving, Stage},
    templates::{Known, TemplateError, moment},
};
use std::{collections::BTreeSet, ops::Range};

/// Where a template stands, which decides the names it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// On a server, of one job.
    Path,
    /// Of a file that goes with a mail.
    Attached,
    Condition,
    DoneFile,
    Mail,
}

const FILE: &[&str] = &["name", "stem", "ext", "path", "folder", "size", "modified"];

const FILE_IN_MAILS: &[&str] = &["name", "stem", "ext", "path", "folder", "size", "modified", "text"];
const RECEIPT: &[&str] = &["path", "size", "sha256", "proof", "reply", "delivered"];
/// `days` has a line for each rule.
const REPORT: &[&str] = &["days", "all_is_well", "since", "until"];
const MAIL: &[&str] = &[
    "from",
    "to",
    "sender",
    "recipients",
    "subject",
    "id",
    "size",
    "headers",
    "attachments",
    "received_count",
    "door",
    "tags",
    "data",
];
const PERSON: &[&str] = &["address", "local", "domain", "name"];
const JOB: &[&str] = &["id", "state", "attempts", "to", "path", "reply"];

/// The fields of a top-level name; empty for a plain value. `None`: there is no such name in this place.
fn fields((place, known): (Place, Known<'_>), name: &str) -> Option<&'static [&'static str]> {
    let Known { stage, arriving, .. } = known;
    Some(match (place, name) {
        (_, "file") if arriving != Arriving::File => return None,
        (_, "mail") if arriving == Arriving::Mail => MAIL,
        (Place::Mail, "report") if arriving == Arriving::Tick && stage == Stage::Then => REPORT,
        (Place::Path | Place::Attached | Place::Condition | Place::Mail, "receipt") if stage == Stage::After => RECEIPT,
        (Place::Condition | Place::Mail, "job") if stage != Stage::Then => JOB,
        (Place::DoneFile, "file") => &["name", "stem", "ext"],
        (Place::DoneFile, _) => return None,
        (_, "arrived") => &moment::FIELDS,
        (_, "arrival") => &["id"],
        (Place::Mail, "file") => FILE_IN_MAILS,
        (_, "file") => FILE,
        (_, "rule") => &["name", "about"],
        (_, "host") => &[],
        (Place::Path, "server") => &["name"],
        (Place::Path, "job") => &["id"],
        _ => return None,
    })
}

const NAMES: [&str; 10] = ["arrived", "arrival", "file", "mail", "rule", "host", "server", "job", "receipt", "report"];

/// Names that will mean something, or that do in a step with `rows`.
const TAKEN: [&str; 3] = ["row", "now", "incident"];

/// Whether a value of `data` may not be called so.
#[must_use]
pub fn is_taken(name: &str) -> bool {
    NAMES.contains(&name) || TAKEN.contains(&name)
}

/// The columns that are asked for by name.
pub(super) fn columns(used: &BTreeSet<String>) -> impl Iterator<Item = &str> {
    used.iter().filter_map(|name| name.strip_prefix("row."))
}

/// Whether what it makes hangs on values that only a message brings: no sample has them.
pub(super) fn reads_data(used: &BTreeSet<String>) -> bool {
    used.iter().any(|name| name == "mail.data" || name.starts_with("mail.data."))
}

/// Finds the names, in the order of the text, that do not exist in this place.
///
/// `used` are dotted names as minijinja lists them (`file.name`), functions among them.
pub(super) fn check(
    place: Place,
    known: Known<'_>,
    text: &str,
    used: impl IntoIterator<Item = String>,
    is_function: impl Fn(&str) -> bool,
) -> Result<(), TemplateError> {
    let place = (place, known);
    let names = used.into_iter().filter(|name| !is_function(name) && !known.has(name));
    let wrong = names.filter_map(|name| Some((find(text, &name), refusal(place, &name)?, name)));
    let mut wrong: Vec<_> = wrong.collect();
    wrong.sort_by_key(|(range, _, name)| (range.as_ref().map_or(usize::MAX, |range| range.start), name.clone()));
    TemplateError::of_all(wrong.into_iter().map(|(range, error, _)| error.at(range)))
}

/// Why `dotted` is not a name that can be used in this place.
fn refusal(place: (Place, Known<'_>), dotted: &str) -> Option<TemplateError> {
    let mut parts = dotted.split('.');
    let name = parts.next().unwrap_or("");
    let field = parts.next();
    match (name, field) {
        ("now", _) => {
            return Some(
                TemplateError::new("`now` would be another moment at the next try")
                    .hint("use `arrived`: the moment the file came, the same at every try"),
            );
        }
        ("file", _) if place.1.arriving == Arriving::Tick => {
            return Some(
                TemplateError::new("there is no `file`: a schedule brings none")
                    .hint("`arrived` is the moment of the tick; files come by `watch`"),
            );
        }
        ("file", _) if place.1.arriving == Arriving::Mail => {
            return Some(
                TemplateError::new("there is no `file`: what comes is a message")
                    .hint("`mail.subject`, `mail.from.address` and the like are there; files come by `watch`"),
            );
        }
        ("file", Some("sha256")) => {
            return Some(
                TemplateError::new("`file.sha256` is not known before the file is sent")
                    .hint("it is on the receipt; `arrival.id` makes a name that no other has"),
            );
        }
        _ => {}
    }
    let Some(known) = fields(place, name) else {
        let there: Vec<&str> = NAMES.into_iter().filter(|name| fields(place, name).is_some()).collect();
        return Some(TemplateError::new(format!("there is no `{name}` here")).hint(choices("there are", &there, name)));
    };
    let field = field?;
    if !known.contains(&field) {
        let error = TemplateError::new(format!("there is no `{name}.{field}` here"));
        return Some(match known {
            [] => error.hint(format!("`{name}` is a text; filters are written `{name} | lower`")),
            known => error.hint(choices(&format!("`{name}` has"), known, field)),
        });
    }
    let below = parts.next()?;
    let is_moment =
        matches!((name, field), ("file", "modified") | ("receipt", "delivered") | ("report", "since" | "until"));
    let is_person = matches!((name, field), ("mail", "from" | "sender"));
    if (is_moment && moment::FIELDS.contains(&below))
        || (is_person && PERSON.contains(&below))
        || matches!((name, field), ("mail", "headers" | "data"))
    {
        return None;
    }
    let error = TemplateError::new(format!("there is no `{name}.{field}.{below}` here"));
    Some(if is_moment {
        error.hint(choices("a moment has", &moment::FIELDS, below))
    } else if is_person {
        error.hint(choices(&format!("`{name}.{field}` has"), PERSON, below))
    } else {
        error.hint(format!("filters are written `{name}.{field} | {below}`"))
    })
}

fn choices(there_are: &str, known: &[&str], typed: &str) -> String {
    let list = format!("{there_are} {}", known.join(", "));
    let nearest = known.iter().min_by_key(|word| strsim::damerau_levenshtein(word, typed));
    match nearest.filter(|word| strsim::damerau_levenshtein(word, typed) <= 2) {
        Some(word) => format!("{list}. Did you mean `{word}`?"),
        None => list,
    }
}

/// Where `dotted` stands as a name of its own, not as a part of another.
fn find(text: &str, dotted: &str) -> Option<Range<usize>> {
    let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
    text.match_indices(dotted)
        .map(|(start, found)| start..start + found.len())
        .find(|range| !text[..range.start].ends_with(is_name) && !text[range.end..].starts_with(is_name))
        .or_else(|| text.find(dotted).map(|start| start..start + dotted.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_in_the_reference_with_its_fields() {
        let reference = include_str!("../../deploy/rule.yaml").replace("\n#     .", " .");
        let reference = reference.replace("\n#     ", " ");
        let told: Vec<&str> = reference.lines().filter(|line| line.starts_with("#   ")).collect();
        // its fields stand behind it, and before the next name
        let behind = |name: &str| {
            let said = told.iter().flat_map(|line| line.match_indices(name).map(|(at, _)| &line[at + name.len()..]));
            said.map(|rest| rest.trim_start().split("  ").next().unwrap_or_default()).collect::<Vec<_>>()
        };
        let is_word = |text: &str| !text.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        let is_told = |name: &str, field: &str| {
            behind(name).iter().any(|rest| rest.match_indices(field).any(|(at, _)| is_word(&rest[at + field.len()..])))
        };
        for stage in [Stage::Then, Stage::After, Stage::Failure] {
            for known in [Arriving::File, Arriving::Tick, Arriving::Mail].map(|arriving| Known::of(stage, arriving)) {
                for place in [Place::Path, Place::Attached, Place::Condition, Place::Mail] {
                    for name in NAMES {
                        let Some(fields) = fields((place, known), name) else { continue };
                        assert!(!behind(name).is_empty(), "{name}");
                        let untold = fields.iter().find(|field| !is_told(name, &format!(".{field}")));
                        assert_eq!(untold, None, "{name}");
                    }
                }
            }
        }
    }
}
