//! `notices:` who hears of what, in packetboat.yaml for all rules and in a rule for its own.

use super::{
    Outline, ServerKind,
    fields::Fields,
    keys::{Table, default, optional},
    mail::{mailbox, relays},
    read::{self, Meaning, Meaning::Built},
    read_template::read_template,
    sheet::{Problem, Sheet},
    yaml::{Node, Value},
};
use crate::{
    domain::Event,
    mail::Mailbox,
    schedule::Crontab,
    templates::{MailWords, Notified, TextTemplate, samples},
};
use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

const HOUR: Duration = Duration::from_secs(3600);
const REMINDERS: RangeInclusive<Duration> = HOUR..=HOUR.saturating_mul(24 * 366);

/// The keys of one of `notices`.
pub const NOTICE: Table = Table {
    name: "a notice",
    keys: &[
        optional("to"),
        optional("webhook"),
        optional("on"),
        optional("digest"),
        optional("via"),
        optional("template"),
        default("remind_every", "24h"),
    ],
    moved: &[
        ("mail", "write `to`"),
        ("email", "write `to`"),
        ("url", "write `webhook: NAME`, and the address below `webhooks` in packetboat.yaml"),
        ("hook", "write `webhook`"),
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

/// Who is told of incidents, and of what was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub readers: Readers,
    pub on: BTreeSet<Event>,
    /// How long after the last word about it an incident that lasts is told again.
    pub remind_every: Duration,
}

/// Who is told of everything since the last time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub readers: Readers,
    pub at: Crontab,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readers {
    Mail {
        to: Vec<Mailbox>,
        /// Relays by name, in order.
        via: Vec<String>,
        /// In place of our own words.
        template: Option<MailWords>,
    },
    /// By its name.
    Webhook(String),
}

/// How a reader is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    Mail {
        /// Relays by name, in order.
        via: Vec<String>,
        /// In place of our own words.
        template: Option<MailWords>,
    },
    /// It stands for a webhook by itself.
    Webhook,
}

impl Readers {
    /// What each is called on record: an address, or a webhook's name, which has no `@`.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Mail { to, .. } => to.iter().map(Mailbox::address).collect(),
            Self::Webhook(name) => vec![name],
        }
    }

    /// The lanes that may carry it, in order.
    #[must_use]
    pub fn lanes(&self) -> &[String] {
        match self {
            Self::Mail { via, .. } => via,
            Self::Webhook(name) => std::slice::from_ref(name),
        }
    }

    #[must_use]
    pub fn way(&self) -> Way {
        match self {
            Self::Mail { via, template, .. } => Way::Mail { via: via.clone(), template: template.clone() },
            Self::Webhook(_) => Way::Webhook,
        }
    }
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
    let on = fields.or("on", BTreeSet::from(USUAL), |sheet, node| {
        let words = read::each(read::many(sheet, node)?, |item| read::word(EVENTS)(sheet, item));
        words.map(BTreeSet::from_iter)
    });
    let told =
        on.iter().flat_map(|on| samples(Some(on).filter(|_| fields.entry("digest").is_none()))).collect::<Vec<_>>();
    let readers = readers(&fields, sheet, node, (known, &told));
    let remind_every = fields.need("remind_every", read::span(REMINDERS));
    if let (Some(_), Some(remind)) = (fields.entry("digest"), fields.entry("remind_every")) {
        let problem = Problem::error(&remind.key.at, "`remind_every` beside `digest`");
        sheet.report(problem.hint("a digest comes by its crontab; make it two notices"));
    }
    let digest = fields.may("digest", read::crontab);
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
        (Some(_), None) => Some(Either::Digest(Digest { readers: readers?, at: digest? })),
        (None, _) => Some(Either::Notice(Notice { readers: readers?, on: on?, remind_every: remind_every? })),
    }
}

/// People, or one webhook. `told`: samples of what they will be told.
fn readers(fields: &Fields<'_>, sheet: &Sheet, node: &Node, (known, told): (&Outline, &[Notified])) -> Option<Readers> {
    match (fields.entry("to"), fields.entry("webhook")) {
        (Some(_), None) => {
            let to = fields.may("to", |sheet, node| {
                read::each(read::at_most(sheet, read::many(sheet, node)?, 100)?, |item| mailbox(sheet, item))
            });
            let via = via(fields, sheet, node, known);
            let parse = |kind, text: &str| TextTemplate::parse_notice(kind, told, text);
            let template = fields
                .or("template", None, |sheet, node| read_template(sheet, node, &known.templates, &parse).map(Some));
            if known.mail.from.is_none() && known.servers.is_some() {
                let problem = Problem::error(&node.at, "these notices have no sender");
                sheet.report(problem.hint("add `mail: { from: … }` to packetboat.yaml"));
                return None;
            }
            Some(Readers::Mail { to: to?, via: via?, template: template? })
        }
        (None, Some(_)) => {
            let name = fields.may("webhook", |sheet, node| webhook(sheet, node, known));
            for (key, hint) in [
                ("via", "relays carry mails; what a webhook is told goes to its own address"),
                ("template", "a template makes the words of a mail; a webhook is told the facts as JSON"),
            ] {
                if let Some(entry) = fields.entry(key) {
                    sheet.report(Problem::error(&entry.key.at, format!("`{key}` beside `webhook`")).hint(hint));
                }
            }
            name.map(Readers::Webhook)
        }
        (Some(_), Some(webhook)) => {
            let problem = Problem::error(&webhook.key.at, "`webhook` beside `to`");
            sheet.report(problem.hint("people and webhooks are told by a notice each; make it two"));
            None
        }
        (None, None) => {
            let problem = Problem::error(fields.at(), "nobody hears of this notice");
            sheet.report(problem.hint("add `to: ops@example.com`, or `webhook: NAME`"));
            None
        }
    }
}

/// The name of a webhook that packetboat.yaml has.
fn webhook(sheet: &Sheet, node: &Node, known: &Outline) -> Option<String> {
    let name = read::text(sheet, node)?;
    let Some(servers) = &known.servers else { return Some(name) };
    let message = match servers.get(&name) {
        Some(ServerKind::Webhook) => return Some(name),
        Some(ServerKind::Ftp | ServerKind::Smtp) => format!("`{name}` is a server and no webhook"),
        None => format!("there is no webhook `{name}`"),
    };
    let none = "packetboat.yaml has none: `webhooks: { NAME: { url: https://…, secret: { env: NAME } } }`";
    sheet.report(Problem::error(&node.at, message).hint(ServerKind::Webhook.listed(servers, &name, none)));
    None
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
