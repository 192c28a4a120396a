//! What a mail says.

use super::*;

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

#[test]
fn what_is_late_is_told_with_its_jobs_or_with_what_was_expected() {
    let mut night = Night::new();
    night.late(Event::Delayed, "offsite");
    night.late(Event::Missed, "dumps");
    night.pass(20);
    let now = night.now.plus(Duration::from_secs(2 * 3600));
    let aside = Aside { host: "gate", time_zone: chrono_tz::UTC, now, waiting: 9, examples: &[], delivered: 7 };
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
