//! Who may import whom.

/// Each module with those it may import; it may only name modules above it.
pub const LAYERS: [(&str, &[&str]); 30] = [
    ("domain", &[]),
    ("policy", &["domain"]),
    ("clock", &["domain"]),
    ("faults", &[]),
    ("simulation", &[]),
    ("telemetry", &["domain"]),
    ("schedule", &["domain"]),
    ("templates", &["domain"]),
    ("mail", &["domain"]),
    ("config", &["domain", "schedule", "templates", "mail"]),
    ("rules", &["domain", "schedule", "templates", "mail", "config"]),
    ("notices", &["domain", "mail", "config"]),
    ("tls", &["domain", "config"]),
    ("web", &["config", "tls"]),
    ("streams", &["domain"]),
    ("store", &["domain", "simulation"]),
    ("accounts", &["domain", "clock", "store"]),
    ("lanes", &["domain", "policy", "schedule", "clock"]),
    ("ftp", &["domain", "config", "tls"]),
    ("smtp", &["domain", "config", "tls"]),
    ("delivery", &["domain", "config", "web", "streams", "ftp", "smtp", "faults", "simulation"]),
    ("intake", &["domain", "clock", "schedule", "mail", "rules", "streams", "store", "faults", "simulation"]),
    (
        "sources",
        &[
            "domain",
            "clock",
            "faults",
            "simulation",
            "mail",
            "config",
            "rules",
            "tls",
            "streams",
            "accounts",
            "smtp",
            "intake",
        ],
    ),
    (
        "worker",
        &[
            "domain",
            "policy",
            "schedule",
            "clock",
            "faults",
            "simulation",
            "config",
            "rules",
            "streams",
            "store",
            "lanes",
            "ftp",
            "smtp",
            "delivery",
        ],
    ),
    ("janitor", &["domain", "clock", "schedule", "templates", "mail", "config", "rules", "notices", "web", "store"]),
    (
        "control",
        &[
            "domain", "clock", "schedule", "mail", "config", "rules", "streams", "store", "accounts", "delivery",
            "intake", "sources",
        ],
    ),
    (
        "http",
        &["domain", "clock", "simulation", "mail", "config", "rules", "tls", "store", "accounts", "intake", "sources"],
    ),
    (
        "app",
        &[
            "domain", "clock", "config", "rules", "notices", "store", "lanes", "intake", "sources", "worker",
            "janitor", "control", "http",
        ],
    ),
    ("demo", &["domain", "clock", "config", "rules", "store", "ftp", "smtp", "app"]),
    ("cli", &["domain", "clock", "telemetry", "control", "app", "demo"]),
];

/// What `module` may import, itself apart; `None` for a module that is not listed.
pub fn allowed(module: &str) -> Option<&'static [&'static str]> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed)
}

/// The modules of the crate that this code names, with their lines: `crate::x`, `crate::{x, y::z}` and `super::x`
/// where it climbs to the root.
pub fn imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, mark) in code.match_indices("crate::") {
        let is_our_crate = !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        if is_our_crate {
            let line = code[..at].matches('\n').count() + 1;
            found.extend(heads(&code[at + mark.len()..]).into_iter().map(|module| (line, module)));
        }
    }
    let names = LAYERS.map(|(name, _)| name);
    for (at, mark) in code.match_indices("super::") {
        let line = code[..at].matches('\n').count() + 1;
        let heads = heads(&code[at + mark.len()..]);
        found.extend(heads.into_iter().filter(|head| names.contains(&head.as_str())).map(|module| (line, module)));
    }
    found
}

/// The first names of a path, or of each path in its braces.
fn heads(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else { return vec![word(path)] };
    let mut heads = Vec::new();
    let (mut depth, mut begin) = (0, 0);
    for (at, character) in group.char_indices() {
        match character {
            ',' if depth == 0 => {
                heads.push(word(group[begin..at].trim_start()));
                begin = at + 1;
            }
            '{' => depth += 1,
            '}' if depth == 0 => {
                heads.push(word(group[begin..at].trim_start()));
                break;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn word(text: &str) -> String {
    text.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}
