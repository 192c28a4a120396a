//! What we have learned of a server since we started, shared by all its sessions.

/// One for each server, made when its lane is; sessions read and correct it.
#[derive(Debug, Default)]
pub struct Profile {}
