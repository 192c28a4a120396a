//! Crontab moments beside `croner`, another reading of the same notation, and beside looking at every minute.
//!
//! Where the two mean different things, the rule of the difference stands here and not a list of cases:
//! - `*/2` as day or weekday beside the other: Vixie wants both, croner either. It is asked for both, in its own notation.
//! - Several hours or minutes without a star (`0,30 2 * * *`): Vixie has them once over a clock change, as any other of
//!   fixed hours, croner as often as they are shown. They are compared where the clock never changes, and over clock
//!   changes with looking at every minute.
//! - `SUN-SUN` is Sunday here and the whole week to croner. No range of names has one name twice.
//! - The calendar ends with the year 2100, croner's does not.

use super::*;
use chrono::{Datelike, Days};
use chrono_tz::{America, Asia, Australia, Europe};
use croner::Cron;
use proptest::prelude::*;
use std::str::FromStr;

/// A field as it is written.
#[derive(Debug, Clone)]
enum Written {
    Star,
    Step(u8),
    List(Vec<String>),
}

impl Written {
    fn text(&self) -> String {
        match self {
            Self::Star => "*".to_owned(),
            Self::Step(step) => format!("*/{step}"),
            Self::List(items) => items.join(","),
        }
    }

    fn is_one_number(&self) -> bool {
        matches!(self, Self::List(items) if items.len() == 1 && items[0].bytes().all(|byte| byte.is_ascii_digit()))
    }

    fn begins_with_star(&self) -> bool {
        !matches!(self, Self::List(_))
    }
}

#[derive(Debug, Clone)]
struct Fields {
    minute: Written,
    hour: Written,
    day: Written,
    month: Written,
    weekday: Written,
}

impl Fields {
    fn text(&self) -> String {
        let Self { minute, hour, day, month, weekday } = self;
        [minute, hour, day, month, weekday].map(Written::text).join(" ")
    }

    /// The same for croner.
    fn croner(&self) -> Cron {
        let both = if self.day.begins_with_star() || self.weekday.begins_with_star() { "+" } else { "" };
        let text = self.text();
        let (others, weekday) = text.rsplit_once(' ').unwrap();
        Cron::from_str(&format!("{others} {both}{weekday}")).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn means_the_same_over_clock_changes(&self) -> bool {
        let is_as_shown = self.minute.begins_with_star() || self.hour.begins_with_star();
        is_as_shown || self.minute.is_one_number() && self.hour.is_one_number()
    }
}

/// A field of numbers from `least` to `most`; `near` of them are likelier, for clocks change in the small hours.
fn written(least: u8, most: u8, near: u8) -> impl Strategy<Value = Written> {
    let number = move || prop_oneof![least..=near, least..=most];
    let range = move || (number(), number()).prop_map(|(one, other)| (one.min(other), one.max(other)));
    let item = prop_oneof![
        4 => number().prop_map(|number| number.to_string()),
        2 => range().prop_map(|(first, last)| format!("{first}-{last}")),
        1 => (range(), 1..=most).prop_map(|((first, last), step)| format!("{first}-{last}/{step}")),
    ];
    prop_oneof![
        2 => Just(Written::Star),
        1 => (1..=most).prop_map(Written::Step),
        3 => number().prop_map(|number| Written::List(vec![number.to_string()])),
        1 => prop::collection::vec(item, 1..4).prop_map(Written::List),
    ]
}

/// Months and weekdays by name, too.
fn named(least: u8, most: u8, names: &'static [&'static str]) -> impl Strategy<Value = Written> {
    let name = prop::sample::select(names).prop_map(|name| Written::List(vec![name.to_owned()]));
    let range = prop::sample::subsequence(names, 2).prop_map(|names| Written::List(vec![names.join("-")]));
    prop_oneof![4 => Just(Written::Star), 3 => written(least, most, most), 1 => name, 1 => range]
}

fn fields() -> impl Strategy<Value = Fields> {
    let months = named(1, 12, &["JAN", "FEB", "mar", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "Oct", "NOV", "DEC"]);
    let weekdays = named(0, 7, &["SUN", "MON", "tue", "WED", "Thu", "FRI", "SAT"]);
    let days = prop_oneof![Just(Written::Star), written(1, 31, 31)];
    (written(0, 59, 59), written(0, 23, 4), days, months, weekdays)
        .prop_map(|(minute, hour, day, month, weekday)| Fields { minute, hour, day, month, weekday })
}

/// Clock changes, by zone.
const CHANGES: [(Tz, &str); 8] = [
    (Europe::Berlin, "2026-03-29T01:00:00Z"),
    (Europe::Berlin, "2026-10-25T01:00:00Z"),
    (America::New_York, "2027-03-14T07:00:00Z"),
    (America::New_York, "2027-11-07T06:00:00Z"),
    (Australia::Lord_Howe, "2026-04-04T15:00:00Z"),
    (Australia::Lord_Howe, "2026-10-03T15:30:00Z"),
    (America::Santiago, "2026-04-05T03:00:00Z"),
    (America::Santiago, "2026-09-06T04:00:00Z"),
];

const DAY_MILLIS: i64 = 86_400_000;

/// A zone and a moment near one of its clock changes.
fn near_a_change() -> impl Strategy<Value = (Tz, Moment)> {
    let change = prop::sample::select(&CHANGES[..]);
    (change, -DAY_MILLIS..DAY_MILLIS, -30i64..30).prop_map(|((time_zone, change), far, minutes)| {
        let change = DateTime::parse_from_rfc3339(change).unwrap().timestamp_millis();
        // On the minute every other time.
        let near = change + minutes * 5 * 60_000;
        (time_zone, Moment(if far % 2 == 0 { near } else { change + far }))
    })
}

/// A zone and any moment from 1975 to 2085.
fn anywhere() -> impl Strategy<Value = (Tz, Moment)> {
    let zones = vec![Europe::Berlin, America::New_York, Australia::Lord_Howe, Asia::Kolkata, Tz::UTC];
    (prop::sample::select(zones), 157_766_400_000i64..3_629_059_200_000)
        .prop_map(|(time_zone, moment)| (time_zone, Moment(moment)))
}

/// Whether the calendar has `reading`, as croner says, which is asked about readings alone.
fn has(croner: &Cron, reading: NaiveDateTime) -> bool {
    croner.is_time_matching(&reading).unwrap()
}

/// What looking at every minute of three days finds: readings that the clock passes for the first time, left out or
/// not, or whatever it shows.
fn by_looking(fields: &Fields, time_zone: Tz, from: Moment) -> Vec<Moment> {
    let croner = fields.croner();
    let is_as_shown = fields.minute.begins_with_star() || fields.hour.begins_with_star();
    let local = |minute: i64| DateTime::from_timestamp(minute * 60, 0).unwrap().with_timezone(&time_zone).naive_local();
    let first = from.0.div_euclid(60_000) - 1440;
    let mut highest = local(first);
    let mut found = Vec::new();
    for minute in first + 1..first + 4 * 1440 {
        let reading = local(minute);
        let passed =
            iter::successors(Some(highest + TimeDelta::minutes(1)), |last| Some(*last + TimeDelta::minutes(1)))
                .take_while(|passed| *passed <= reading);
        let is_due =
            if is_as_shown { has(&croner, reading) } else { passed.into_iter().any(|passed| has(&croner, passed)) };
        highest = highest.max(reading);
        if is_due && minute * 60_000 > from.0 {
            found.push(Moment(minute * 60_000));
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_next_moments_are_what_croner_finds(
        fields in fields(),
        (time_zone, from) in prop_oneof![near_a_change(), anywhere()],
    ) {
        let time_zone = if fields.means_the_same_over_clock_changes() { time_zone } else { Asia::Kolkata };
        let croner = fields.croner();
        let start = DateTime::from_timestamp_millis(from.0).unwrap().with_timezone(&time_zone);
        let Ok(crontab) = Crontab::parse(&fields.text()) else {
            // The only thing wrong with these can be that they never come.
            prop_assert!(croner.find_next_occurrence(&start, false).is_err(), "{}", fields.text());
            return Ok(());
        };
        let (mut ours, mut theirs) = (from, start);
        for _ in 0..4 {
            let next = crontab.next_after(ours, time_zone);
            theirs = croner.find_next_occurrence(&theirs, false).unwrap();
            let found = (theirs.year() <= 2100).then(|| Moment(theirs.timestamp_millis()));
            prop_assert_eq!(next, found, "{} in {}: {}", fields.text(), time_zone, theirs);
            let Some(next) = next else { break };
            ours = next;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_moments_over_a_clock_change_are_what_looking_at_every_minute_finds(
        minute in written(0, 59, 59),
        hour in written(0, 23, 4),
        (time_zone, from) in near_a_change(),
    ) {
        let fields = Fields { minute, hour, day: Written::Star, month: Written::Star, weekday: Written::Star };
        let crontab = Crontab::parse(&fields.text()).unwrap();
        let looked = by_looking(&fields, time_zone, from);
        let until = from.0 + 2 * DAY_MILLIS;
        let next = |last: &Moment| crontab.next_after(*last, time_zone);
        let found: Vec<_> = iter::successors(next(&from), next).take_while(|next| next.0 < until).collect();
        let looked: Vec<_> = looked.into_iter().take_while(|next| next.0 < until).collect();
        prop_assert_eq!(found, looked, "{} in {}", fields.text(), time_zone);
    }
}

/// The rarest moment there is comes once in 28 years.
#[test]
fn a_rare_moment_is_found_at_once() {
    let rare = Crontab::parse("0 0 29 2 */7").unwrap();
    let began = std::time::Instant::now();
    for day in 0..1000 {
        let from = DateTime::UNIX_EPOCH.date_naive() + Days::new(day * 40);
        let from = Moment(from.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis());
        assert!(rare.next_after(from, Europe::Berlin).is_some(), "{from:?}");
    }
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}
