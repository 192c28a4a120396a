//! Reports, read as their receivers read them.

use super::*;
use mail_parser::{MessageParser, MimeHeaders};

const AT: Moment = Moment(1_795_776_694_000); // Fri, 27 Nov 2026 10:51:34 +0000

fn concerned(address: &str, said: &str, code: Option<u16>) -> Concerned {
    Concerned {
        address: address.into(),
        said: said.into(),
        code,
        remote: Some("smtp.example.com".into()),
        last_attempt: Some(AT),
        until: AT,
        is_expired: false,
    }
}

fn letter(fate: Fate, concerned: &[Concerned], original: Option<&[u8]>) -> String {
    let from = Mailbox::parse("Acme <gate@here.example>").unwrap();
    let report = SenderReport {
        from: &from,
        to: "ann@here.example",
        host: "gate.here.example",
        fate,
        concerned,
        arrived_at: AT,
        subject: "hello\r\nBcc: eve@evil.example",
        header_id: "1@app.example",
        original,
        time_zone: chrono_tz::UTC,
        message_id: "7@here.example",
        date: AT,
    };
    String::from_utf8(report.letter().unwrap().bytes).unwrap()
}

#[test]
fn a_failure_is_told_to_people_and_to_machines() {
    let original = b"Received: by gate\r\nSubject: hello\r\n\r\nthe body\r\n";
    let said = "550 5.1.1 <bob@x.example>: no such user";
    let text = letter(Fate::Failed, &[concerned("bob@x.example", said, Some(550))], Some(original));
    let read = MessageParser::default().parse(text.as_bytes()).unwrap();
    assert_eq!(read.subject(), Some("Your mail to bob@x.example was not delivered"));
    assert_eq!(read.header_raw("Auto-Submitted").map(str::trim), Some("auto-replied"));
    let kind = read.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
    assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
    let human = read.body_text(0).unwrap();
    assert!(human.contains("\"hello Bcc: eve@evil.example\" of 2026-11-27 10:51 UTC could not be"), "{human}");
    assert!(human.contains("<bob@x.example>\r\n    smtp.example.com said: 550 5.1.1"), "{human}");
    let status = "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; gate.here.example\r\n\
        Arrival-Date: Fri, 27 Nov 2026 10:51:34 +0000\r\n\r\nFinal-Recipient: rfc822; bob@x.example\r\nAction: failed\r\n\
        Status: 5.1.1\r\nRemote-MTA: dns; smtp.example.com\r\n\
        Diagnostic-Code: smtp; 550 5.1.1 <bob@x.example>: no such user\r\n\
        Last-Attempt-Date: Fri, 27 Nov 2026 10:51:34 +0000\r\n\r\n--";
    assert!(text.contains(status), "{text}");
    assert!(text.contains("text/rfc822-headers") && text.contains("\r\nSubject: hello\r\n"), "{text}");
    assert!(!text.contains("the body") && !text.contains("\nBcc:"), "{text}");
}

#[test]
fn the_status_is_the_relays_word_or_what_the_fate_is() {
    let expired = |said: &str| Concerned { is_expired: true, ..concerned("b@x.example", said, None) };
    for (fate, concerned, status) in [
        (Fate::Failed, concerned("b@x.example", "550 5.7.26 unauthenticated", Some(550)), "5.7.26"),
        (Fate::Failed, concerned("b@x.example", "550-5.1.1 gone 550 5.1.1 see", Some(550)), "5.1.1"),
        (Fate::Failed, concerned("b@x.example", "554 no", Some(554)), "5.0.0"),
        (Fate::Failed, concerned("b@x.example", "550 see 192.168.1.1", Some(550)), "5.0.0"),
        (Fate::Failed, expired("450 4.2.0 greylisted"), "4.4.7"),
        (Fate::Delayed, concerned("b@x.example", "450 4.2.0 greylisted", Some(450)), "4.2.0"),
        (Fate::Delayed, concerned("b@x.example", "535 5.7.8 wrong", Some(535)), "4.0.0"),
        (Fate::Delayed, concerned("b@x.example", "", None), "4.0.0"),
    ] {
        let text = letter(fate, std::slice::from_ref(&concerned), None);
        assert!(text.contains(&format!("\r\nStatus: {status}\r\n")), "{concerned:?}: {text}");
    }
}

#[test]
fn a_delay_says_until_when_it_is_tried() {
    let text = letter(Fate::Delayed, &[concerned("b@x.example", "connection refused", None)], None);
    assert!(text.contains("\r\nAction: delayed\r\n"), "{text}");
    assert!(text.contains("\r\nWill-Retry-Until: Fri, 27 Nov 2026 10:51:34 +0000\r\n"), "{text}");
    assert!(text.contains("Diagnostic-Code: X-Packetboat; connection refused"), "our words are no server's: {text}");
    assert!(text.contains("tried again until 2026-11-27 10:51 UTC"), "{text}");
}

#[test]
fn whatever_was_said_every_line_is_short_and_no_field_is_made_of_it() {
    let long = "x".repeat(1_000_000);
    let hostile = format!("550 5.0.0 no\r\nAction: delivered\r\n\r\n--b\u{0}\u{85}\u{2028} ä {long}");
    let all = [concerned("bob@x.example", &hostile, Some(550)), concerned("jürg+x@x.example", &hostile, Some(550))];
    let original = [b"X: ".to_vec(), "ü".repeat(5000).into_bytes(), b"\r\n\r\n".to_vec()].concat();
    let text = letter(Fate::Failed, &all, Some(&original));
    assert!(text.is_ascii(), "{text}");
    assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    assert!(!text.contains("\nAction: delivered"), "{text}");
    assert!(text.contains("Final-Recipient: utf-8; j\\x{FC}rg\\x{2B}x@x.example\r\n"), "{text}");
    assert!(text.contains("Subject: Your mail to 2 recipients was not delivered\r\n"));
    let read = MessageParser::default().parse(text.as_bytes()).unwrap();
    assert_eq!(read.parts.iter().filter(|part| part.content_type().is_some()).count(), 4);
}

#[test]
fn ten_thousand_recipients_are_all_for_machines_and_a_few_for_people() {
    let all: Vec<Concerned> =
        (0..10_000).map(|number| concerned(&format!("u{number}@x.example"), "550 5.1.1 no", Some(550))).collect();
    let text = letter(Fate::Failed, &all, None);
    assert_eq!(text.matches("\r\nFinal-Recipient: ").count(), 10_000);
    assert!(text.contains("and 9980 more"));
}
