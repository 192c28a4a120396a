//! Where a scripted server departs from the protocol, and how.

/// One departure: at this command, this time, this.
#[derive(Debug, Clone)]
pub struct Fault {
    pub verb: &'static str,
    pub time: Time,
    pub action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// The n-th time the server is sent this command, over all connections, from 1.
    Nth(usize),
    Always,
}

/// At the n-th `verb` (from 1, over all connections). `CONNECT` is the greeting.
pub fn once(verb: &'static str, n: usize, action: Action) -> Fault {
    Fault { verb, time: Time::Nth(n), action }
}

/// At every `verb`.
pub fn always(verb: &'static str, action: Action) -> Fault {
    Fault { verb, time: Time::Always, action }
}

/// What happens instead of the right thing.
#[derive(Debug, Clone)]
pub enum Action {
    // -- the command is not performed
    /// This reply; CRLF is added.
    Instead(&'static str),
    /// This reply, made at run time.
    InsteadSay(String),
    /// These bytes as they are.
    InsteadRaw(Vec<u8>),
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
    /// 229 or 227 with a port where nobody listens (EPSV, PASV).
    NoListener,

    // -- the command is performed; the reply is not as it should be
    /// This reply in place of the last.
    Say(&'static str),
    /// No last reply.
    Lose(Lost),
    /// The last reply only once the next command is here, before its own.
    Late,
    /// The last reply twice, in one packet.
    Twice,
    /// The last reply byte by byte, 10 ms apart.
    Dribble,
    /// The last reply with LF for CRLF.
    LineFeedOnly,
    /// These bytes before the last reply, in one packet with it.
    Before(Vec<u8>),

    // -- data connections (STOR, RETR, LIST, MLSD)
    /// The data connection is never accepted.
    NeverAccept,
    /// This many bytes are read (or sent), then nothing more, with all connections open.
    StallAfter(usize),
    /// The data connection is closed after this many bytes, which are kept; then 426.
    CloseDataAfter(usize),
    /// The same with a reset.
    ResetDataAfter(usize),
    /// Both connections are reset after this many bytes, which are kept: the cable is pulled.
    CutAfter(usize),
    /// This many bytes less than came are kept; then 226.
    KeepLess(usize),
    /// One byte more than came is kept; then 226.
    KeepMore,
    /// The file is empty; then 226.
    KeepNothing,
    /// Each LF becomes CRLF; then 226.
    KeepAsText,
    /// 226 at once after 150, before the data.
    EarlyEnd,
    /// These bytes in place of the file or listing (RETR, LIST, MLSD).
    Serve(Vec<u8>),

    // -- TLS
    /// 234, these bytes in the same packet, and then the handshake (AUTH).
    InjectBeforeTls(Vec<u8>),
    /// 234, and then no TLS but garbage (AUTH, or CONNECT with implicit TLS).
    GarbageForTls,
    /// The data connection's handshake is answered with garbage (STOR, RETR, LIST, MLSD); then 425.
    GarbageForDataTls,
    /// The data connection is closed without TLS's own goodbye (RETR, LIST, MLSD).
    NoCloseNotify,
}

/// What follows in place of a lost reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "read together: lose it, then close")]
pub enum Lost {
    /// The connection is closed.
    ThenClose,
    /// The connection is reset.
    ThenReset,
    /// Nothing: the connection stays open.
    ThenHang,
}
