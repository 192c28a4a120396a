//! `check`: every mistake in the configuration, at its place.

use crate::{
    config::{self, Finding},
    rules,
};
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Debug)]
pub struct Checked {
    pub findings: Vec<Finding>,
    pub files_read: usize,
}

impl Checked {
    /// The configuration would be refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(Finding::is_error)
    }
}

/// Checks packetboat.yaml and all rules; told of are the problems of `only`, or of every file when it is empty.
///
/// # Errors
/// The first of `only` that is no file of this configuration.
pub fn check(named: Option<&Path>, only: &[PathBuf]) -> Result<Checked, PathBuf> {
    let file = config::find(named);
    let rules::Checked { mut findings, mut files_read, outline, .. } = rules::check(&file);
    if only.is_empty() {
        return Ok(Checked { findings, files_read });
    }
    let folder = outline.rules;
    let real = |path: &Path| path.canonicalize().ok();
    let mut wanted = Vec::new();
    for path in only {
        let full = real(path).filter(|full| full.is_file()).ok_or_else(|| path.clone())?;
        if real(&file).as_ref() == Some(&full) {
            wanted.push(config::shown(&std::path::absolute(&file).unwrap_or_else(|_| file.clone())));
        } else if full.parent() == real(&folder).as_deref() {
            wanted.push(config::shown(&folder.join(full.file_name().unwrap_or_default())));
        } else {
            return Err(path.clone());
        }
    }
    findings.retain(|finding| wanted.contains(&finding.place.file));
    files_read = files_read.min(wanted.len());
    Ok(Checked { findings, files_read })
}
