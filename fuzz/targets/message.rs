//! Bytes as a message that came in by a door: whatever they are, what is made of them can be sent on, and is made of the same again.

use packetboat::{
    domain::{Moment, Ref},
    mail::{
        Mailbox,
        incoming::{self, Door, Lines, Stamp},
    },
};

pub fn try_with(bytes: &[u8]) {
    let sender = Mailbox::parse("gate@here.example").expect("an address");
    let stamp = Stamp {
        host: "gate",
        door: Door::Spool,
        reference: Ref([7; 16]),
        domain: "here.example",
        sender: &sender,
        at: Moment(1_795_330_800_000),
    };
    let _ = incoming::recipients_of(bytes);
    let _ = incoming::sender_of(bytes);
    for lines in [Lines::Unix, Lines::Strict] {
        let Ok(message) = incoming::normalise(bytes, lines, &stamp) else { continue };
        for line in message.split_inclusive(|byte| *byte == b'\n') {
            let text = line.strip_suffix(b"\r\n").expect("every line ends in CRLF");
            assert!(text.len() <= incoming::LONGEST_LINE, "a line of {} bytes", text.len());
            assert!(!text.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n')), "{}", text.escape_ascii());
        }
        let facts = incoming::facts(&message);
        assert_eq!(facts.size_bytes, message.len() as u64);
        assert!(facts.attachments.len() <= 100 && facts.received_count >= 1);
        let again = incoming::normalise(&message, Lines::Strict, &stamp).expect("what was made whole is whole");
        assert!(again.ends_with(&message), "once more, and only another trace is added");
    }
}
