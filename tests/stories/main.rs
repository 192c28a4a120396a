//! Stories across the stages, against real servers: one story a file.
//!
//! One test program and not one a story, because linking is what takes the time.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a story that cannot go on stops with a panic")]

mod support;

mod a_full_disk;
mod a_long_history;
mod a_long_outage;
mod after;
mod after_under_fire;
mod asking_ahead;
mod bandwidth;
mod bounces;
mod client_certificates;
mod every_server;
mod fixture_database;
mod ftp_delivery;
mod ftp_faults;
mod ftp_secrecy;
mod ftp_settings;
mod heartbeat;
mod http;
mod kills;
mod lanes;
mod lateness;
mod lost_events;
mod mail;
mod mail_by_rows;
mod notices;
mod once;
mod operator;
mod order_and_limits;
mod probing;
mod proofs;
mod real_relays;
mod retry_after_a_move;
mod schedules;
mod sender_reports;
mod sendmail;
mod servers_do_as_told;
mod servers_start_and_stop;
mod shipped_rules;
mod smtp_delivery;
mod smtp_faults;
mod source_changes;
mod spool;
mod submission;
mod suppressions;
mod the_command_line;
mod the_demo;
mod the_embedded_server;
mod the_scripted_server;
mod webhooks;
