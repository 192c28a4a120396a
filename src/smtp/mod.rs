//! SMTP (RFC 5321): our side of a conversation with a relay.

pub mod client;
