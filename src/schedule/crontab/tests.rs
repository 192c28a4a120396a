//! Crontab moments by example: their meaning over zones and clock changes.

use super::*;
use chrono_tz::{America, Asia, Australia, Europe, Pacific};

fn crontab(text: &str) -> Crontab {
    Crontab::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn at(text: &str) -> Moment {
    Moment(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
}

/// The moments from `from` on, `from` itself left out, as many as are given.
fn assert_moments(text: &str, time_zone: Tz, from: &str, moments: &[&str]) {
    let crontab = crontab(text);
    let mut last = at(from);
    for moment in moments {
        let next = crontab.next_after(last, time_zone).unwrap();
        let shown = DateTime::from_timestamp_millis(next.0).unwrap().with_timezone(&time_zone).to_rfc3339();
        assert_eq!(&shown, moment, "{text} in {time_zone}");
        last = next;
    }
}

#[test]
fn a_moment_comes_when_its_fields_say() {
    // 2026-11-26 is a Thursday.
    for (text, moments) in [
        ("0 7 * * *", ["2026-11-27T07:00:00+01:00", "2026-11-28T07:00:00+01:00", "2026-11-29T07:00:00+01:00"]),
        ("0 7 * * 1", ["2026-11-30T07:00:00+01:00", "2026-12-07T07:00:00+01:00", "2026-12-14T07:00:00+01:00"]),
        ("5 0 * 8 *", ["2027-08-01T00:05:00+02:00", "2027-08-02T00:05:00+02:00", "2027-08-03T00:05:00+02:00"]),
        ("*/20 9-10 * * *", ["2026-11-26T09:40:00+01:00", "2026-11-26T10:00:00+01:00", "2026-11-26T10:20:00+01:00"]),
        ("10-30/10 12 * * *", ["2026-11-26T12:10:00+01:00", "2026-11-26T12:20:00+01:00", "2026-11-26T12:30:00+01:00"]),
        ("59 23 31 12 *", ["2026-12-31T23:59:00+01:00", "2027-12-31T23:59:00+01:00", "2028-12-31T23:59:00+01:00"]),
        ("0 0 1 1 *", ["2027-01-01T00:00:00+01:00", "2028-01-01T00:00:00+01:00", "2029-01-01T00:00:00+01:00"]),
        ("0 0 31 * *", ["2026-12-31T00:00:00+01:00", "2027-01-31T00:00:00+01:00", "2027-03-31T00:00:00+02:00"]),
        ("0 0 29 2 *", ["2028-02-29T00:00:00+01:00", "2032-02-29T00:00:00+01:00", "2036-02-29T00:00:00+01:00"]),
        ("30 4 1,15 * *", ["2026-12-01T04:30:00+01:00", "2026-12-15T04:30:00+01:00", "2027-01-01T04:30:00+01:00"]),
    ] {
        assert_moments(text, Europe::Berlin, "2026-11-26T09:30:00+01:00", &moments);
    }
}

#[test]
fn sunday_is_0_and_7_and_names_are_as_good_as_numbers() {
    for (texts, moments) in [
        (
            &["0 7 * * 0", "0 7 * * 7", "0 7 * * SUN", "0 7 * * sun", "0 7 * * 0,7", "0 7 * * 7-7", "00 07 * * 0"][..],
            ["2026-11-29T07:00:00Z", "2026-12-06T07:00:00Z"],
        ),
        (&["0 7 * * 1", "0 7 * * Mon", " 0\t7  *  * MON\n"], ["2026-11-30T07:00:00Z", "2026-12-07T07:00:00Z"]),
        (&["0 7 * * 5-7", "0 7 * * FRI-SUN", "0 7 * * 5-0"], ["2026-11-27T07:00:00Z", "2026-11-28T07:00:00Z"]),
        (&["0 7 * * 5-7/2", "0 7 * * FRI,0", "0 7 * * 0,FRI"], ["2026-11-27T07:00:00Z", "2026-11-29T07:00:00Z"]),
        (&["0 7 * * 0-7", "0 7 * * *", "0 7 * * */1"], ["2026-11-27T07:00:00Z", "2026-11-28T07:00:00Z"]),
        (&["0 7 1 JAN-MAR/2,DEC *", "0 7 1 1,3,12 *"], ["2026-12-01T07:00:00Z", "2027-01-01T07:00:00Z"]),
    ] {
        for text in texts {
            let moments = moments.map(|moment| moment.replace('Z', "+00:00"));
            assert_moments(text, Tz::UTC, "2026-11-26T09:30:00Z", &moments.each_ref().map(String::as_str));
        }
    }
}

#[test]
fn a_nickname_is_the_fields_it_stands_for() {
    for (nickname, fields) in [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        (" @Daily ", "0 0 * * *"),
    ] {
        let (nickname, fields) = (crontab(nickname), crontab(fields));
        assert_eq!((nickname.calendars, nickname.repeats), (fields.calendars, fields.repeats), "{}", nickname.text);
    }
}

#[test]
fn a_day_and_a_weekday_are_either_of_them_unless_one_begins_with_a_star() {
    // 2026-03-13 is a Friday.
    for (text, moments) in [
        ("0 0 13 * 5", ["2026-03-20T00:00:00+00:00", "2026-03-27T00:00:00+00:00", "2026-04-03T00:00:00+00:00"]),
        ("0 0 14 * 7", ["2026-03-14T00:00:00+00:00", "2026-03-15T00:00:00+00:00", "2026-03-22T00:00:00+00:00"]),
        ("0 0 13 * *", ["2026-04-13T00:00:00+00:00", "2026-05-13T00:00:00+00:00", "2026-06-13T00:00:00+00:00"]),
        ("0 0 * * 5", ["2026-03-20T00:00:00+00:00", "2026-03-27T00:00:00+00:00", "2026-04-03T00:00:00+00:00"]),
        // Odd days that are Fridays; the 13th, if it is a Sunday, Tuesday, Thursday or Saturday.
        ("0 0 */2 * 5", ["2026-03-27T00:00:00+00:00", "2026-04-03T00:00:00+00:00", "2026-04-17T00:00:00+00:00"]),
        ("0 0 13 * */2", ["2026-06-13T00:00:00+00:00", "2026-08-13T00:00:00+00:00", "2026-09-13T00:00:00+00:00"]),
        // A range that holds every day is given all the same.
        ("0 0 1-31 * 5", ["2026-03-14T00:00:00+00:00", "2026-03-15T00:00:00+00:00", "2026-03-16T00:00:00+00:00"]),
        // No 30 February, but its Mondays.
        ("0 0 30 2 1", ["2027-02-01T00:00:00+00:00", "2027-02-08T00:00:00+00:00", "2027-02-15T00:00:00+00:00"]),
        // A leap day on a Sunday.
        ("0 0 29 2 */7", ["2032-02-29T00:00:00+00:00", "2060-02-29T00:00:00+00:00", "2088-02-29T00:00:00+00:00"]),
    ] {
        assert_moments(text, Tz::UTC, "2026-03-13T00:00:00Z", &moments);
    }
}

/// Berlin: 02:00 +01:00 is 03:00 +02:00. Lord Howe: 02:00 +10:30 is 02:30 +11:00. Apia had no 30 December 2011.
#[test]
fn what_the_clock_leaves_out_comes_once_when_it_has_jumped() {
    let berlin = (Europe::Berlin, "2026-03-29T00:30:00+01:00");
    let lord_howe = (Australia::Lord_Howe, "2026-10-04T00:30:00+10:30");
    for (text, (time_zone, from), moments) in [
        ("30 2 * * *", berlin, &["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"][..]),
        ("0 2 * * *", berlin, &["2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"]),
        ("30 1 * * *", berlin, &["2026-03-29T01:30:00+01:00", "2026-03-30T01:30:00+02:00"]),
        ("0 3 * * *", berlin, &["2026-03-29T03:00:00+02:00", "2026-03-30T03:00:00+02:00"]),
        // Several are one, and one with what is due then anyway.
        ("0,30 2 * * *", berlin, &["2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"]),
        (
            "0 1-4 * * *",
            berlin,
            &["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"],
        ),
        ("30 2 29 3 *", berlin, &["2026-03-29T03:00:00+02:00", "2027-03-29T02:30:00+02:00"]),
        // As shown: what is left out is left out.
        ("30 * * * *", berlin, &["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"]),
        (
            "*/30 * * * *",
            berlin,
            &["2026-03-29T01:00:00+01:00", "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"],
        ),
        ("*/30 2 * * *", berlin, &["2026-03-30T02:00:00+02:00"]),
        ("0 */2 * * *", berlin, &["2026-03-29T04:00:00+02:00"]),
        ("15 2 * * *", lord_howe, &["2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"]),
        ("30 2 * * *", lord_howe, &["2026-10-04T02:30:00+11:00", "2026-10-05T02:30:00+11:00"]),
        (
            "*/30 * * * *",
            lord_howe,
            &["2026-10-04T01:00:00+10:30", "2026-10-04T01:30:00+10:30", "2026-10-04T02:30:00+11:00"],
        ),
        (
            "30 2 * * 0",
            (America::New_York, "2026-03-08T00:00:00-05:00"),
            &["2026-03-08T03:00:00-04:00", "2026-03-15T02:30:00-04:00"],
        ),
        // Midnight itself is left out.
        (
            "0 0 * * *",
            (America::Santiago, "2026-09-05T12:00:00-04:00"),
            &["2026-09-06T01:00:00-03:00", "2026-09-07T00:00:00-03:00"],
        ),
        (
            "0 7 30 * *",
            (Pacific::Apia, "2011-12-29T12:00:00-10:00"),
            &["2011-12-31T00:00:00+14:00", "2012-01-30T07:00:00+14:00"],
        ),
        (
            "0 * * * *",
            (Pacific::Apia, "2011-12-29T22:00:00-10:00"),
            &["2011-12-29T23:00:00-10:00", "2011-12-31T00:00:00+14:00"],
        ),
    ] {
        assert_moments(text, time_zone, from, moments);
    }
}

/// Berlin: 03:00 +02:00 is 02:00 +01:00. Lord Howe: 02:00 +11:00 is 01:30 +10:30.
#[test]
fn what_the_clock_shows_twice_comes_the_first_time() {
    let berlin = (Europe::Berlin, "2026-10-25T01:30:00+02:00");
    let lord_howe = (Australia::Lord_Howe, "2026-04-05T01:15:00+11:00");
    for (text, (time_zone, from), moments) in [
        ("30 2 * * *", berlin, &["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"][..]),
        (
            "0,30 2 * * *",
            berlin,
            &["2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:00:00+01:00"],
        ),
        ("0 1-3 * * *", berlin, &["2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+01:00"]),
        ("45 1 * * *", lord_howe, &["2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"]),
        (
            "30 1 1 11 *",
            (America::New_York, "2026-11-01T00:00:00-04:00"),
            &["2026-11-01T01:30:00-04:00", "2027-11-01T01:30:00-04:00"],
        ),
        // Asked within the second hour, too.
        ("30 2 * * *", (Europe::Berlin, "2026-10-25T02:10:00+01:00"), &["2026-10-26T02:30:00+01:00"]),
    ] {
        assert_moments(text, time_zone, from, moments);
    }
}

#[test]
fn one_that_begins_with_a_star_comes_as_often_as_the_clock_shows_it() {
    let berlin = (Europe::Berlin, "2026-10-25T02:15:00+02:00");
    let lord_howe = (Australia::Lord_Howe, "2026-04-05T01:15:00+11:00");
    for (text, (time_zone, from), moments) in [
        (
            "*/20 * * * *",
            berlin,
            &[
                "2026-10-25T02:20:00+02:00",
                "2026-10-25T02:40:00+02:00",
                "2026-10-25T02:00:00+01:00",
                "2026-10-25T02:20:00+01:00",
                "2026-10-25T02:40:00+01:00",
                "2026-10-25T03:00:00+01:00",
            ][..],
        ),
        (
            "30 * * * *",
            berlin,
            &["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"],
        ),
        ("10 * * * *", berlin, &["2026-10-25T02:10:00+01:00", "2026-10-25T03:10:00+01:00"]),
        ("0 */2 * * *", berlin, &["2026-10-25T02:00:00+01:00", "2026-10-25T04:00:00+01:00"]),
        (
            "*/30 2 * * *",
            berlin,
            &["2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00"],
        ),
        // The next reading is a year ahead, but the last one comes again.
        ("*/30 2 25 10 *", (Europe::Berlin, "2026-10-25T02:45:00+02:00"), &["2026-10-25T02:00:00+01:00"]),
        (
            "*/15 * * * *",
            lord_howe,
            &[
                "2026-04-05T01:30:00+11:00",
                "2026-04-05T01:45:00+11:00",
                "2026-04-05T01:30:00+10:30",
                "2026-04-05T01:45:00+10:30",
                "2026-04-05T02:00:00+10:30",
            ],
        ),
        ("*/10 * * * *", (Asia::Kolkata, "2026-10-25T02:55:00+05:30"), &["2026-10-25T03:00:00+05:30"]),
    ] {
        assert_moments(text, time_zone, from, moments);
    }
}

#[test]
fn it_comes_after_a_moment_never_at_it() {
    let daily = crontab("0 7 * * *");
    let seven = at("2026-11-26T07:00:00Z");
    let tomorrow = at("2026-11-27T07:00:00Z");
    for (moment, next) in [
        (Moment(seven.0 - 1), seven),
        (Moment(seven.0 - 999), seven),
        (seven, tomorrow),
        (Moment(seven.0 + 1), tomorrow),
    ] {
        assert_eq!(daily.next_after(moment, Tz::UTC), Some(next), "{moment:?}");
    }
}

#[test]
fn it_ends_with_the_calendar() {
    let yearly = crontab("@yearly");
    assert_eq!(yearly.next_after(at("2099-06-01T00:00:00Z"), Tz::UTC), Some(at("2100-01-01T00:00:00Z")));
    for moment in [at("2100-01-01T00:00:00Z"), at("2101-01-01T00:00:00Z"), Moment(i64::MAX)] {
        assert_eq!(yearly.next_after(moment, Europe::Berlin), None, "{moment:?}");
    }
    for moment in [Moment(-1), at("1066-10-14T09:00:00Z"), Moment(i64::MIN)] {
        assert_eq!(yearly.next_after(moment, Tz::UTC), Some(Moment(0)), "{moment:?}");
    }
    assert_eq!(crontab("0 0 29 2 *").next_after(at("2096-03-01T00:00:00Z"), Tz::UTC), None);
}

#[test]
fn it_is_shown_as_it_was_written() {
    for text in ["0 7 * * 1", "@daily", " 0\t7 * * mon"] {
        assert_eq!(crontab(text).to_string(), text);
    }
}
