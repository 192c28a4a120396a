//! Stories of watched folders: real files, a real database, and what arrived in it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a story that cannot go on stops with a panic")]

#[path = "../stories/support/cannot_here.rs"]
mod cannot_here;
#[path = "../stories/support/inside.rs"]
mod inside;
mod support;
#[path = "../stories/support/servers/unpacked.rs"]
#[allow(dead_code, reason = "the stories use the rest")]
mod unpacked;
#[path = "../stories/support/wait.rs"]
mod wait;

mod a_folder_comes_and_goes;
mod bursts;
mod clocks;
mod identity;
mod kinds;
mod looking;
mod names;
mod pauses;
mod rsync;
mod scarcity;
mod settling;
