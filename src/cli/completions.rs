//! `completions SHELL`: a completion script, from the arguments themselves.

use crate::cli::{
    args::Args,
    console::Console,
    exit::{Exit, Failure},
};
use clap::CommandFactory;
use clap_complete::Shell;

/// Prints the script for one shell.
pub fn completions(shell: Shell, console: &Console) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "packetboat", &mut script);
    console.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
