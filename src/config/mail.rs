//! `mail:` of packetboat.yaml: what every mail made here falls back on.

use super::{
    ServerKind, ServerKinds,
    fields::Fields,
    keys::{Table, not_yet, optional},
    read,
    sheet::{Problem, Sheet},
    values::Fault,
    yaml::Node,
};
use crate::mail::Mailbox;

const BOUNCES: &str = "leave it out: this version does not read bounces";

/// The keys of `mail`.
pub const MAIL: Table = Table {
    name: "mail",
    keys: &[
        optional("from"),
        optional("via"),
        not_yet("return_path", "leave it out: the envelope's sender is `from`"),
        not_yet("bounces", BOUNCES),
        not_yet("suppress", BOUNCES),
    ],
    moved: &[
        ("sender", "write `from`"),
        ("relay", "write `via`"),
        ("server", "write `via`: the name of an smtp server"),
        ("to", "write it in a step: `mail: { to: … }`"),
        ("smtp", "a relay is a server: `servers: { NAME: { smtp: { … } } }`"),
    ],
};

/// What `mail` says.
#[derive(Debug, Clone, Default)]
pub struct MailSettings {
    pub from: Option<Mailbox>,
    /// Relays by name, in order; without a word the only one there is.
    pub via: Vec<String>,
}

/// `mail` of packetboat.yaml.
pub fn mail(top: &Fields<'_>, servers: Option<&ServerKinds>) -> Option<MailSettings> {
    let fields = top.map("mail", &MAIL)?;
    let all = servers.into_iter().flat_map(|servers| ServerKind::Smtp.names(servers));
    let all: Vec<String> = all.map(str::to_owned).collect();
    let only = if all.len() == 1 { all } else { vec![] };
    let from = fields.or("from", None, |sheet, node| mailbox(sheet, node).map(Some));
    let via = fields.or("via", only, |sheet, node| relays(sheet, node, servers));
    Some(MailSettings { from: from?, via: via? })
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
