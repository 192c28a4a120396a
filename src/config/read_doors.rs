//! `doors:`, how others reach us.

use super::{
    fields::Fields,
    keys::{Table, default, not_yet, optional},
    read,
    read_http::{HTTP, HttpDoor, http},
    read_submission::{SUBMISSION, SubmissionDoor, submission},
    sheet::{Problem, Sheet},
    surroundings::Surroundings,
};
use std::path::{Path, PathBuf};

/// The doors that are open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doors {
    /// The folder that `sendmail` leaves messages in.
    pub maildrop: Option<PathBuf>,
    /// The folder that applications rename messages into.
    pub spool: Option<PathBuf>,
    pub http: Option<HttpDoor>,
    pub submission: Option<SubmissionDoor>,
}

/// Where `sendmail` and the gateway meet if nothing is said.
pub const MAILDROP: &str = "/var/spool/packetboat/maildrop";

/// Where applications rename messages to if nothing is said.
pub const SPOOL_FOLDER: &str = "/var/spool/packetboat/spool";

const NOT_THERE: &str = "leave it out: this version has the doors `sendmail`, `spool`, `http` and `submission`";

/// The keys of `doors`.
pub const DOORS: Table = Table {
    name: "doors",
    keys: &[
        optional("sendmail"),
        optional("http"),
        optional("submission"),
        optional("spool"),
        not_yet("drop", NOT_THERE),
    ],
    moved: &[
        ("smtp", "write `submission`"),
        ("api", "write `http`"),
        ("ftp", "write `drop`"),
        ("maildrop", "write `sendmail: { maildrop: … }`"),
    ],
};

/// The keys of `sendmail`.
pub const SENDMAIL: Table = Table {
    name: "sendmail",
    keys: &[default("maildrop", MAILDROP)],
    moved: &[("folder", "write `maildrop`"), ("path", "write `maildrop`"), ("spool", "write `maildrop`")],
};

/// The keys of `spool`.
pub const SPOOL: Table = Table {
    name: "spool",
    keys: &[default("folder", SPOOL_FOLDER)],
    moved: &[("path", "write `folder`"), ("maildir", "write `folder`: its new/ is read, too")],
};

/// The maildrop that `file` names, as far as whoever asks may read it; no mistake is told.
#[must_use]
pub fn maildrop(file: &Path) -> Option<PathBuf> {
    let sheet = super::file::open(file).ok()?.sheet;
    let folder = std::path::absolute(file).ok()?.parent()?.to_owned();
    let root = super::yaml::read(&sheet)?;
    let written = root.entry("doors")?.value.entry("sendmail")?.value.entry("maildrop")?.value.as_text()?.to_owned();
    Some(folder.join(written))
}

/// What stands under `doors`; a door that is not named is shut.
pub(super) fn doors(top: &Fields<'_>, around: &Surroundings<'_>) -> Option<Doors> {
    let doors = top.map("doors", &DOORS)?;
    let maildrop = match doors.entry("sendmail") {
        Some(_) => Some(around.path(&doors.map("sendmail", &SENDMAIL)?.need("maildrop", read::some_text)?)),
        None => None,
    };
    let spool = match doors.entry("spool") {
        Some(_) => Some(around.path(&doors.map("spool", &SPOOL)?.need("folder", read::some_text)?)),
        None => None,
    };
    let http = match doors.entry("http") {
        Some(_) => Some(http(&doors.map("http", &HTTP)?, around)?),
        None => None,
    };
    let submission = match doors.entry("submission") {
        Some(_) => Some(submission(&doors.map("submission", &SUBMISSION)?, around)?),
        None => None,
    };
    Some(Doors { maildrop, spool, http, submission })
}

/// Reports a spool that others would find their own files in.
pub(super) fn check_spool(sheet: &Sheet, top: &Fields<'_>, (doors, storage): (&Doors, Option<&Path>)) {
    let (Some(spool), Some(at)) = (&doors.spool, top.entry("doors")) else { return };
    let at = at.value.entry("spool").map_or(&at.key.at, |entry| &entry.key.at);
    let refused = doors.maildrop.as_ref().map(|folder| folder.with_file_name("maildrop-refused"));
    let others = [("storage", storage), ("maildrop", doors.maildrop.as_deref()), ("maildrop", refused.as_deref())];
    let meets = |other: &Path| other.starts_with(spool) || spool.starts_with(other);
    if let Some((name, _)) = others.iter().find(|(_, other)| other.is_some_and(meets)) {
        let problem = Problem::error(at, format!("the folder of the spool and `{name}` lie one in the other"));
        sheet.report(problem.hint(format!("give it one of its own: `spool: {{ folder: {SPOOL_FOLDER} }}`")));
    }
}
