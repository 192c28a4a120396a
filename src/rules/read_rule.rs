//! One rule file: its keys, and what packetboat.yaml says where it says nothing.

use super::{Rule, RuleLimits, closed, expressions::condition, read_steps::steps, read_watch};
use crate::{
    config::{
        Fields, Outline, Sheet,
        defaults::{RETRY_MOVED, attempts, check_waits, deadline, priority, wait},
        first_line,
        keys::{Table, default, not_yet, optional, required},
        read, values,
        yaml::{self, Node},
    },
    domain::{Retry, Sha256},
    schedule::Windows,
};
use chrono_tz::Tz;

const AFTERWARDS: &str = "leave it out: files stay where they lie and are remembered";

/// The keys of a rule.
pub const RULE: Table = Table {
    name: "a rule",
    keys: &[
        optional("about"),
        required("when"),
        optional("if"),
        required("then"),
        not_yet("set", "leave it out: every file counts by itself"),
        not_yet("after", AFTERWARDS),
        not_yet("after_failure", AFTERWARDS),
        not_yet("expect", "leave it out: `packetboat status` says when a rule last delivered"),
        not_yet("verify", "leave it out: `proof` of an upload says how a copy is proved when it is made"),
        not_yet("notices", "leave it out: this version sends none; `packetboat status` and exit codes tell"),
        optional("retry"),
        optional("deadline"),
        not_yet("delayed_after", "leave it out: this version sends no notices; `packetboat status` shows what waits"),
        optional("priority"),
        optional("order"),
        default("in_order", "false"),
        optional("windows"),
        optional("limits"),
        optional("time_zone"),
        default("paused", "false"),
    ],
    moved: &[
        ("name", "a rule's name is its file's name"),
        ("id", "a rule's name is its file's name"),
        ("description", "write `about`"),
        ("comment", "write `about`"),
        ("on", "write `when`"),
        ("source", "write `when`"),
        ("watch", "write `when: { watch: … }`"),
        ("trigger", "write `when`"),
        ("condition", "write `if`"),
        ("do", "write `then`"),
        ("actions", "write `then`"),
        ("steps", "write `then`"),
        ("upload", "write it as a step: `then: [{ upload: … }]`"),
        ("to", "write it in a step: `then: [{ upload: { to: … } }]`"),
        ("enabled", "write `paused: true` to stop a rule"),
        ("disabled", "write `paused: true`"),
        ("retries", "write `retry: { attempts: 5 }`"),
        ("timezone", "write `time_zone`"),
        ("window", "write `windows`"),
        ("schedule", "write `windows` for when jobs may start"),
        ("type", "write `when: { watch: … }`"),
        ("folder", "write `when: { watch: { folder: … } }`"),
        ("include", "write it in `when: { watch: … }`"),
        ("exclude", "write it in `when: { watch: … }`"),
        ("settled_for", "write it in `when: { watch: … }`"),
        ("recursive", "write it in `when: { watch: … }`"),
        ("bandwidth", "write it in a step, or at the server"),
        ("servers", "servers stand in packetboat.yaml"),
    ],
};

/// The keys of a rule's `retry`.
pub const RETRY: Table = Table {
    name: "retry",
    keys: &[optional("first_wait"), optional("longest_wait"), optional("attempts")],
    moved: RETRY_MOVED,
};

/// The keys of a rule's `limits`.
pub const LIMITS: Table = Table {
    name: "limits",
    keys: &[
        optional("rate"),
        optional("running"),
        optional("size"),
        not_yet("attachments", "leave it out: this version handles no mail"),
    ],
    moved: &[
        ("connections", "write it at the server in packetboat.yaml"),
        ("bandwidth", "write it in a step, or at the server"),
        ("max_size", "write `size`"),
        ("jobs", "write `running`"),
        ("disk_free", "write it below `limits` in packetboat.yaml"),
    ],
};

/// A rule of this text; `None` when a finding says why not.
pub fn rule(sheet: &Sheet, name: &str, sha256: Sha256, known: &Outline) -> Option<Rule> {
    let root = yaml::read(sheet)?;
    crate::config::hide_secrets(sheet, &root);
    let fields = Fields::open(sheet, &RULE, &first_line(sheet), &root)?;
    let about = fields.may("about", read::text);
    let when = fields.need("when", read_watch::when);
    let wanted = fields.may("if", condition);
    let then = fields.need("then", |sheet, node| steps(sheet, node, known));
    let retry = retry(sheet, &fields, known);
    let deadline = fields.may("deadline", deadline).unwrap_or(known.defaults.deadline);
    let priority = fields.may("priority", priority).unwrap_or(known.defaults.priority);
    let order = fields.may("order", |sheet, node| {
        read::each(read::at_most(sheet, read::items(node), 100)?, |item| {
            read_watch::globs_of(sheet, std::slice::from_ref(item))
        })
    });
    let in_order = fields.need("in_order", read::switch);
    let time_zone = fields.may("time_zone", crate::config::time_zone).unwrap_or(known.time_zone);
    let windows = windows(&fields, time_zone);
    closed::warn_of_deadline(sheet, fields.value("windows"), &windows, deadline);
    let limits = limits(&fields);
    let paused = fields.need("paused", read::switch);
    Some(Rule {
        name: name.to_owned(),
        about,
        text: sheet.text().to_owned(),
        sha256,
        when: when?,
        condition: wanted,
        then: then?,
        retry: retry?,
        deadline,
        priority,
        order: order.unwrap_or_default(),
        in_order: in_order?,
        windows,
        limits: limits?,
        time_zone,
        paused: paused?,
    })
}

fn retry(sheet: &Sheet, fields: &Fields<'_>, known: &Outline) -> Option<Retry> {
    let shared = &known.defaults.retry;
    let own = fields.map("retry", &RETRY)?;
    let retry = Retry {
        first_wait: own.may("first_wait", wait).unwrap_or(shared.first_wait),
        longest_wait: own.may("longest_wait", wait).unwrap_or(shared.longest_wait),
        attempts: own.may("attempts", attempts).or(shared.attempts),
    };
    check_waits(sheet, &retry, fields.value("retry"));
    Some(retry)
}

fn windows(fields: &Fields<'_>, time_zone: Tz) -> Windows {
    let read = |sheet: &Sheet, node: &Node| {
        read::each(read::at_most(sheet, read::items(node), 100)?, |item| crate::config::window(sheet, item))
    };
    Windows { windows: fields.may("windows", read).unwrap_or_default(), time_zone }
}

fn limits(fields: &Fields<'_>) -> Option<RuleLimits> {
    let own = fields.map("limits", &LIMITS)?;
    Some(RuleLimits {
        rate: own.may("rate", read::spelt("a rate", values::rate)),
        running: own.may("running", read::count("`running`", 1..=1000)),
        size: own.may("size", read::spelt("a size", values::size)),
    })
}
