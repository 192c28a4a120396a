//! `check`: every mistake of every file at once. Exits 3 when the configuration would be refused.

use crate::{
    cli::{
        args::{Check, Format},
        console::{Console, Shape},
        exit::{Exit, Failure},
        text::json,
    },
    control::{self, Finding},
};
use serde::Serialize;
use std::path::Path;

/// The JSON.
#[derive(Serialize)]
struct Report<'a> {
    is_refused: bool,
    files_read: usize,
    findings: &'a [Finding],
}

/// Tells all of them, or those of the named files.
pub fn check(wanted: &Check, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let checked = control::check(config, &wanted.files)
        .map_err(|file| Failure::Usage(format!("{} is no file of this configuration", file.display())))?;
    let control::Checked { findings, files_read } = &checked;
    let text = if wanted.format == Format::Json || console.shape == Shape::Json {
        let is_refused = checked.is_refused();
        json(&Report { is_refused, files_read: *files_read, findings }).map_err(|why| Failure::Other(why.into()))?
    } else {
        control::render(findings, console.painter.into()) + &control::summary(findings, *files_read) + "\n"
    };
    console.print(&text)?;
    Ok(if checked.is_refused() { Exit::Refused } else { Exit::Done })
}
