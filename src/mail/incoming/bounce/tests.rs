//! Bounces as those who send them write them, and as nobody should.

use super::*;

fn report(status: &str) -> Vec<u8> {
    format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: bounces+x@b.example\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n\
         \tboundary=\"B/1\"\r\n\r\npreamble\r\n--B/1\r\nContent-Type: text/plain\r\n\r\nSorry: 550 5.9.9 of the text.\r\n\r\n--B/1\r\n\
         Content-Description: Delivery report\r\ncontent-type: message/delivery-status\r\n\r\n{status}\r\n--B/1\r\n\
         Content-Type: message/rfc822\r\n\r\nSubject: x\r\nAction: failed\r\n\r\nbody\r\n--B/1--\r\n"
    )
    .into_bytes()
}

fn told(message: &[u8]) -> Option<(ReturnedFate, String)> {
    returned(message).map(|returned| (returned.fate, returned.words()))
}

#[test]
fn the_usual_shapes_are_read() {
    use ReturnedFate::{Failed, UnderWay};
    for (whose, message, fate, words) in [
        (
            "Postfix",
            report(
                "Reporting-MTA: dns; mail.example\r\nX-Postfix-Queue-ID: 4X\r\nArrival-Date: Fri, 27 Nov 2026 10:51:34 +0000\r\n\r\n\
                 Final-Recipient: rfc822; nobody@there.example\r\nOriginal-Recipient: rfc822;nobody@there.example\r\nAction: failed\r\n\
                 Status: 5.1.1\r\nRemote-MTA: dns; mx.there.example\r\nDiagnostic-Code: smtp; 550 5.1.1 <nobody@there.example>: Recipient\r\n    address rejected: User unknown\r\n",
            ),
            Failed,
            "550 5.1.1 <nobody@there.example>: Recipient address rejected: User unknown",
        ),
        (
            "Exchange",
            report(
                "Reporting-MTA: dns;ex.there.example\r\nReceived-From-MTA: dns;relay.example\r\n\r\nFinal-Recipient: rfc822;a@there.example\r\n\
                 Action: failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp;554 5.2.2 mailbox full; STOREDRV.Deliver\r\nX-Display-Name: Ann\r\n",
            ),
            Failed,
            "554 5.2.2 mailbox full; STOREDRV.Deliver",
        ),
        (
            "Gmail",
            report(
                "Reporting-MTA: dns; googlemail.com\r\nArrival-Date: Fri, 27 Nov 2026 02:51:34 -0800 (PST)\r\n\r\n\
                 Final-Recipient: rfc822; a@gmail.example\r\nAction: failed\r\nStatus: 4.4.1\r\nDiagnostic-Code: smtp; The recipient server did not accept our requests to connect.\r\n",
            ),
            Failed,
            "4.4.1 The recipient server did not accept our requests to connect.",
        ),
        ("a delay", report("\r\nAction: delayed\r\nStatus: 4.4.1\r\n"), UnderWay, "it came back: 4.4.1"),
        ("a relay", report("A: b\r\n\r\nAction: relayed (to a list)\r\nStatus: 2.1.9\r\n"), UnderWay, "it came back: 2.1.9"),
        (
            "one of two failed",
            report("\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\nAction: FAILED\r\nStatus: 5.0.0\r\n"),
            Failed,
            "it came back: 5.0.0",
        ),
        (
            "Exim",
            b"X-Failed-Recipients: a@there.example\nAuto-Submitted: auto-replied\nFrom: Mail Delivery System <d@mx.example>\n\n\
              This message was created automatically by mail delivery software.\n\n  a@there.example\n    host mx.there.example [192.0.2.1]\n    \
              SMTP error from remote mail server after RCPT TO:<a@there.example>:\n    550 5.1.1 No such user\n"
                .to_vec(),
            Failed,
            "550 5.1.1 No such user",
        ),
        (
            "qmail",
            b"From: MAILER-DAEMON@mx.example\n\nHi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your \
              message to the following addresses.\n\n<a@there.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 sorry, no mailbox here\n\n--- Below this line is a copy of the message.\n"
                .to_vec(),
            Failed,
            "Remote host said: 550 sorry, no mailbox here",
        ),
    ] {
        assert_eq!(told(&message), Some((fate, words.to_owned())), "{whose}");
    }
}

#[test]
fn what_says_nothing_of_a_delivery_is_none() {
    for (what, message) in [
        (
            "an answer of a machine",
            &b"Auto-Submitted: auto-replied\r\nSubject: Out of office\r\n\r\nI am away. Action: failed\r\n"[..],
        ),
        ("a report without a block", &report("Reporting-MTA: dns; x\r\n")),
        ("an action that nobody knows", &report("\r\nAction: eaten\r\nStatus: 5.0.0\r\n")),
        (
            "a mail that quotes one",
            b"Content-Type: text/plain\r\n\r\n--B/1\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n",
        ),
        ("nothing", b""),
    ] {
        assert_eq!(told(message), None, "{what}");
    }
}

#[test]
fn the_address_it_came_to_is_in_any_of_its_fields() {
    let message = b"Delivered-To: a@b.example\nTo: Ann <c@b.example>,\n d@b.example\nX-Original-To: e@b.example\n\nTo: none@b.example\n";
    assert_eq!(delivered_to(message), ["a@b.example", "e@b.example", "Ann <c@b.example>, d@b.example"]);
}

/// None of it takes long, and none of it is kept.
#[test]
fn hostile_bytes_are_read_in_time() {
    let began = std::time::Instant::now();
    let whole = report("\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no\r\n");
    for end in 0..whole.len() {
        let _ = returned(&whole[..end]);
    }
    let long = format!("\r\nAction: failed\r\nDiagnostic-Code: smtp; {}\r\n", "x".repeat(1_000_000));
    assert!(returned(&report(&long)).unwrap().said.len() <= MOST_SAID);
    assert_eq!(told(&report(&"\r\nA: b\r\n".repeat(100_000))), None);
    let folded = format!("\r\nAction: failed\r\nDiagnostic-Code: smtp; 550\r\n{}", " y\r\n".repeat(100_000));
    assert!(returned(&report(&folded)).unwrap().said.starts_with("550 y y"));
    let nested = (0..10_000).map(|depth| format!("Content-Type: multipart/report; boundary=b{depth}\r\n\r\n--b{depth}\r\nContent-Type: message/rfc822\r\n\r\n"));
    assert_eq!(told(nested.collect::<String>().as_bytes()), None);
    let fields = format!("\r\n{}Action: failed\r\n", "X: y\r\n".repeat(100_000));
    assert_eq!(told(&report(&fields)), None, "beyond its first hundred fields a block is not read");
    assert!(began.elapsed() < std::time::Duration::from_secs(20));
}
