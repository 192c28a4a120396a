//! TLS from settings: whom to trust, which versions, and words that say what to do when trust fails.

mod certificate;
mod client;
mod roots;
mod server;
mod verifier;
mod words;

pub use client::{ClientTls, SettingError, TlsTrouble};
pub use server::{CertificateError, ServerTls};
pub use verifier::Seen;
