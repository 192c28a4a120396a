//! Who may use the doors that others reach over the network.

mod passwords;
mod secret;
mod tokens;

pub use passwords::{Bans, NoHash, Passwords};
pub use secret::{NoRandom, TokenSecret};
pub use tokens::{Bearer, Denied, Tokens};
