//! One file while it is read: its text, the places in it, and what was found.

use super::{
    Finding, Place, Severity,
    finding::{Spot, escaped},
};
use std::{cell::RefCell, ops::Range};
use unicode_width::UnicodeWidthChar;

/// Bytes of the file's text.
pub type Span = Range<usize>;

/// Cells of an excerpt; longer lines are cut around the caret.
const EXCERPT_CELLS: usize = 110;
/// Bytes of a line that are looked at, before and behind the caret: a line of a megabyte costs no more than a short one.
const NEAR_BYTES: usize = 400;
/// Findings of one file that are kept; a file with more is not a configuration.
const MOST_FINDINGS: usize = 100;
/// What stands for a secret, whatever its length.
const MASK: &str = "*******";

/// A file of the configuration and the findings in it.
///
/// It has no `Debug`: its text may hold a password.
pub struct Sheet {
    shown: String,
    text: String,
    line_starts: Vec<usize>,
    secrets: RefCell<Vec<Span>>,
    findings: RefCell<Vec<Finding>>,
}

/// Where a secret is, seen from a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretAt {
    Nowhere,
    Line,
    Here,
}

/// A finding to be: what is known where it is found.
pub struct Problem {
    severity: Severity,
    at: Span,
    message: String,
    label: Option<String>,
    related: Option<Place>,
    hint: Option<String>,
}

impl Problem {
    /// What keeps the configuration from being used.
    #[must_use]
    pub fn error(at: &Span, message: impl Into<String>) -> Self {
        let at = at.clone();
        Self { severity: Severity::Error, at, message: message.into(), label: None, related: None, hint: None }
    }

    /// What works, but probably not as meant.
    #[must_use]
    pub fn warning(at: &Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(at, message) }
    }

    /// With the way out.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With the way out, where there is one.
    #[must_use]
    pub fn maybe_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// With words beside the caret.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// With the second place.
    #[must_use]
    pub fn related(self, place: Place) -> Self {
        Self { related: Some(place), ..self }
    }
}

impl Sheet {
    /// `text` without its byte order mark; `shown` is the file's name in messages.
    #[must_use]
    pub fn new(shown: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let secrets = RefCell::new(url_passwords(&text));
        Self { shown: shown.into(), text, line_starts, secrets, findings: RefCell::default() }
    }

    /// Another text of the same file, to be read in its place.
    #[must_use]
    pub fn with_text(self, text: String) -> Self {
        Self::new(self.shown, text)
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Keeps what stands at `at` out of every excerpt from now on.
    pub fn keep_secret(&self, at: Span) {
        let mut secrets = self.secrets.borrow_mut();
        let (apart, meeting): (Vec<_>, Vec<_>) =
            secrets.drain(..).partition(|kept| kept.end < at.start || at.end < kept.start);
        let whole = meeting.iter().fold(at, |whole, kept| whole.start.min(kept.start)..whole.end.max(kept.end));
        *secrets = apart;
        secrets.push(whole);
    }

    /// How near to a secret `at` is: of its line nothing may be repeated, of itself nothing said.
    #[must_use]
    pub fn secret_at(&self, at: &Span) -> SecretAt {
        let line = self.line_starts.partition_point(|start| *start <= at.start).max(1);
        let line = self.line_starts[line - 1]..self.line_starts.get(line).copied().unwrap_or(self.text.len());
        let touches =
            |span: &Span| self.secrets.borrow().iter().any(|kept| kept.start < span.end && kept.end > span.start);
        match (touches(&(at.start..at.end.max(at.start + 1))), touches(&line)) {
            (true, _) => SecretAt::Here,
            (false, true) => SecretAt::Line,
            (false, false) => SecretAt::Nowhere,
        }
    }

    /// Words of a finding without control characters and without what is kept secret.
    fn words(&self, words: &str) -> String {
        let secrets = self.secrets.borrow();
        // Shorter ones are part of too many words; nobody repeats them on purpose.
        let texts = secrets.iter().filter_map(|span| self.text.get(span.clone())).filter(|text| text.len() > 3);
        escaped(&texts.fold(words.to_owned(), |words, secret| words.replace(secret, MASK)))
    }

    /// Takes over what was found in another file that this one names.
    pub fn adopt(&self, found: Vec<Finding>) {
        let mut findings = self.findings.borrow_mut();
        findings.extend(found);
    }

    /// Whether anything was found that keeps the file from being used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.borrow().iter().any(Finding::is_error)
    }

    /// Whether more findings would not be kept.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.findings.borrow().len() >= MOST_FINDINGS
    }

    /// Records a finding; of more than a hundred the rest is counted as one.
    pub fn report(&self, problem: Problem) {
        if self.is_full() {
            return;
        }
        let finding = Finding {
            severity: problem.severity,
            message: self.words(&problem.message),
            place: self.place(&problem.at, problem.label.as_deref()),
            related: problem.related,
            hint: problem.hint.as_deref().map(|hint| self.words(hint)),
        };
        let mut findings = self.findings.borrow_mut();
        // An alias shows the same text twice; its mistakes are one.
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }

    /// Everything found, in the order of the lines.
    #[must_use]
    pub fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.findings.into_inner();
        if findings.len() >= MOST_FINDINGS {
            let message = format!("more than {} problems in this file", MOST_FINDINGS - 1);
            findings.truncate(MOST_FINDINGS - 1);
            findings.push(Finding::about_file(&self.shown, &message, Some("put these right, then check again")));
        }
        findings.sort_by_key(Finding::spot_order);
        findings
    }

    /// `at` with its line, ready to be shown; a range over several lines ends with its first.
    #[must_use]
    pub fn place(&self, at: &Span, label: Option<&str>) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= at.start).max(1);
        let start = self.line_starts[line - 1];
        let rest = &self.text[start..];
        let content = rest.split('\n').next().unwrap_or(rest).trim_end_matches('\r');
        let from = at.start.clamp(start, start + content.len());
        let until = at.end.clamp(from, start + content.len());
        let column = self.text[start..self.floor(from)].chars().count() + 1;
        let (excerpt, caret) = self.excerpt(start, content, from..until);
        let label = label.map(escaped);
        Place { file: escaped(&self.shown), spot: Some(Spot { line, column, excerpt, caret, label }) }
    }

    fn floor(&self, mut at: usize) -> usize {
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// The line as cells, and the cells of `at` in it.
    fn excerpt(&self, start: usize, content: &str, at: Span) -> (String, Range<usize>) {
        let secrets = self.secrets.borrow();
        let near = self.floor(at.start.saturating_sub(NEAR_BYTES).max(start))
            ..self.floor((at.start + NEAR_BYTES).min(start + content.len()));
        let mut cells: Vec<(String, usize)> = Vec::new();
        let (mut before, mut within, mut masked) = (0, 0, None);
        for (offset, letter) in self.text[near.clone()].char_indices() {
            let byte = near.start + offset;
            let secret = secrets.iter().position(|span| span.contains(&byte));
            let shown = match secret {
                Some(_) if masked == secret => continue,
                Some(_) => MASK.to_owned(),
                None if letter == '\t' => " ".repeat(4),
                None => escaped(letter.encode_utf8(&mut [0; 4])),
            };
            masked = secret;
            let width = shown.chars().filter_map(UnicodeWidthChar::width).sum();
            let end = secret.map_or(byte + letter.len_utf8(), |found| secrets[found].end);
            if end <= at.start {
                before += width;
            } else if byte < at.end.max(at.start + 1) {
                within += width;
            }
            cells.push((shown, width));
        }
        window(&cells, before..before + within.max(1))
    }
}

/// The passwords in `scheme://user:password@host`: wrong here, and secret all the same.
fn url_passwords(text: &str) -> Vec<Span> {
    let of_url = |(at, slashes): (usize, &str)| {
        let start = at + slashes.len();
        let authority = text[start..].split(|letter: char| letter.is_whitespace() || letter == '/').next()?;
        let end = authority.rfind('@')?;
        let colon = authority[..end].find(':')?;
        Some(start + colon + 1..start + end)
    };
    text.match_indices("://").filter_map(of_url).collect()
}

/// Cuts a long line to the part around the caret.
fn window(cells: &[(String, usize)], caret: Range<usize>) -> (String, Range<usize>) {
    let total: usize = cells.iter().map(|(_, width)| width).sum();
    if total <= EXCERPT_CELLS {
        let line: String = cells.iter().map(|(shown, _)| shown.as_str()).collect();
        return (line.trim_end().to_owned(), caret);
    }
    let first = caret.start.saturating_sub(EXCERPT_CELLS / 3).min(total - EXCERPT_CELLS);
    let (mut line, mut cell, mut cut_at) = (String::new(), 0, None);
    for (shown, width) in cells {
        if cell >= first && cell + width <= first + EXCERPT_CELLS {
            cut_at.get_or_insert(cell);
            line.push_str(shown);
        }
        cell += width;
    }
    let cut_at = cut_at.unwrap_or(0);
    let lead = if cut_at > 0 { "…" } else { "" };
    let tail = if first + EXCERPT_CELLS < total { "…" } else { "" };
    let start = caret.start.saturating_sub(cut_at) + lead.chars().count();
    let end = (start + caret.len()).min(EXCERPT_CELLS + 1).max(start + 1);
    (format!("{lead}{line}{tail}"), start..end)
}
