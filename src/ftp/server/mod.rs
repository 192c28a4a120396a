//! An FTP server inside the program, over libunftp: the demo's off-site backup, and one more real server for the tests.
//!
//! What we add to the crate is the store beneath it (nothing whole, nothing seen), a login, and an end that
//! really ends: `stop` closes the listener and every connection, as if the cable were pulled.

mod atomic_store;
mod certificate;
mod embedded;
mod encryption;
mod entry;
mod front;
mod jail;
mod login;
mod upload;

pub use certificate::{Certificate, CertificateError};
pub use embedded::{EmbeddedServer, EmbeddedServerOptions, EmbeddedTls, Running, StartError};
pub use encryption::ServerTls;
