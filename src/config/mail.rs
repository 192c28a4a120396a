//! `mail:` of packetboat.yaml: what every mail made here falls back on.

use super::{
    ServerKind, ServerKinds,
    fields::Fields,
    keys::{Table, not_yet, optional},
    read,
    sheet::{Problem, Sheet},
    surroundings::Surroundings,
    values::Fault,
    yaml::Node,
};
use crate::{domain::ReturnPath, mail::Mailbox};
use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

const SUPPRESSED: RangeInclusive<Duration> = Duration::from_secs(3600)..=Duration::from_secs(3660 * 24 * 3600);

const BOTH: &str = "`return_path: \"bounces+{{ job.token }}@bounces.example.com\"`, and `bounces: /var/mail/bounces`, the maildir where mail \
     to that lands";

/// The keys of `mail`.
pub const MAIL: Table = Table {
    name: "mail",
    keys: &[optional("from"), optional("via"), optional("return_path"), optional("bounces"), optional("suppress")],
    moved: &[
        ("sender", "write `from`"),
        ("relay", "write `via`"),
        ("server", "write `via`: the name of an smtp server"),
        ("to", "write it in a step: `mail: { to: … }`"),
        ("smtp", "a relay is a server: `servers: { NAME: { smtp: { … } } }`"),
    ],
};

/// The keys of `suppress`.
pub const SUPPRESS: Table = Table {
    name: "suppress",
    keys: &[optional("hard_bounce"), not_yet("complaint", "leave it out: this version does not read complaints")],
    moved: &[("bounce", "write `hard_bounce`"), ("bounces", "write `hard_bounce`")],
};

/// What `mail` says.
#[derive(Debug, Clone, Default)]
pub struct MailSettings {
    pub from: Option<Mailbox>,
    /// Relays by name, in order; without a word the only one there is.
    pub via: Vec<String>,
    /// The envelope's sender of every mail, with a token that says which; `None`: the sender.
    pub return_path: Option<ReturnPath>,
    /// The maildir where what is sent to those lands.
    pub bounces: Option<PathBuf>,
    /// For how long no mail goes to an address that nobody has; `None`: it is tried every time.
    pub suppress_for: Option<Duration>,
}

/// `mail` of packetboat.yaml.
pub fn mail(top: &Fields<'_>, servers: Option<&ServerKinds>, around: &Surroundings<'_>) -> Option<MailSettings> {
    let fields = top.map("mail", &MAIL)?;
    let all = servers.into_iter().flat_map(|servers| ServerKind::Smtp.names(servers));
    let all: Vec<String> = all.map(str::to_owned).collect();
    let only = if all.len() == 1 { all } else { vec![] };
    let from = fields.or("from", None, |sheet, node| mailbox(sheet, node).map(Some));
    let via = fields.or("via", only, |sheet, node| relays(sheet, node, servers));
    let alone = |sheet: &Sheet, key: &str, other: &str| {
        let entry = fields.entry(key).filter(|_| fields.entry(other).is_none())?;
        let problem = Problem::error(&entry.key.at, format!("`{key}` without `{other}`"));
        sheet.report(problem.hint(BOTH));
        Some(())
    };
    let return_path = fields.or("return_path", None, |sheet, node| {
        let read = return_path(sheet, node);
        if alone(sheet, "return_path", "bounces").is_some() { None } else { read.map(Some) }
    });
    let bounces = fields.or("bounces", None, |sheet, node| {
        let folder = read::some_text(sheet, node);
        if alone(sheet, "bounces", "return_path").is_some() {
            None
        } else {
            folder.map(|text| Some(around.path(&text)))
        }
    });
    let suppress = fields.map("suppress", &SUPPRESS);
    let suppress_for = suppress
        .and_then(|keys| keys.or("hard_bounce", None, |sheet, node| read::span(SUPPRESSED)(sheet, node).map(Some)));
    Some(MailSettings {
        from: from?,
        via: via?,
        return_path: return_path?,
        bounces: bounces?,
        suppress_for: suppress_for?,
    })
}

fn return_path(sheet: &Sheet, node: &Node) -> Option<ReturnPath> {
    read::spelt("an address with `{{ job.token }}` in it", |text| {
        ReturnPath::parse(text).map_err(|why| Fault {
            message: why.to_owned(),
            range: None,
            hint: Some("`bounces+{{ job.token }}@bounces.example.com`".to_owned()),
        })
    })(sheet, node)
}

/// `noreply@example.com`, `Acme <noreply@example.com>`.
pub fn mailbox(sheet: &Sheet, node: &Node) -> Option<Mailbox> {
    read::spelt("an address", |text| {
        Mailbox::parse(text).map_err(|why| Fault { message: why.to_string(), range: None, hint: None })
    })(sheet, node)
}

/// Names of smtp servers, in their order.
pub fn relays(sheet: &Sheet, node: &Node, servers: Option<&ServerKinds>) -> Option<Vec<String>> {
    let items = read::at_most(sheet, read::many(sheet, node)?, 100)?;
    read::each(items, |item| {
        let name = read::text(sheet, item)?;
        let Some(servers) = servers else { return Some(name) };
        let message = match servers.get(&name) {
            Some(ServerKind::Smtp) => return Some(name),
            Some(ServerKind::Ftp | ServerKind::Webhook) => {
                format!("`{name}` is no relay, and mail goes to an smtp server")
            }
            None => format!("there is no server `{name}`"),
        };
        let none = "packetboat.yaml has no smtp server: `servers: { NAME: { smtp: { host: … } } }`";
        sheet.report(Problem::error(&item.at, message).hint(ServerKind::Smtp.listed(servers, &name, none)));
        None
    })
}
