//! Files and rows that become mails: what is in them, as a reader of mail sees it, and what never gets into them.

mod rows;

use super::site::{Site, variable};
use crate::{
    domain::{Beginning, Errand, Identity, JobDraft, Letter, Moment, Ref, Sighting},
    rules::{Context, Fetched, Rule, Supply, check_with, plan},
    templates::Content,
};
use mail_parser::{HeaderForm, Message, MessageParser, MimeHeaders};
use std::{fs, path::Path};

const PACKETBOAT_YAML: &str =
    "servers: { main: { smtp: { host: 127.0.0.1, tls: none } } }\nmail: { from: shop@example.com }\n";
const WHEN: &str = "when: { watch: { folder: /tmp } }\nthen:\n";

fn site(step: &str) -> Site {
    Site::new(PACKETBOAT_YAML, &[("mails.yaml", format!("{WHEN}{step}").as_bytes())])
}

/// The rule whose step this is.
fn rule(step: &str) -> Rule {
    rule_of(&site(step))
}

fn rule_of(site: &Site) -> Rule {
    let checked = check_with(&site.file(), &variable);
    let (_, rules) = checked.loaded.unwrap_or_else(|| panic!("{}", site.shown()));
    rules.rules.into_iter().next().unwrap()
}

fn sighting(name: &[u8], bytes: &[u8]) -> Sighting {
    let identity = Identity { size_bytes: bytes.len() as u64, mtime_ns: 1, inode: 1, ctime_ns: 1 };
    Sighting { folder: b"/tmp".to_vec(), path: name.to_vec(), identity }
}

/// `/pdf/7.pdf` is there, and nothing else.
fn attachment(root: &Path, path: &[u8], most: u64) -> Result<Vec<u8>, String> {
    match (root.to_str(), path) {
        (Some("/pdf/"), b"7.pdf") if most >= 5 => Ok(b"seven".to_vec()),
        (Some("/pdf/"), b"7.pdf") => Err("too large".to_owned()),
        _ => Err("there is no such file".to_owned()),
    }
}

fn with_context<T>(bytes: &[u8], then: impl FnOnce(&Context<'_>) -> T) -> T {
    let content = Fetched::Whole(Content(bytes.into()));
    let supply = Supply { content: &content, attachment };
    let (arrived_at, new_id) = (Moment(1_795_357_571_000), Ref::new as fn() -> Ref);
    then(&Context { arrived_at, rule_version: 1, place: 1, host: "gate", is_paused: false, new_id, supply })
}

fn planned(rule: &Rule, name: &[u8], bytes: &[u8]) -> (Vec<Letter>, Vec<JobDraft>) {
    let arrival = with_context(bytes, |context| plan(rule, &sighting(name, bytes), context).arrival);
    (arrival.letters, arrival.jobs)
}

/// To whom each mail goes, or why it does not.
fn told(jobs: &[JobDraft]) -> Vec<String> {
    let told = |job: &JobDraft| match (&job.errand, &job.beginning) {
        (_, Beginning::Refused(_, why)) => why.clone(),
        (Errand::Send { recipient, .. }, _) => recipient.clone(),
        (Errand::Upload { .. } | Errand::Save { .. } | Errand::TakeAway { .. }, _) => "a file".to_owned(),
    };
    jobs.iter().map(told).collect()
}

fn read(letter: &Letter) -> Message<'_> {
    MessageParser::default().parse(&letter.bytes).unwrap()
}

#[test]
fn the_file_goes_with_its_mail_byte_for_byte() {
    let mail = rule("  - mail: { to: a@b.c, subject: s, text: t, attach: [file, /pdf/7.pdf] }\n");
    let bytes: Vec<u8> = (0..=255).collect();
    for (name, shown) in [(&b"in/scan.pdf"[..], "scan.pdf"), (b"Gr\xfc\xdfe.pdf", "Gr\u{fffd}\u{fffd}e.pdf")] {
        let (letters, jobs) = planned(&mail, name, &bytes);
        assert_eq!(told(&jobs), ["a@b.c"]);
        let message = read(&letters[0]);
        let attached: Vec<_> =
            message.attachments().map(|part| (part.attachment_name().unwrap(), part.contents())).collect();
        assert_eq!(attached, [(shown, &bytes[..]), ("7.pdf", b"seven")]);
    }
}

#[test]
fn what_cannot_be_attached_fails_the_mail_and_says_why() {
    for (attach, packetboat_yaml, why) in [
        ("/pdf/8.pdf", "", "/pdf/8.pdf cannot be attached: there is no such file"),
        ("\"/pdf/{{ file.ext }}.pdf\"", "", "/pdf/pdf.pdf cannot be attached: there is no such file"),
        ("/pdf/7.pdf", "limits: { message_size: 4B }\n", "/pdf/7.pdf cannot be attached: too large"),
        ("file", "limits: { message_size: 4B }\n", "this file has 5 B, and `limits: message_size` is 4 B"),
        ("file", "limits: { message_size: 100B }\n", "this message has "),
        ("[file, file]", "limits: { message_size: 8B }\n", "what is attached has 10 B"),
    ] {
        let step = format!("{WHEN}  - mail: {{ to: a@b.c, subject: s, text: t, attach: {attach} }}\n");
        let site = Site::new(format!("{PACKETBOAT_YAML}{packetboat_yaml}"), &[("mails.yaml", step.as_bytes())]);
        let (letters, jobs) = planned(&rule_of(&site), b"a.pdf", b"12345");
        assert!(letters.is_empty() && told(&jobs)[0].starts_with(why), "{attach}: {:?}", told(&jobs));
    }
}

#[test]
fn values_in_html_are_shown() {
    let mail = rule("  - mail: { to: a@b.c, subject: s, html: \"<h1>{{ file.name }}</h1><p>Hello</p>\" }\n");
    let (letters, _) = planned(&mail, b"<b>&.txt", b"1");
    let message = read(&letters[0]);
    assert_eq!(message.body_html(0).unwrap().trim_end(), "<h1>&lt;b&gt;&amp;.txt</h1><p>Hello</p>");
    assert_eq!((message.parts.len(), message.attachment_count()), (1, 0));
}

fn with_template(files: &[(&str, &str)], step: &str) -> Site {
    let site = site(step);
    let folder = site.0.path().join("templates/invoice");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    site
}

#[test]
fn headers_of_a_rule_stand_beside_our_own() {
    let step = "  - mail: { to: a@b.c, subject: s, text: t, headers: { X-Order: \"{{ file.stem }}\", X-Gruß: x } }\n";
    assert!(site(step).shown().contains("`X-Gruß` cannot be a name here"));
    let mail = rule(&step.replace(", X-Gruß: x", ""));
    for (name, said) in
        [(&b"7719.pdf"[..], "7719"), ("Grüße und noch viele Grüße.pdf".as_bytes(), "Grüße und noch viele Grüße")]
    {
        let (letters, _) = planned(&mail, name, b"1");
        let message = read(&letters[0]);
        assert_eq!(message.header_as("X-Order", HeaderForm::Text)[0].as_text(), Some(said));
        assert!(letters[0].bytes.is_ascii());
    }
    let (letters, jobs) = planned(&mail, b"a\r\nBcc: x@y.z.pdf", b"1");
    assert!(letters.is_empty() && told(&jobs)[0].starts_with("X-Order `file.stem`: this value has a line break"));
    for name in ["Subject", "bcc", "Content-Type", "DKIM-Signature", "a b", "\"x:\"", "\"\""] {
        let shown = site(&step.replace("X-Order", name).replace(", X-Gruß: x", "")).shown();
        assert!(shown.contains("cannot be a name here"), "{name}: {shown}");
    }
}

#[test]
fn mails_that_would_keep_each_other_back_are_refused() {
    let mail = |key: &str| format!("mail: {{ to: a@b.c, subject: s, text: t, idempotency_key: \"{key}\" }}");
    let (one, two) = (mail("{{ file.name }}"), mail("x {{ file.name }}"));
    for (step, says) in [
        (format!("  - {one}\n  - {two}\n"), ""),
        (
            format!("  - {one}\nafter:\n  - {one}\n"),
            "two mails of this rule have the idempotency_key `{{ file.name }}`",
        ),
        (
            "  - mail: { to: a@b.c, subject: s, text: t, rows: }\nin_order: true\n".to_owned(),
            "`in_order` beside `rows`",
        ),
    ] {
        let shown = site(&step).shown();
        assert!(if says.is_empty() { !shown.contains("idempotency") } else { shown.contains(says) }, "{step}: {shown}");
    }
}

#[test]
fn what_follows_has_no_rows() {
    let after =
        "  - mail: { to: a@b.c, subject: s, text: t }\nafter:\n  - mail: { to: a@b.c, subject: s, text: t, rows: }\n";
    let shown = site(after).shown();
    assert!(shown.contains("rows are mailed when their file comes"), "{shown}");
}

const BY_TEMPLATE: &str = "  - mail: { to: a@b.c, template: invoice, data: { total: \"{{ file.size }} EUR\" } }\n";

#[test]
fn a_template_is_a_folder_and_data_are_its_values() {
    let files = [
        ("subject.txt", "Invoice over {{ total }}\n"),
        ("text.txt", "Total: {{ total }}\n{{ file.name }}\n"),
        ("html.html", "<b>{{ total }}</b>"),
    ];
    let (letters, jobs) = planned(&rule_of(&with_template(&files, BY_TEMPLATE)), b"a.pdf", b"12345");
    assert_eq!(told(&jobs), ["a@b.c"]);
    let message = read(&letters[0]);
    assert_eq!(message.subject(), Some("Invoice over 5 EUR"));
    assert_eq!(message.body_text(0).unwrap(), "Total: 5 EUR\r\na.pdf\r\n");
    assert_eq!(message.body_html(0).unwrap().trim_end(), "<b>5 EUR</b>");
}

#[test]
fn mistakes_in_a_template_are_shown_in_it() {
    for (files, step, places) in [
        (
            &[("subject.txt", "s"), ("text.txt", "one\ntwo {{ totl }}\n"), ("html.html", "{{ x | safe }}")][..],
            BY_TEMPLATE,
            &["there is no `totl` here\n  --> templates/invoice/text.txt:2:8", "--> templates/invoice/html.html:1:"][..],
        ),
        (
            &[("subject.txt", "{{ a }} {{ b }}"), ("text.txt", "{{ c }}\n{{ d }}\n")],
            BY_TEMPLATE,
            &[
                "no `a` here\n  --> templates/invoice/subject.txt:1:4",
                "no `b` here\n  --> templates/invoice/subject.txt:1:12",
                "no `c` here\n  --> templates/invoice/text.txt:1:4",
                "no `d` here\n  --> templates/invoice/text.txt:2:4",
            ],
        ),
        (
            &[("subject.txt", "one\ntwo"), ("text.txt", "t")],
            BY_TEMPLATE,
            &["this is one line\n  --> templates/invoice/subject.txt:1"],
        ),
        (
            &[("text.txt", "t")],
            BY_TEMPLATE,
            &["the template `invoice` is not whole", "has subject.txt, and text.txt or"],
        ),
        (&[("subject.txt", "s")], BY_TEMPLATE, &["the template `invoice` is not whole"]),
        (
            &[("subject.txt", "s")],
            "  - mail: { to: a@b.c, template: invioce }\n",
            &[
                "there is no template `invioce`",
                "to make it: templates/invioce/ with subject.txt, and text.txt or html.html or both; templates has invoice. Did you mean `invoice`?",
            ],
        ),
        (&[], "  - mail: { to: a@b.c, template: ../x }\n", &["this is not a template's name"]),
        (
            &[("subject.txt", "s"), ("text.txt", "t")],
            "  - mail: { to: a@b.c, template: invoice, subject: s, html: h }\n",
            &["`subject` beside `template`", "`html` beside `template`"],
        ),
        (
            &[],
            "  - mail: { to: a@b.c, data: { file: x, \"a b\": y, ok: \"{{ nope }}\" } }\n",
            &[
                "`file` cannot be a name here",
                "`a b` cannot be a name here",
                "no `nope`",
                "`subject` is missing",
                "`text` is missing",
            ],
        ),
        (
            &[],
            "  - mail: { to: a@b.c, subject: s, text: \"{{ row.a }}\", attach: [attachments, pdf/x.pdf, \"/pdf/{{ file.stem }}/../x\"] }\n",
            &[
                "there is no `row`",
                "`attachments` is not built yet",
                "neither `file` nor a path",
                "this path can leave its root",
            ],
        ),
        (
            &[],
            "  - mail: { to: a@b.c, subject: s, text: t, rows: { format: xls, delimiter: ab, charset: utf-16, header: 1, sep: x } }\n",
            &[
                "unknown word `xls`",
                "not a delimiter",
                "`utf-16`: this charset is not built yet",
                "expected true or false",
                "write `delimiter`",
            ],
        ),
    ] {
        let shown = with_template(files, step).shown();
        for place in places {
            assert!(shown.contains(place), "{step}: {place}\n{shown}");
        }
    }
}

#[test]
fn a_text_may_read_the_file_up_to_a_megabyte() {
    let rule = rule("  - mail: { to: a@b.c, subject: s, text: \"{{ file.text('cp850') | truncate(20) }}\" }\n");
    let (letters, _) = planned(&rule, b"a.prn", b"Lieferschein f\x81r M\x81ller\x0c\0");
    assert_eq!(read(&letters[0]).body_text(0).unwrap().trim_end(), "Lieferschein für ...");
    let (_, jobs) = planned(&rule, b"a.prn", &vec![b'x'; 1_000_001]);
    assert_eq!(told(&jobs), ["`file.text` reads files of up to 1 MB, and this one has 1.0 MB"]);
}
