//! Nights, outages of ours, clock changes and clocks that are set, each as a list of what came and what was said.

use super::*;
use chrono::DateTime;
use chrono_tz::Europe::Berlin;

const GRACE: Duration = Duration::from_secs(30);

fn at(text: &str) -> Moment {
    Moment(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
}

fn by(crontab: &str) -> Expect {
    let rhythm = Rhythm::By(Crontab::parse(crontab).unwrap(), Berlin);
    Expect { arriving: crate::domain::Arriving::File, rhythm, files: 1, min_size: None, min_share: None }
}

fn every(hours: u64) -> Expect {
    let rhythm = Rhythm::Every(Duration::from_secs(hours * 3600));
    Expect { arriving: crate::domain::Arriving::File, rhythm, files: 1, min_size: None, min_share: None }
}

#[derive(Clone, Copy)]
enum Step {
    /// The janitor looks.
    Look,
    /// A file of so many bytes comes, and the janitor looks.
    Comes(u64),
    /// So many files come at once: a scan after a time in which nobody looked.
    Found(usize),
}
use Step::{Comes, Found, Look};

/// After each step, the moment that is missed.
fn told(expect: &Expect, begun: &str, steps: &[(&str, Step)]) -> Vec<Option<Moment>> {
    let mut state = expect.begin("dumps", at(begun));
    let steps = steps.iter().map(|(moment, step)| {
        let (now, size) = (at(moment), if let Comes(size) = step { *size } else { 10 });
        let came = Came { rule: "dumps".into(), name: "a".into(), at: now, size_bytes: Some(size) };
        let files = match step {
            Look => 0,
            Comes(_) => 1,
            Found(files) => *files,
        };
        (0..files).for_each(|_| expect.count(&mut state, &came));
        expect.judge(&mut state, now, GRACE);
        state.missed_at
    });
    steps.collect()
}

#[test]
fn a_dump_that_comes_every_night_is_never_missed_and_one_that_does_not_is_missed_once_until_it_comes() {
    let missed = Some(at("2026-11-24T04:00:00+01:00"));
    let steps = [
        ("2026-11-23T02:00:00+01:00", Comes(10)),
        ("2026-11-23T04:01:00+01:00", Look),
        ("2026-11-24T04:00:10+01:00", Look), // what came this moment may not be told of yet
        ("2026-11-24T04:00:30+01:00", Look),
        ("2026-11-24T23:00:00+01:00", Look),
        ("2026-11-25T02:00:00+01:00", Comes(10)),
        ("2026-11-25T04:01:00+01:00", Look),
    ];
    let said = told(&by("0 4 * * *"), "2026-11-22T10:00:00+01:00", &steps);
    assert_eq!(said, [None, None, None, missed, missed, None, None]);
}

#[test]
fn a_late_one_is_not_taken_for_the_next_but_an_early_one_is_its_own() {
    let (tuesday, wednesday) = (Some(at("2026-11-24T04:00:00+01:00")), Some(at("2026-11-25T04:00:00+01:00")));
    for (came, then) in [("2026-11-24T05:00:00+01:00", wednesday), ("2026-11-25T02:00:00+01:00", None)] {
        let steps = [("2026-11-24T04:01:00+01:00", Look), (came, Comes(10)), ("2026-11-25T04:01:00+01:00", Look)];
        let said = told(&by("0 4 * * *"), "2026-11-23T05:00:00+01:00", &steps);
        assert_eq!(said, [tuesday, None, then], "{came}");
    }
}

#[test]
fn a_second_night_without_one_is_of_that_night() {
    let steps = [
        ("2026-11-24T04:01:00+01:00", Look),
        ("2026-11-25T04:01:00+01:00", Look),
        ("2026-11-25T05:00:00+01:00", Comes(10)),
        ("2026-11-26T04:01:00+01:00", Look),
    ];
    let said = told(&by("0 4 * * *"), "2026-11-23T05:00:00+01:00", &steps);
    let night = |day: u8| Some(at(&format!("2026-11-{day}T04:00:00+01:00")));
    assert_eq!(said, [night(24), night(25), None, night(26)]);
}

#[test]
fn what_passed_while_we_were_down_is_one_and_what_the_first_scan_finds_makes_it_good() {
    let monday = Some(at("2026-11-23T04:00:00+01:00"));
    let friday = ("2026-11-20T02:00:00+01:00", Comes(10));
    // down from Friday 05:00 to Monday 08:00
    for (found, then) in [(Found(3), None), (Look, monday)] {
        let steps = [friday, ("2026-11-20T04:01:00+01:00", Look), ("2026-11-23T08:00:00+01:00", found)];
        let said = told(&by("0 4 * * *"), "2026-11-19T10:00:00+01:00", &steps);
        assert_eq!(said, [None, None, then]);
        // and Tuesday's is still to come
    }
    let steps = [friday, ("2026-11-23T08:00:00+01:00", Found(3)), ("2026-11-24T04:01:00+01:00", Look)];
    let said = told(&by("0 4 * * *"), "2026-11-19T10:00:00+01:00", &steps);
    assert_eq!(said[2], Some(at("2026-11-24T04:00:00+01:00")), "three nights' dumps are not Tuesday's");
}

/// `once` by a crontab at 02:30: every look is a day after the last.
#[test]
fn one_look_a_day_judges_yesterday_by_what_had_come_by_then() {
    let steps = [
        ("2026-11-23T02:30:00+01:00", Comes(10)),
        ("2026-11-24T02:30:00+01:00", Comes(10)),
        ("2026-11-25T02:30:00+01:00", Look),
        ("2026-11-26T02:30:00+01:00", Look),
    ];
    let said = told(&by("0 4 * * *"), "2026-11-22T02:30:00+01:00", &steps);
    assert_eq!(said, [None, None, None, Some(at("2026-11-25T04:00:00+01:00"))]);
}

#[test]
fn clock_changes_move_the_moment_as_crontab_has_it() {
    // 02:30 is left out on 29 March, and comes twice on 25 October: the first one counts
    for (begun, before, after, missed) in [
        (
            "2026-03-28T12:00:00+01:00",
            "2026-03-29T01:59:00+01:00",
            "2026-03-29T03:01:00+02:00",
            "2026-03-29T03:00:00+02:00",
        ),
        (
            "2026-10-24T12:00:00+02:00",
            "2026-10-25T02:29:00+02:00",
            "2026-10-25T02:31:00+02:00",
            "2026-10-25T02:30:00+02:00",
        ),
    ] {
        let said = told(&by("30 2 * * *"), begun, &[(before, Look), (after, Look)]);
        assert_eq!(said, [None, Some(at(missed))]);
    }
    // a day of 23 hours and one of 25: a dump by the clock on the wall comes in time
    for (days, offsets) in [
        (["03-28", "03-29", "03-30"], ["+01:00", "+02:00", "+02:00"]),
        (["10-24", "10-25", "10-26"], ["+02:00", "+01:00", "+01:00"]),
    ] {
        let at = |day: usize, time: &str| format!("2026-{}T{time}{}", days[day], offsets[day]);
        let (second, third) = (at(1, "03:30:00"), at(2, "03:30:00"));
        let (late, later) = (at(1, "04:01:00"), at(2, "04:01:00"));
        let steps = [(&*second, Comes(1)), (&*late, Look), (&*third, Comes(1)), (&*later, Look)];
        assert_eq!(told(&by("0 4 * * *"), &at(0, "05:00:00"), &steps), [None; 4]);
        let said = told(&every(24), &at(0, "03:30:00"), &[(&second, Look)]);
        let is_a_day_over = days[1] == "10-25";
        assert_eq!(said[0].is_some(), is_a_day_over, "24 h are 24 h");
    }
}

#[test]
fn a_clock_that_is_set_says_it_once_and_is_deaf_to_nothing() {
    let tuesday = Some(at("2026-11-24T04:00:00+01:00"));
    let steps = [
        ("2026-11-23T02:00:00+01:00", Comes(10)),
        ("2026-11-23T10:00:00+01:00", Look),
        ("2026-11-24T10:00:00+01:00", Look), // a day forward
        ("2026-11-23T10:01:00+01:00", Look), // and back
        ("2026-11-24T02:00:00+01:00", Comes(10)),
        ("2026-11-24T04:01:00+01:00", Look),
        ("2026-11-25T04:01:00+01:00", Look),
    ];
    let said = told(&by("0 4 * * *"), "2026-11-22T10:00:00+01:00", &steps);
    assert_eq!(said[..3], [None, None, tuesday]);
    assert_eq!(said[3], Some(at("2026-11-23T10:01:00+01:00")), "as late as now");
    assert_eq!(said[4..], [None, None, Some(at("2026-11-25T04:00:00+01:00"))]);
    // set back a day without having been set forward
    let steps = [
        ("2026-11-24T02:00:00+01:00", Comes(10)),
        ("2026-11-24T04:01:00+01:00", Look),
        ("2026-11-23T05:00:00+01:00", Look),
        ("2026-11-24T04:01:00+01:00", Look),
    ];
    let said = told(&by("0 4 * * *"), "2026-11-23T05:00:00+01:00", &steps);
    assert_eq!(said, [None, None, None, tuesday]);
    let steps = [
        ("2026-11-23T10:00:00+01:00", Comes(10)),
        ("2026-11-24T10:01:00+01:00", Look), // a day forward
        ("2026-11-23T10:02:00+01:00", Look), // and back
        ("2026-11-23T14:03:00+01:00", Look),
    ];
    let said = told(&every(4), "2026-11-23T09:00:00+01:00", &steps);
    assert_eq!((said[0], said[1].is_some(), said[2], said[3].is_some()), (None, true, None, true));
}

#[test]
fn every_so_often_counts_from_the_last_one_and_ends_with_the_next() {
    let missed = Some(at("2026-11-23T14:00:00+01:00"));
    let steps = [
        ("2026-11-23T10:00:00+01:00", Comes(10)),
        ("2026-11-23T14:00:10+01:00", Look),
        ("2026-11-23T14:00:30+01:00", Look),
        ("2026-11-23T16:00:00+01:00", Look),
        ("2026-11-23T17:00:00+01:00", Comes(10)),
        ("2026-11-23T20:59:00+01:00", Look),
        ("2026-11-23T21:01:00+01:00", Look),
    ];
    let said = told(&every(4), "2026-11-23T09:00:00+01:00", &steps);
    assert_eq!(said[..6], [None, None, missed, missed, None, None]);
    assert_eq!(said[6], Some(at("2026-11-23T21:00:00+01:00")));
}

#[test]
fn several_files_are_all_wanted_and_a_late_one_completes_them() {
    let expect = Expect { files: 3, ..by("0 4 * * *") };
    let steps = [
        ("2026-11-24T02:00:00+01:00", Found(2)),
        ("2026-11-24T04:01:00+01:00", Look),
        ("2026-11-24T05:00:00+01:00", Comes(10)),
        ("2026-11-25T02:00:00+01:00", Found(3)),
        ("2026-11-25T04:01:00+01:00", Look),
    ];
    let said = told(&expect, "2026-11-23T05:00:00+01:00", &steps);
    assert_eq!(said, [None, Some(at("2026-11-24T04:00:00+01:00")), None, None, None]);
}

#[test]
fn what_is_too_small_does_not_count_and_is_named() {
    for (expect, sizes, is_missed) in [
        (Expect { min_size: Some(1000), ..by("0 4 * * *") }, [1000, 999], true),
        (Expect { min_size: Some(1000), ..by("0 4 * * *") }, [1000, 1000], false),
        (Expect { min_share: Some(50), ..by("0 4 * * *") }, [1001, 500], true),
        (Expect { min_share: Some(50), ..by("0 4 * * *") }, [1001, 501], false),
        (Expect { min_share: Some(50), ..by("0 4 * * *") }, [0, 0], false),
    ] {
        let steps = [
            ("2026-11-23T02:00:00+01:00", Comes(sizes[0])),
            ("2026-11-24T02:00:00+01:00", Comes(sizes[1])),
            ("2026-11-24T04:01:00+01:00", Look),
        ];
        let said = told(&expect, "2026-11-22T05:00:00+01:00", &steps);
        assert_eq!(said[2].is_some(), is_missed, "{expect} {sizes:?}");
    }
    let expect = Expect { min_size: Some(10_000_000), min_share: Some(50), ..by("0 4 * * *") };
    assert_eq!(
        expect.to_string(),
        "a file of 10.0 MB or more, 50 % of the last one at least, by \"0 4 * * *\" (Europe/Berlin)"
    );
    let mut state = expect.begin("dumps", at("2026-11-22T05:00:00+01:00"));
    let came = Came {
        rule: "dumps".into(),
        name: "a.dump".into(),
        at: at("2026-11-23T02:00:00+01:00"),
        size_bytes: Some(3000),
    };
    expect.count(&mut state, &came);
    assert_eq!(state.unfit.as_deref(), Some("a.dump has 3.0 KB: less than 10.0 MB"));
}

#[test]
fn one_that_begins_shortly_before_its_moment_is_judged_by_the_next() {
    for (begun, due) in [
        ("2026-11-23T10:00:00+01:00", "2026-11-24T04:00:00+01:00"),
        ("2026-11-24T03:00:00+01:00", "2026-11-25T04:00:00+01:00"),
    ] {
        assert_eq!(by("0 4 * * *").begin("dumps", at(begun)).due_at, Some(at(due)), "{begun}");
    }
}
