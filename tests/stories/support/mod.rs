//! What stories stand on: real servers, a lying one, a client without cleverness, and looks from outside.

pub mod cannot_here;
pub mod certificates;
pub mod channel;
pub mod check;
pub mod cost;
pub mod endpoint;
pub mod ftp_client;
pub mod gateway;
pub mod inside;
pub mod ledger;
pub mod ports;
pub mod program;
pub mod raw_ftp;
pub mod record;
pub mod relays;
pub mod scripted_ftp;
pub mod scripted_smtp;
pub mod servers;
pub mod smtp_client;
pub mod wait;
pub mod walk;
pub mod web;
