//! Bytes that nobody thinks of.

use super::{RECEIVED, by, made};
use crate::mail::incoming::{Door, Lines, facts, recipients_of};
use proptest::prelude::*;

/// What matters to who reads a message, in any order.
const WORDS: [&[u8]; 40] = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n",
    b"\n\n",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b"\t",
    b":",
    b"Bcc",
    b"Bcc:",
    b"bcc :",
    b"\nBcc: x@y.z\n ",
    b"From ",
    b"From: ",
    b"Date: ",
    b"A: b",
    b"\nTo: ",
    b"Resent-Bcc:",
    b"=?utf-8?q?",
    b"?=",
    b"=?x?b?",
    b"@",
    b"<",
    b">",
    b"(",
    b"\"",
    b"\\",
    b",",
    b";",
    b"\nContent-Type: multipart/mixed; boundary=b\n\n",
    b"\n--b\n",
    b"--b--",
    b"name*0*=utf-8''%",
    b"\xc3\xbc",
    b"\xff",
    b".",
    b"\n.\n",
    b"Content-Type: message/rfc822\n\n",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        8 => prop::sample::select(&WORDS[..]).prop_map(<[u8]>::to_vec),
        2 => prop::collection::vec(any::<u8>(), 0..4),
        1 => (any::<u8>(), 900_usize..1100).prop_map(|(byte, times)| vec![byte; times]),
    ];
    prop::collection::vec(word, 0..30).prop_map(|words| words.concat())
}

/// The lines of the header.
fn header(whole: &[u8]) -> Vec<&[u8]> {
    let lines = whole.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.take_while(|line| !line.is_empty()).collect()
}

fn is_bcc(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii_end();
    name.eq_ignore_ascii_case(b"bcc") || name.eq_ignore_ascii_case(b"resent-bcc")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_comes_in_is_a_message_or_refused(raw in bytes()) {
        let Ok(whole) = made(&raw) else { return Ok(()) };
        prop_assert!(whole.ends_with(b"\r\n") && !whole.contains(&0));
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            prop_assert!(line.ends_with(b"\r\n") && line.len() <= 1000);
            prop_assert!(!line[..line.len() - 2].contains(&b'\r'));
        }
        let header = header(&whole);
        prop_assert!(header.iter().all(|line| line.starts_with(b" ") || line.starts_with(b"\t") || line.contains(&b':')));
        prop_assert!(!header.iter().any(|line| is_bcc(line)));
        for name in [&b"date"[..], b"message-id", b"from"] {
            let has = |line: &&[u8]| line.len() > name.len() && line[..name.len()].eq_ignore_ascii_case(name);
            prop_assert!(header.iter().any(has), "{}", String::from_utf8_lossy(name));
        }
        for ends in [Lines::Unix, Lines::Strict] {
            let again = by(Door::Sendmail { uid: 1000 }, &whole, ends).unwrap();
            prop_assert_eq!(again.strip_prefix(RECEIVED.as_bytes()), Some(&whole[..]));
        }
    }

    #[test]
    fn whatever_comes_in_can_be_asked(raw in bytes()) {
        let _ = facts(&raw);
        if let Ok(whole) = made(&raw) {
            let read = facts(&whole);
            prop_assert!(read.received_count >= 1 && read.attachments.iter().all(|name| !name.contains(char::is_control)));
        }
        let to = [b"To: ", &raw[..]].concat();
        for address in recipients_of(&to).unwrap_or_default() {
            prop_assert!(!address.is_empty() && !address.contains(|letter: char| letter.is_control() || letter == ' ' && !address.contains('"')));
        }
    }
}
