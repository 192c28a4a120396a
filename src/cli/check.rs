//! `check`: every mistake of every file at once; with `--probe` every server, tried with a small file that is removed again.
//! Exits 3 when the configuration would be refused, 6 when a server could not be reached.

use crate::{
    cli::{
        args::{Check, Format},
        console::{Console, Shape},
        exit::{Exit, Failure},
        probe,
        text::json,
    },
    control::{self, Finding, Probed},
};
use serde::Serialize;
use std::path::Path;

/// The JSON.
#[derive(Serialize)]
struct Report<'a> {
    is_refused: bool,
    files_read: usize,
    findings: &'a [Finding],
    /// With `--probe`, if nothing is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    servers: Option<Vec<Probed>>,
}

/// Tells all of them, or those of the named files.
pub async fn check(wanted: &Check, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let checked = control::check(config, &wanted.files)
        .map_err(|file| Failure::Usage(format!("{} is no file of this configuration", file.display())))?;
    let is_probed = wanted.probe && !checked.is_refused();
    if wanted.format == Format::Json || console.shape == Shape::Json {
        let servers = if is_probed { Some(probe::probe(config).await?) } else { None };
        let exit = exit(&checked, servers.as_deref());
        let control::Checked { findings, files_read } = &checked;
        let report = Report { is_refused: checked.is_refused(), files_read: *files_read, findings, servers };
        console.print(&json(&report).map_err(|why| Failure::Other(why.into()))?)?;
        return Ok(exit);
    }
    let control::Checked { findings, files_read } = &checked;
    let summary = control::summary(findings, *files_read);
    console.print(&(control::render(findings, console.painter.into()) + &summary + "\n"))?;
    let servers = if is_probed { Some(probe::probe(config).await?) } else { None };
    console.print(&servers.iter().flatten().map(probe::text).collect::<String>())?;
    Ok(exit(&checked, servers.as_deref()))
}

fn exit(checked: &control::Checked, servers: Option<&[Probed]>) -> Exit {
    match servers {
        _ if checked.is_refused() => Exit::Refused,
        Some(servers) if servers.iter().any(|server| server.trouble.is_some()) => Exit::Unreachable,
        _ => Exit::Done,
    }
}
