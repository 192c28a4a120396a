//! `notices:` who hears of what, in packetboat.yaml for all rules and in a rule for its own.

use super::{
    Outline,
    fields::Fields,
    keys::{Table, default, not_yet, optional, required},
    mail::{mailbox, relays},
    read::{self, Meaning, Meaning::Built},
    sheet::{Problem, Sheet},
    yaml::{Node, Value},
};
use crate::{domain::Event, mail::Mailbox, schedule::Crontab};
use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

const MAIL_ONLY: &str = "this version tells by mail, in words of its own: `- to: ops@example.com`";

const HOUR: Duration = Duration::from_secs(3600);
const REMINDERS: RangeInclusive<Duration> = HOUR..=HOUR.saturating_mul(24 * 366);

/// The keys of one of `notices`.
pub const NOTICE: Table = Table {
    name: "a notice",
    keys: &[
        required("to"),
        optional("on"),
        optional("digest"),
        optional("via"),
        not_yet("webhook", MAIL_ONLY),
        not_yet("template", MAIL_ONLY),
        default("remind_every", "24h"),
    ],
    moved: &[
        ("mail", "write `to`"),
        ("email", "write `to`"),
        ("events", "write `on`"),
        ("when", "write `on`, or `digest: \"0 7 * * *\"`"),
        ("at", "write `digest: \"0 7 * * *\"`"),
    ],
};

const NO_VERIFY: &str = "leave it out: this version does not ask servers again (`verify`)";

const EVENTS: &[(&str, Meaning<Event>)] = &[
    ("trouble", Built(Event::Trouble)),
    ("failed", Built(Event::Failed)),
    ("delayed", Built(Event::Delayed)),
    ("missed", Built(Event::Missed)),
    ("recovered", Built(Event::Recovered)),
    ("delivered", Built(Event::Delivered)),
    ("damaged", Meaning::NotYet(NO_VERIFY)),
];

/// What is told unless something else is asked for.
const USUAL: [Event; 5] = [Event::Trouble, Event::Failed, Event::Delayed, Event::Missed, Event::Recovered];

/// All of `notices`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notices {
    pub incidents: Vec<Notice>,
    pub digests: Vec<Digest>,
}

/// Mail about incidents, and about what was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub to: Vec<Mailbox>,
    pub on: BTreeSet<Event>,
    /// Relays by name, in order.
    pub via: Vec<String>,
    /// How long after the last mail about it an incident that lasts is told again.
    pub remind_every: Duration,
}

/// A mail about everything since the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub to: Vec<Mailbox>,
    pub at: Crontab,
    /// Relays by name, in order.
    pub via: Vec<String>,
}

/// Where a list of notices stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    AllRules,
    OneRule,
}

enum Either {
    Notice(Notice),
    Digest(Digest),
}

/// A list of them, which may be empty.
pub fn notices(sheet: &Sheet, node: &Node, known: &Outline, whose: Whose) -> Option<Notices> {
    let Value::List(items) = &node.value else {
        let problem = Problem::error(&node.at, format!("{}, expected a list of notices", node.kind_word()));
        sheet.report(problem.hint("write `notices: [{ to: ops@example.com }]`"));
        return None;
    };
    let mut all = Notices::default();
    for either in read::each(read::at_most(sheet, items, 100)?, |item| notice(sheet, item, known, whose))? {
        match either {
            Either::Notice(notice) => all.incidents.push(notice),
            Either::Digest(digest) => all.digests.push(digest),
        }
    }
    Some(all)
}

fn notice(sheet: &Sheet, node: &Node, known: &Outline, whose: Whose) -> Option<Either> {
    let fields = Fields::open(sheet, &NOTICE, &node.at, node)?;
    let to = fields.need("to", |sheet, node| {
        read::each(read::at_most(sheet, read::many(sheet, node)?, 100)?, |item| mailbox(sheet, item))
    });
    let via = via(&fields, sheet, node, known);
    if known.mail.from.is_none() && known.servers.is_some() {
        let problem = Problem::error(&node.at, "these notices have no sender");
        sheet.report(problem.hint("add `mail: { from: … }` to packetboat.yaml"));
        return None;
    }
    let remind_every = fields.need("remind_every", read::span(REMINDERS));
    if let (Some(_), Some(remind)) = (fields.entry("digest"), fields.entry("remind_every")) {
        let problem = Problem::error(&remind.key.at, "`remind_every` beside `digest`");
        sheet.report(problem.hint("a digest comes by its crontab; make it two notices"));
        return None;
    }
    match (fields.entry("digest"), fields.entry("on")) {
        (Some(_), Some(on)) => {
            let problem = Problem::error(&on.key.at, "`on` beside `digest`");
            sheet.report(problem.hint("a digest is of everything; make it two notices"));
            None
        }
        (Some(entry), None) if whose == Whose::OneRule => {
            let problem = Problem::error(&entry.key.at, "a digest is of all rules");
            sheet.report(problem.hint("write it below `notices` in packetboat.yaml"));
            None
        }
        (Some(_), None) => {
            let at = fields.may("digest", read::crontab);
            Some(Either::Digest(Digest { to: to?, at: at?, via: via? }))
        }
        (None, Some(_)) => {
            let on = fields
                .may("on", |sheet, node| read::each(read::many(sheet, node)?, |item| read::word(EVENTS)(sheet, item)));
            Some(Either::Notice(Notice {
                to: to?,
                on: on?.into_iter().collect(),
                via: via?,
                remind_every: remind_every?,
            }))
        }
        (None, None) => {
            let on = BTreeSet::from(USUAL);
            Some(Either::Notice(Notice { to: to?, on, via: via?, remind_every: remind_every? }))
        }
    }
}

fn via(fields: &Fields<'_>, sheet: &Sheet, node: &Node, known: &Outline) -> Option<Vec<String>> {
    match fields.entry("via") {
        Some(_) => fields.may("via", |sheet, node| relays(sheet, node, known.servers.as_ref())),
        None if known.mail.via.is_empty() && known.servers.is_some() => {
            let problem = Problem::error(&node.at, "no relay carries these notices");
            sheet.report(problem.hint("add `servers: { NAME: { smtp: { … } } }`, or name one of several as `via`"));
            None
        }
        None => Some(known.mail.via.clone()),
    }
}
