//! packetboat.yaml → typed settings and servers; every problem found at once, each with its place and a way out.

mod defaults;
mod ftp_server;
mod secret;
mod settings;

pub use defaults::{Defaults, History, Limits};
pub use ftp_server::{FtpServer, FtpTimeouts, FtpTls, Mode, PassiveAddress, TlsVersion, UploadAs};
pub use secret::Secret;
pub use settings::{Server, Settings};
