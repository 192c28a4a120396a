//! What comes back of mails: the maildir in which it lands is read, and each report that names a mail of ours by our own token fails it.

use crate::{
    domain::{BounceKey, Moment, ReturnPath},
    janitor::teller::Teller,
    mail::incoming::bounce::{delivered_to, of_ours},
    store::{Bounced, StoreError},
};
use rustix::fs::{Mode, OFlags};
use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};
use tracing::{info, warn};

/// Reports of one look.
const TOGETHER: usize = 100;
/// Bytes of a report that are read: what it returns of the mail comes last.
const MOST: u64 = 1 << 20;

/// A file of the maildir.
struct Report {
    name: OsString,
    said: Said,
}

/// What is made of it.
enum Said {
    Failed(Bounced),
    /// It changes nothing, and why.
    Nothing(String),
}

impl Teller {
    /// Reads what has come, and again until nothing is left. What is read is moved from `new` to `cur`, whatever it was: nothing is
    /// deleted, and after a kill it is read again.
    pub(super) async fn read_bounces(&self, is_told: &mut bool) -> Result<(), StoreError> {
        let Some((folder, path)) = &self.bounces else { return Ok(()) };
        let key = self.store.bounce_key().await?;
        loop {
            let now = self.clock.now();
            let (folder, path, key) = (folder.clone(), path.clone(), key.clone());
            let shown = folder.clone();
            let read = tokio::task::spawn_blocking(move || reports(&folder, (&path, &key), now)).await;
            let reports = match read.map_err(io::Error::from).and_then(|read| read) {
                Ok(reports) => reports,
                Err(why) => {
                    if !std::mem::replace(is_told, true) {
                        warn!(folder = %shown.display(), %why, "what comes back of mails cannot be read");
                    }
                    return Ok(());
                }
            };
            *is_told = false;
            if reports.is_empty() {
                return Ok(());
            }
            for Report { name, said } in reports {
                match said {
                    Said::Failed(bounced) => {
                        let job = bounced.job;
                        let is_news = self.store.bounced(bounced, now).await?;
                        info!(%job, is_news, "a mail came back");
                    }
                    Said::Nothing(why) => info!(file = %name.display(), why, "a mail to a return path changes nothing"),
                }
                if let Err(why) = seen(&shown, &name) {
                    warn!(file = %name.display(), %why, "it cannot be moved to cur/, and is read again");
                    return Ok(());
                }
            }
        }
    }
}

fn reports(folder: &Path, ours: (&ReturnPath, &BounceKey), now: Moment) -> io::Result<Vec<Report>> {
    for name in ["", "tmp", "cur", "new"] {
        match fs::create_dir(folder.join(name)) {
            Err(why) if why.kind() != io::ErrorKind::AlreadyExists => return Err(why),
            _ => {}
        }
    }
    let mut reports = Vec::new();
    for entry in fs::read_dir(folder.join("new"))? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() || name.as_bytes().starts_with(b".") {
            continue;
        }
        let said = match read(&entry.path()) {
            Ok(bytes) => understood(&bytes, ours, now),
            Err(why) => Said::Nothing(why.to_string()),
        };
        reports.push(Report { name, said });
        if reports.len() == TOGETHER {
            break;
        }
    }
    Ok(reports)
}

/// Links are not followed, and nothing is waited for.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn understood(bytes: &[u8], ours: (&ReturnPath, &BounceKey), now: Moment) -> Said {
    let addresses = delivered_to(bytes);
    match of_ours(bytes, addresses.iter().map(String::as_str), ours, now) {
        None => Said::Nothing("it is to no return path of ours".to_owned()),
        Some(Err(why)) => Said::Nothing(why),
        Some(Ok((job, returned))) => Said::Failed(Bounced { job, code: returned.code(), said: returned.words() }),
    }
}

/// As maildir has it (`:2,S`).
fn seen(folder: &Path, name: &OsStr) -> io::Result<()> {
    let mut to = name.to_owned();
    if !name.as_bytes().contains(&b':') {
        to.push(":2,S");
    }
    let path: PathBuf = folder.join("cur").join(to);
    fs::rename(folder.join("new").join(name), path)
}
