//! The proof kept for a delivered job; self-contained, so it means the same when rule, job and server are long gone.

use crate::domain::{Moment, Proof, Ref, RemotePath, Sha256};

/// One delivered file, or one message that a relay took for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub job: Ref,
    pub rule: String,
    pub server: String,
    /// Path of the source below the rule's folder; bytes as the file system has them.
    pub source_name: Vec<u8>,
    /// `None` for a message.
    pub remote_path: Option<RemotePath>,
    /// Of a message.
    pub recipient: Option<String>,
    pub size_bytes: u64,
    pub sha256: Sha256,
    pub proof: Proof,
    /// The server's last words.
    pub reply: String,
    pub delivered_at: Moment,
}
