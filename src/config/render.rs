//! Findings as people read them: place, excerpt, caret and hint.

use super::{Finding, Place, Severity, finding::Spot};
use std::{collections::BTreeSet, fmt::Write as _};

/// Whether the terminal takes colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Colour,
}

/// All findings one after another, a blank line behind each.
#[must_use]
pub fn render(findings: &[Finding], paint: Paint) -> String {
    findings.iter().map(|finding| render_one(finding, paint) + "\n").collect()
}

/// `6 problems in 6 of 16 files. …`, the last line of `check`.
#[must_use]
pub fn summary(findings: &[Finding], files_read: usize) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let touched = findings.iter().map(|finding| &finding.place.file).collect::<BTreeSet<_>>().len();
    let files = format!("{touched} of {}", plural(files_read.max(touched), "file"));
    match (errors, warnings) {
        (0, 0) => format!("No problem in {}.", plural(files_read, "file")),
        (0, _) => format!("{} in {files}; nothing that keeps it from running.", plural(warnings, "warning")),
        _ => {
            let and = if warnings == 0 { String::new() } else { format!(" and {}", plural(warnings, "warning")) };
            let errors = plural(errors, "problem");
            format!("{errors}{and} in {files}. Nothing was changed; a running packetboat keeps its old rules.")
        }
    }
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn render_one(finding: &Finding, paint: Paint) -> String {
    let (word, colour) = match finding.severity {
        Severity::Error => ("error", "1;31"),
        Severity::Warning => ("warning", "1;33"),
    };
    let gutter = gutter(finding);
    let mut out = format!("{}: {}\n", painted(word, colour, paint), painted(&finding.message, "1", paint));
    render_place(&mut out, &finding.place, &Mark { gutter, arrow: "-->", sign: '^', colour, paint });
    if let Some(related) = &finding.related {
        render_place(&mut out, related, &Mark { gutter, arrow: ":::", sign: '-', colour: "1;34", paint });
    }
    if let Some(hint) = &finding.hint {
        let _ = writeln!(out, "{:gutter$} = {hint}", "");
    }
    out
}

/// Cells of the widest line number, at least two.
fn gutter(finding: &Finding) -> usize {
    let spots = [Some(&finding.place), finding.related.as_ref()].into_iter().flatten().filter_map(|p| p.spot.as_ref());
    spots.map(|spot| spot.line.to_string().len()).max().unwrap_or(0).max(2)
}

/// How one place of a finding is marked.
struct Mark<'a> {
    gutter: usize,
    arrow: &'a str,
    sign: char,
    colour: &'a str,
    paint: Paint,
}

fn render_place(out: &mut String, place: &Place, mark: &Mark<'_>) {
    let Mark { gutter, arrow, .. } = *mark;
    let Some(Spot { line, column, excerpt, caret, label }) = &place.spot else {
        let _ = writeln!(out, "{:gutter$}{arrow} {}", "", place.file);
        return;
    };
    let _ = writeln!(out, "{:gutter$}{arrow} {}:{line}:{column}", "", place.file);
    let _ = writeln!(out, "{:gutter$} |", "");
    let _ = writeln!(out, "{line:>gutter$} | {excerpt}");
    let signs = mark.sign.to_string().repeat(caret.len());
    let label = label.as_ref().map_or_else(String::new, |label| format!(" {label}"));
    let marked = painted(&format!("{signs}{label}"), mark.colour, mark.paint);
    let _ = writeln!(out, "{:gutter$} | {:start$}{marked}", "", "", start = caret.start);
}

fn painted(text: &str, colour: &str, paint: Paint) -> String {
    match paint {
        Paint::Plain => text.to_owned(),
        Paint::Colour => format!("\x1b[{colour}m{text}\x1b[0m"),
    }
}
