//! What a rule makes of a file: jobs, or why there are none.

use crate::{
    domain::{
        ArrivalDraft, Beginning, Errand, Identity, JobDraft, Moment, Priority, Reason, Ref, Sighting, Stage, Wishes,
    },
    rules::{Context, Fetched, Planned, Rule, Supply, Unwanted, plan, plan::Planning},
    templates::Condition,
};
use std::{fs, time::Duration};

const ARRIVED: Moment = Moment(1_795_357_571_000); // 2026-11-22 15:26:11 in Berlin
const HOUR: Duration = Duration::from_secs(3600);

/// The rule that these lines make, read as a user's would be.
fn rule(lines: &str) -> Rule {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    let server =
        |name| format!("  {name}: {{ ftp: {{ host: ftp.example.com, user: acme, password: {{ env: P }} }} }}\n");
    write(
        "packetboat.yaml",
        &format!("storage: store\ntime_zone: Europe/Berlin\nservers:\n{}{}", server("offsite"), server("vault")),
    );
    write("rules/nightly.yaml", lines);
    let checked = crate::rules::check_with(&folder.path().join("packetboat.yaml"), &|_| Some("secret".into()));
    assert!(checked.loaded.is_some(), "{:#?}", checked.findings);
    checked.loaded.unwrap().1.rules.remove(0)
}

fn file(path: &[u8], size_bytes: u64) -> Sighting {
    let identity = Identity { size_bytes, mtime_ns: 1, inode: 1, ctime_ns: 1 };
    Sighting { folder: b"/srv/out".to_vec(), path: path.to_vec(), identity }
}

fn context() -> Context<'static> {
    let new_id = || Ref([3; 16]);
    let supply = Supply { content: &Fetched::Nothing, attachment: |_, _, _| Err("there is none".to_owned()) };
    Context { arrived_at: ARRIVED, rule_version: 4, place: 5, host: "gate", is_paused: false, new_id, supply }
}

fn planned(lines: &str, path: &str, size_bytes: u64) -> Planned {
    plan(&rule(lines), &file(path.as_bytes(), size_bytes), &context())
}

/// `server:target beginning` of each job.
fn jobs(planned: &Planned) -> Vec<String> {
    let show = |job: &JobDraft| {
        let target = job.errand.target().map_or_else(|| "?".to_owned(), ToString::to_string);
        match &job.beginning {
            Beginning::Refused(Reason::Unplannable, why) => format!("{}:{target} refused: {why}", job.server),
            beginning => format!("{}:{target} {beginning:?}", job.server),
        }
    };
    planned.arrival.jobs.iter().map(show).collect()
}

fn wished(job: &JobDraft) -> &Wishes {
    let Errand::Upload { wishes, .. } = &job.errand else { panic!("no upload") };
    wishes
}

const WATCH: &str = "when: { watch: { folder: /srv/out, recursive: true } }\n";

#[test]
fn every_server_of_every_step_gets_a_job_with_all_that_the_rule_wishes() {
    let rule = rule(&format!(
        "{WATCH}then:\n  - upload: {{ to: [offsite, vault], path: \"db/{{{{ arrived.year }}}}/\", proof: hash, bandwidth: 2MB/s }}\n  \
         - upload: {{ to: vault, path: \"{{{{ server.name }}}}/{{{{ file.path }}}}\" }}\n    if: file.ext == 'dump'\n\
         retry: {{ first_wait: 10s, longest_wait: 5m, attempts: 7 }}\ndeadline: 1h\npriority: high\norder: [\"*.index\", \"*.dump\"]\n",
    ));
    let planned = plan(&rule, &file(b"a/orders.dump", 10), &context());
    assert_eq!(
        jobs(&planned),
        ["offsite:db/2026/orders.dump Ready", "vault:db/2026/orders.dump Ready", "vault:vault/a/orders.dump Ready",]
    );
    assert_eq!(planned.unwanted, None);
    let ArrivalDraft { rule: name, rule_version, place, arrived_at, jobs, .. } = planned.arrival;
    assert_eq!((name.as_str(), rule_version, place, arrived_at), ("nightly", 4, 5, ARRIVED));
    let first = &jobs[0];
    assert_eq!((first.priority, first.rank), (Priority::High, 1));
    assert_eq!((first.due_at, first.expires_at), (ARRIVED, ARRIVED.plus(HOUR)));
    assert_eq!(wished(first).bandwidth.map(|rate| rate.0), Some(2_000_000));
    assert_eq!((wished(first).retry.attempts, wished(&jobs[2]).bandwidth), (Some(7), None));
}

#[test]
fn what_is_not_wanted_is_remembered_and_makes_no_jobs() {
    let upload = "then:\n  - upload: { to: offsite }\n";
    for (lines, path, size_bytes, unwanted) in [
        (format!("{WATCH}{upload}"), "a.pdf", 1, None),
        (format!("{WATCH}{upload}"), "a.pdf", 0, Some(Unwanted::Empty)),
        (format!("{WATCH}if: file.ext == 'pdf'\n{upload}"), "a.pdf", 1, None),
        (format!("{WATCH}if: file.ext == 'pdf'\n{upload}"), "a.txt", 1, Some(Unwanted::Condition)),
        (format!("{WATCH}{upload}    if: file.ext == 'pdf'\n"), "a.txt", 1, Some(Unwanted::EveryStep)),
    ] {
        let planned = planned(&lines, path, size_bytes);
        assert_eq!(planned.unwanted, unwanted, "{lines}");
        assert_eq!(planned.arrival.jobs.is_empty(), unwanted.is_some(), "{lines}");
    }
}

#[test]
fn what_is_wanted_and_cannot_be_done_is_refused_on_record() {
    let upload = "then:\n  - upload: { to: [offsite, vault], path: \"{{ file.ext }}/\" }\n";
    let refuse = "when: { watch: { folder: /srv/out, empty_files: refuse } }\n";
    let take = "when: { watch: { folder: /srv/out, empty_files: take } }\n";
    for (lines, path, size_bytes, wanted) in [
        (format!("{WATCH}{upload}limits: {{ size: 1kB }}\n"), "a.pdf", 1000, "offsite:pdf/a.pdf Ready"),
        (
            format!("{WATCH}{upload}limits: {{ size: 1kB }}\n"),
            "a.pdf",
            1001,
            "offsite:pdf/a.pdf refused: a.pdf has 1001 bytes, and the rule's `limits: size` is 1000",
        ),
        (
            format!("{refuse}{upload}"),
            "a.pdf",
            0,
            "offsite:pdf/a.pdf refused: a.pdf is empty, and the rule says `empty_files: refuse`",
        ),
        (format!("{take}{upload}"), "a.pdf", 0, "offsite:pdf/a.pdf Ready"),
        (
            format!("{WATCH}{upload}"),
            "README",
            1,
            "offsite:? refused: path `file.ext`: this value is empty, and no path can be made of that (give it something to be then: `| default(\"none\", true)`)",
        ),
        (
            format!("{WATCH}if: file.ext == 'pdf' or file.size > file.ext\n{upload}"),
            "a.txt",
            1,
            "offsite:txt/a.txt refused: if `file.size > file.ext`: a number cannot be compared with a text (put the number in quotes, or make the text a number: `arrived.hour | int`; a size is `size(\"20MB\")`)",
        ),
        (
            format!("{WATCH}{upload}    if: file.ext == 'pdf' or file.size > file.ext\n"),
            "a.txt",
            1,
            "offsite:txt/a.txt refused: if `file.size > file.ext`: a number cannot be compared with a text (put the number in quotes, or make the text a number: `arrived.hour | int`; a size is `size(\"20MB\")`)",
        ),
    ] {
        let planned = planned(&lines, path, size_bytes);
        assert_eq!(jobs(&planned), [wanted.to_owned(), wanted.replacen("offsite", "vault", 1)], "{lines}");
        assert_eq!(planned.unwanted, None, "{lines}");
    }
}

#[test]
fn a_refusal_goes_before_a_pause_and_a_pause_leaves_the_order() {
    let upload = "then:\n  - upload: { to: offsite }\n";
    let in_order = rule(&format!("{WATCH}{upload}in_order: true\nlimits: {{ size: 10B }}\n"));
    let paused = rule(&format!("{WATCH}{upload}in_order: true\npaused: true\nlimits: {{ size: 10B }}\n"));
    let beginning = |rule: &Rule, size_bytes, is_paused| {
        let context = Context { is_paused, ..context() };
        let job = plan(rule, &file(b"a", size_bytes), &context).arrival.jobs.remove(0);
        assert!(job.is_in_order);
        match job.beginning {
            Beginning::Refused(..) => "refused",
            Beginning::Paused => "paused",
            Beginning::Ready => "ready",
        }
    };
    assert_eq!(beginning(&in_order, 1, false), "ready");
    assert_eq!(beginning(&in_order, 1, true), "paused");
    assert_eq!(beginning(&paused, 1, false), "paused");
    assert_eq!(beginning(&paused, 11, true), "refused");
}

#[test]
fn a_name_that_is_no_utf8_is_planned_byte_for_byte() {
    let lines = format!("{WATCH}then:\n  - upload: {{ to: offsite, path: \"in/{{{{ file.folder }}}}/\" }}\n");
    let planned = plan(&rule(&lines), &file(b"caf\xe9/t\xffe", 1), &context());
    assert_eq!(planned.arrival.jobs[0].errand.target().unwrap().as_bytes(), b"in/caf\xe9/t\xffe");
}

#[test]
fn a_size_in_a_condition_is_what_it_is_in_the_rule() {
    let rule = rule(&format!("{WATCH}then:\n  - upload: {{ to: offsite }}\n"));
    let (sighting, context) = (file(b"a", 1), context());
    let planning = Planning::new(&rule, &sighting, &context, Ref([3; 16]));
    for number in ["", "0", "1", "20", "9223372036854775807", "9223372036854775808", "1.5", "-1", " 1", "1 "] {
        for unit in ["B", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "", "mb", "PB"] {
            let text = format!("{number}{unit}");
            let in_the_rule = crate::config::values::size(&text).ok();
            let condition = Condition::parse(Stage::Then, &format!("size('{text}') == {}", in_the_rule.unwrap_or(0)));
            let agrees = condition.and_then(|condition| condition.holds(&planning.facts(None))).ok();
            assert_eq!(agrees, in_the_rule.map(|_| true), "{text}");
        }
    }
}
