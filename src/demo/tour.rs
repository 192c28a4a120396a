//! The way through the demo, once or until the person has seen enough.

use crate::{
    app::{Gateway, GatewaySetup, StartError},
    clock::Clock,
    config::{Paint, render},
    demo::{ashore::Ashore, files, mailbox::Mailbox, show, stage::Stage},
    domain::JobState,
    ftp::server::{self, CertificateError},
    rules,
    store::{ReceiptLine, Store, StoreError},
};
use std::{
    ffi::OsStr,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};
use tokio_util::task::AbortOnDropHandle;

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tour {
    /// Ends when every file has arrived and been compared, byte for byte.
    Once,
    /// Then stays up, for a person to drop files in and pull the plug.
    Open,
}

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("{path}: {why}")]
    File { path: PathBuf, why: io::Error },
    #[error(transparent)]
    Server(#[from] server::StartError),
    #[error("the demo's relay has no port: {0}")]
    Relay(io::Error),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("the demo's own configuration was refused:\n{0}")]
    Configuration(String),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    NotAll(String),
}

impl DemoError {
    pub(super) fn file(path: &Path, why: io::Error) -> Self {
        Self::File { path: path.to_path_buf(), why }
    }
}

/// Everything is on this machine: no file arrives in under a minute only if something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(5);

/// Runs the demo.
///
/// # Errors
/// When it cannot be set up, or a file did not arrive as it was sent.
pub async fn demo(tour: Tour) -> Result<(), DemoError> {
    let stage = Stage::build()?;
    let mailbox = Mailbox::open().await?;
    let mut ashore = Ashore::build(&stage, mailbox.port())?;
    println!(
        "The remote:   an FTP server with TLS on localhost:{}, its files in {}",
        ashore.port(),
        stage.ashore().display()
    );
    println!("The relay:    an SMTP server on localhost:{}, whose mail is shown here", mailbox.port());
    println!(
        "The gateway:  {} and the shipped rules, moved into {}",
        stage.configuration().display(),
        stage.home.display()
    );
    let gateway = start(&stage).await?;
    let shown = AbortOnDropHandle::new(tokio::spawn(show::changes(gateway.store.clone())));
    println!("\nDropping in:");
    let dropped = files::drop_in(&stage)?;
    for path in &dropped {
        println!("  {}", path.display());
    }
    println!("\nWhat happens:");
    let moved = dropped.iter().filter(|path| sent(path).is_some()).count();
    let arrived = wait_for(&gateway.store, dropped.len() + moved).await;
    let receipts = show::receipts(&gateway.store).await?;
    println!("\nReceipts:");
    receipts.iter().for_each(|line| println!("{}", show::receipt(line)));
    let compared = arrived.and_then(|()| compare(&stage, &dropped, &receipts));
    match &compared {
        Ok(()) => println!("\nAll {} files are on the remote, byte for byte.", dropped.len()),
        Err(why) => println!("\n{why}"),
    }
    if tour == Tour::Open {
        stay(&stage, &mut ashore, &gateway.store).await?;
    }
    drop(shown);
    gateway.stop(GRACE).await;
    ashore.unplug().await;
    compared
}

async fn start(stage: &Stage) -> Result<Gateway, DemoError> {
    let checked = rules::check(&stage.configuration());
    let Some((settings, rules)) = checked.loaded else {
        return Err(DemoError::Configuration(render(&checked.findings, Paint::Plain)));
    };
    Ok(Gateway::start(GatewaySetup { settings, rules, clock: Clock::System, only: None }).await?)
}

/// Waits until so many jobs are done: one for each file, and one for each that is moved after it.
async fn wait_for(store: &Store, expected: usize) -> Result<(), DemoError> {
    let all_ended = async {
        loop {
            let jobs = show::jobs(store).await?;
            let delivered = jobs.iter().filter(|job| job.state == JobState::Delivered).count();
            if delivered >= expected {
                tokio::time::sleep(Duration::from_millis(200)).await; // for the last lines to be shown
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let late = || DemoError::NotAll(format!("After {PATIENCE:?} not every file has been delivered."));
    tokio::time::timeout(PATIENCE, all_ended).await.unwrap_or_else(|_| Err(late()))
}

/// Source against remote copy, read from the disk: the receipts' word is not taken for it.
fn compare(stage: &Stage, dropped: &[PathBuf], receipts: &[ReceiptLine]) -> Result<(), DemoError> {
    for path in dropped {
        let receipt = receipt_of(path, receipts)
            .ok_or_else(|| DemoError::NotAll(format!("{} has no receipt.", path.display())))?;
        let remote = receipt.path.as_deref().map(OsStr::from_bytes).unwrap_or_default();
        let copy = stage.ashore().join(&receipt.server).join(remote);
        let read = |path: &Path| fs::read(path).map_err(|why| DemoError::file(path, why));
        let source = sent(path).unwrap_or_else(|| path.clone());
        if read(&source)? != read(&copy)? {
            return Err(DemoError::NotAll(format!("{} differs from {}.", copy.display(), path.display())));
        }
    }
    Ok(())
}

/// Where `after` of the dumps' rule moves a file.
fn sent(path: &Path) -> Option<PathBuf> {
    let (folder, name) = (path.parent()?, path.file_name()?);
    folder.ends_with("var/backups/db").then(|| folder.join("sent").join(name))
}

/// The receipt with the longest name that the path ends with: `about/index.html` ends with `index.html`, too.
fn receipt_of<'a>(path: &Path, receipts: &'a [ReceiptLine]) -> Option<&'a ReceiptLine> {
    let name = |line: &'a ReceiptLine| Path::new(OsStr::from_bytes(line.name.as_deref().unwrap_or_default()));
    let ending = receipts.iter().filter(|line| line.name.is_some() && path.ends_with(name(line)));
    ending.max_by_key(|line| name(line).as_os_str().len())
}

/// Until the person has seen enough.
async fn stay(stage: &Stage, ashore: &mut Ashore, store: &Store) -> Result<(), DemoError> {
    println!("\nIt stays up. Try:");
    println!("  cp something {}/backup.dump.zst", stage.source("/var/backups/db").display());
    println!("  {} --config {} status        (in another terminal)", this_program(), stage.configuration().display());
    println!("Here: `stop` pulls the remote's plug, `start` puts it back, `receipts` shows them, `quit` ends.");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = next_line(&mut lines).await {
        match line.trim() {
            "stop" => {
                ashore.unplug().await;
                println!(
                    "  The remote is down. What you drop in now waits; nothing is lost and no try is counted. After ten seconds there is mail."
                );
            }
            "start" => {
                ashore.plug_in()?;
                println!(
                    "  The remote is up again. What waits follows within 30 seconds, and a minute later a mail about it."
                );
            }
            "receipts" => show::receipts(store).await?.iter().for_each(|line| println!("{}", show::receipt(line))),
            "quit" | "exit" => break,
            "" => {}
            _ => println!("  stop, start, receipts or quit"),
        }
    }
    Ok(())
}

/// As a shell would find it: after `cargo run` nothing is installed.
fn this_program() -> String {
    std::env::current_exe().map_or_else(|_| "packetboat".to_owned(), |path| path.display().to_string())
}

/// `None` at the end of the input or at Ctrl-C.
async fn next_line(lines: &mut Lines<BufReader<Stdin>>) -> Option<String> {
    tokio::select! {
        line = lines.next_line() => line.ok().flatten(),
        _ = tokio::signal::ctrl_c() => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Moment, Ref, Sha256};

    fn receipt(name: &str) -> ReceiptLine {
        ReceiptLine {
            job: Ref::new(),
            rule: "website".into(),
            server: "webhost".into(),
            name: Some(name.into()),
            path: None,
            recipient: None,
            size_bytes: 0,
            sha256: Sha256([0; 32]),
            proof: "size".into(),
            reply: String::new(),
            delivered_at: Moment(0),
            removed_at: None,
        }
    }

    #[test]
    fn a_file_is_not_compared_by_the_receipt_of_one_whose_name_ends_alike() {
        let receipts = ["index.html", "about/index.html", "old-index.html"].map(receipt);
        for (path, name) in [
            ("/srv/build/index.html", Some("index.html")),
            ("/srv/build/about/index.html", Some("about/index.html")),
            ("/srv/build/old-index.html", Some("old-index.html")),
            ("/srv/build/robots.txt", None),
        ] {
            let found = receipt_of(Path::new(path), &receipts).and_then(|line| line.name.as_deref());
            assert_eq!(found, name.map(str::as_bytes), "{path}");
        }
    }
}
