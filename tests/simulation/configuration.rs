//! A plan as the files that a user would have written.

use crate::plan::{Fate, Plan, RulePlan};
use packetboat::control::{Configuration, load};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The folder that a rule watches.
pub fn folder(home: &Path, rule: &RulePlan) -> PathBuf {
    home.join("source").join(&rule.name)
}

/// The host of a simulated server.
pub fn host(server: &str) -> String {
    format!("{server}.simulated")
}

/// Where a file of this rule goes on its servers.
pub fn target(rule: &RulePlan, name: &str) -> String {
    if rule.is_shared { format!("{}/latest", rule.name) } else { format!("{}/{name}", rule.name) }
}

pub fn configure(home: &Path, plan: &Plan) -> Configuration {
    let mut text = format!("storage: {}\ntime_zone: UTC\nservers:\n", home.join("storage").display());
    for server in &plan.servers {
        let kind = if server.is_relay { "smtp" } else { "ftp" };
        let (name, host, connections) = (&server.name, host(&server.name), server.connections);
        text.push_str(&format!(
            "  {name}: {{ {kind}: {{ host: {host}, user: u, password: p, connections: {connections} }} }}\n"
        ));
    }
    let relays: Vec<&str> = plan.servers.iter().filter(|server| server.is_relay).map(|server| &*server.name).collect();
    text.push_str(&format!("mail: {{ from: gate@here.example, via: [{}] }}\n", relays.join(", ")));
    text.push_str("notices: [{ to: ops@here.example }]\n");
    text.push_str("defaults: { retry: { first_wait: 1s, longest_wait: 15s } }\nlimits: { disk_free: 1MB }\n");
    let config = home.join("packetboat.yaml");
    fs::write(&config, text).unwrap();
    fs::set_permissions(&config, PermissionsExt::from_mode(0o600)).unwrap();
    fs::create_dir_all(home.join("rules")).unwrap();
    for rule in &plan.rules {
        fs::create_dir_all(folder(home, rule)).unwrap();
        fs::write(home.join("rules").join(&rule.name).with_extension("yaml"), rule_text(home, plan, rule)).unwrap();
    }
    for tick in &plan.ticks {
        let when = format!("when: {{ schedule: {{ every: {}s }} }}\n", tick.every_s);
        let then = "then: [{ mail: { to: ann@there.example, subject: \"{{ arrived.iso }}\", text: it is time } }]\n";
        fs::write(home.join("rules").join(&tick.name).with_extension("yaml"), when + then).unwrap();
    }
    load(Some(&config)).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

fn rule_text(home: &Path, plan: &Plan, rule: &RulePlan) -> String {
    let mut text = format!(
        "when:\n  watch: {{ folder: {}, empty_files: take, ignore: [] }}\nthen:\n",
        folder(home, rule).display()
    );
    if rule.recipients.is_empty() {
        let to: Vec<&str> = rule.to.iter().map(|server| &*plan.servers[*server].name).collect();
        let path = if rule.is_shared { "latest" } else { "{{ file.name }}" };
        let (to, rule_name, resumes) = (to.join(", "), &rule.name, rule.resumes);
        text.push_str(&format!("  - upload: {{ to: [{to}], path: \"{rule_name}/{path}\", resume: {resumes} }}\n"));
    } else {
        let to = rule.recipients.join(", ");
        text.push_str(&format!(
            "  - mail: {{ to: [{to}], subject: \"{{{{ file.name }}}}\", text: \"{{{{ file.size }}}}\" }}\n"
        ));
    }
    match rule.follow.after {
        Some(Fate::Move) => text.push_str("after: [{ move: \"sent/\" }]\n"),
        Some(Fate::Delete) => text.push_str("after: [delete]\n"),
        None => {}
    }
    if let Some(expects_s) = rule.expects_s {
        text.push_str(&format!("expect: {{ every: {expects_s}s }}\n"));
    }
    if rule.follow.moves_failed {
        text.push_str("after_failure: [{ move: \"failed/\" }]\n");
    }
    text.push_str(&format!("priority: {}\n", rule.priority));
    if rule.in_order {
        text.push_str("in_order: true\n");
    }
    if rule.is_windowed {
        text.push_str("windows: \"09:02-08:30\"\n");
    }
    if rule.is_single {
        text.push_str("limits: { running: 1 }\n");
    }
    if let Some(deadline_s) = rule.deadline_s {
        text.push_str(&format!("deadline: {deadline_s}s\n"));
    }
    if let Some(attempts) = rule.attempts {
        text.push_str(&format!("retry: {{ attempts: {attempts} }}\n"));
    }
    text
}
