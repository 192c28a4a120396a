//! What `check --probe` tells of each server.

use crate::{
    cli::{exit::Failure, serve::setup},
    control::{self, Probed},
    domain::Escaped,
};
use std::{fmt::Write, path::Path};

/// Tries them, one after the other.
pub async fn probe(config: Option<&Path>) -> Result<Vec<Probed>, Failure> {
    let setup = setup(config, None)?;
    Ok(control::probe(&setup.settings).await)
}

/// A paragraph of one.
pub fn text(server: &Probed) -> String {
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
