//! Our own trace: a field that says by which gateway a message has come, so that one that comes back is known; and where a header ends.

use super::TRACE;

/// `message` with the trace of `gateway` behind its first field, where ours is.
#[must_use]
pub fn traced(mut message: Vec<u8>, gateway: &str) -> Vec<u8> {
    let is_end = |at: &usize| !matches!(message.get(at + 2), Some(b' ' | b'\t'));
    let Some(end) = memchr::memmem::find_iter(&message, b"\r\n").find(is_end).map(|at| at + 2) else { return message };
    if end > 2 {
        message.splice(end..end, format!("{TRACE}: {gateway}\r\n").into_bytes());
    }
    message
}

/// Bytes of the header of a message whose lines end with CRLF, the empty line left out.
#[must_use]
pub fn header_length(message: &[u8]) -> usize {
    memchr::memmem::find(message, b"\r\n\r\n").map_or(message.len(), |at| at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_stands_behind_the_first_field_and_nothing_else_is_touched() {
        for (message, shown) in [
            ("A: 1\r\n\tmore\r\nB: 2\r\n\r\nbody", "A: 1\r\n\tmore\r\nX-Packetboat-Loop: g\r\nB: 2\r\n\r\nbody"),
            ("A: 1\r\n\r\n body", "A: 1\r\nX-Packetboat-Loop: g\r\n\r\n body"),
            ("\r\nbody\r\n", "\r\nbody\r\n"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8(traced(message.into(), "g")).unwrap(), shown);
        }
    }
}
