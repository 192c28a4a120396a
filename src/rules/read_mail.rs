//! `mail:` of a step.

use super::{
    Mail,
    expressions::compiled,
    not_built,
    read_attach::attachments,
    read_rows::table_shape,
    read_words::{data, headers, words},
};
use crate::{
    config::{
        Fields, Outline, Problem, Sheet,
        keys::{Table, default, optional, required},
        mailbox,
        read::{self, Meaning, Meaning::Built},
        relays,
        yaml::{self, Node},
    },
    domain::OnUnknown,
    mail::Mailbox,
    templates::{Known, Rows, TextKind, TextTemplate},
};
use std::ops::Range;

/// The keys of `mail`.
pub const MAIL: Table = Table {
    name: "mail",
    keys: &[
        required("to"),
        optional("cc"),
        optional("bcc"),
        optional("reply_to"),
        optional("from"),
        optional("subject"),
        optional("text"),
        optional("html"),
        optional("template"),
        optional("data"),
        optional("headers"),
        optional("attach"),
        optional("rows"),
        optional("idempotency_key"),
        optional("via"),
        default("on_unknown", "retry"),
        not_built::REPORT_TO_SENDER,
    ],
    moved: &[
        ("body", "write `text`"),
        ("message", "write `text`"),
        ("recipients", "write `to`"),
        ("server", "write `via`: the name of an smtp server"),
        ("relay", "write `via`: the name of an smtp server"),
        ("sender", "write `from`"),
        ("if", "write it beside `mail`, not in it"),
        ("attachments", "write `attach: file`, or `attach: /PATH/OF/A/FILE`"),
        ("key", "write `idempotency_key`"),
        ("csv", "write `rows: { format: csv }`"),
    ],
};

pub(super) const ON_UNKNOWN: &[(&str, Meaning<OnUnknown>)] =
    &[("retry", Built(OnUnknown::Retry)), ("hold", Built(OnUnknown::Hold))];

/// A mail step; `at` is its key.
pub fn mail(sheet: &Sheet, at: &Range<usize>, node: &yaml::Node, (known, of): (&Outline, Known<'_>)) -> Option<Mail> {
    let fields = Fields::open(sheet, &MAIL, at, node)?;
    let rows = fields.or("rows", None, |sheet, node| table_shape(sheet, node, of).map(Some));
    // a faulty one is still one: what asks for a `row` is not wrong, too
    let rows_known = if fields.entry("rows").is_some() { Rows::Yes } else { Rows::No };
    let known_rows = Known { rows: rows_known, ..of };
    let to = fields.need("to", |sheet, node| addresses(sheet, node, known_rows));
    let [cc, bcc, reply_to] =
        ["cc", "bcc", "reply_to"].map(|key| fields.or(key, vec![], |sheet, node| addresses(sheet, node, known_rows)));
    let from = match fields.entry("from") {
        Some(_) => fields.may("from", mailbox),
        None => known.mail.from.clone().or_else(|| {
            let problem = Problem::error(at, "this mail has no sender");
            sheet.report(problem.hint("add `mail: { from: … }` to packetboat.yaml, or `from` here"));
            None
        }),
    };
    let data = data(sheet, &fields, known_rows);
    let names: Vec<String> = data.iter().flatten().map(|(name, _)| name.clone()).collect();
    let known_all = Known { data: &names, ..known_rows };
    let words = words(sheet, &fields, known, known_all);
    let headers = headers(sheet, &fields, known_all);
    let attach = fields.or("attach", vec![], |sheet, node| attachments(sheet, node, known_rows));
    let key = fields.or("idempotency_key", None, |sheet, node| line(sheet, node, known_rows).map(Some));
    let on_unknown = fields.need("on_unknown", read::word(ON_UNKNOWN));
    let via = via(sheet, at, &fields, known);
    Some(Mail {
        from: from?,
        to: to?,
        cc: cc?,
        bcc: bcc?,
        reply_to: reply_to?,
        subject: words.as_ref()?.subject.clone(),
        text: words.as_ref()?.text.clone(),
        html: words?.html,
        data: data?,
        headers: headers?,
        attach: attach?,
        rows: rows?,
        on_unknown: on_unknown?,
        key: key?,
        message_size: known.message_size,
        via: via?,
        return_path: known.mail.return_path.clone(),
    })
}

/// The relays that carry it, in order: `via`, or those of packetboat.yaml.
pub(super) fn via(sheet: &Sheet, at: &Range<usize>, fields: &Fields<'_>, known: &Outline) -> Option<Vec<String>> {
    match fields.entry("via") {
        Some(_) => fields.may("via", |sheet, node| relays(sheet, node, known.servers.as_ref())),
        None if known.mail.via.is_empty() && known.servers.is_some() => {
            let problem = Problem::error(at, "no relay carries this mail");
            sheet.report(
                problem.hint(
                    "add `servers: { NAME: { smtp: { … } } }` to packetboat.yaml, or name one of several as `via`",
                ),
            );
            None
        }
        None => Some(known.mail.via.clone()),
    }
}

pub(super) fn line(sheet: &Sheet, node: &Node, known: Known<'_>) -> Option<TextTemplate> {
    read::some_text(sheet, node)?;
    compiled(sheet, node, "a text", |text| TextTemplate::parse(TextKind::Line, known, text))
}

/// One or more templates of addresses; one without names in it is an address already.
pub(super) fn addresses(sheet: &Sheet, node: &Node, known: Known<'_>) -> Option<Vec<TextTemplate>> {
    read::each(read::at_most(sheet, read::many(sheet, node)?, 1000)?, |item| {
        let template = line(sheet, item, known)?;
        match Mailbox::parse_list(template.text()) {
            Err(why) if template.is_fixed() => {
                sheet.report(Problem::error(&item.at, why.to_string()));
                None
            }
            _ => Some(template),
        }
    })
}
