//! Our side of SMTP with clients: commands, replies and messages, for the submission door; and a relay of our own for the demo.

mod command;
mod dots;
mod reply;
#[cfg(feature = "demo")]
mod sink;
mod wire;

pub use command::{Command, Mail};
pub use dots::{Dots, Stray};
pub use reply::Reply;
#[cfg(feature = "demo")]
pub use sink::{Received, Sink};
pub use wire::{Came, Early, NoLine, Room, Wire};
