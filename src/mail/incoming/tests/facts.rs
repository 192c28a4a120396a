use super::made;
use crate::{
    domain::{MessageFacts, Moment, Person},
    mail::incoming::{TRACE, facts},
};
use std::time::{Duration, Instant};

fn person(address: &str, name: &str) -> Person {
    Person { address: address.to_owned(), name: name.to_owned() }
}

#[test]
fn a_message_tells_what_rules_may_ask() {
    let raw = "Received: from a by b\r\nreceived: from b by c\r\n\
        From: =?utf-8?q?M=C3=BCller=2C?= Ann <ann@Sales.example>\r\n\
        To: Bob <bob@x.org>,\r\n\t\"C, D\" <c@y.org>\r\nTo: root\r\nSender: <robot@x.org>\r\n\
        Subject: =?iso-8859-1?q?Gr=FC=DFe?= an\r\n =?utf-8?b?QW5u?=\r\n\
        Date: Fri, 27 Nov 2026 11:51:34 +0100\r\nMessage-ID: (c) <a.b@x.org>\r\n\
        X-Order: 17\r\nx-order: 18\r\n\r\nHello\r\n";
    let read = facts(raw.as_bytes());
    assert_eq!(read.from, person("ann@Sales.example", "M\u{fc}ller, Ann"));
    assert_eq!((read.from.local(), read.from.domain()), ("ann", "Sales.example"));
    assert_eq!(read.to, [person("bob@x.org", "Bob"), person("c@y.org", "C, D"), person("", "root")]);
    assert_eq!(read.sender, person("robot@x.org", ""));
    assert_eq!(read.subject, "Gr\u{fc}\u{df}e an Ann");
    assert_eq!(read.date, Some(Moment(1_795_776_694_000)));
    assert_eq!(read.id, "a.b@x.org");
    assert_eq!(read.size_bytes, raw.len() as u64);
    assert_eq!(read.headers["x-order"], "17");
    assert_eq!(read.headers["subject"], read.subject);
    assert_eq!(read.received_count, 2);
    assert!(read.attachments.is_empty() && !read.is_auto_submitted && read.passes.is_empty());
}

#[test]
fn what_is_not_said_is_nothing() {
    for raw in [
        "",
        "\r\n",
        "Hello\r\n",
        "Date: 99 Nov 2026 25:00:00 +0000\r\n\r\n",
        "From:\r\nTo: \r\nDate: soon\r\nMessage-ID:\r\n\r\n",
    ] {
        let read = facts(raw.as_bytes());
        let headers = read.headers.clone();
        assert_eq!(read, MessageFacts { size_bytes: raw.len() as u64, headers, ..MessageFacts::default() }, "{raw:?}");
    }
}

#[test]
fn no_machine_answers_to_a_machine() {
    for (field, is_auto) in [
        ("X: y", false),
        ("Auto-Submitted: no", false),
        ("Auto-Submitted: NO (a person)", false),
        ("Auto-Submitted: no; x=y", false),
        ("Auto-Submitted: auto-generated", true),
        ("auto-submitted:auto-replied; owner-email=\"a@b.c\"", true),
        ("Auto-Submitted: nobody", true),
        ("Auto-Submitted: no\r\nAuto-Submitted: auto-notified", true),
    ] {
        assert_eq!(facts(format!("{field}\r\n\r\n").as_bytes()).is_auto_submitted, is_auto, "{field}");
    }
    let twice = format!("{}: x\r\nA: b\r\n{TRACE}:\r\n y\r\n\r\n", TRACE.to_ascii_uppercase());
    assert_eq!(facts(twice.as_bytes()).passes, ["x", "y"]);
    assert!(facts(format!("X: y\r\n\r\n{TRACE}: x\r\n").as_bytes()).passes.is_empty());
}

#[test]
fn what_is_not_decoded_is_given_as_it_stands() {
    let words = "=?utf-8?q?x?= ".repeat(1001);
    let read = facts(format!("From: {words}\r\nTo: a@x.org, A{} <b@x.org>\r\n\r\n", "=?".repeat(1001)).as_bytes());
    assert_eq!((read.headers["from"].as_str(), read.from), (words.trim(), Person::default()));
    assert_eq!(read.to.iter().map(|to| &*to.address).collect::<Vec<_>>(), ["a@x.org", "b@x.org"]);
    let beyond = format!("{}Subject: too late\r\n\r\n", "A: b\r\n".repeat(10_004));
    assert_eq!((facts(beyond.as_bytes()).subject, facts(beyond.as_bytes()).headers.len()), (String::new(), 1));
}

#[test]
fn what_was_taken_in_is_read_to_its_end() {
    let long = format!("A: {}\n", "x".repeat(95)).repeat(1023);
    for header in [long, "A:\n".repeat(9_999)] {
        let raw = format!("{header}Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b; name=x\n\n");
        let read = facts(&made(raw.as_bytes()).unwrap());
        assert_eq!((read.from.address.as_str(), read.attachments), ("ann@gate.example", vec!["x".to_owned()]));
    }
}

/// The names in a message of one multipart, its boundary `b`.
fn names(parts: &str) -> Vec<String> {
    facts(format!("Content-Type: multipart/mixed;\r\n boundary=b\r\n\r\n{parts}").as_bytes()).attachments
}

#[test]
fn the_names_of_attachments_are_found() {
    let inner = "--b\r\nContent-Type: multipart/related; boundary=\"b b\"\r\n\r\n--b b\r\nContent-Type: a/b; name=1\r\n\r\n\
        --b b--\r\n--b b\r\nContent-Type: a/b; name=no\r\n\r\n--b\r\nContent-Type: a/b; name=2\r\n\r\n";
    let unended = "--b\r\nContent-Type: multipart/related; boundary=c\r\n\r\n--c\r\nContent-Type: a/b; name=1\r\n\r\n\
        --b\r\nContent-Type: a/b; name=2\r\n\r\n--c\r\nContent-Type: a/b; name=no\r\n\r\n";
    let message = "--b\r\nContent-Type: message/rfc822; name=a.eml\r\n\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n\
        --c\r\nContent-Type: a/b; name=no\r\n\r\n--c--\r\n--b\r\nContent-Type: a/b; name=2\r\n\r\n";
    for (parts, wanted) in [
        ("--b\r\nContent-Disposition: attachment; filename=\"a b.pdf\"\r\n\r\nx\r\n--b--\r\n", &["a b.pdf"][..]),
        ("--b\r\ncontent-type: a/b; name=x\r\nCONTENT-DISPOSITION: inline;\r\n\tfilename=y\r\n\r\n", &["y"]),
        (
            "--b\r\nContent-Type: a/b; name=x\r\n\r\n--b\r\n\r\nno name\r\n--b\r\nContent-Type: a/b; name=x\r\n\r\n",
            &["x", "x"],
        ),
        ("--b\r\nContent-Type: a/b; name=\"=?utf-8?q?=C3=BC.pdf?=\"\r\n\r\n", &["\u{fc}.pdf"]),
        ("--b\r\nContent-Disposition: attachment; filename*=utf-8''%C3%BC.pdf\r\n\r\n", &["\u{fc}.pdf"]),
        ("--b\r\nContent-Disposition: attachment; filename*0=a; filename*1=b.pdf\r\n\r\n", &["ab.pdf"]),
        // names that are none, for whoever makes files of them
        (
            "--b\r\nContent-Type: a/b; name=\"../../x\"\r\n\r\n--b\r\nContent-Type: a/b; name=\"/etc/x\"\r\n\r\n",
            &["../../x", "/etc/x"],
        ),
        ("--b\r\nContent-Type: a/b; name=\"a\x1b[2Jb\0\u{202e}\"\r\n\r\n", &["a\\u{1b}[2Jb \\u{202e}"]),
        ("--b\r\nContent-Disposition: x; filename*=utf-8''a%0D%0Ab\r\n\r\n", &["a\\r\\nb"]),
        ("--b\r\nContent-Type: a/b; name=CON\r\n\r\n--b\r\nContent-Type: a/b; name=\"\"\r\n\r\n", &["CON"]),
        // where parts begin and end
        (inner, &["1", "2"]),
        (message, &["a.eml", "2"]),
        (unended, &["1", "2"]),
        ("--b\r\nContent-Type: a/b; boundary=c; name=x\r\n\r\n--c\r\nContent-Type: a/b; name=no\r\n\r\n", &["x"]),
        ("--b  \r\nContent-Type: a/b; name=x\r\n\r\n--bb\r\nContent-Type: a/b; name=no\r\n\r\n", &["x"]),
        ("--b--\r\n--b\r\nContent-Type: a/b; name=no\r\n\r\n", &[]),
        (" --b\r\nContent-Type: a/b; name=no\r\n\r\n", &[]),
        ("--b\r\n--b\r\nContent-Type: a/b; name=x\r\n--b\r\n", &["x"]),
        ("--b\nContent-Type: a/b; name=x\n\n", &["x"]),
        ("", &[]),
    ] {
        assert_eq!(names(parts), wanted, "{parts:?}");
    }
    let only = "Content-Type: application/pdf; name=a.pdf\r\n\r\n%PDF";
    assert_eq!(facts(only.as_bytes()).attachments, ["a.pdf"], "a message that is its attachment");
    let empty = "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\nContent-Type: a/b; name=no\r\n\r\n";
    assert!(facts(empty.as_bytes()).attachments.is_empty());
}

#[test]
fn names_have_an_end() {
    let part = "--b\r\nContent-Type: a/b; name=x\r\n\r\n";
    assert_eq!(names(&part.repeat(101)).len(), 100);
    let nest = |deep: usize| {
        let open = |at| format!("--b{at}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n", at + 1);
        let first = "Content-Type: multipart/mixed; boundary=b1\r\n\r\n".to_owned();
        let inner: String = (1..deep).map(open).collect();
        facts(format!("{first}{inner}--b{deep}\r\nContent-Type: a/b; name=x\r\n\r\n").as_bytes()).attachments.len()
    };
    assert_eq!([nest(1), nest(10), nest(11), nest(1000)], [1, 1, 0, 0]);
    let long = format!("--b\r\nContent-Type: a/b; name=\"{}\"\r\n\r\n", "x".repeat(9 << 10));
    assert!(names(&long).is_empty());
}

/// Each takes a few milliseconds, or did seconds and gigabytes, or ended the process.
#[test]
fn no_message_takes_long_or_overflows_the_stack() {
    let header = |name: &str, value: &str, times: usize| format!("{name}: {}\r\n\r\n", value.repeat(times));
    let of_parts = |parts: String| format!("Content-Type: multipart/mixed; boundary=\"a:b\"\r\n\r\n{parts}");
    for (what, message) in [
        ("messages in messages", "Content-Type: message/rfc822\r\n\r\n".repeat(300_000)),
        ("empty parts", of_parts("--a:b\r\n\r\n".repeat(100_000))),
        ("parts that look like fields", of_parts("--a:b\r\n".repeat(100_000))),
        ("one line", of_parts("x".repeat(10_000_000))),
        ("one line of the header", header("Subject", "x", 10_000_000)),
        ("encoded words without an end", header("Subject", "=?aa?q?", 14_000)),
        ("folded ones", header("Subject", "=?aa?q?\r\n ", 1_000)),
        ("more of them", header("Subject", "=?aa?q?\r\n ", 9_000)),
        ("such names", header("To", "=?aa?q?\r\n ", 9_000)),
        ("comments in comments", header("To", "(", 100_000)),
        ("quotes", header("To", "\"a", 50_000)),
        ("addresses", header("To", "a@b,", 25_000)),
        ("groups", header("To", "a:", 50_000)),
        ("pieces of a name", header("Content-Type", ";a*1=b", 17_000)),
        ("pieces of many names", of_parts(header("--a:b\r\nContent-Type", ";a*1=b", 1_300).repeat(100))),
        ("fields", "A:\r\n".repeat(10_000)),
    ] {
        let began = Instant::now();
        let read = facts(message.as_bytes());
        assert_eq!(read.size_bytes, message.len() as u64);
        assert!(began.elapsed() < Duration::from_secs(5), "{what}: {:?}", began.elapsed());
        println!("{what}: {:?}", began.elapsed());
    }
}
