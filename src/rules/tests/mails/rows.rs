//! Rows of a file that become mails, part by part.

use super::*;
use crate::rules::{Begun, Part, plan_part};
use proptest::prelude::*;

const ROWS: &str = "  - mail:
      rows: { charset: utf-8 }
      to: \"{{ row.name }} <{{ row.email }}>\"
      subject: \"Invoice {{ row.number }}\"
      text: \"Dear {{ row.name }}, {{ total }}.\"
      html: \"<p>Dear {{ row.name }}</p>\"
      data: { total: \"{{ row.total }} EUR\" }
      attach: \"/pdf/{{ row.number }}.pdf\"
      idempotency_key: \"{{ row.number }}\"
    if: row.send == \"yes\"
";

/// All parts of a file of rows.
fn parts(rule: &Rule, bytes: &[u8]) -> Vec<Part> {
    with_context(bytes, |context| {
        let mut begun = Begun { arrival: Ref([5; 16]), rows: 0 };
        let mut parts = Vec::new();
        loop {
            let part = plan_part(rule, &sighting(b"rows.csv", bytes), context, begun);
            begun.rows = part.rows;
            let is_last = part.is_last;
            parts.push(part);
            if is_last {
                return parts;
            }
        }
    })
}

#[test]
fn each_row_is_a_mail_or_says_why_not() {
    let csv = "number;name;email;total;send\n\
               7;\"Müller, Ann\";ann@example.org;4,90;yes\n\
               8;Bob;bob@example.org;1;yes\n\
               7;Cyd;cyd@example.org;1;no\n\
               7;Dan;dan@example.org;1\n\
               7;Eve;not an address;1;yes\n\
               ../7;Eve;eve@example.org;1;yes\n\
               7;Fay;fay@example.org, eve@example.org;1;yes\n\
               7;<b>;gil@example.org;1;yes\n\
               7;\"Hal\nBcc: x@y.z\";hal@example.org;1;yes\n\
               7;\"Ida\";ida@example.org;9;yes\n";
    let parts = parts(&rule(ROWS), csv.as_bytes());
    let [part] = &parts[..] else { panic!("{} parts", parts.len()) };
    let recipients = part.arrival.jobs.iter().map(|job| match &job.errand {
        Errand::Send { recipient, letter: None, .. } => &**recipient,
        _ => "mailed",
    });
    let expected = ["mailed", "bob@example.org", "", "", "eve@example.org", "", "", ""];
    assert!(recipients.take(8).eq(expected), "whom it was for, as far as that is known");
    let told = told(&part.arrival.jobs);
    let words = [
        "ann@example.org",
        "row 2 (line 3): /pdf/8.pdf cannot be attached: there is no such file",
        "row 4 (line 5): 4 fields, and there are 5 columns",
        "row 5 (line 6): to `{{ row.name }} <{{ row.email }}>`: not an address",
        "row 6 (line 7): attach `row.number`: this value has a `/` in it",
        "row 7 (line 8): to `{{ row.name }} <{{ row.email }}>`: not an address",
        "row 8 (line 9): to `{{ row.name }} <{{ row.email }}>`: not an address",
        "row 9 (line 10): to `row.name`: this value has a line break",
        "ida@example.org",
    ];
    assert_eq!(told.len(), words.len(), "{told:#?}");
    for (told, words) in told.iter().zip(words) {
        assert!(told.starts_with(words), "{told}");
    }
    assert_eq!(part.rows, 10);
    let [first, last] = &part.arrival.letters[..] else { panic!("two letters") };
    assert_eq!((first.key.as_deref(), last.key.as_deref()), (Some("7"), Some("7")));
    let message = read(first);
    assert_eq!(message.to().unwrap().first().unwrap().name(), Some("Müller, Ann"));
    assert_eq!(message.body_text(0).unwrap().trim_end(), "Dear Müller, Ann, 4,90 EUR.");
    assert_eq!(message.attachments().next().unwrap().contents(), b"seven");
    assert_ne!(message.message_id(), read(last).message_id());
}

#[test]
fn a_file_that_is_no_table_is_one_job_and_not_one_a_row() {
    for (bytes, why) in [
        (
            &b"number;name;email;total\n7;a;b;c\n8;a;b;c\n"[..],
            "there is no column `send`: the columns are number, name, email, total",
        ),
        (b"number;number\n", "the file cannot be read as rows: two columns are called `number`"),
        (b"\xff;name\n", "the file cannot be read as rows: the names of the columns: column 1: the byte 0xff"),
    ] {
        let parts = parts(&rule(ROWS), bytes);
        assert_eq!(parts.len(), 1);
        let told = told(&parts[0].arrival.jobs);
        assert!(told.len() == 1 && told[0].starts_with(why), "{told:?}");
    }
    for nothing in ["number;name;email;total;send\n", "number;name;email;total;send\n7;a;a@b.c;1;no\n"] {
        let parts = parts(&rule(ROWS), nothing.as_bytes());
        assert!(parts.len() == 1 && parts[0].arrival.jobs.is_empty() && parts[0].rest.is_some());
    }
}

#[test]
fn many_rows_come_in_parts_that_say_where_they_end() {
    let step = "  - mail: { rows: , to: \"{{ row.to }}\", subject: s, text: \"{{ row.to }}\" }\n  - mail: { to: boss@example.com, subject: s, text: all }\n";
    let rule = rule(step);
    let lines: String = (0..1000).map(|number| format!("a{number}@example.org\n")).collect();
    let parts = parts(&rule, format!("to\n{lines}").as_bytes());
    let rows: Vec<_> = parts.iter().map(|part| (part.rows, part.arrival.jobs.len(), part.is_last)).collect();
    assert_eq!(rows, [(250, 251, false), (500, 250, false), (750, 250, false), (1000, 250, false), (1000, 0, true)]);
    let jobs: Vec<_> = parts.iter().flat_map(|part| told(&part.arrival.jobs)).collect();
    let wanted =
        std::iter::once("boss@example.com".to_owned()).chain((0..1000).map(|number| format!("a{number}@example.org")));
    assert_eq!(jobs, wanted.collect::<Vec<_>>());
    let ids: std::collections::BTreeSet<_> = parts
        .iter()
        .flat_map(|part| part.arrival.letters.iter().map(|letter| read(letter).message_id().unwrap().to_owned()))
        .collect();
    assert_eq!(ids.len(), 1001);
}

#[test]
fn a_part_is_bounded_in_bytes_and_a_field_of_a_megabyte_passes() {
    let rule = rule("  - mail: { rows: , to: a@b.c, subject: s, text: \"{{ row.text }}\" }\n");
    let large = "x y ".repeat(250_000);
    let parts = parts(&rule, format!("text\n{}", format!("{large}\n").repeat(12)).as_bytes());
    assert!(parts.len() >= 2 && parts.iter().all(|part| part.arrival.letters.len() <= 9), "{} parts", parts.len());
    let letters: Vec<_> = parts.iter().flat_map(|part| &part.arrival.letters).collect();
    assert_eq!(letters.len(), 12);
    assert_eq!(read(letters[0]).body_text(0).unwrap().trim_end(), large.trim_end());
}

fn one_row(values: &[String]) -> Vec<u8> {
    let mut csv = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    csv.write_record(["number", "name", "email", "total", "send"]).unwrap();
    csv.write_record(values).unwrap();
    csv.into_inner().unwrap()
}

fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(
        &[
            "\r\n",
            "\n",
            "\r",
            "Bcc: eve@evil.example",
            "eve@evil.example",
            "<",
            ">",
            ",",
            ";",
            "\"",
            "\\",
            ":",
            "@",
            " ",
            "\0",
            "\u{2028}",
            "{{ host }}",
            "=?utf-8?q?x?=",
            "Ann",
            "é",
            "(",
            ")",
            "--",
            "\r\n\r\n",
            "ann@example.org",
        ][..],
    );
    prop_oneof![prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat()), any::<String>()]
}

proptest! {
    /// Everything but the address itself is a value: it changes neither who gets the mail nor what headers it has.
    #[test]
    fn nothing_a_row_holds_becomes_a_header_or_a_second_recipient(name in hostile(), total in hostile(), number in hostile()) {
        let values = ["7".to_owned(), name.clone(), "ann@example.org".to_owned(), total, "yes".to_owned()];
        let step = ROWS.replace("attach: \"/pdf/{{ row.number }}.pdf\"", "attach: /pdf/7.pdf");
        let rule = rule(&step.replace("Invoice {{ row.number }}", "Invoice {{ row.total }}"));
        for values in [values.clone(), { let mut values = values; values[0] = number; values }] {
            let parts = parts(&rule, &one_row(&values));
            for part in &parts {
                let sent = |job: &&JobDraft| matches!(job.beginning, Beginning::Ready);
                let to = told(&part.arrival.jobs.iter().filter(sent).cloned().collect::<Vec<_>>());
                prop_assert!(to.is_empty() || to == ["ann@example.org"], "{:?}", to);
                for letter in &part.arrival.letters {
                    let message = read(letter);
                    let headers: Vec<_> = message.headers().iter().map(|header| header.name().to_lowercase()).collect();
                    let known = ["from", "subject", "message-id", "date", "auto-submitted", "mime-version", "to", "content-type"];
                    prop_assert!(headers.len() == known.len() && headers.iter().all(|name| known.contains(&name.as_str())), "{:?}", headers);
                    let to: Vec<_> = message.to().unwrap().iter().map(|to| to.address().unwrap()).collect();
                    prop_assert_eq!(to, ["ann@example.org"]);
                    prop_assert_eq!(message.attachment_count(), 1);
                }
            }
        }
    }

    /// And whatever is in the address, it is one.
    #[test]
    fn one_row_is_one_recipient(email in hostile()) {
        let values = ["7".to_owned(), "Ann".to_owned(), email.clone(), "1".to_owned(), "yes".to_owned()];
        let jobs: Vec<_> = parts(&rule(ROWS), &one_row(&values)).into_iter().flat_map(|part| part.arrival.jobs).collect();
        prop_assert_eq!(jobs.len(), 1);
        if matches!(jobs[0].beginning, Beginning::Ready) {
            prop_assert!(email.trim().contains(&told(&jobs)[0]));
        }
    }
}
