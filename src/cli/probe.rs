//! `check --probe`: every server, tried with a small file that is removed again. Exits 6 when one could not be reached.

use crate::{
    cli::{
        console::Console,
        exit::{Exit, Failure},
        serve::setup,
    },
    control::{self, Probed},
    domain::Escaped,
};
use std::{fmt::Write, path::Path};

/// Tries them, one after the other.
pub async fn probe(config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let setup = setup(config, None)?;
    let probed = control::probe(&setup.settings).await;
    let is_well = probed.iter().all(|server| server.trouble.is_none());
    console.answer(&probed, || probed.iter().map(text).collect())?;
    Ok(if is_well { Exit::Done } else { Exit::Unreachable })
}

fn text(server: &Probed) -> String {
    let mut text = format!("{}  {}\n", server.name, server.address);
    if let Some(trouble) = &server.trouble {
        let _ = writeln!(text, "  {}", Escaped(trouble.as_bytes()));
    }
    if let Some(advice) = server.advice {
        let _ = writeln!(text, "  = {advice}");
    }
    for (what, found) in &server.found {
        let _ = writeln!(text, "  {what:<42} {}", Escaped(found.as_bytes()));
    }
    text
}
