//! The layouts, as the manual shows them.

use super::{job::Attempts, *};
use crate::{
    control::{
        self, Attempt, Expected, FilePlan, JobDetail, JobLine, JobPlan, Known, LaneStatus, LeftAlone, OpenCounts,
        PausedInFile, PausedRule, ReceiptLine, Rehearsal, Rest, RulePlan, RuleStatus, ServerKind, SessionStatus, Site,
        SourceTrouble, Status, Tally,
    },
    domain::{JobState, Moment, Original, Ref, RefTail, Sha256},
};
use std::time::Duration;

fn at(text: &str) -> Moment {
    Moment(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
}

fn calendar() -> Calendar {
    Calendar { zone: chrono_tz::Europe::Berlin, now: at("2026-11-22T05:19:00+01:00") }
}

fn id(letters: &str) -> Ref {
    let [a, b, c, d, e] = letters.parse::<RefTail>().unwrap().0;
    Ref([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d, e])
}

fn line() -> JobLine {
    JobLine {
        id: id("8f2z9m0q"),
        rule: "swap-north-to-south".into(),
        action: "upload".into(),
        name: Some("plan.dwg".into()),
        server: "south".into(),
        target: Some("inbox/north/plan.dwg".into()),
        recipient: None,
        state: JobState::Failed,
        reason: Some("deadline".into()),
        tries: 74,
        counted_tries: 73,
        said: Some("552 quota\r\nexceeded\u{1b}[2J".into()),
        size_bytes: Some(48_200_000),
        arrived_at: Some(at("2026-11-19T04:50:57+01:00")),
        due_at: at("2026-11-22T05:24:00+01:00"),
        expires_at: at("2026-11-22T04:50:57+01:00"),
        ended_at: Some(at("2026-11-22T04:50:58+01:00")),
    }
}

fn site() -> Site {
    let rules = ["nightly-dumps", "old-logs", "shop-orders"].map(|name| (name.to_owned(), PausedInFile::No));
    let servers = ["offsite", "south"].map(|name| (name.to_owned(), ServerKind::Ftp)).into();
    Site {
        storage: "/var/lib/packetboat".into(),
        time_zone: calendar().zone,
        known: Known { rules: rules.into(), servers },
        changed_at: None,
        timetables: std::collections::BTreeMap::new(),
    }
}

fn troubled() -> Status {
    let rule = |rule: &str, last: Option<&str>, today, waiting, failed| RuleStatus {
        rule: rule.into(),
        last_delivered: last.map(at),
        today,
        open: OpenCounts { queued: waiting, ..OpenCounts::default() },
        failed,
        expected: None,
        next_tick: None,
    };
    let lane = |server: &str, is_paused, since: &str| LaneStatus {
        server: server.into(),
        is_paused,
        since: at(since),
        kind: Some("connect".into()),
        said: Some("connection refused".into()),
        retry_at: Some(at("2026-11-22T05:24:00+01:00")),
        waiting: 212,
    };
    Status {
        now: calendar().now,
        session: SessionStatus::Up { since: Moment(calendar().now.0 - 529_200_000), last_seen: calendar().now },
        rules: vec![
            rule("nightly-dumps", Some("2026-11-21T02:11:00+01:00"), 0, 3, 0),
            rule("old-logs", None, 0, 209, 0),
            rule("shop-orders", Some("2026-11-22T05:18:48+01:00"), 1204, 2, 1),
        ],
        lanes: vec![
            lane("offsite", false, "2026-11-22T02:14:00+01:00"),
            lane("south", true, "2026-11-21T18:00:00+01:00"),
        ],
        paused_rules: vec![PausedRule { rule: "old-logs".into(), since: at("2026-11-22T05:00:00+01:00") }],
        in_vain: vec![],
        unknown: std::collections::BTreeMap::new(),
        servers: [("offsite", 212), ("south", 1), ("vault", 4)]
            .map(|(name, queued)| (name.to_owned(), OpenCounts { queued, ..OpenCounts::default() }))
            .into(),
    }
}

fn shown(status: &Status) -> String {
    told(status, Vec::new())
}

fn told(status: &Status, folders: Vec<SourceTrouble>) -> String {
    status::status(status, &control::needs(status, Ok(folders), &site()), &site(), (calendar(), Painter::Plain))
}

#[test]
fn status_says_first_what_needs_a_person() {
    assert_eq!(
        shown(&troubled()),
        "\
Three things need you.                                         up 6 d 3 h, 3 rules, 2 servers, 05:19
  ! offsite        trouble since 02:14 (3 h 5 min): connection refused; 212 jobs wait, next try 05:24
  ! vault          is not configured any more; 4 jobs wait: packetboat move-jobs --from vault --to …, or packetboat cancel --server vault
  ! shop-orders    1 job failed in the last 24 h: packetboat jobs --rule shop-orders --state failed --since 1d
  - old-logs       paused since 05:00; 0 jobs held: packetboat resume old-logs
  - south          paused since yesterday 18:00; 212 jobs wait: packetboat resume south
RULE           LAST DELIVERED   TODAY  WAITING  FAILED
nightly-dumps  yesterday 02:11      0        3       0
old-logs       -                    0      209       0
shop-orders    05:18  12 s ago  1,204        2       1
"
    );
}

#[test]
fn status_tells_of_folders_that_are_not_seen_whole_or_not_taken_in() {
    let trouble = |since: Option<&str>, why: &str| SourceTrouble {
        rule: "old-logs".into(),
        folder: "/var/log".into(),
        since: since.map(at),
        why: why.into(),
    };
    let unseen = trouble(Some("2026-11-22T02:14:00+01:00"), "the folder is missing\u{1b}[2J");
    let text = told(&troubled(), vec![unseen.clone(), trouble(None, "the disk is nearly full")]);
    assert!(text.starts_with("Five things need you."), "{text}");
    let lines = "  ! old-logs       /var/log is not seen whole since 02:14 (3 h 5 min): the folder is missing\\u{1b}[2J\n  \
                 ! old-logs       nothing new is taken in: the disk is nearly full\n";
    assert!(text.contains(lines), "{text}");
    let json = serde_json::to_value(&unseen).unwrap();
    assert_eq!(json["since"], "2026-11-22T01:14:00.000Z");
    assert_eq!(serde_json::from_value::<SourceTrouble>(json).unwrap(), unseen);
}

#[test]
fn a_servers_full_stop_does_not_meet_our_semicolon() {
    let mut status = troubled();
    status.lanes[0].said = Some("530 Login incorrect.".into());
    assert!(shown(&status).contains(": 530 Login incorrect; 212 jobs wait"), "{}", shown(&status));
}

#[test]
fn a_reason_without_words_is_said_in_a_sentence() {
    for reason in crate::domain::Reason::ALL {
        let line = JobLine { said: None, reason: Some(reason.word().into()), ..line() };
        let said = jobs::said(&line);
        assert!(said.contains(' ') && !said.contains('_'), "{reason:?}: {said}");
    }
}

#[test]
fn a_quiet_status_says_that_all_is_well_and_a_stop_on_purpose_is_no_need() {
    let well = Status {
        lanes: Vec::new(),
        rules: Vec::new(),
        paused_rules: Vec::new(),
        servers: std::collections::BTreeMap::new(),
        session: SessionStatus::Stopped { at: at("2026-11-22T04:00:00+01:00") },
        ..troubled()
    };
    let text = shown(&well);
    assert!(text.starts_with("All is well.  "), "{text}");
    assert!(text.contains("  stopped 04:00, 3 rules, 2 servers, 05:19\n"), "{text}");
    let died = Status {
        session: SessionStatus::Died { last_seen: at("2026-11-22T04:00:00+01:00") },
        servers: troubled().servers.into_iter().take(1).collect(),
        ..well
    };
    let text = shown(&died);
    assert!(text.starts_with("One thing needs you.  "), "{text}");
    assert!(text.contains("  ! packetboat     ended without a word, and 212 jobs wait: start it again\n"), "{text}");
    assert!(text.contains("  not running since 04:00, "), "{text}");
}

#[test]
fn what_is_held_has_a_column_while_there_is_any() {
    let mut status = troubled();
    status.rules[1].open.held = 7;
    let text = shown(&status);
    assert!(text.contains("FAILED  HELD\n") && text.contains("     0     7\n"), "{text}");
}

#[test]
fn what_is_expected_has_a_column_and_what_is_missed_needs_a_person() {
    let mut status = troubled();
    let expected = |by: &str, missed: Option<&str>, unfit: Option<&str>| {
        let (what, by, missed) = ("a file by \"0 4 * * *\" (Europe/Berlin)".to_owned(), Some(at(by)), missed.map(at));
        Some(Expected { what, by, missed, unfit: unfit.map(str::to_owned) })
    };
    status.rules[0].expected =
        expected("2026-11-23T04:00:00+01:00", Some("2026-11-22T04:00:00+01:00"), Some("a\u{1b} has 3 B"));
    status.rules[2].expected = expected("2026-11-22T06:00:00+01:00", None, None);
    let text = shown(&status);
    for line in [
        "  ! nightly-dumps  expects a file by \"0 4 * * *\" (Europe/Berlin); by 04:00 it had not come; a\\u{1b} has 3 B: packetboat plan nightly-dumps\n",
        "FAILED  NEXT EXPECTED\n",
        "     0  by 04:00, missed\n",
        "     0  -\n",
        "     1  by 06:00\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    let needs = serde_json::to_value(control::needs(&status, Ok(Vec::new()), &site())).unwrap();
    assert_eq!((&needs[2]["need"], &needs[2]["missed"]), (&"missed".into(), &"2026-11-22T03:00:00.000Z".into()));
}

#[test]
fn the_json_of_status_has_the_same_words() {
    let value = serde_json::to_value(troubled()).unwrap();
    assert_eq!(
        value["session"],
        serde_json::json!({ "state": "up", "since": "2026-11-16T01:19:00.000Z",
            "last_seen": "2026-11-22T04:19:00.000Z" })
    );
    assert_eq!(
        value["rules"][2],
        serde_json::json!({ "rule": "shop-orders", "last_delivered": "2026-11-22T04:18:48.000Z", "today": 1204,
            "waiting": 0, "queued": 2, "running": 0, "held": 0, "failed": 1, "expected": null,
            "next_tick": null })
    );
    let needs = serde_json::to_value(control::needs(&troubled(), Ok(Vec::new()), &site())).unwrap();
    assert_eq!(needs[0]["need"], "trouble");
    assert_eq!(needs[2], serde_json::json!({ "need": "failed", "rule": "shop-orders", "jobs": 1 }));
}

#[test]
fn a_job_is_one_line_and_hostile_words_stay_on_it() {
    let other = JobLine {
        id: id("8f3k2000"),
        name: None,
        target: None,
        said: None,
        reason: Some("unplannable".into()),
        tries: 0,
        ..line()
    };
    assert_eq!(
        jobs::jobs(&[line(), other], None),
        "\
ID        RULE                 WHAT      TO                          STATE   ATTEMPTS  SAID
8f2z9m0q  swap-north-to-south  plan.dwg  south:inbox/north/plan.dwg  failed        74  552 quota\\r\\nexceeded\\u{1b}[2J
8f3k2000  swap-north-to-south  -         south                       failed         0  it could not be planned
"
    );
    assert_eq!(jobs::rest(Rest::Jobs(0)), "");
    assert_eq!(jobs::rest(Rest::Some), "There are more: narrow the filters, or --limit 0 for all\n");
    assert_eq!(jobs::rest(Rest::Jobs(1204)), "1,204 more: narrow the filters, or --limit 0 for all\n");
    let cut = jobs::jobs(&[line()], Some(110));
    assert!(cut.lines().all(|line| width(line) <= 110), "{cut}");
}

fn tried(started: &str, outcome: &str, said: Option<&str>) -> Attempt {
    let started_at = at(started);
    Attempt {
        started_at,
        ended_at: started_at.plus(Duration::from_millis(900)),
        outcome: outcome.into(),
        is_counted: true,
        kind: Some("full".into()),
        code: Some(552),
        said: said.map(Into::into),
        tls: None,
        bytes: 48_200_000,
    }
}

fn detail() -> JobDetail {
    let mut attempts = vec![tried("2026-11-19T04:51:02+01:00", "deferred", Some("552 quota exceeded")); 73];
    attempts[72].started_at = at("2026-11-19T05:51:02+01:00");
    let mut last = tried("2026-11-22T04:50:58+01:00", "failed", Some("deadline of 3d reached; last reply 552"));
    last.bytes = 0;
    attempts.push(last.clone());
    JobDetail {
        job: JobLine { said: last.said.clone(), ..line() },
        folder: Some("/srv/swap/out".into()),
        sha256: Some(Sha256([0xab; 32])),
        waits_for: None,
        attempts,
        original: Original::File,
        left_alone: None,
        receipt: None,
    }
}

#[test]
fn a_job_is_told_from_its_arrival_to_what_comes_next() {
    let text = job::job(&detail(), None, Attempts::Ends, (calendar(), Painter::Plain));
    assert_eq!(
        text,
        "\
plan.dwg  48.2 MB  →  south:inbox/north/plan.dwg        failed, 74 attempts, rule swap-north-to-south
  arrived     Thu 04:50:57   /srv/swap/out/plan.dwg  sha256 abab…ab
  attempt 1   Thu 04:51:02   deferred   0.9 s  48.2 MB   552 quota exceeded
  ⋮           72 more like it, longest wait 59 min    (--all shows them)
  attempt 74  Sun 04:50:58   failed     0.9 s            deadline of 3d reached; last reply 552
  next        `packetboat retry 8f2z9m0q` once that is put right
"
    );
    let all = job::job(&detail(), None, Attempts::All, (calendar(), Painter::Plain));
    assert_eq!(all.lines().filter(|line| line.contains("attempt ")).count(), 74);
}

#[test]
fn an_attempt_that_was_handed_back_has_no_number() {
    let mut detail = JobDetail { attempts: detail().attempts[..2].to_vec(), ..detail() };
    detail.attempts.insert(1, Attempt { bytes: 0, ..tried("2026-11-19T04:52:02+01:00", "returned", None) });
    detail.job.tries = 2;
    let text = job::job(&detail, None, Attempts::Ends, (calendar(), Painter::Plain));
    let labels: Vec<&str> = text.lines().map(|line| line.get(2..13).unwrap().trim()).collect();
    assert!(text.contains("failed, 2 attempts, rule"), "{text}");
    assert_eq!(labels[2..5], ["attempt 1", "handed back", "attempt 2"], "{text}");
    detail.attempts = detail.attempts.into_iter().cycle().take(9).collect();
    let text = job::job(&detail, None, Attempts::Ends, (calendar(), Painter::Plain));
    assert!(text.contains("7 more, 3 of them handed back, "), "{text}");
}

#[test]
fn status_promises_no_try_while_nothing_runs() {
    let now = calendar().now;
    let stopped = Status { session: SessionStatus::Stopped { at: now }, ..troubled() };
    let text = shown(&stopped);
    assert!(text.contains("212 jobs wait, and nothing is tried before packetboat runs again\n"), "{text}");
    assert!(!text.contains("next try"), "{text}");
    let rules = vec![RuleStatus { rule: "shop-orders".into(), ..RuleStatus::default() }];
    let (lanes, paused_rules, servers) = (vec![], vec![], std::collections::BTreeMap::new());
    let never = Status { session: SessionStatus::Never, rules, lanes, paused_rules, servers, ..troubled() };
    let text = shown(&never);
    assert!(text.starts_with("Nothing has run yet. ") && text.contains("  never run, 3 rules"), "{text}");
}

#[test]
fn every_state_says_what_comes_next() {
    for (state, reason, says) in [
        (JobState::Queued, None, "next        tried 05:24, given up 04:50"),
        (JobState::Waiting, None, "waits until job 8f3k2000 has ended"),
        (JobState::Running, None, "is being tried now"),
        (JobState::Held, Some("rule_paused"), "`packetboat resume swap-north-to-south`"),
        (
            JobState::Held,
            Some("unknown"),
            "ask whom it is for, then `packetboat release 8f2z9m0q` or `packetboat cancel",
        ),
        (JobState::Held, Some("by_operator"), "`packetboat release 8f2z9m0q`"),
        (JobState::Failed, None, "`packetboat retry 8f2z9m0q`"),
        (JobState::Cancelled, Some("superseded"), "a newer version took its place"),
        (JobState::Cancelled, Some("by_operator"), "`packetboat retry 8f2z9m0q`"),
    ] {
        let mut detail = JobDetail { waits_for: Some(id("8f3k2000")), ..detail() };
        detail.job.state = state;
        detail.job.reason = reason.map(str::to_owned);
        let text = job::job(&detail, None, Attempts::Ends, (calendar(), Painter::Plain));
        assert!(text.contains(says), "{state:?}: {text}");
    }
}

/// Of what no `retry` helps, `job` offers none, and says what does.
#[test]
fn a_job_that_cannot_be_tried_again_says_what_helps_instead() {
    let moved = Original::Taken("moved to /srv/swap/failed/plan\r.dwg".into());
    let correct = "  next        correct the rule, which is read at the next start, or what it names; then\n";
    for (original, why, says) in [
        (Original::File, LeftAlone::NoTarget, format!("{correct}              touch the file, or put it back")),
        (
            moved,
            LeftAlone::NoTarget,
            "back into the watched folder (it was moved to /srv/swap/failed/plan\\r.dwg)".into(),
        ),
        (Original::Tick, LeftAlone::NoTarget, format!("{correct}              wait for the next tick:\n")),
        (Original::File, LeftAlone::KeyTaken, "  next        another mail has its `idempotency_key` by now".into()),
    ] {
        let mut detail = JobDetail { original, left_alone: Some(why), ..detail() };
        let text = job::job(&detail, None, Attempts::Ends, (calendar(), Painter::Plain));
        assert!(
            text.contains(&says) && text.contains("this job stays failed until `packetboat cancel 8f2z9m0q`"),
            "{text}"
        );
        assert!(!text.contains("retry"), "{text}");
        detail.job.state = JobState::Cancelled;
        let text = job::job(&detail, None, Attempts::Ends, (calendar(), Painter::Plain));
        assert!(text.contains(&says) && !text.contains("retry"), "{text}");
    }
}

#[test]
fn what_was_said_of_a_job_after_its_last_attempt_is_shown() {
    let mut detail = detail();
    let said = |detail: &JobDetail| job::job(detail, None, Attempts::Ends, (calendar(), Painter::Plain));
    assert!(!said(&detail).contains("  said "), "its attempts have it");
    detail.job.said = Some("another mail has its idempotency_key by now".into());
    assert!(said(&detail).contains("  said        another mail has its idempotency_key by now\n"));
}

#[test]
fn where_a_job_that_could_not_be_planned_goes_is_said_as_far_as_it_is_known() {
    let unplanned = || JobLine { target: None, reason: Some("unplannable".into()), ..line() };
    for (line, to) in [
        (unplanned(), "south"),
        (JobLine { server: "here".into(), ..unplanned() }, "this machine"),
        (JobLine { server: "main".into(), recipient: Some(String::new()), ..unplanned() }, "by main"),
        (
            JobLine { server: "main".into(), recipient: Some("ann@example.org".into()), ..unplanned() },
            "ann@example.org by main",
        ),
    ] {
        assert_eq!(jobs::to(&line), to);
    }
}

fn receipt() -> ReceiptLine {
    ReceiptLine {
        job: id("8f2z9m0q"),
        rule: "swap".into(),
        server: "south".into(),
        name: Some("=plan, new.dwg".into()),
        path: Some(b"inbox/caf\xe9.dwg".to_vec()),
        recipient: None,
        size_bytes: 48_200_000,
        sha256: Sha256([0xab; 32]),
        proof: "xsha256".into(),
        reply: "226 \"done\"\r\n".into(),
        delivered_at: at("2026-11-22T05:18:48+01:00"),
        removed_at: None,
    }
}

#[test]
fn receipts_are_a_table_json_or_csv_with_the_same_words() {
    let hash = "ab".repeat(32);
    let table = receipts::receipts(&[receipt()], calendar(), None);
    assert_eq!(
        table,
        format!(
            "\
JOB       DELIVERED     RULE  WHAT            TO                          SIZE  PROOF    SHA256
8f2z9m0q  Sun 05:18:48  swap  =plan, new.dwg  south:inbox/caf\\xe9.dwg  48.2 MB  xsha256  {hash}
"
        )
    );
    assert_eq!(
        receipts::csv_heading() + &receipts::csv_line(&receipt()),
        format!(
            "job,rule,server,name,path,size_bytes,sha256,proof,reply,delivered_at,recipient\r\n8f2z9m0q,swap,south,\
\"'=plan, new.dwg\",inbox/caf\\xe9.dwg,48200000,{hash},xsha256,\"226 \"\"done\"\"\\r\\n\",2026-11-22T04:18:48.000Z,\r\n"
        )
    );
    let mail = ReceiptLine { path: None, recipient: Some("ann@example.org".into()), ..receipt() };
    assert!(receipts::receipts(std::slice::from_ref(&mail), calendar(), None).contains("  ann@example.org by south  "));
    assert!(receipts::csv_line(&mail).ends_with(",ann@example.org\r\n"));
    let value = serde_json::to_value(receipt()).unwrap();
    for word in receipts::csv_heading().trim_end().split(',') {
        assert!(value.get(word).is_some(), "{word}");
    }
}

#[test]
fn a_tally_says_what_was_done_and_what_was_left_alone_and_why() {
    let left_alone = [(LeftAlone::Running, 1), (LeftAlone::Delivered, 1204)];
    let tally = Tally {
        done: 3,
        left_alone: left_alone.into(),
        unknown: vec!["8f3k2000".parse().unwrap()],
        ambiguous: Vec::new(),
    };
    assert_eq!(
        tally::tally(&tally, "cancelled", Rehearsal::No),
        "3 jobs cancelled\n1 left alone: running: it ends its try first\n1,204 left alone: delivered already\n\
         no job has the id 8f3k2000\n"
    );
    assert!(tally::tally(&tally, "cancelled", Rehearsal::Only).starts_with("3 jobs would be cancelled\n"));
}

#[test]
fn a_plan_is_a_line_for_each_job_and_says_what_keeps_a_file_back() {
    let file = |name: &str, once: Option<&str>, jobs: Vec<JobPlan>, unwanted: Option<&str>| FilePlan {
        at: None,
        name: name.into(),
        size_bytes: 2_400_000_000,
        once: once.map(Into::into),
        jobs,
        unwanted: unwanted.map(Into::into),
    };
    let job = |server: &str, beginning, why: Option<&str>| JobPlan {
        server: server.into(),
        target: why.is_none().then(|| "db/2026/a".into()),
        recipient: None,
        beginning,
        why: why.map(Into::into),
    };
    let plan = RulePlan {
        rule: "dumps".into(),
        folder: Some("/var/backups".into()),
        schedule: None,
        files: vec![
            file("a\u{1b}[2J", None, vec![job("offsite", "ready", None), job("vault", "held", None)], None),
            file("b", Some("once it has settled"), vec![job("offsite", "ready", None)], None),
            file("c", None, Vec::new(), Some("the rule's `if` is not true of it")),
            file("d", None, vec![job("offsite", "failed", Some("`path` would\nleave its root"))], None),
        ],
        more: 1204,
        to_send: 1_200,
        starts_at: Some(at("2026-11-22T22:00:00+01:00")),
        trouble: Some("/var/backups/x cannot be read".into()),
        after: vec!["a mail".into(), "moved below /var/backups/sent".into()],
        after_failure: vec!["deleted".into()],
    };
    assert_eq!(
        super::plan::plan(&[plan], calendar()),
        "\
dumps  /var/backups
  ! /var/backups/x cannot be read
  its windows are shut: jobs start 22:00
  a\\u{1b}[2J    2.4 GB  →  offsite:db/2026/a
  a\\u{1b}[2J    2.4 GB  →  vault:db/2026/a  held: the rule is paused
  b             2.4 GB  →  offsite:db/2026/a  once it has settled
  c             2.4 GB  not wanted: the rule's `if` is not true of it
  d             2.4 GB  →  offsite  would fail: `path` would\\nleave its root
  and 1,204 more: --limit 0 for all
  1,200 files to send
  after that: a mail, moved below /var/backups/sent
  after a failure: deleted
"
    );
}

#[test]
fn the_next_tick_of_a_schedule_is_shown_where_the_next_file_is_expected() {
    let mut status = troubled();
    status.rules[0].next_tick = Some(at("2026-11-22T07:00:00+01:00"));
    let text = status::status(&status, &[], &site(), (calendar(), Painter::Plain));
    let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap().trim_end().to_owned();
    assert!(line("RULE").ends_with("NEXT EXPECTED"), "{text}");
    let name = status.rules[0].rule.clone();
    assert!(line(&name).ends_with("  at 07:00"), "{text}");
}

#[test]
fn a_plan_of_a_schedule_shows_moments() {
    let job = JobPlan {
        server: "main".into(),
        target: None,
        recipient: Some("boss@example.com".into()),
        beginning: "ready",
        why: None,
    };
    let tick = |at, once: Option<&str>| FilePlan {
        at: Some(at),
        name: b"tick".to_vec(),
        size_bytes: 0,
        once: once.map(Into::into),
        jobs: vec![job.clone()],
        unwanted: None,
    };
    let plan = RulePlan {
        rule: "weekly-report".into(),
        folder: None,
        schedule: Some("at \"0 7 * * 1\" (Europe/Berlin)".into()),
        files: vec![
            tick(at("2026-11-22T05:00:00+01:00"), None),
            tick(at("2026-11-23T07:00:00+01:00"), Some("when its moment has come")),
        ],
        more: 0,
        to_send: 1,
        starts_at: None,
        trouble: None,
        after: Vec::new(),
        after_failure: Vec::new(),
    };
    let text = super::plan::plan(&[plan], calendar());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "weekly-report  at \"0 7 * * 1\" (Europe/Berlin)",
            "  05:00      →  boss@example.com by main",
            "  Mon 07:00  →  boss@example.com by main  when its moment has come",
        ]
    );
}

#[test]
fn a_configuration_that_changed_since_the_start_is_told() {
    let SessionStatus::Up { since, .. } = troubled().session else { panic!("it is up") };
    for (changed_at, is_told) in [(since.0 - 1, false), (since.0 + 1, true)] {
        let site = Site { changed_at: Some(Moment(changed_at)), ..site() };
        let text = status::status(&troubled(), &[], &site, (calendar(), Painter::Plain));
        assert_eq!(text.contains("configuration  changed since the start"), is_told, "{text}");
    }
}
