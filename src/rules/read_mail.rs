//! `mail:` of a step.

use super::{Mail, expressions::compiled};
use crate::{
    config::{
        Fields, Outline, Problem, Sheet,
        keys::{Table, not_yet, optional, required},
        mailbox, read, relays,
        yaml::{self, Node},
    },
    domain::Stage,
    mail::Mailbox,
    templates::TextTemplate,
};
use std::ops::Range;

const TEXT_ONLY: &str = "this version sends `subject` and `text`";

/// The keys of `mail`.
pub const MAIL: Table = Table {
    name: "mail",
    keys: &[
        required("to"),
        optional("cc"),
        optional("bcc"),
        optional("reply_to"),
        optional("from"),
        required("subject"),
        required("text"),
        optional("via"),
        not_yet("html", TEXT_ONLY),
        not_yet("template", TEXT_ONLY),
        not_yet("data", TEXT_ONLY),
        not_yet("attach", TEXT_ONLY),
        not_yet("rows", "leave it out: this version sends one mail a file"),
        not_yet("headers", TEXT_ONLY),
        not_yet("idempotency_key", "leave it out: each version of a file is mailed once"),
        not_yet("on_unknown", "leave it out: this version tries again, under the same Message-ID"),
        not_yet("report_to_sender", "leave it out: `packetboat jobs` tells"),
    ],
    moved: &[
        ("body", "write `text`"),
        ("message", "write `text`"),
        ("recipients", "write `to`"),
        ("server", "write `via`: the name of an smtp server"),
        ("relay", "write `via`: the name of an smtp server"),
        ("sender", "write `from`"),
        ("if", "write it beside `mail`, not in it"),
    ],
};

/// A mail step; `at` is its key.
pub fn mail(sheet: &Sheet, at: &Range<usize>, node: &yaml::Node, (known, stage): (&Outline, Stage)) -> Option<Mail> {
    let fields = Fields::open(sheet, &MAIL, at, node)?;
    let to = fields.need("to", |sheet, node| addresses(sheet, node, stage));
    let [cc, bcc, reply_to] = ["cc", "bcc", "reply_to"].map(|key| match fields.entry(key) {
        Some(_) => fields.may(key, |sheet, node| addresses(sheet, node, stage)),
        None => Some(vec![]),
    });
    let from = match fields.entry("from") {
        Some(_) => fields.may("from", mailbox),
        None => known.mail.from.clone().or_else(|| {
            let problem = Problem::error(at, "this mail has no sender");
            sheet.report(problem.hint("add `mail: { from: … }` to packetboat.yaml, or `from` here"));
            None
        }),
    };
    let subject = fields.need("subject", |sheet, node| line(sheet, node, stage));
    let text =
        fields.need("text", |sheet, node| compiled(sheet, node, "a text", |text| TextTemplate::parse(stage, text)));
    let via =
        match fields.entry("via") {
            Some(_) => fields.may("via", |sheet, node| relays(sheet, node, known.servers.as_ref())),
            None if known.mail.via.is_empty() && known.servers.is_some() => {
                let problem = Problem::error(at, "no relay carries this mail");
                sheet.report(problem.hint(
                    "add `servers: { NAME: { smtp: { … } } }` to packetboat.yaml, or name one of several as `via`",
                ));
                None
            }
            None => Some(known.mail.via.clone()),
        };
    Some(Mail {
        from: from?,
        to: to?,
        cc: cc?,
        bcc: bcc?,
        reply_to: reply_to?,
        subject: subject?,
        text: text?,
        via: via?,
    })
}

fn line(sheet: &Sheet, node: &Node, stage: Stage) -> Option<TextTemplate> {
    read::some_text(sheet, node)?;
    compiled(sheet, node, "a text", |text| TextTemplate::parse_line(stage, text))
}

/// One or more templates of addresses; one without names in it is an address already.
fn addresses(sheet: &Sheet, node: &Node, stage: Stage) -> Option<Vec<TextTemplate>> {
    read::each(read::at_most(sheet, read::many(sheet, node)?, 1000)?, |item| {
        let template = line(sheet, item, stage)?;
        match Mailbox::parse_list(template.text()) {
            Err(why) if template.is_fixed() => {
                sheet.report(Problem::error(&item.at, why.to_string()));
                None
            }
            _ => Some(template),
        }
    })
}
