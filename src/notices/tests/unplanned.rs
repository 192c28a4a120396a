//! Jobs that failed before any server was asked.

use super::*;
use crate::domain::Original;

fn unplanned() -> Night {
    let mut night = Night::new();
    night.fails(2, "unplannable");
    night.pass(20);
    assert_eq!(night.inbox, ["ops@example.com Began dumps 2"], "the rule's, not the server's");
    night
}

#[test]
fn nothing_that_a_server_of_any_name_delivers_is_the_end_of_it() {
    let mut night = unplanned();
    night.observed.delivered = ["offsite", "dumps"].map(|server| (server.to_owned(), night.now)).into();
    night.observed.known.insert("dumps".into());
    night.pass(3600);
    assert!(night.incidents[0].closed_at.is_none());
    assert_eq!(night.inbox.len(), 1);
}

/// What failed is over when nothing of it is left, or long ago: neither is news, not even to whoever hears of ends alone.
#[test]
fn it_ends_without_a_word() {
    for is_cancelled in [true, false] {
        let mut night = unplanned();
        night.notices.push(notice("boss@example.com", &[Event::Recovered]));
        if is_cancelled {
            night.observed.done_with.insert("dumps".into());
        }
        night.pass(100);
        assert_eq!(night.incidents[0].closed_at.is_some(), is_cancelled);
        night.now = night.now.plus(DAY);
        night.pass(100);
        assert!(night.incidents[0].closed_at.is_some());
        assert_eq!(night.inbox.len(), 1, "{:?}", night.inbox);
    }
}

#[test]
fn a_rule_that_goes_on_failing_is_one_mail_a_day() {
    let mut night = Night::new();
    for _ in 0..24 * 3 {
        night.fails(1, "unplannable");
        night.pass(3600);
    }
    assert_eq!(night.inbox.len(), 3, "{:?}", night.inbox);
}

#[test]
fn the_mail_names_the_rule_and_what_really_helps() {
    let mut night = unplanned();
    night.incidents[0].examples[1] = Example { name: "b".into(), to: String::new(), sha256: None, ..example() };
    let originals = [Original::File, Original::Taken("moved to /srv/failed/b\r".into())];
    let aside = |originals| Aside {
        host: "gate",
        time_zone: chrono_tz::UTC,
        now: T0,
        waiting: 0,
        examples: &[],
        delivered: 0,
        originals,
    };
    let (subject, text) = mail(&night.incidents[0], Told::Began, aside(&originals));
    assert_eq!(subject, "[packetboat gate] dumps: 2 jobs failed for good, and no server was asked");
    for part in [
        "2 jobs of rule dumps failed since",
        "Why: 553 no (unplannable)",
        "a  4 B  to offsite:a\n",
        "  b  4 B\n    job 8f2z9m0q, 1 attempt: 553 no\n    its file was moved to /srv/failed/b\\r\n",
        "Then touch the file, or put it back into the watched folder: it is taken anew",
        "packetboat cancel ID",
        "packetboat jobs --rule dumps --state failed",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("retry"), "which refuses: {text}");
    let (_, text) = mail(&night.incidents[0], Told::Began, aside(&[Original::Tick]));
    assert!(text.contains("Then wait for the next tick: it makes") && !text.contains("touch the file"), "{text}");
    let told: serde_json::Value =
        serde_json::from_slice(&incident_body(&night.incidents[0], Told::Began, aside(&[])).bytes).unwrap();
    let data = &told["data"];
    assert_eq!(
        (&data["rule"], &data["server"], &data["trouble"]),
        (&"dumps".into(), &().into(), &"unplannable".into())
    );
    assert_eq!(data["next"], "packetboat jobs --rule dumps --state failed");
}

#[test]
fn a_digest_names_the_rule_and_promises_no_retry() {
    let night = unplanned();
    let open = [&night.incidents[0]];
    let line = ReportLine { rule: "dumps".into(), failed: 2, ..ReportLine::default() };
    let (subject, text) = digest(&[line], &open, (T0, night.now), ("gate", chrono_tz::UTC));
    assert_eq!(subject, "[packetboat gate] 0 jobs delivered, 2 jobs failed");
    assert!(text.contains("\ndumps: jobs failed, the last at "), "{text}");
    assert!(text.contains("Why, and what helps: packetboat job ID") && !text.contains("retry"), "{text}");
}
