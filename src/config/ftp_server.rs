//! One FTP server with all its options.

use super::{Fields, Secret, Sheet, Trust, ftp_keys::FTP, read_ftp::timeouts};
use crate::{domain::ByteRate, schedule::Window};
use std::time::Duration;

/// `servers.NAME.ftp`, checked.
#[derive(Debug, Clone)]
pub struct FtpServer {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Secret,
    /// Sent as ACCT when the server asks (332); empty for none.
    pub account: String,
    /// Every path of a rule starts here; empty: where login puts us.
    pub folder: String,
    pub tls: FtpTls,
    pub tls_max: TlsVersion,
    pub trust: Trust,
    /// Most conversations at once, of all rules together.
    pub connections: u32,
    pub bandwidth: Option<ByteRate>,
    /// Inside these windows this limit instead; the first that matches.
    pub bandwidth_in: Vec<(Window, ByteRate)>,
    pub mode: Mode,
    pub passive_address: PassiveAddress,
    pub upload_as: UploadAs,
    /// TCP keepalive on the control connection.
    pub keepalive: Duration,
    pub timeouts: FtpTimeouts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FtpTls {
    Explicit,
    Implicit,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    V1_2,
    V1_3,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Passive,
    Active,
}

/// Whose address a data connection goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassiveAddress {
    SameHost,
    AsTold,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadAs {
    TemporaryName,
    FinalName,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FtpTimeouts {
    pub connect: Duration,
    pub reply: Duration,
    /// Longest silence while bytes flow.
    pub data: Duration,
}

impl Default for FtpTimeouts {
    #[expect(clippy::expect_used, reason = "the table's own defaults, and every test of a server reads them")]
    fn default() -> Self {
        let sheet = Sheet::new("defaults", "");
        timeouts(&Fields::empty(&sheet, &FTP)).expect("defaults are within their own bounds")
    }
}
