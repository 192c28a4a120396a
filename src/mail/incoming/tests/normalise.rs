use super::{ADDED, RECEIVED, by, kept, made};
use crate::mail::incoming::{Door, Lines, NotAMessage};

#[test]
fn lines_end_as_they_should_and_the_header_where_it_ends() {
    for (raw, whole) in [
        ("A: b\n\nc\n", "A: b\r\n\r\nc\r\n"),
        ("A: b\r\n\r\nc\r\n", "A: b\r\n\r\nc\r\n"),
        ("A: b\r\n\nc\nd\r\n", "A: b\r\n\r\nc\r\nd\r\n"),
        ("A: b\r\r\n\nc\r\r\n", "A: b\r\n\r\nc\r\n"),
        ("A: b\n\nno end", "A: b\r\n\r\nno end\r\n"),
        ("A: b\n\nno end\r", "A: b\r\n\r\nno end\r\n"),
        ("A: b", "A: b\r\n\r\n"),
        ("A: b\n", "A: b\r\n\r\n"),
        ("A: b\n\n", "A: b\r\n\r\n"),
        ("A: b\n\n\n\n", "A: b\r\n\r\n\r\n\r\n"),
        // a CR alone
        ("A: b\rBcc: x@y.z\n\nc", "A: b Bcc: x@y.z\r\n\r\nc\r\n"),
        ("A: b\n\n 10%\r 20%\r100%\n", "A: b\r\n\r\n 10%\r\n 20%\r\n100%\r\n"),
        ("A: b\n\n.\r\rc", "A: b\r\n\r\n.\r\n\r\nc\r\n"),
        // NUL
        ("A: \0b\n\nc\0\0d\n", "A:  b\r\n\r\nc  d\r\n"),
        ("A: b\n\n\0.\n.\0\n", "A: b\r\n\r\n .\r\n. \r\n"),
        // a line of mbox
        ("From ann Thu Jan  1 00:00:00 1970\nA: b\n\nc", "A: b\r\n\r\nc\r\n"),
        ("From a\nFrom b\nA: b\n\nc", "\r\nFrom b\r\nA: b\r\n\r\nc\r\n"),
        ("From a", "\r\n"),
        ("A: b\nFrom a\n\nc", "A: b\r\n\r\nFrom a\r\n\r\nc\r\n"),
        // no empty line, or no header
        ("A: b\nHello Ann,\nall is well: yes\n", "A: b\r\n\r\nHello Ann,\r\nall is well: yes\r\n"),
        ("Hello Ann,\nA: b\n", "\r\nHello Ann,\r\nA: b\r\n"),
        (" folded: what?\nA: b\n", "\r\n folded: what?\r\nA: b\r\n"),
        (": no name\n", "\r\n: no name\r\n"),
        ("\u{fc}: no name\n", "\r\n\u{fc}: no name\r\n"),
        ("\nA: b\n", "\r\nA: b\r\n"),
        ("", "\r\n"),
        ("\n", "\r\n"),
        // the end of the data of somebody else's SMTP
        ("A: b\n\n\n.\n", "A: b\r\n\r\n\r\n.\r\n"),
        ("A: b\n\n\r.\rMAIL", "A: b\r\n\r\n\r\n.\r\nMAIL\r\n"),
        ("A: b\r\n\r\n\r\n.\r\r\n", "A: b\r\n\r\n\r\n.\r\n"),
    ] {
        assert_eq!(kept(raw), whole, "{raw:?}");
    }
}

#[test]
fn what_does_not_leave_the_house_is_dropped_and_the_rest_is_as_it_was() {
    for (raw, whole) in [
        ("A: b\nBcc: x@y.z\nC: d\n\n", "A: b\r\nC: d\r\n\r\n"),
        ("bCC:x@y.z,\n\ta@b.c,\n d@e.f\nA: b\n\n", "A: b\r\n\r\n"),
        ("Bcc:\n x@y.z\n \n\t\n d@e.f\nA: b\n\n", "A: b\r\n\r\n"),
        ("Bcc : x@y.z\nBcc\t: x@y.z\nA: b\n\n", "A: b\r\n\r\n"),
        ("Bcc\0: x@y.z\nBcc\r: x@y.z\nBcc:\n\0x@y.z\nBcc:\n\rx@y.z\nA: b\n\n", "A: b\r\n\r\n"),
        ("A: b\nBcc: x@y.z\n", "A: b\r\n\r\n"),
        ("Resent-Bcc: x\nReturn-Path: <x@y.z>\nCONTENT-LENGTH: 7\n\n", "\r\n"),
        ("Bcc: x\nBcc: y\nBcc2: z\nX-Bcc: z\n\nBcc: in the body\n", "Bcc2: z\r\nX-Bcc: z\r\n\r\nBcc: in the body\r\n"),
        // order, folding, case, spaces, doubles and odd letters
        (
            "sUBJECT:  x \n\ty  \n  z\nA:\nSubject: \u{202e}\u{fc}\u{1b}\nA:b\nA : c\n\n",
            "sUBJECT:  x \r\n\ty  \r\n  z\r\nA:\r\nSubject: \u{202e}\u{fc}\u{1b}\r\nA:b\r\nA : c\r\n\r\n",
        ),
    ] {
        assert_eq!(kept(raw), whole, "{raw:?}");
    }
}

#[test]
fn what_is_missing_is_added_and_what_is_there_is_not() {
    let whole = |raw: &str| String::from_utf8(made(raw.as_bytes()).unwrap()).unwrap();
    assert_eq!(whole("A: b\n\nc"), format!("{RECEIVED}A: b\r\n{ADDED}\r\nc\r\n"));
    assert_eq!(whole("c d"), format!("{RECEIVED}{ADDED}\r\nc d\r\n"));
    let lines: Vec<_> = ADDED.split_inclusive("\r\n").collect();
    for (raw, missing) in [
        ("DATE:\n", [lines[1], lines[2]]),
        ("message-id: <x@y.z>\n", [lines[0], lines[2]]),
        ("From : x@y.z\n", [lines[0], lines[1]]),
    ] {
        assert_eq!(whole(raw), format!("{RECEIVED}{}{}\r\n", raw.replace('\n', "\r\n"), missing.concat()), "{raw:?}");
    }
    let doubled = "From: a@b.c\r\nFrom: d@e.f\r\nDate: x\r\nDate: y\r\nMessage-ID: x\r\n\r\n";
    assert_eq!(whole(doubled), format!("{RECEIVED}{doubled}"));
}

#[test]
fn the_trace_says_by_which_door_it_came() {
    let (v4, v6) = ("192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap());
    let long = "x".repeat(256);
    let submission = |hello, peer| Door::Submission { hello, peer, protocol: "ESMTPSA" };
    for (door, first) in [
        (Door::Sendmail { uid: 0 }, "by gate.example (Packetboat, from userid 0)"),
        (Door::Spool, "by gate.example (Packetboat, from the spool)"),
        (Door::Http { peer: v4 }, "from [192.0.2.1] ([192.0.2.1])\r\n\tby gate.example (Packetboat) with HTTP"),
        (
            submission("shop.example", v4),
            "from shop.example ([192.0.2.1])\r\n\tby gate.example (Packetboat) with ESMTPSA",
        ),
        (
            submission("[IPv6:2001:db8::1]", v6),
            "from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n\tby gate.example (Packetboat) with ESMTPSA",
        ),
        (submission("", v4), "from unknown ([192.0.2.1])\r\n\tby gate.example (Packetboat) with ESMTPSA"),
        (submission(&long, v4), "from unknown ([192.0.2.1])\r\n\tby gate.example (Packetboat) with ESMTPSA"),
        (submission("x\r\nBcc: y", v4), "from unknown ([192.0.2.1])\r\n\tby gate.example (Packetboat) with ESMTPSA"),
        (submission("x) by (y", v4), "from unknown ([192.0.2.1])\r\n\tby gate.example (Packetboat) with ESMTPSA"),
    ] {
        let whole = by(door, b"\r\n", Lines::Strict).unwrap();
        let rest = "\r\n\tid 0w3ge1r7; Thu, 1 Jan 1970 00:00:00 +0000\r\n";
        assert_eq!(String::from_utf8(whole).unwrap(), format!("Received: {first}{rest}{ADDED}\r\n"));
    }
}

#[test]
fn smtp_has_no_line_ends_but_crlf() {
    let strict = |raw: &str| by(Door::Spool, raw.as_bytes(), Lines::Strict).map(drop);
    for good in ["A: b\r\n\r\nc\r\n", "A: b\r\n\r\n.\r\n", "", "A: b", "From a b\r\n"] {
        assert_eq!(strict(good), Ok(()), "{good:?}");
    }
    for (raw, line) in [
        ("A: b\n", 1),
        ("\n.\n", 1),
        ("A: b\r\n\r\n\n.\r\n", 3),
        ("A: b\r\n.\n", 2),
        ("\r.\r", 1),
        ("\r\n.\r", 2),
        ("\r\n.\r\r\n", 2),
        ("A: b\r", 1),
    ] {
        assert_eq!(strict(raw), Err(NotAMessage::StrayLineEnd(line)), "{raw:?}");
    }
    for (raw, line) in [("A: \0\r\n", 1), ("\r\n\0.\r\n", 2), ("\r\n.\0\r\n", 2)] {
        assert_eq!(strict(raw), Err(NotAMessage::Nul(line)), "{raw:?}");
    }
    let whole = by(Door::Spool, b"From a b\r\n", Lines::Strict).unwrap();
    assert!(whole.ends_with(b"\r\n\r\nFrom a b\r\n"), "a line of mbox is no header, and not dropped");
}

#[test]
fn a_long_line_of_the_body_goes_on_in_the_next() {
    let x = |times: usize| "x".repeat(times);
    for (body, broken) in [
        (x(998), x(998)),
        (x(999), format!("{}\r\n x", x(998))),
        (x(998 + 997 + 1), format!("{}\r\n {}\r\n x", x(998), x(997))),
        (format!("{}\r{}", x(998), x(998)), format!("{}\r\n{}", x(998), x(998))),
        (format!("{}\u{fc}", x(997)), format!("{}\r\n \u{fc}", x(997))),
        (format!("{}\u{1f600}", x(995)), format!("{}\r\n \u{1f600}", x(995))),
        (format!("{}\u{1f600}", x(994)), format!("{}\u{1f600}", x(994))),
    ] {
        assert_eq!(kept(format!("A: b\n\n{body}\ny\n")), format!("A: b\r\n\r\n{broken}\r\ny\r\n"));
    }
    let bare = [b"\n".to_vec(), vec![0x80; 1000]].concat();
    let whole = made(&bare).unwrap();
    assert!(whole.ends_with(&[&[0x80; 998][..], b"\r\n ", &[0x80; 2], b"\r\n"].concat()), "bytes that are no letters");
}

#[test]
fn a_long_line_of_the_header_is_folded_at_a_space_or_refused() {
    let x = |times: usize| "x".repeat(times);
    for (line, folded) in [
        (format!("A: {}", x(995)), format!("A: {}", x(995))),
        (format!("A: {}", x(996)), format!("A:\r\n {}", x(996))),
        (format!("A: {} {}", x(500), x(900)), format!("A: {}\r\n {}", x(500), x(900))),
        (format!("A: {}  \t{}", x(500), x(900)), format!("A: {}\r\n  \t{}", x(500), x(900))),
        (format!("A: b\n\t{} {}", x(900), x(900)), format!("A: b\r\n\t{}\r\n {}", x(900), x(900))),
        (format!("A: {0} {0} {0}", x(900)), format!("A: {0}\r\n {0}\r\n {0}", x(900))),
        (format!("A: b{}", " ".repeat(996)), format!("A:\r\n b{}", " ".repeat(996))),
        (format!("{}: b\n\tc {}", x(70), x(996)), format!("{}: b\r\n\tc\r\n {}", x(70), x(996))),
        (format!("A: {}\nBcc: {}", x(9), x(2000)), format!("A: {}", x(9))),
    ] {
        assert_eq!(kept(format!("{line}\n\n")), format!("{folded}\r\n\r\n"), "{line}");
    }
    for (raw, bytes) in [
        (format!("A: {}\n\n", x(998)), 1001),
        (format!("A:{}\n\n", x(997)), 999),
        (format!("A : {}\n\n", x(998)), 1002),
        (format!("A :{}\n\n", x(996)), 999),
        (format!("A: b\n {}\n\n", x(1000)), 1001),
        (format!("A: b{}\n\n", " ".repeat(1000)), 1004),
        (format!("A: b\n{}\n\n", " ".repeat(1000)), 1000),
        (format!("A{}: b\n\n", " ".repeat(1000)), 1004),
    ] {
        let why = NotAMessage::LongLine { name: "A".to_owned(), bytes };
        assert_eq!(made(raw.as_bytes()).map(drop), Err(why), "{raw}");
    }
}

#[test]
fn a_header_has_an_end() {
    let refused = |raw: String| made(raw.as_bytes()).map(drop);
    let fields = |times: usize| "A:\n".repeat(times);
    assert_eq!(refused(fields(10_000)), Ok(()));
    assert_eq!(refused(fields(10_001)), Err(NotAMessage::ManyFields));
    let name = |bytes: usize| format!("{}: b\n\n", "x".repeat(bytes));
    assert_eq!(refused(name(77)), Ok(()));
    assert_eq!(refused(name(78)), Err(NotAMessage::LongName(78)));
    // 1024 lines of 100 bytes
    let line = format!("A: {}\n", "x".repeat(95));
    assert_eq!(refused(line.repeat(1024)), Ok(()));
    assert_eq!(refused(line.repeat(1024) + "A:\n"), Err(NotAMessage::LongHeader));
    assert_eq!(refused(line.repeat(1024) + " \n"), Err(NotAMessage::LongHeader));
    assert_eq!(refused(line.repeat(1024) + "A\0:\n"), Err(NotAMessage::LongHeader));
    assert_eq!(refused(line.repeat(1024) + "Hello Ann\n"), Ok(()), "a body may begin there");
    assert_eq!(
        refused(format!("Bcc: x\n{}", format!(" {}\n", "x".repeat(97)).repeat(1024))),
        Err(NotAMessage::LongHeader)
    );
    for (why, said) in [
        (NotAMessage::LongHeader, "the header has more than 102400 bytes"),
        (NotAMessage::ManyFields, "the header has more than 10000 fields"),
        (
            NotAMessage::LongLine { name: "A".to_owned(), bytes: 999 },
            "A has a line of 999 bytes and no space to break it at, and 998 are the most",
        ),
        (NotAMessage::StrayLineEnd(2), "line 2 of the message has a CR or an LF alone, and lines end in CRLF"),
        (NotAMessage::LongName(78), "the header has a field whose name has 78 bytes, and 77 are the most"),
    ] {
        assert_eq!(why.to_string(), said);
    }
}

#[test]
fn parts_stay_as_they_are() {
    for body in [
        "--b\r\n\r\nno end of the parts",
        "--b\r\n--b--\r\n--b\r\n",
        "--\r\n",
        "--b\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%=\r\n--b\r\nBcc: in a part\r\n\r\n--b--",
        "=zz\r\n=\r\n+AGE-",
        "Content-Type: message/rfc822\r\n\r\nBcc: in a message\r\n",
    ] {
        let header = "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n";
        let end = if body.ends_with("\r\n") { "" } else { "\r\n" };
        assert_eq!(kept(format!("{header}{body}")), format!("{header}{body}{end}"));
    }
}
