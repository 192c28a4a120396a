//! packetboat.yaml → typed settings and servers; every problem found at once, each with its place and a way out.
//!
//! [`load`] is the way in. The parts below it (a [`Sheet`], its tree, [`Fields`] and [`read`]) are the language itself
//! and serve the rule files too.

mod fields;
mod file;
mod finding;
mod ftp_keys;
mod ftp_server;
pub mod init;
mod load;
mod mail;
mod read_doors;
mod read_ftp;
mod read_http;
mod read_notices;
mod read_secret;
mod read_servers;
mod read_smtp;
mod read_submission;
mod read_template;
mod read_trust;
mod render;
mod secret;
mod server_kind;
mod settings;
mod sheet;
mod smtp_keys;
mod smtp_server;
pub(crate) mod suggest;
mod surroundings;
mod url;
mod webhook;

pub(crate) mod defaults;
pub(crate) mod keys;
pub(crate) mod kind;
pub(crate) mod read;
pub(crate) mod values;
pub(crate) mod yaml;

#[cfg(test)]
mod tests;

pub use defaults::{Defaults, History, Limits};
pub use finding::{Finding, Place, Severity, Spot};
pub use ftp_server::{FtpServer, FtpTimeouts, FtpTls, Mode, PassiveAddress, TlsVersion, UploadAs};
pub use load::{Loaded, Outline, find, load, load_with};
pub use mail::MailSettings;
pub(crate) use mail::{mailbox, relays};
pub use read_doors::{Doors, MAILDROP, maildrop};
pub use read_http::HttpDoor;
pub use read_notices::{Digest, Notice, Notices, Readers, Way};
pub(crate) use read_notices::{Whose, notices};
pub use read_submission::{DoorTls, SubmissionDoor};
pub(crate) use read_template::read_template;
pub use read_trust::Trust;
pub use render::{Paint, render, summary};
pub use secret::Secret;
pub use server_kind::{ServerKind, ServerKinds};
pub use settings::{Server, Settings};
pub use smtp_server::{PasswordBy, SmtpLogin, SmtpProof, SmtpServer, SmtpTimeouts, SmtpTls};
pub use url::{Url, UrlSecurity};
pub use webhook::{SigningKey, Webhook};

pub(crate) use fields::Fields;
pub(crate) use file::{LARGEST, open, sheet_within, shown};
pub(crate) use load::{first_line, time_zone};
pub(crate) use read_secret::hide_secrets;
pub(crate) use sheet::{Problem, Sheet};
