//! `0 7 * * 1`, `*/10 8-18 * * MON-FRI`, `@daily` → [`Crontab`].

use super::{
    Crontab, Repeats,
    field::{DAY, FORM, HOUR, MINUTE, MONTH, Numbers, WEEKDAY, wrong},
};
use crate::schedule::{TextError, piece::Piece};
use chrono::{DateTime, Utc};
use cron::Schedule;

const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

impl Crontab {
    /// Reads five fields or a nickname; letters may be large or small.
    ///
    /// # Errors
    /// The first mistake, with its place in `text`. A moment that never comes, as on 30 February, is one.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let whole = Piece::whole(text);
        let words = whole.words().collect::<Vec<_>>();
        let fields = match words[..] {
            [name, ref rest @ ..] if name.text.starts_with('@') => written_out(name, rest)?.words().collect(),
            _ => words,
        };
        let [minute, hour, day, month, weekday] = fields[..] else { return Err(not_five(whole, fields.len())) };
        let (minutes, hours) = (MINUTE.read(minute)?, HOUR.read(hour)?);
        let (days, months, weekdays) = (DAY.read(day)?, MONTH.read(month)?, WEEKDAY.read(weekday)?);

        let is_as_shown = minutes.begins_with_star || hours.begins_with_star;
        let time = format!("0 {} {}", minutes.list(), hours.list());
        let calendars = dates(&days, &months, &weekdays).into_iter().map(|date| format!("{time} {date}").parse());
        // Nothing is known that the crate would refuse.
        let mut calendars: Vec<Schedule> = calendars
            .collect::<Result<_, _>>()
            .map_err(|error: cron::error::Error| wrong(whole, error.to_string(), FORM))?;
        calendars.retain(ever_comes);
        if calendars.is_empty() {
            let message = format!("it never comes, for no month of it has a day {}", days.list());
            return Err(wrong(day, message, "the morning after the last day of a month is its first, `0 0 1 * *`"));
        }
        let repeats = if is_as_shown { Repeats::AsShown } else { Repeats::Once };
        Ok(Self { text: text.to_owned(), calendars, repeats })
    }
}

/// The five fields that a nickname stands for.
fn written_out(name: Piece<'_>, rest: &[Piece<'_>]) -> Result<Piece<'static>, TextError> {
    let known = NICKNAMES.iter().find(|(nickname, _)| nickname.eq_ignore_ascii_case(name.text));
    match (known, rest) {
        (Some((_, fields)), []) => Ok(Piece::whole(fields)),
        (Some(_), [next, ..]) => Err(wrong(*next, format!("{} stands alone", name.text), FORM)),
        (None, _) => {
            let hint = format!("there are {}", NICKNAMES.map(|(nickname, _)| nickname).join(" "));
            Err(wrong(name, format!("there is no {}", name.shown()), hint))
        }
    }
}

fn not_five(whole: Piece<'_>, count: usize) -> TextError {
    match count {
        0 => wrong(whole, "it is empty", FORM),
        1 => wrong(whole, "it has five fields, and here is one", FORM),
        2..5 => wrong(whole, format!("it has five fields, and here are {count}"), FORM),
        _ => {
            let hint = format!("there are no seconds and no years: {FORM}");
            wrong(whole, format!("it has five fields, and here are {count}"), hint)
        }
    }
}

/// Days, months and weekdays as the cron crate reads them, each line a calendar: to it Sunday is 1, and days and
/// weekdays that stand in one line must both hold.
fn dates(days: &Numbers, months: &Numbers, weekdays: &Numbers) -> Vec<String> {
    let from_one = Numbers { set: weekdays.set.iter().map(|weekday| weekday % 7 + 1).collect(), ..*weekdays };
    let (on_days, months, on_weekdays) = (days.list(), months.list(), from_one.list());
    if days.begins_with_star || weekdays.begins_with_star {
        vec![format!("{on_days} {months} {on_weekdays}")]
    } else {
        vec![format!("{on_days} {months} *"), format!("* {months} {on_weekdays}")]
    }
}

fn ever_comes(calendar: &Schedule) -> bool {
    calendar.after(&DateTime::<Utc>::UNIX_EPOCH).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_hour_of_25_is_refused_as_the_manual_shows() {
        assert_eq!(
            Crontab::parse("0 25 * * 1"),
            Err(TextError {
                message: "not a crontab moment: hour is 0-23, and here it is 25".to_owned(),
                range: 2..4,
                hint: r#"minute hour day month weekday; "0 7 * * 1" is every Monday at 07:00"#.to_owned(),
            })
        );
    }

    #[test]
    fn what_is_no_crontab_moment_is_refused_at_its_place() {
        for (text, place, message, hint) in [
            ("", "", "it is empty", "minute hour day"),
            (" \t ", " \t ", "it is empty", "minute hour day"),
            ("7", "7", "five fields, and here is one", "minute hour day"),
            ("0 7 * *", "0 7 * *", "five fields, and here are 4", "minute hour day"),
            ("0 0 7 * * 1", "0 0 7 * * 1", "five fields, and here are 6", "no seconds and no years"),
            ("0 0 7 * * 1 2026", "0 0 7 * * 1 2026", "five fields, and here are 7", "no seconds and no years"),
            ("60 7 * * 1", "60", "minute is 0-59, and here it is 60", "minute hour day"),
            ("0 24 * * 1", "24", "hour is 0-23, and here it is 24", "minute hour day"),
            ("0 7 0 * 1", "0", "day is 1-31, and here it is 0", "minute hour day"),
            ("0 7 32 * 1", "32", "day is 1-31, and here it is 32", "minute hour day"),
            ("0 7 * 13 1", "13", "month is 1-12 or JAN-DEC, and here it is 13", "minute hour day"),
            ("0 7 * 0 1", "0", "month is 1-12 or JAN-DEC, and here it is 0", "minute hour day"),
            ("0 7 * * 8", "8", "weekday is 0-7 or SUN-SAT, and here it is 8", "minute hour day"),
            ("0 7 * * Monday", "Monday", "here it is `Monday`", "three letters are enough: `MON`"),
            ("0 7 * september *", "september", "here it is `september`", "three letters are enough: `SEP`"),
            ("0 7 * * JAN", "JAN", "weekday is 0-7 or SUN-SAT, and here it is `JAN`", "minute hour day"),
            ("0 MON * * *", "MON", "hour is 0-23, and here it is `MON`", "minute hour day"),
            ("07:00 * * * *", "07:00", "here it is `07:00`", "minute hour day"),
            ("+5 7 * * *", "+5", "here it is `+5`", "minute hour day"),
            ("-5 7 * * *", "", "here it is nothing", "minute hour day"),
            ("5- 7 * * *", "", "here it is nothing", "minute hour day"),
            ("1.5 7 * * *", "1.5", "here it is `1.5`", "minute hour day"),
            ("005 7 * * *", "005", "here it is 005", "minute hour day"),
            ("0,,5 7 * * *", "", "here it is nothing", "minute hour day"),
            ("0, 7 * * *", "", "here it is nothing", "minute hour day"),
            ("0 7 1-2-3 * *", "2-3", "here it is `2-3`", "minute hour day"),
            ("0 ** * * *", "**", "here it is `**`", "minute hour day"),
            ("4294967296 7 * * *", "4294967296", "here it is 4294967296", "minute hour day"),
            ("0 7,99999999999999999999999 * * *", "99999999999999999999999", "999…", "minute hour day"),
            ("*/0 7 * * *", "0", "a step of the minute is 1-59, and here it is 0", "stays inside its field"),
            ("*/90 * * * *", "90", "a step of the minute is 1-59, and here it is 90", "stays inside its field"),
            ("0 */24 * * *", "24", "a step of the hour is 1-23, and here it is 24", "stays inside its field"),
            ("*/ 7 * * *", "", "here it is nothing", "stays inside its field"),
            ("*/5/2 7 * * *", "5/2", "here it is `5/2`", "stays inside its field"),
            ("*/-5 7 * * *", "-5", "here it is `-5`", "stays inside its field"),
            ("5/10 7 * * *", "5/10", "a step follows `*` or a range", "from there on: `5-59/10`"),
            ("0 22-6 * * *", "22-6", "a range goes upwards, and here it is 22-6", "in two parts: `22-23,0-6`"),
            ("0 22-6/2 * * *", "22-6", "a range goes upwards", "in two parts: `22-23,0-6`"),
            ("0 7 * * SAT-MON", "SAT-MON", "a range goes upwards, and here it is SAT-MON", "in two parts: `6-7,0-1`"),
            ("0 7 * NOV-FEB *", "NOV-FEB", "a range goes upwards", "in two parts: `11-12,1-2`"),
            ("0 7 L * *", "L", "`L` is of another dialect", "crontab has numbers, names"),
            ("0 7 15W * *", "15W", "`15W` is of another dialect", "crontab has numbers, names"),
            ("0 7 lw * *", "lw", "`lw` is of another dialect", "crontab has numbers, names"),
            ("0 7 L-3 * *", "L", "`L` is of another dialect", "crontab has numbers, names"),
            ("0 7 * * FRIL", "FRIL", "`FRIL` is of another dialect", "crontab has numbers, names"),
            ("0 7 * * 5L", "5L", "`5L` is of another dialect", "crontab has numbers, names"),
            ("0 7 * * MON#2", "MON#2", "`MON#2` is of another dialect", "crontab has numbers, names"),
            ("0 7 ? * 1", "?", "`?` is of another dialect", "crontab has numbers, names"),
            ("H 7 * * 1", "H", "`H` is of another dialect", "crontab has numbers, names"),
            ("H/15 * * * *", "H", "`H` is of another dialect", "crontab has numbers, names"),
            ("0~30 * * * *", "0~30", "`0~30` is of another dialect", "crontab has numbers, names"),
            ("@reboot", "@reboot", "there is no @reboot", "@hourly @daily"),
            ("@every 5m", "@every", "there is no @every", "@hourly @daily"),
            ("@daily *", "*", "@daily stands alone", "minute hour day"),
            ("@", "@", "there is no @", "@hourly @daily"),
            ("0 0 30 2 *", "30", "it never comes, for no month of it has a day 30", "`0 0 1 * *`"),
            ("0 0 31 2,4,6,9,11 *", "31", "no month of it has a day 31", "`0 0 1 * *`"),
            ("0 0 30,31 FEB */2", "30,31", "no month of it has a day 30,31", "`0 0 1 * *`"),
            ("0 0 ３ * *", "３", "here it is `３`", "minute hour day"),
            ("0 7 * *\u{a0}1 *", "*\u{a0}1", r"here it is `*\u{a0}1`", "minute hour day"),
            ("0 7 * * \u{202e}1", "\u{202e}1", r"here it is `\u{202e}1`", "minute hour day"),
            ("0 7 * * Ω", "Ω", "here it is `Ω`", "minute hour day"),
        ] {
            let error = Crontab::parse(text).unwrap_err();
            assert_eq!(&text[error.range.clone()], place, "{text}: {error}");
            assert!(
                error.message.starts_with("not a crontab moment: ") && error.message.contains(message),
                "{text}: {error}"
            );
            assert!(error.hint.contains(hint), "{text}: {}", error.hint);
        }
    }

    #[test]
    fn a_long_text_is_read_or_refused_at_once_with_a_short_word() {
        for text in ["x", "1", "*", ",", "-", "/", "@", "Ω", "0,", "1-", "*/", "0 ", "\u{202e}", "L", "MON,", "JAN"] {
            for text in [
                text.repeat(10_000),
                format!("0 7 * * {}", text.repeat(10_000)),
                format!("{} 7 * * *", text.repeat(10_000)),
            ] {
                if let Err(error) = Crontab::parse(&text) {
                    assert!(error.message.len() < 250 && error.hint.len() < 250, "{error}");
                }
            }
        }
        let list = format!("{}0 7 * * 1", "1-59/2,*/2,".repeat(1000));
        assert_eq!(
            Crontab::parse(&list).unwrap().calendars,
            Crontab::parse("* 7 * * 1").unwrap().calendars,
            "every minute is in it"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_within_its_bounds(text in "[0-9*,/\\-@ LW#?A-Z\\PC]{0,60}") {
            if let Err(error) = Crontab::parse(&text) {
                prop_assert!(text.get(error.range.clone()).is_some(), "{:?}", error.range);
            }
        }
    }
}
