//! What we do on a server; each protocol its folder with one `failure.rs`.

pub mod ftp;
pub mod smtp;
