//! Requests in order and out of it, by what becomes of them.

use super::{Notation, Requests};
use crate::{
    domain::{Moment, OnUnknown, Ref},
    mail::Mailbox,
};
use mail_parser::MessageParser;
use proptest::prelude::*;
use std::{fs, path::Path};

const ID: Ref = Ref([7; 16]);

fn requests(templates: &Path) -> Requests {
    let from = Some(Mailbox::parse("Acme <shop@here.example>").unwrap());
    Requests { templates: templates.to_owned(), from, message_size: 20_000 }
}

fn asked(notation: Notation, text: &str) -> Result<super::Asked, String> {
    let made = requests(Path::new("/none")).message(("order.yaml", notation), text.as_bytes(), (ID, Moment(0)));
    made.map_err(|why| why.to_string())
}

fn template(subject: &str, text: &str, html: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("order");
    fs::create_dir(&at).unwrap();
    for (name, text) in [("subject.txt", subject), ("text.txt", text), ("html.html", html)] {
        fs::write(at.join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_request_becomes_the_message_that_it_says_and_nothing_in_it_is_rendered() {
    let text = "to: [\"Ann <ann@x.example>\", \"b@x.example, c@x.example\"]
cc: b@x.example
bcc: eve@x.example
from: \"Grüße <orders@here.example>\"
reply_to: sales@here.example
subject: \"Order {{ 7 * 6 }}\"
text: |
  {% for %} as it is
html: <p>{{ x }}</p>
headers: { X-Order: \"{{ 1 }} ü\" }
";
    let made = asked(Notation::Yaml, text).unwrap();
    assert_eq!(made.sender.address(), "orders@here.example");
    assert_eq!(made.recipients, ["ann@x.example", "b@x.example", "c@x.example", "eve@x.example"]);
    let message = MessageParser::default().parse(&made.bytes).unwrap();
    assert_eq!(message.subject(), Some("Order {{ 7 * 6 }}"));
    assert_eq!(message.body_text(0).unwrap().trim_end(), "{% for %} as it is");
    assert_eq!(message.body_html(0).unwrap().trim_end(), "<p>{{ x }}</p>");
    assert!(String::from_utf8_lossy(&made.bytes).contains("\r\nX-Order: {{ 1 }} =?utf-8?b?w7w=?=\r\n"));
    assert_eq!(message.message_id(), Some("07070707070707070707070707070707@here.example"));
    assert_eq!(message.to().unwrap().as_list().unwrap().len(), 3);
    assert!(!String::from_utf8_lossy(&made.bytes).contains("eve@"));
    assert_eq!(asked(Notation::Yaml, text).unwrap(), made, "made again it is the same");
}

#[test]
fn json_is_read_as_programs_write_it() {
    for text in [
        r#"{"to":"ann@x.example","subject":"Gr\u00fc\u00dfe \ud83d\ude00 \"a\/b\"\\","text":"a\tb\nc"}"#,
        "{\n\t\"to\" : [\n\t\t\"ann@x.example\"\n\t],\r\n\t\"subject\":\t\"Grüße 😀 \\\"a/b\\\"\\\\\",\n\t\"text\": \"a\\tb\\nc\"\n}\n",
    ] {
        let made = asked(Notation::Json, text).unwrap();
        let message = MessageParser::default().parse(&made.bytes).unwrap();
        assert_eq!(message.subject(), Some("Grüße 😀 \"a/b\"\\"), "{text}");
        assert_eq!(message.body_text(0).unwrap().trim_end().replace("\r\n", "\n"), "a\tb\nc", "{text}");
    }
}

#[test]
fn a_template_is_rendered_with_the_data_of_the_request() {
    let folder = template(
        "Order {{ order.number }}",
        "{% for line in lines %}{{ line.name }}: {{ line.price }}\n{% endfor %}{% if gift is defined %}a gift{% endif %}",
        "<b>{{ lines[0].name }}</b>",
    );
    let text = "to: ann@x.example
template: order
data: { order: { number: 7719, paid: true }, lines: [{ name: \"<i>\", price: \"49.90\" }, { name: b, price: 1.5 }] }
";
    let made = requests(folder.path()).message(("a", Notation::Yaml), text.as_bytes(), (ID, Moment(0))).unwrap();
    let message = MessageParser::default().parse(&made.bytes).unwrap();
    assert_eq!(message.subject(), Some("Order 7719"));
    assert_eq!(message.body_text(0).unwrap().trim_end().replace("\r\n", "\n"), "<i>: 49.90\nb: 1.5");
    assert_eq!(message.body_html(0).unwrap().trim_end(), "<b>&lt;i&gt;</b>");
}

#[test]
fn what_a_template_cannot_be_made_of_is_told_at_its_place() {
    for (subject, text, data, told) in [
        ("Order {{ order.nmber }}", "t", "order: { number: 1 }", "subject.txt:1:10"),
        ("s", "one\n{{ nobody }}", "order: 1", "text.txt:2:4"),
        ("{{ order }}", "t", "order: \"a\\r\\nBcc: x@y.z\"", "a line break or a control character"),
        (
            "s",
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            "a: 1",
            "takes too long",
        ),
        ("s", "{{ file.name }}", "a: 1", "`file` is undefined"),
    ] {
        let folder = template(subject, text, "h");
        let request = format!("to: ann@x.example\ntemplate: order\ndata: {{ {data} }}\n");
        let why = requests(folder.path()).message(("a.yaml", Notation::Yaml), request.as_bytes(), (ID, Moment(0)));
        let why = why.unwrap_err().to_string();
        assert!(why.contains(told), "{subject} {text}: {why}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let why = asked(
        Notation::Yaml,
        "to: [ann, \"b@x.example\\nBcc: eve@x.example\"]\nsubjct: s\nsubject: 7\ntext: t\nattach: /etc/passwd\ncc: ~\nheaders: { From: x, X-A: \"a\\nb\" }\n",
    )
    .unwrap_err();
    for told in [
        "order.yaml:1:6",
        "not an address",
        "no line breaks",
        "unknown key `subjct`",
        "a number, expected a text",
        "`attach` is not built yet",
        "`attachments`",
        "`From` cannot be a name here",
        "this is one line",
    ] {
        assert!(why.contains(told), "{told}: {why}");
    }
}

#[test]
fn what_is_no_request_is_told() {
    let bomb: String = (1..20).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, at| {
        let alias = format!("*a{}", at - 1);
        format!("{text}a{at}: &a{at} [{}]\n", [alias.as_str(); 9].join(", "))
    });
    let deep = "[".repeat(100_000);
    let many: Vec<String> = (0..1001).map(|number| format!("a{number}@x.example")).collect();
    for (notation, text, told) in [
        (Notation::Yaml, "", "the file is empty"),
        (Notation::Yaml, "just text", "expected a map"),
        (Notation::Yaml, "to: a@b.example\nsubject: s\n", "`text` is missing in a message request"),
        (Notation::Yaml, "subject: s\ntext: t\n", "`to` is missing in a message request"),
        (Notation::Yaml, "to: []\nsubject: s\ntext: t\n", "an empty list"),
        (Notation::Yaml, "to: a@b.example\ntemplate: none\n", "there is no template `none`"),
        (Notation::Yaml, "to: a@b.example\ntemplate: ../../etc\n", "this is not a template's name"),
        (Notation::Yaml, "to: a@b.example\ntemplate: x\nsubject: s\n", "`subject` beside `template`"),
        (
            Notation::Yaml,
            "to: a@b.example\ntemplate: x\ndata: { a: { b: 1, b: 2 }, file: 1, \"a b\": 1 }\n",
            "`b` stands here twice",
        ),
        (Notation::Yaml, "to: a@b.example\nto: b@b.example\nsubject: s\ntext: t\n", "`to` stands here twice"),
        (Notation::Yaml, "to: a@b.example\nsubject: s\ntext: t\n--- {}\n", "order.yaml:4"),
        (Notation::Yaml, &bomb, "error"),
        (Notation::Yaml, &deep, "error"),
        (Notation::Yaml, &format!("to: [{}]\nsubject: s\ntext: t\n", many.join(", ")), "more than 1000"),
        (Notation::Yaml, &format!("to: \"{}\"\nsubject: s\ntext: t\n", many.join(", ")), "1001 recipients"),
        (
            Notation::Yaml,
            &format!("to: a@b.example\nsubject: s\ntext: \"{}\"\n", "long ".repeat(5000)),
            "`limits: message_size` is",
        ),
        (Notation::Yaml, &format!("to: a@b.example\nsubject: {}\ntext: t\n", "x".repeat(2000)), "a word of more than"),
        (Notation::Yaml, &" ".repeat((1 << 20) + 30_000), "this is larger than "),
        (Notation::Json, "{\"to\": \"a@b.example\",\n \"text\": }", "order.yaml:2:10"),
        (Notation::Json, "to: a@b.example", "this is not JSON"),
        (Notation::Json, r#"{"to": "\ud83d"}"#, "this is not JSON"),
        (Notation::Json, "{\"to\": 7,\n\t\"subject\": null}", "a number, expected a text"),
        (Notation::Json, &deep, "this is not JSON"),
    ] {
        let why = asked(notation, text).expect_err(&text[..text.len().min(100)]);
        assert!(why.contains(told), "{told}: {why}");
    }
    let why = requests(Path::new("/none")).message(("a", Notation::Yaml), b"to: \xff", (ID, Moment(0)));
    let why = why.unwrap_err().to_string();
    assert!(why.contains("not UTF-8"), "{why}");
}

#[test]
fn a_mail_without_a_sender_of_its_own_is_from_ours() {
    let text = "to: ann@x.example\nsubject: s\ntext: t\n";
    assert_eq!(asked(Notation::Yaml, text).unwrap().sender.address(), "shop@here.example");
    let nobody = Requests { from: None, ..requests(Path::new("/none")) };
    let why = nobody.message(("a", Notation::Yaml), text.as_bytes(), (ID, Moment(0))).unwrap_err().to_string();
    assert!(why.contains("this mail has no sender"), "{why}");
}

const USUAL: &str = "to: ann@x.example\nsubject: s\ntext: t\n";

#[test]
fn what_the_caller_wants_beside_the_words_is_read() {
    let more = "tags: [shop, \"two words\"]\ndata: { order: { number: 7 } }\nsend_at: 1970-01-01T02:00:00+01:00\ndeadline: 10m\non_unknown: hold\nidempotency_key: order-7\n";
    let made = asked(Notation::Yaml, &format!("{USUAL}{more}")).unwrap();
    let wanted = made.instructions;
    assert_eq!((wanted.tags, made.key.as_deref()), (vec!["shop".to_owned(), "two words".to_owned()], Some("order-7")));
    assert_eq!(wanted.data["order"]["number"], 7);
    assert_eq!((wanted.not_before, wanted.on_unknown), (Some(Moment(3_600_000)), Some(OnUnknown::Hold)));
    assert_eq!(wanted.expires_at, Some(Moment(4_200_000)), "a span begins when the mail is due");
    let message = MessageParser::default().parse(&made.bytes).unwrap();
    assert_eq!(message.date().unwrap().to_timestamp(), 3600, "it is of the moment it is sent at");
    let plain = asked(Notation::Yaml, USUAL).unwrap();
    assert_eq!((plain.instructions, plain.key), (crate::domain::Instructions::default(), None));
    for (key, told) in [
        ("send_at: tomorrow", "no moment and no span of time"),
        ("send_at: 400d", "more than 366d ahead"),
        ("deadline: 1960-01-01T00:00:00Z", "has passed before the mail is due"),
        ("send_at: 2h\ndeadline: 1970-01-01T01:00:00Z", "has passed before the mail is due"),
        ("on_unknown: never", "unknown word `never`"),
        ("idempotency_key: 7", "a number, expected a text"),
        ("idempotency_key: \"a\\nb\"", "this is one line"),
        ("tags: []", "an empty list"),
        ("tags: [\"a\\rb\"]", "a tag is one line"),
    ] {
        let why = asked(Notation::Yaml, &format!("{USUAL}{key}\n")).unwrap_err();
        assert!(why.contains(told), "{key}: {why}");
    }
    let long = format!("{USUAL}idempotency_key: {}\n", "k".repeat(256));
    assert!(asked(Notation::Yaml, &long).unwrap_err().contains("at most 255 bytes"));
}

#[test]
fn files_come_with_a_request_and_html_shows_its_pictures() {
    let text = "html: <img src=\"cid:logo\">
attachments:
  - { name: Rechnung Nº 7.pdf, content: JVBERi0= }
  - { name: logo.png, content: \"iVBO\\nRw\", type: image/png, inline: logo }
";
    let made = asked(Notation::Yaml, &format!("{USUAL}{text}")).unwrap();
    let message = MessageParser::default().parse(&made.bytes).unwrap();
    let kinds: Vec<_> = message
        .parts
        .iter()
        .map(|part| mail_parser::MimeHeaders::content_type(part).unwrap().subtype().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["mixed", "alternative", "plain", "related", "html", "png", "pdf"]);
    let picture = &message.parts[5];
    assert_eq!(mail_parser::MimeHeaders::content_id(picture), Some("logo"));
    assert_eq!((picture.contents(), message.parts[6].contents()), (&b"\x89PNG"[..], &b"%PDF-"[..]));
    assert_eq!(mail_parser::MimeHeaders::attachment_name(&message.parts[6]), Some("Rechnung Nº 7.pdf"));
    for (attachment, told) in [
        ("{ name: a, content: \"#\" }", "this is not base64"),
        ("{ name: a }", "`content` is missing in an attachment"),
        ("{ name: ../a, content: \"\" }", "no folder and no control characters"),
        ("{ name: \"a\\r\\nb\", content: \"\" }", "no folder and no control characters"),
        ("{ name: a, content: \"\", type: message/rfc822 }", "not the media type of a file"),
        ("{ name: a, content: \"\", type: \"text/plain\\r\\nBcc: x\" }", "not the media type of a file"),
        ("{ name: a, content: \"\", inline: \"a>b\" }", "a content id has letters"),
        ("{ name: a, content: \"\", inline: a }", "`inline` in a mail without HTML"),
        ("{ filename: a, content: \"\" }", "write `name`"),
        ("{ name: a, path: /etc/passwd }", "write its bytes out"),
    ] {
        let why = asked(Notation::Yaml, &format!("{USUAL}attachments: [{attachment}]\n")).unwrap_err();
        assert!(why.contains(told), "{attachment}: {why}");
    }
}

/// RFC 8058: both fields, as they are, on lines that a reader can put together.
#[test]
fn one_click_is_said_by_headers() {
    let address = format!("https://x.example/unsubscribe?token={}", "k".repeat(300));
    let text = format!(
        "{USUAL}headers: {{ List-Unsubscribe: \"<{address}>\", List-Unsubscribe-Post: \"List-Unsubscribe=One-Click\" }}\n"
    );
    let made = asked(Notation::Yaml, &text).unwrap();
    let head = String::from_utf8(made.bytes).unwrap().replace("\r\n ", " ");
    assert!(head.contains(&format!("\r\nList-Unsubscribe: <{address}>\r\n")), "{head}");
    assert!(head.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{head}");
}

#[test]
fn each_mistake_in_json_has_its_pointer() {
    let text = r##"{"to": ["ann@x.example", "\u00fcber", "bob"],
  "subjct": "s", "subject": 7, "text": "t", "data": {"a b": 1},
  "attachments": [{"name": "a", "content": ""}, {"name": "b", "content": "#", "type/x": 1}]}"##;
    let made = requests(Path::new("/none")).message(("request", Notation::Json), text.as_bytes(), (ID, Moment(0)));
    let faults = made.unwrap_err().faults;
    let found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.detail.as_str())).collect();
    assert_eq!(
        found.iter().map(|(pointer, _)| *pointer).collect::<Vec<_>>(),
        ["/to/1", "/to/2", "/subjct", "/subject", "/data/a b", "/attachments/1/content", "/attachments/1/type~1x"],
        "{found:#?}"
    );
    assert_eq!(faults[2].hint.as_deref(), Some("did you mean `subject`?"));
    let whole = requests(Path::new("/none")).message(("r", Notation::Json), b"{\"subject\": \"s\"}", (ID, Moment(0)));
    assert!(whole.unwrap_err().faults.iter().all(|fault| fault.pointer.is_empty()));
    let folder = template("{{ nobody }}", "t", "h");
    let text = br#"{"to": "ann@x.example", "template": "order"}"#;
    let made = requests(folder.path()).message(("r", Notation::Json), text, (ID, Moment(0)));
    assert_eq!(made.unwrap_err().faults[0].pointer, "/template");
}

/// Files in base64 are no work for the parsers of YAML, wherever they stand.
#[test]
fn long_texts_of_json_come_through_as_they_are() {
    let bytes: Vec<u8> = (0..=255).cycle().take(9_000).collect();
    let content = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &bytes);
    let word = "w".repeat(2000);
    let text = serde_json::json!({
        "to": "ann@x.example", "subject": "s", "text": word, "data": {"token": word, "list": [word, "short"]},
        "attachments": [{"name": "a.bin", "content": content}, {"name": "b.bin", "content": "YQ=="}],
    });
    for text in [text.to_string(), serde_json::to_string_pretty(&text).unwrap().replace("  ", "\t")] {
        let made = asked(Notation::Json, &text).unwrap();
        let message = MessageParser::default().parse(&made.bytes).unwrap();
        assert_eq!(message.body_text(0).unwrap().trim_end(), word);
        assert_eq!(made.instructions.data["token"], word);
        assert_eq!(made.instructions.data["list"], serde_json::json!([word, "short"]));
        let files: Vec<_> = message.attachments().map(|part| part.contents().to_vec()).collect();
        assert_eq!(files, [bytes.clone(), b"a".to_vec()]);
    }
    let wrong = text.to_string().replace("\"subject\"", "\"subjct\"");
    assert!(asked(Notation::Json, &wrong).unwrap_err().contains("unknown key `subjct`"));
    let large = format!(r#"{{"to": "ann@x.example", "subject": "s", "text": "{}"}}"#, "long ".repeat(220_000));
    let roomy = Requests { message_size: 50_000_000, ..requests(Path::new("/none")) };
    let why = roomy.message(("r", Notation::Json), large.as_bytes(), (ID, Moment(0))).unwrap_err().to_string();
    assert!(why.contains("beside its attachments"), "{why}");
}

/// What came out of bytes that anybody may send: mistakes with their places, or a message that every relay takes.
fn is_sound(notation: Notation, bytes: &[u8]) -> bool {
    let made = requests(Path::new("/none")).message(("r", notation), bytes, (ID, Moment(0)));
    match made {
        Err(wrong) => {
            let is_pointer = |text: &str| text.is_empty() || text.starts_with('/');
            !wrong.faults.is_empty() && wrong.faults.iter().all(|fault| is_pointer(&fault.pointer))
        }
        Ok(made) => {
            let text = String::from_utf8_lossy(&made.bytes).replace("\r\n", "\u{1}");
            let head = text.split("\u{1}\u{1}").next().unwrap().to_lowercase();
            let is_whole = !text.contains(['\r', '\n', '\0']) && text.split('\u{1}').all(|line| line.len() <= 998);
            is_whole && !head.contains("\u{1}bcc:") && !made.recipients.is_empty()
        }
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,200}|[\\[\\]{}:,\"'\\\\a-z0-9 \n\t&*!|>-]{0,200}", is_json: bool) {
        let notation = if is_json { Notation::Json } else { Notation::Yaml };
        prop_assert!(is_sound(notation, text.as_bytes()));
    }

    #[test]
    fn no_damage_to_a_request_breaks_the_reader(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), is_json: bool) {
        let text = r#"{"to": ["Ann <ann@x.example>"], "bcc": "eve@x.example", "subject": "s", "text": "t", "html": "<p>", "headers": {"X-A": "b"}, "tags": "a", "send_at": "2h", "deadline": "1970-01-02T00:00:00Z", "data": {"a": [1, {"b": 2.5}]}, "attachments": [{"name": "a.png", "content": "YQ==", "inline": "x"}]}"#;
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let notation = if is_json { Notation::Json } else { Notation::Yaml };
        prop_assert!(is_sound(notation, &bytes));
    }

    /// A value is a value: nothing in it becomes a header, a recipient or another line.
    #[test]
    fn no_value_becomes_anything_else(subject: String, text: String, name: String, tag: String, value: String) {
        let request = serde_json::json!({
            "to": "ann@x.example", "subject": subject, "text": text, "tags": [tag], "headers": {"X-A": value},
            "attachments": [{"name": name, "content": "YQ=="}], "idempotency_key": value,
        });
        prop_assert!(is_sound(Notation::Json, request.to_string().as_bytes()));
    }
}
