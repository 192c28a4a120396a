//! One rule file: its keys, and what packetboat.yaml says where it says nothing.

use super::{
    Action, Rule, RuleLimits, Source, Step, closed,
    expressions::condition,
    not_built,
    read_expect::expect,
    read_inbox, read_schedule,
    read_steps::{Around, end_of, steps},
    read_upload::warn_of_one_place,
    read_watch,
};
use crate::{
    config::{
        Fields, Outline, Problem, Sheet, Whose,
        defaults::{RETRY_MOVED, attempts, check_waits, deadline, delayed_after, priority, wait},
        first_line,
        keys::{Table, default, optional, required},
        notices, read, values,
        yaml::{Node, Value},
    },
    domain::{Arriving, Retry, Sha256, Stage},
    schedule::Windows,
    templates::Known,
};
use chrono_tz::Tz;

/// The keys of a rule.
pub const RULE: Table = Table {
    name: "a rule",
    keys: &[
        optional("about"),
        required("when"),
        optional("if"),
        required("then"),
        not_built::SET,
        optional("after"),
        optional("after_failure"),
        optional("expect"),
        not_built::VERIFY,
        optional("notices"),
        optional("retry"),
        optional("deadline"),
        optional("delayed_after"),
        optional("priority"),
        optional("order"),
        default("in_order", "false"),
        optional("windows"),
        optional("limits"),
        optional("time_zone"),
        default("paused", "false"),
        not_built::KEEP,
        not_built::COMPRESS,
        not_built::ENCRYPT,
        not_built::ATTACHMENTS,
        not_built::REPORT_TO_SENDER,
        not_built::POLL,
        not_built::DROP,
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
        ("relay", "write it as a step: `then: [relay]`"),
        ("upload", "write it as a step: `then: [{ upload: … }]`"),
        ("mail", "write it as a step: `then: [{ mail: … }]`"),
        ("save", "write it as a step: `then: [{ save: … }]`"),
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
    keys: &[optional("rate"), optional("running"), optional("size"), not_built::ATTACHMENTS],
    moved: &[
        ("connections", "write it at the server in packetboat.yaml"),
        ("bandwidth", "write it in a step, or at the server"),
        ("max_size", "write `size`"),
        ("jobs", "write `running`"),
        ("disk_free", "write it below `limits` in packetboat.yaml"),
    ],
};

/// The rule that `root`, the whole of the file, says; `None` when a finding says why not. Nothing is looked at on disk but templates.
pub fn rule(sheet: &Sheet, root: &Node, (name, sha256): (&str, Sha256), known: &Outline) -> Option<Rule> {
    crate::config::hide_secrets(sheet, root);
    let fields = Fields::open(sheet, &RULE, &first_line(sheet), root)?;
    let about = fields.may("about", read::text);
    let time_zone = fields.may("time_zone", crate::config::time_zone).unwrap_or(known.time_zone);
    let when = fields.need("when", |sheet, node| read_watch::when(sheet, node, time_zone));
    let arriving = fields.value("when").map_or(Arriving::File, arriving);
    let wanted = fields.may("if", |sheet, node| condition(sheet, node, Known::of(Stage::Then, arriving)));
    let watch = when.as_ref().and_then(Source::watch);
    let folder = watch.map(|watch| watch.folder.as_path());
    let around = |stage| Around { known, of: Known::of(stage, arriving), folder };
    let list = |stage| move |sheet: &Sheet, node: &Node| steps(sheet, node, around(stage));
    let then = fields.need("then", list(Stage::Then));
    let after = fields.or("after", vec![], list(Stage::After));
    let after_failure = fields.or("after_failure", vec![], list(Stage::Failure));
    if watch.is_some_and(|watch| watch.recursive) {
        ["then", "after", "after_failure"].iter().filter_map(|key| fields.value(key)).for_each(|steps| {
            warn_of_one_place(sheet, steps);
        });
    }
    if arriving == Arriving::Tick {
        read_schedule::refuse_what_files_have(sheet, &fields);
    }
    if arriving == Arriving::Mail {
        read_inbox::refuse_what_files_have(sheet, &fields, known);
    }
    let retry = retry(sheet, &fields, known);
    let deadline = fields.may("deadline", deadline).unwrap_or(known.defaults.deadline);
    let delayed_after = fields.may("delayed_after", delayed_after).unwrap_or(known.defaults.delayed_after);
    let priority = fields.may("priority", priority).unwrap_or(known.defaults.priority);
    let order = fields.may("order", |sheet, node| {
        read::each(read::at_most(sheet, read::items(node), 100)?, |item| {
            read_watch::globs_of(sheet, std::slice::from_ref(item))
        })
    });
    let in_order = fields.need("in_order", read::switch);
    let steps = || then.iter().chain(&after).chain(&after_failure).flatten();
    check_mails(sheet, &fields, &steps().collect::<Vec<_>>(), in_order);
    let windows = windows(&fields, time_zone);
    let expect = match fields.entry("expect") {
        Some(entry) => expect(sheet, entry, arriving, time_zone).map(Some),
        None => Some(None),
    };
    closed::warn_of_deadline(sheet, fields.value("windows"), &windows, deadline);
    let limits = limits(&fields);
    let paused = fields.need("paused", read::switch);
    let notices = fields.or("notices", None, |sheet, node| {
        notices(sheet, node, known, Whose::OneRule).map(|notices| Some(notices.incidents))
    });
    Some(Rule {
        name: name.to_owned(),
        about,
        text: sheet.text().to_owned(),
        sha256,
        when: when?,
        condition: wanted,
        then: then?,
        after: after?,
        after_failure: after_failure?,
        retry: retry?,
        deadline,
        priority,
        order: order.unwrap_or_default(),
        in_order: in_order?,
        windows,
        limits: limits?,
        time_zone,
        paused: paused?,
        expect: expect?,
        delayed_after,
        notices: notices?,
        steps_at: fields.value("then").map_or(0..0, |node| node.at.clone()),
        end_at: ["after", "after_failure"].into_iter().find_map(|key| end_of(fields.value(key)?)),
    })
}

/// Reports mails of which one would keep the other from being sent.
fn check_mails(sheet: &Sheet, fields: &Fields<'_>, steps: &[&Step], in_order: Option<bool>) {
    let mails = || {
        steps.iter().filter_map(|step| match &step.action {
            Action::Mail(mail) => Some(mail),
            Action::Upload(_)
            | Action::Save(_)
            | Action::Manifest(_)
            | Action::Relay(_)
            | Action::Move(_)
            | Action::Delete => None,
        })
    };
    let keys: Vec<&str> = mails().filter_map(|mail| Some(mail.key.as_ref()?.text())).collect();
    let twice = keys.iter().enumerate().find(|(at, key)| keys[..*at].contains(key));
    if let (Some((_, key)), Some(then)) = (twice, fields.entry("then")) {
        let problem = Problem::error(&then.key.at, format!("two mails of this rule have the idempotency_key `{key}`"));
        sheet.report(problem.hint("only one of them would be sent: add something of its own to each"));
    }
    if let (Some(entry), Some(true), true) =
        (fields.entry("in_order"), in_order, mails().any(|mail| mail.rows.is_some()))
    {
        let problem = Problem::error(&entry.key.at, "`in_order` beside `rows`");
        sheet.report(problem.hint("leave it out: rows are taken in in their order, and each is mailed by itself"));
    }
}

/// By the source's key alone, so that a mistake below it is one mistake.
fn arriving(when: &Node) -> Arriving {
    let key = match &when.value {
        Value::Map(entries) => entries.first().and_then(|entry| entry.key.as_text()),
        Value::List(_) | Value::Scalar(_) => when.as_text(),
    };
    match key {
        Some("schedule") => Arriving::Tick,
        Some("mail") => Arriving::Mail,
        _ => Arriving::File,
    }
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
        read::each(read::at_most(sheet, read::items(node), 100)?, |item| read::window(sheet, item))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Defaults, Doors, ServerKind},
        domain::{ByteRate, OnExists, Priority, ProofWish, Resume, Times},
        rules::{EmptyFiles, Existing, HardLinks, Symlinks, WatchMethod},
    };
    use std::{collections::BTreeMap, path::PathBuf, time::Duration};

    /// The rule of a text that is in order, where packetboat.yaml has other defaults than ours.
    fn read(text: &str) -> Rule {
        let retry =
            Retry { first_wait: Duration::from_secs(7), longest_wait: Duration::from_secs(70), attempts: Some(7) };
        let known = Outline {
            storage: None,
            rules: PathBuf::new(),
            templates: PathBuf::new(),
            servers: Some(BTreeMap::from([("a".to_owned(), ServerKind::Ftp), ("b".to_owned(), ServerKind::Ftp)])),
            mail: crate::config::MailSettings::default(),
            defaults: Defaults {
                retry,
                deadline: Duration::from_secs(7000),
                priority: Priority::High,
                delayed_after: Duration::from_secs(700),
            },
            doors: Doors::default(),
            message_size: 25_000_000,
            time_zone: chrono_tz::Asia::Tokyo,
        };
        let sheet = Sheet::new("rule.yaml", text);
        let root = crate::config::yaml::read(&sheet).unwrap();
        let rule = rule(&sheet, &root, ("rule", Sha256([0; 32])), &known);
        let findings = sheet.into_findings();
        assert_eq!(findings, [], "{text}");
        rule.unwrap()
    }

    fn watch(rule: &Rule) -> &crate::rules::Watch {
        rule.when.watch().unwrap()
    }

    #[test]
    fn what_a_rule_leaves_out_packetboat_yaml_says() {
        let rule = read("when: { watch: { folder: /tmp/ } }\nthen: [{ upload: { to: a } }]\nretry: { attempts: 3 }\n");
        assert_eq!(rule.retry.first_wait, Duration::from_secs(7));
        assert_eq!((rule.retry.longest_wait, rule.retry.attempts), (Duration::from_secs(70), Some(3)));
        assert_eq!((rule.deadline, rule.priority), (Duration::from_secs(7000), Priority::High));
        assert_eq!((rule.delayed_after, &rule.expect), (Duration::from_secs(700), &None));
        assert_eq!((rule.time_zone, rule.windows.time_zone), (chrono_tz::Asia::Tokyo, chrono_tz::Asia::Tokyo));
        assert_eq!(watch(&rule).folder, PathBuf::from("/tmp"));
        assert!(!watch(&rule).recursive && !rule.in_order && !rule.paused && rule.about.is_none());
        assert!(
            watch(&rule).filter.wants(b"a")
                && !watch(&rule).filter.wants(b".a")
                && !watch(&rule).filter.wants(b"a.part")
        );
        let upload = rule.then[0].upload();
        assert_eq!((upload.path.text(), upload.on_exists), ("{{ file.path }}", OnExists::Replace));
        assert_eq!((upload.proof, upload.times, upload.resume), (ProofWish::Size, Times::Keep, Resume::WhenLarge));
        assert_eq!((watch(&rule).rescan, watch(&rule).settled_for), (Duration::from_secs(60), Duration::from_secs(5)));
    }

    #[test]
    fn everything_a_rule_says_arrives_typed() {
        let rule = read(
            "about: All\n\
             when:\n  watch:\n    folder: /tmp\n    include: [\"*.a\", sub/*.b]\n    exclude: \"x*\"\n    ignore: []\n\
             \x20   recursive: true\n    settled_for: 0s\n    done_file: \"{{ file.stem }}.ok\"\n    min_age: 1d\n\
             \x20   min_size: 1B\n    max_size: 1TiB\n    empty_files: refuse\n    existing: skip\n    method: poll\n\
             \x20   rescan: 10s\n    symlinks: follow\n    hard_links: take\n    take: in_place\n\
             if: file.size > 5\n\
             then:\n  - upload:\n      to: [a, b]\n      path: in/\n      on_exists: skip_same\n      proof: read_back\n\
             \x20     times: none\n      resume: false\n      bandwidth: 1MB/s\n    if: file.ext == \"a\"\n  - upload: { to: a }\n\
             retry: { first_wait: 1s, longest_wait: 1d, attempts: 1 }\ndeadline: 30d\npriority: low\norder: \"*.a\"\n\
             in_order: true\nwindows: [\"Mon-Fri 22:00-06:00\"]\nlimits: { rate: 600/h, running: 1, size: 5GB }\n\
             time_zone: Europe/Berlin\npaused: true\ndelayed_after: 5m\n\
             expect: { by: \"0 4 * * *\", min_size: 10MB, min_share: 50% }\n",
        );
        let watch = watch(&rule);
        assert!(watch.filter.wants(b".hidden.a") && watch.filter.wants(b"sub/c.b") && !watch.filter.wants(b"x.a"));
        assert_eq!((watch.filter.min_size, watch.filter.max_size), (Some(1), Some(1 << 40)));
        assert_eq!((watch.empty_files, watch.existing), (EmptyFiles::Refuse, Existing::Skip));
        assert_eq!(
            (watch.method, watch.symlinks, watch.hard_links),
            (WatchMethod::Poll, Symlinks::Follow, HardLinks::Take)
        );
        assert!(watch.done_file.is_some() && watch.recursive && watch.settled_for.is_zero());
        assert!(rule.condition.is_some() && rule.then[0].condition.is_some() && rule.then[1].condition.is_none());
        let upload = rule.then[0].upload();
        assert_eq!((upload.to.as_slice(), upload.path.text()), (&["a".to_owned(), "b".to_owned()][..], "in/"));
        assert_eq!((upload.on_exists, upload.proof), (OnExists::SkipSame, ProofWish::ReadBack));
        assert_eq!((upload.times, upload.resume), (Times::None, Resume::Never));
        assert_eq!(upload.bandwidth, Some(ByteRate(1_000_000)));
        assert_eq!((rule.retry.attempts, rule.priority), (Some(1), Priority::Low));
        assert_eq!((rule.rank(b"x.a"), rule.rank(b"x.b")), (0, 1));
        assert_eq!(rule.limits.rate, Some((600, Duration::from_secs(3600))));
        assert_eq!((rule.limits.running, rule.limits.size), (Some(1), Some(5_000_000_000)));
        assert_eq!((rule.time_zone, rule.windows.time_zone), (chrono_tz::Europe::Berlin, chrono_tz::Europe::Berlin));
        let expect = "a file of 10.0 MB or more, 50 % of the last one at least, by \"0 4 * * *\" (Europe/Berlin)";
        assert_eq!(
            (rule.delayed_after, rule.expect.unwrap().to_string()),
            (Duration::from_secs(300), expect.to_owned())
        );
        assert!(rule.in_order && rule.paused && rule.windows.windows.len() == 1);
    }

    #[test]
    fn a_recursive_rule_takes_what_lies_deeper() {
        let rule = read("when: { watch: { folder: /tmp, recursive: true } }\nthen: [{ upload: { to: a } }]\n");
        assert!(watch(&rule).filter.wants(b"a/b/c") && !watch(&rule).filter.wants(b"a/.git/c"));
        assert_eq!(rule.rank(b"a"), 0);
    }
}
