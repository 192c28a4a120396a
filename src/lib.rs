//! Packetboat: rules watch folders, push files to FTP servers and send mail, and every job, attempt and retry is on record.
//!
//! The folders are stages; `docs/architecture.md` walks one file through them, and `tests/architecture.rs`
//! holds who may import whom.

pub mod domain;

pub mod clock;
pub mod faults;
pub mod policy;
pub mod schedule;
pub mod simulation;
pub mod telemetry;
pub mod templates;

pub mod config;
pub mod mail;
pub mod rules;
pub mod tls;
pub mod web;

pub mod accounts;
pub mod lanes;
pub mod store;
pub mod streams;

pub mod delivery;
pub mod ftp;
pub mod smtp;

pub mod intake;
pub mod notices;
pub mod sources;

pub mod janitor;
pub mod worker;

pub mod control;
pub mod http;

pub mod app;
pub mod cli;
#[cfg(feature = "demo")]
pub mod demo;
