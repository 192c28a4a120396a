//! `relay:` of a step: the message that came, sent on.

use super::{
    Relay, SenderHears,
    read_mail::{ON_UNKNOWN, addresses, line, via},
};
use crate::{
    config::{
        Fields, Outline, Problem, Sheet,
        keys::{Table, default, optional},
        read::{self, Meaning},
        yaml::{self, Entry, Kind, Value},
    },
    domain::Arriving,
    templates::{Known, TextTemplate},
};
use std::ops::Range;

/// The keys of `relay`.
pub const RELAY: Table = Table {
    name: "relay",
    keys: &[
        optional("to"),
        optional("bcc"),
        optional("sender"),
        optional("from"),
        optional("headers"),
        optional("via"),
        default("on_unknown", "retry"),
        default("report_to_sender", "[delayed, failed]"),
    ],
    moved: &[
        ("server", "write `via`: the name of an smtp server"),
        ("relay", "write `via`: the name of an smtp server"),
        ("recipients", "write `to`"),
        ("return_path", "write `sender`: the envelope's sender"),
        ("if", "write it beside `relay`, not in it"),
    ],
};

/// A relay step; `at` is its key. Nothing under it: the message as it is, by `mail.via`.
pub fn relay(sheet: &Sheet, at: &Range<usize>, node: &yaml::Node, (known, of): (&Outline, Known<'_>)) -> Option<Relay> {
    if of.arriving != Arriving::Mail {
        let problem = Problem::error(at, "`relay` where no message comes");
        sheet.report(
            problem.hint("`mail: { to: …, subject: …, text: … }` makes one; messages come by `when: { mail: … }`"),
        );
        return None;
    }
    let nothing = yaml::Node { value: Value::Map(Vec::new()), ..node.clone() };
    let is_bare = matches!(&node.value, Value::Scalar(scalar) if scalar.kind == Kind::Null);
    let fields = Fields::open(sheet, &RELAY, at, if is_bare { &nothing } else { node })?;
    let [to, bcc] = ["to", "bcc"].map(|key| fields.or(key, vec![], |sheet, node| addresses(sheet, node, of)));
    let [sender, from] =
        ["sender", "from"].map(|key| fields.or(key, None, |sheet, node| line(sheet, node, of).map(Some)));
    let headers = fields.or("headers", vec![], |sheet, node| headers(sheet, node, of));
    let on_unknown = fields.need("on_unknown", read::word(ON_UNKNOWN));
    let via = via(sheet, at, &fields, known);
    let sender_hears = fields.need("report_to_sender", sender_hears);
    Some(Relay {
        to: to?,
        bcc: bcc?,
        sender: sender?,
        from: from?,
        headers: headers?,
        on_unknown: on_unknown?,
        via: via?,
        sender_hears: sender_hears?,
        return_path: known.mail.return_path.clone(),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Delayed,
    Failed,
}

const HEARD: &[(&str, Meaning<Heard>)] =
    &[("delayed", Meaning::Built(Heard::Delayed)), ("failed", Meaning::Built(Heard::Failed))];

/// Words; an empty list is none.
fn sender_hears(sheet: &Sheet, node: &yaml::Node) -> Option<SenderHears> {
    let heard = read::each(read::items(node), |item| read::word(HEARD)(sheet, item))?;
    Some(SenderHears { delayed: heard.contains(&Heard::Delayed), failed: heard.contains(&Heard::Failed) })
}

/// What is relayed by these fields: the envelope and the trace are not the rule's to write (RFC 5321 section 4.4).
const NOT_BY_HAND: [&str; 4] = ["received", "return-path", "bcc", "from"];

/// Names, each with a text or `~`.
fn headers(sheet: &Sheet, node: &yaml::Node, of: Known<'_>) -> Option<Vec<(String, Option<TextTemplate>)>> {
    let Value::Map(entries) = &node.value else {
        read::mismatch(sheet, node, "a map of names and texts");
        return None;
    };
    let field = |Entry { key, value }: &Entry| {
        let name = read::text(sheet, key)?;
        let is_name = !name.is_empty() && name.len() <= 76 && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        let lower = name.to_ascii_lowercase();
        let wrong = match is_name {
            false => Some("a header's name has letters, digits and `-`: `X-Order`"),
            true if lower == "from" => Some("write `from` beside `headers`"),
            true if NOT_BY_HAND.contains(&&*lower) || lower.starts_with("content-") || lower == "mime-version" => {
                Some("this one belongs to the message")
            }
            true => None,
        };
        if let Some(hint) = wrong {
            sheet.report(Problem::error(&key.at, format!("`{name}` cannot be set here")).hint(hint));
            return None;
        }
        if matches!(&value.value, Value::Scalar(scalar) if scalar.kind == Kind::Null) {
            return Some((name, None));
        }
        Some((name, Some(line(sheet, value, of)?)))
    };
    entries.iter().map(field).collect::<Vec<_>>().into_iter().collect() // each tells its mistake
}
