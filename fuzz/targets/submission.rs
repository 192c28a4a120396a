//! Bytes as an SMTP client sends them: lines are commands or refused, and a message by DATA is the same whatever pieces it comes in, has no line
//! end but CRLF, and ends nowhere but at CRLF.CRLF.

use packetboat::smtp::server::{Command, Dots};

pub fn try_with(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        match Command::parse(line) {
            Ok(Command::Mail(mail)) => is_one_address(&mail.address),
            Ok(Command::Rcpt(address)) => is_one_address(&address),
            Ok(_) => {}
            Err(reply) => {
                let reply = reply.to_string();
                let text = reply.strip_suffix("\r\n").expect("a reply is a line");
                assert!(reply.len() <= 512 && !text.contains(char::is_control), "{reply:?}");
            }
        }
    }
    let Some((pieces, rest)) = bytes.split_first() else { return };
    let (whole, cut) = (read(rest, rest.len().max(1)), read(rest, usize::from(*pieces).max(1)));
    assert_eq!(whole, cut);
    if let Some((message, is_astray, end)) = whole {
        let sent = &rest[..end];
        assert!(sent == b".\r\n" || sent.ends_with(b"\r\n.\r\n"), "{}", sent.escape_ascii());
        let first = rest.windows(5).position(|five| five == b"\r\n.\r\n").map(|at| at + 5);
        assert!(rest.starts_with(b".\r\n") || first == Some(end), "it ends at the first end");
        if !is_astray {
            assert!(message.is_empty() || message.ends_with(b"\r\n"));
            let ends = message.windows(2).filter(|two| two == b"\r\n").count();
            let stray = message.iter().filter(|byte| matches!(byte, b'\r' | b'\n')).count();
            assert!(stray == 2 * ends && !message.contains(&0), "{}", message.escape_ascii());
        }
    }
}

fn is_one_address(address: &str) {
    assert!(!address.contains(char::is_control), "{address:?}");
}

/// The message, whether it is refused, and where it ended.
fn read(bytes: &[u8], pieces: usize) -> Option<(Vec<u8>, bool, usize)> {
    let (mut dots, mut message, mut read) = (Dots::default(), Vec::new(), 0);
    for piece in bytes.chunks(pieces) {
        if let Some(end) = dots.read(piece, &mut message) {
            return Some((message, dots.stray().is_some(), read + end));
        }
        read += piece.len();
    }
    None
}
