//! Where a scripted relay departs from the protocol, and how.

pub use crate::support::scripted_ftp::Lost;

/// One departure: at this command, this time, this.
#[derive(Debug, Clone)]
pub struct Fault {
    pub verb: &'static str,
    /// Over all connections, from 1.
    pub time: usize,
    pub action: Action,
}

/// At the n-th `verb` (from 1, over all connections). `CONNECT` is the greeting, `BODY` the message while it comes, `DOT` its end.
pub fn once(verb: &'static str, n: usize, action: Action) -> Fault {
    Fault { verb, time: n, action }
}

/// What happens instead of the right thing.
#[derive(Debug, Clone)]
pub enum Action {
    // -- the command is not performed
    /// This reply; CRLF is added.
    Instead(&'static str),
    /// These bytes as they are.
    InsteadRaw(&'static [u8]),
    /// This reply, and the connection is closed: 421.
    Bye(&'static str),
    /// Nothing, while the connection stays open.
    Hang,
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
    /// A line that never ends.
    EndlessLine,
    /// A reply of lines that never end.
    EndlessMultiline,

    // -- the command is performed; the reply is not as it should be
    /// This reply in place of the right one.
    Say(&'static str),
    /// No reply.
    Lose(Lost),
    /// The reply twice, in one packet.
    Twice,
    /// The reply byte by byte, 10 ms apart.
    Dribble,
    /// The reply with LF for CRLF.
    LineFeedOnly,
    /// The digits alone.
    NoWords,
    /// These bytes before the reply, in one packet with it.
    Before(&'static [u8]),

    // -- the message (BODY)
    /// This many bytes are read, then nothing more.
    StallAfter(usize),
    /// After this many bytes this reply, then nothing more.
    NoAfter(usize, &'static str),
    /// The connection is reset after this many bytes.
    ResetAfter(usize),
    /// After this many bytes this reply, and the connection is closed.
    ByeAfter(usize, &'static str),

    // -- TLS
    /// 220, these bytes in the same packet, and then the handshake (STARTTLS).
    InjectBeforeTls(&'static [u8]),
    /// No TLS but garbage (STARTTLS, or CONNECT with implicit TLS).
    GarbageForTls,
}
