//! Who may use the doors that others reach over the network.

mod secret;
mod tokens;

pub use secret::{NoRandom, TokenSecret};
pub use tokens::{Bearer, Denied, Tokens};
