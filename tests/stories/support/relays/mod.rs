//! Real mail relays, each a throw-away instance on 127.0.0.1: Postfix, and the sink that comes with it, from Debian's package.

pub mod postfix;
pub mod sink;
