//! What a mail says.

use super::*;
use crate::domain::HERE;

#[test]
fn a_mail_says_what_happened_in_the_servers_words_and_what_to_type() {
    let mut night = Night::new();
    night.fails(12, "refused");
    night.pass(20);
    let waiting = [example()];
    let aside = Aside {
        host: "gate",
        time_zone: chrono_tz::Europe::Berlin,
        now: night.now,
        waiting: 3,
        examples: &waiting,
        delivered: 7,
        originals: &[],
    };
    let (subject, text) = mail(&night.incidents[0], Told::Began, aside);
    assert_eq!(subject, "[packetboat gate] offsite: 12 jobs failed for good");
    for part in [
        "12 jobs for offsite failed",
        "553 no",
        "a  4 B  to offsite:a",
        "sha256 6b1fc2",
        "job 8f2z9m0q, 1 attempt: 553 no",
        "and 2 more",
        "Rules: dumps",
        "packetboat retry --server offsite --state failed",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    night.down("offsite", "connect");
    night.pass(20);
    let (subject, text) = mail(&night.incidents[1], Told::Began, aside);
    assert_eq!(subject, "[packetboat gate] offsite: trouble; its jobs wait");
    assert!(text.contains("3 jobs wait for it") && text.contains("refused (connect)"), "{text}");
    assert!(text.contains("a  4 B  to offsite:a\n    sha256 6b1fc2\n") && text.contains("and 2 more"), "{text}");
    let hostile = Incident { said: "550 \u{1b}[2J\r\nBcc: x".into(), ..night.incidents[1].clone() };
    let (_, text) = mail(&hostile, Told::Over, aside);
    assert!(!text.contains('\u{1b}') && !text.contains("\r"), "{text}");
}

fn aside(now: Moment) -> Aside<'static> {
    let (host, time_zone) = ("gate", chrono_tz::UTC);
    Aside { host, time_zone, now, waiting: 0, examples: &[], delivered: 7, originals: &[] }
}

#[test]
fn what_is_late_is_told_with_its_jobs_or_with_what_was_expected() {
    let mut night = Night::new();
    night.late(Event::Delayed, "offsite");
    night.late(Event::Missed, "dumps");
    night.pass(20);
    let now = night.now.plus(Duration::from_secs(2 * 3600));
    let aside = Aside { waiting: 9, ..aside(now) };
    for (place, told, subject, parts) in [
        (0, Told::Began, "offsite: 3 jobs late", ["3 jobs for offsite are on the way for longer", "sha256 6b1fc2"]),
        (
            0,
            Told::Still,
            "offsite: still 3 jobs late, for 2 h 0 min",
            ["9 jobs wait for it in all", "packetboat jobs --server offsite --state queued"],
        ),
        (
            0,
            Told::Over,
            "offsite: on time again after 20 s",
            ["It has taken 7 jobs since then", "Nothing is left to do"],
        ),
        (
            1,
            Told::Began,
            "dumps: what it expects did not come",
            ["dumps expects a file by 04:00.", "packetboat plan dumps"],
        ),
        (
            1,
            Told::Still,
            "dumps: still missed, for 2 h 0 min",
            ["By 2026-11-18 11:06:40 UTC it had not come", "packetboat plan dumps"],
        ),
        (
            1,
            Told::Over,
            "dumps: it came, 20 s late",
            ["expected by 2026-11-18 11:06:40 UTC", "had come by 2026-11-18 11:07:00 UTC"],
        ),
        (1, Told::Was, "dumps: what it expects came 20 s late", ["this mail could not be sent before", "had come by"]),
    ] {
        let (said, text) = mail(&night.incidents[place], told, aside);
        assert_eq!(said, format!("[packetboat gate] {subject}"));
        assert!(parts.iter().all(|part| text.contains(part)), "{parts:?}: {text}");
    }
}

/// `here` is no word that anybody wrote; only what is typed has it.
#[test]
fn what_failed_on_this_machine_is_told_so() {
    let mut night = Night::new();
    night.fails(1, "local");
    night.observed.failures[0].server = HERE.to_owned();
    night.pass(20);
    let (subject, text) = mail(&night.incidents[0], Told::Began, aside(night.now));
    assert_eq!(subject, "[packetboat gate] this machine: 1 job failed for good");
    assert!(text.starts_with("1 job for this machine failed since"), "{text}");
    assert!(text.contains("packetboat retry --server here --state failed"), "{text}");
}

fn json(letter: &crate::domain::Letter) -> serde_json::Value {
    let text = std::str::from_utf8(&letter.bytes).unwrap();
    assert!(
        text.starts_with("{\"type\":") && text.contains(",\"timestamp\":") && text.contains(",\"data\":{"),
        "{text}"
    );
    serde_json::from_slice(&letter.bytes).unwrap()
}

#[test]
fn a_webhook_is_told_the_facts_of_the_mail() {
    let mut night = Night::new();
    night.fails(12, "refused");
    night.down("offsite", "connect");
    night.late(Event::Missed, "dumps");
    night.pass(20);
    let hostile = Example { name: "a\u{1b}[2J".into(), said: "553 \u{202e}no\r\nx".into(), ..example() };
    night.incidents.iter_mut().find(|incident| incident.event == Event::Failed).unwrap().examples[0] = hostile;
    let waiting = [example()];
    let now = night.now;
    let aside = Aside { waiting: 3, examples: &waiting, ..aside(now) };
    let told = |event, told| {
        let incident = night.incidents.iter().find(|incident| incident.event == event).unwrap();
        json(&incident_body(incident, told, aside))
    };
    let began = told(Event::Failed, Told::Began);
    let data = &began["data"];
    assert_eq!((&began["type"], &began["timestamp"]), (&"failed".into(), &"2026-11-18T11:07:00.000Z".into()));
    assert_eq!(
        (&data["told"], &data["event"], &data["server"]),
        (&"began".into(), &"failed".into(), &"offsite".into())
    );
    assert_eq!((&data["host"], &data["rule"], &data["trouble"]), (&"gate".into(), &().into(), &"refused".into()));
    assert_eq!((&data["jobs"], &data["waiting"], &data["delivered"]), (&12.into(), &3.into(), &7.into()));
    assert_eq!((&data["rules"][0], &data["ended"]), (&"dumps".into(), &().into()));
    assert_eq!(data["next"], "packetboat retry --server offsite --state failed");
    let job = &data["examples"][0];
    assert_eq!((&job["file"], &job["reply"]), (&"a\\u{1b}[2J".into(), &"553 \\u{202e}no\\r\\nx".into()));
    assert_eq!((&job["job"], &job["size_bytes"], &job["sha256"]), (&"8f2z9m0q".into(), &4.into(), &"6b1fc2".into()));
    assert_eq!((&job["destination"], &job["attempts"]), (&"offsite:a".into(), &1.into()));
    assert_eq!(data["examples"].as_array().unwrap().len(), 10);

    let over = told(Event::Trouble, Told::Over);
    assert_eq!((&over["type"], &over["data"]["event"]), (&"recovered".into(), &"trouble".into()));
    assert!(over["data"]["ended"].is_string() && over["data"]["next"].is_null(), "{over}");
    let was = told(Event::Trouble, Told::Was);
    assert_eq!(
        (&was["type"], &was["data"]["told"]),
        (&"trouble".into(), &"was".into()),
        "nobody was told that it began"
    );
    assert!(was["data"]["ended"].is_string(), "{was}");
    let missed = told(Event::Missed, Told::Still);
    assert_eq!((&missed["data"]["rule"], &missed["data"]["server"]), (&"dumps".into(), &().into()));
    assert_eq!(missed["data"]["next"], "packetboat plan dumps");
    let text = incident_body(&night.incidents[0], Told::Still, aside).bytes;
    let text = String::from_utf8_lossy(&text);
    let keys = ["host", "told", "event", "server", "rule", "trouble", "reply", "began", "ended", "jobs", "waiting"];
    assert!(keys.map(|key| text.find(&format!("\"{key}\":")).expect(key)).is_sorted(), "{text}");
}

#[test]
fn what_was_delivered_and_a_digest_are_told_a_webhook_in_numbers() {
    let rules = vec![("dumps".to_owned(), 9_999, 1_000_000), ("logs".to_owned(), 1, 4)];
    let deliveries = Deliveries { rules, examples: vec![example()] };
    let told = json(&delivered_body(&deliveries, (T0, night_end()), ("gate", night_end())));
    assert_eq!(
        (&told["type"], &told["data"]["jobs"], &told["data"]["bytes"]),
        (&"delivered".into(), &10_000.into(), &1_000_004.into())
    );
    assert_eq!(
        (&told["data"]["rules"][1]["rule"], &told["data"]["examples"][0]["file"]),
        (&"logs".into(), &"a".into())
    );
    let mut line = ReportLine { rule: "dumps".into(), delivered: 3, last_delivered: Some(T0), ..ReportLine::default() };
    let digest = |line: &ReportLine, open: &[&Incident]| {
        json(&digest_body(std::slice::from_ref(line), open, (T0, night_end()), ("gate", night_end())))
    };
    let told = digest(&line, &[]);
    assert_eq!((&told["type"], &told["data"]["all_is_well"]), (&"digest".into(), &true.into()));
    assert_eq!(told["data"]["rules"][0]["last_delivered"], "2026-11-18T11:06:40.000Z");
    line.failed = 1;
    assert_eq!(digest(&line, &[])["data"]["all_is_well"], false);
    line.failed = 0;
    let mut night = Night::new();
    night.down("offsite", "connect");
    night.pass(20);
    let told = digest(&line, &[&night.incidents[0]]);
    assert_eq!(
        (&told["data"]["all_is_well"], &told["data"]["incidents"][0]["server"]),
        (&false.into(), &"offsite".into())
    );
}

#[test]
fn what_was_delivered_is_summed_by_rule_with_some_of_it() {
    let delivery = Example { said: "226 done".into(), ..example() };
    let rules = vec![("dumps".to_owned(), 9_999, 1_000_000), ("logs".to_owned(), 1, 4)];
    let deliveries = Deliveries { rules, examples: vec![delivery] };
    let (subject, text) = delivered(&deliveries, (T0, night_end()), ("gate", chrono_tz::UTC));
    assert_eq!(subject, "[packetboat gate] 10000 jobs delivered, 1.0 MB");
    for part in [
        "dumps: 9999 jobs, 1.0 MB",
        "logs: 1 job, 4 B",
        "a  4 B  to offsite:a",
        "226 done",
        "and 9999 more",
        "packetboat receipts",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

fn night_end() -> Moment {
    T0.plus(DAY)
}
