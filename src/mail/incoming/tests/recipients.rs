use crate::mail::incoming::{NotAMessage, recipients_of, sender_of};

#[test]
fn recipients_are_read_as_people_write_them() {
    for (raw, recipients) in [
        ("To: a@x.org\n\n", &["a@x.org"][..]),
        ("to:a@x.org\nCC : b@x.org\nbcc: c@x.org\n\nTo: d@x.org\n", &["a@x.org", "b@x.org", "c@x.org"]),
        ("Bcc: c@x.org\nTo: a@x.org\nTo: b@x.org\n\n", &["a@x.org", "b@x.org", "c@x.org"]),
        ("From a b\nTo: a@x.org\n", &["a@x.org"]),
        ("To: root\n", &["root"]),
        ("To: root, postmaster\n\n", &["root", "postmaster"]),
        ("To: root (Charlie Root), Ann <ann>\n\n", &["root", "ann"]),
        ("To: \"Ann, of sales\" <ann@x.org>, Bob (B.) <bob@x.org> (away)\n\n", &["ann@x.org", "bob@x.org"]),
        ("To: a@x.org (one (in another), b@x.org), c@x.org\n\n", &["a@x.org", "c@x.org"]),
        ("To: =?utf-8?q?M=C3=BCller=2C_Ann_=3Cb=40x.org=3E?= <ann@x.org>\n\n", &["ann@x.org"]),
        ("To: a@x.org,\n\tb@x.org,\r\n  Carl\n <c@x.org>\n\n", &["a@x.org", "b@x.org", "c@x.org"]),
        ("To: Team: a@x.org, root, \"B, C\" <b@x.org>;, c@x.org\n\n", &["a@x.org", "root", "b@x.org", "c@x.org"]),
        ("To: undisclosed-recipients:;\nBcc: c@x.org\n\n", &["c@x.org"]),
        ("To: <\"a b\"@x.org>, ann+x@[127.0.0.1], <-x@y.org>\n\n", &["\"a b\"@x.org", "ann+x@[127.0.0.1]", "-x@y.org"]),
        ("To: gr\u{fc}n@x.org\n\n", &["gr\u{fc}n@x.org"]),
        ("To: a@x.org,, b@x.org,\n\n", &["a@x.org", "b@x.org"]),
        // each once
        ("To: a@x.org, A <a@X.ORG>, A@x.org\nCc: a@x.org\n\n", &["a@x.org", "A@x.org"]),
        // sent on
        (
            "To: a@x.org\nResent-To: b@x.org\nBcc: c@x.org\nRESENT-BCC: d@x.org\nResent-Cc: e@x.org\n\n",
            &["b@x.org", "e@x.org", "d@x.org"],
        ),
        ("To: a@x.org\nResent-From: b@x.org\n\n", &[]),
        // nobody
        ("Subject: x\n\n", &[]),
        ("To:\nCc: ,\n\n", &[]),
        ("To: a group:;\n\n", &[]),
        ("Hello Ann\nTo: a@x.org\n", &[]),
    ] {
        assert_eq!(recipients_of(raw.as_bytes()).unwrap(), recipients, "{raw:?}");
    }
}

#[test]
fn what_is_no_address_is_named() {
    for (value, text) in [
        ("John Doe", "John Doe"),
        ("a@x.org, John Doe, b@x.org", "John Doe"),
        ("a@x.org b@x.org", "a@x.org b@x.org"),
        ("<a@x.org> <b@x.org>", "a@x.orgb@x.org"),
        ("<root> <ann@x.org>", "rootann@x.org"),
        ("Ann <>", "Ann"),
        ("<>", "<>"),
        ("(root)", "root"),
        ("=?utf-8?q?ann=40x.org?=", "ann@x.org"),
        ("=?utf-8?q?ann?=", "ann"),
        ("a@", "a@"),
        ("@x.org", "@x.org"),
        ("a@x.org>", "a@x.org>"),
        ("a@x.org>\n RCPT TO:<b", "RCPT TO a@x.org>"),
        ("<@x.org,@y.org:a@z.org>", "@x.org,@y.org:a@z.org"),
        ("a..b@x.org", "a..b@x.org"),
        ("|cmd /x", "|cmd /x"),
        ("/var/mail/x y", "/var/mail/x y"),
        ("a@x.org: b@x.org", "a@x.org"),
        ("tail ann@x.org", "tail ann@x.org"),
        ("Ann <>, JoAnn", "Ann"),
        ("(((", "(("),
        ("a\u{202e}b@x.org", "a\u{202e}b@x.org"),
        ("a\u{2028}b@x.org", "a\u{2028}b@x.org"),
        ("a\rb@x.org", ""),
        ("a\0b@x.org", ""),
        ("\"john doe\"@x.org", "john doe <@x.org>"),
    ] {
        let why = recipients_of(format!("Bcc: {value}\n\n").as_bytes()).unwrap_err();
        let NotAMessage::NotAnAddress { field, text: named } = why else { panic!("{value:?}: {why}") };
        assert_eq!(field, "Bcc");
        assert!(text.is_empty() || named == text, "{value:?} has {named:?}");
    }
    let long = format!("{}@{}.org", "a".repeat(60), "b.".repeat(100) + "c");
    assert!(recipients_of(format!("To: {long}\n\n").as_bytes()).is_err());
    let why = recipients_of(b"To: John \x07 Doe\n\n").unwrap_err().to_string();
    assert_eq!(why, "To has \"John \\u{7} Doe\", which is not an address");
    assert_eq!(recipients_of("A:\n".repeat(10_001).as_bytes()), Err(NotAMessage::ManyFields));
}

#[test]
fn many_recipients_take_no_time() {
    let many: Vec<_> = (0..13_000).map(|at| format!("{at}@b")).collect();
    let began = std::time::Instant::now();
    assert_eq!(recipients_of(format!("To: {}\n\n", many.join(",")).as_bytes()).unwrap(), many);
    assert!(began.elapsed() < std::time::Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn the_sender_is_whom_the_header_names_first() {
    for (header, sender) in [
        ("From: Ann <ann@x.org>\n", Some("ann@x.org")),
        ("From: ann@x.org, bob@x.org\nSender: bob@x.org\n", Some("bob@x.org")),
        ("Sender: bob@x.org\nReturn-Path: <bounces@x.org>\nFrom: ann@x.org\n", Some("bounces@x.org")),
        ("Return-Path: <>\nFrom: ann@x.org\n", Some("")),
        ("return-path:\n <>\nFrom: ann@x.org\n", Some("")),
        ("From: ann@x.org\nResent-From: eve@x.org\n", Some("eve@x.org")),
        ("From: ann@x.org\nResent-From: eve@x.org\nResent-Sender: root\n", Some("root")),
        ("Sender: \nFrom: undisclosed:;\n", None),
        ("Subject: s\n\nFrom: ann@x.org\n", None),
        ("", None),
    ] {
        assert_eq!(sender_of(format!("{header}\n").as_bytes()), Ok(sender.map(str::to_owned)), "{header}");
    }
    assert!(sender_of(b"From: a b c\n\n").is_err() && sender_of(b"Return-Path: <a b>\nFrom: ann@x.org\n\n").is_err());
}
