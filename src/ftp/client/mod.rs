//! Our side of a conversation with an FTP server, over suppaftp, none of whose types leave this folder.

mod profile;
mod session;

pub use profile::Profile;
pub use session::Session;
