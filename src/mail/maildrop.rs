//! A message as `sendmail` leaves it for the gateway: one line of envelope, then the bytes as they were given.

use serde::{Deserialize, Serialize};

/// What a program said to `sendmail` beside the message. None of it is believed before it is parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// `-f`; empty: the null sender. Perhaps without a domain.
    pub sender: String,
    /// `-F`: the name for a `From:` that is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Perhaps without a domain.
    pub recipients: Vec<String>,
}

/// What the first line begins with: form and version.
const MARK: &[u8] = b"packetboat-maildrop-1 ";

/// How the name of a whole file ends; its stem is the message's ref. What ends otherwise is being written.
pub const WHOLE: &str = ".mail";

/// The bytes of the file.
///
/// # Errors
/// When the envelope cannot be written as JSON, which does not happen.
pub fn encode(given: &Given, message: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let envelope = serde_json::to_vec(given)?; // in one line: JSON escapes line ends
    Ok([MARK, &envelope, b"\n", message].concat())
}

/// The envelope and the message.
///
/// # Errors
/// Why it is no such file.
pub fn decode(bytes: &[u8]) -> Result<(Given, &[u8]), String> {
    let rest = bytes.strip_prefix(MARK).ok_or("it does not begin as sendmail writes it")?;
    let end = rest.iter().position(|byte| *byte == b'\n').ok_or("its first line has no end")?;
    let given = serde_json::from_slice(&rest[..end]).map_err(|why| format!("its envelope cannot be read: {why}"))?;
    Ok((given, &rest[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_read_back_and_nothing_else_is_taken_for_it() {
        let given = Given { sender: "a\n@b".into(), full_name: Some("ü".into()), recipients: vec!["root".into()] };
        let bytes = encode(&given, b"a\nb\0").unwrap();
        assert_eq!(decode(&bytes), Ok((given, &b"a\nb\0"[..])));
        for bytes in [
            &b""[..],
            b"packetboat-maildrop-1 {}",
            b"packetboat-maildrop-1 {}\n",
            b"From: a\n\n",
            b"packetboat-maildrop-2 {}\n",
        ] {
            assert!(decode(bytes).is_err(), "{}", bytes.escape_ascii());
        }
    }
}
