//! What a server says it can do, in its answer to EHLO (RFC 5321 section 4.1.1.1).

use crate::smtp::client::Reply;

/// The keywords that decide something for us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// RFC 2920: commands may go out ahead of their answers.
    pub pipelining: bool,
    /// RFC 1870: sizes may be told. The largest message it takes, in bytes; 0: it does not say.
    pub size: Option<u64>,
    /// RFC 6152
    pub eight_bit: bool,
    /// RFC 6531: addresses outside ASCII.
    pub utf8: bool,
    /// RFC 3461: delivery status may be asked for.
    pub dsn: bool,
    /// RFC 3207
    pub start_tls: bool,
    /// RFC 2034
    pub enhanced_codes: bool,
    /// RFC 3030
    pub chunking: bool,
    /// RFC 4954: the mechanisms, in capitals.
    pub auth: Vec<String>,
}

impl Capabilities {
    pub(super) fn of(reply: &Reply) -> Self {
        let mut found = Self::default();
        for line in reply.further_lines() {
            let line = line.to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("PIPELINING") => found.pipelining = true,
                Some("SIZE") => found.size = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0)),
                Some("8BITMIME") => found.eight_bit = true,
                Some("SMTPUTF8") => found.utf8 = true,
                Some("DSN") => found.dsn = true,
                Some("STARTTLS") => found.start_tls = true,
                Some("ENHANCEDSTATUSCODES") => found.enhanced_codes = true,
                Some("CHUNKING") => found.chunking = true,
                Some("AUTH") => found.auth = words.map(str::to_owned).collect(),
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_read_in_any_case() {
        let reply = b"250-STARTTLS says hello\r\n250-pipelining\r\n250-Size 10240000\r\n250-AUTH login Plain\r\n250-X-DSN\r\n250 8bitmime\r\n";
        let expected = Capabilities {
            pipelining: true,
            size: Some(10_240_000),
            eight_bit: true,
            auth: vec!["LOGIN".to_owned(), "PLAIN".to_owned()],
            ..Capabilities::default()
        };
        assert_eq!(Capabilities::of(&Reply::new(reply)), expected);
    }

    #[test]
    fn a_size_without_a_number_is_no_limit() {
        for (line, size) in [("SIZE", Some(0)), ("SIZE 0", Some(0)), ("SIZE much", Some(0)), ("SIZES 7", None)] {
            let reply = Reply::new(format!("250-me\r\n250 {line}\r\n").as_bytes());
            assert_eq!(Capabilities::of(&reply).size, size, "{line}");
        }
    }
}
