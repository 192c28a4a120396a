//! `Mon-Fri 22:00-06:00`, `Sat,Sun 00:00-24:00`, `01:00-05:00` → [`Window`].

use crate::schedule::{TextError, Window, piece::Piece, window::DAY};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const FORM: &str =
    "days, then times: `Mon-Fri 22:00-06:00`; every day: `01:00-05:00`; whole days: `Sat-Sun 00:00-24:00`";

impl Window {
    /// Reads one window. Days may wrap (`Fri-Mon`), times may go over midnight.
    ///
    /// # Errors
    /// The first mistake, with its place in `text`.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let whole = Piece::whole(text);
        let words = whole.split(' ').filter(|word| !word.text.is_empty()).collect::<Vec<_>>();
        let (days, times) = match words[..] {
            [times] if times.text.contains(':') => ([true; 7], times),
            [days, times] => (parse_days(days)?, times),
            [days] => return Err(days.wrong("a window needs times as well", FORM)),
            [] => return Err(whole.wrong("this window is empty", FORM)),
            [.., last] => return Err(last.wrong("a window is days and one span of time", "write a list of windows")),
        };
        let (begin, end) = parse_times(times)?;
        Ok(Self { days, begin, end })
    }
}

fn parse_days(list: Piece<'_>) -> Result<[bool; 7], TextError> {
    let mut days = [false; 7];
    for span in list.split(',') {
        let ends = span.split('-').map(parse_day).collect::<Result<Vec<_>, _>>()?;
        let (first, last) = match ends[..] {
            [day] => (day, day),
            [first, last] => (first, last),
            _ => return Err(span.wrong("this is not a span of days", FORM)),
        };
        let length = (last + 7 - first) % 7 + 1;
        (first..first + length).for_each(|day| days[day % 7] = true);
    }
    Ok(days)
}

fn parse_day(name: Piece<'_>) -> Result<usize, TextError> {
    DAYS.iter().position(|day| day.eq_ignore_ascii_case(name.text)).ok_or_else(|| {
        name.wrong(format!("`{}` is not a day", name.text.escape_debug()), "Mon Tue Wed Thu Fri Sat Sun")
    })
}

fn parse_times(span: Piece<'_>) -> Result<(u16, u16), TextError> {
    let ends = span.split('-').map(|time| Ok((time, parse_time(time)?))).collect::<Result<Vec<_>, _>>()?;
    let [(first, begin), (_, end)] = ends[..] else {
        return Err(span.wrong("this is not a span of time", FORM));
    };
    if begin == DAY {
        return Err(first.wrong("a day ends at 24:00, nothing begins there", "write `00:00`"));
    }
    if begin == end {
        return Err(span.wrong("this window has no length", "the whole day is `00:00-24:00`"));
    }
    // Until midnight, as 00:00 of the next day or as 24:00 of this one.
    Ok((begin, if end == 0 { DAY } else { end }))
}

fn parse_time(time: Piece<'_>) -> Result<u16, TextError> {
    let wrong = || {
        time.wrong(
            format!("`{}` is not a time of day", time.text.escape_debug()),
            "hours and minutes: `06:30`, to `24:00`",
        )
    };
    let (hour, minute) = time.text.split_once(':').ok_or_else(wrong)?;
    let digits = |text: &str, lengths: &[usize]| {
        let is_number = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = digits(hour, &[1, 2]).zip(digits(minute, &[2])).ok_or_else(wrong)?;
    let minutes = hour * 60 + minute;
    if minute < 60 && minutes <= DAY { Ok(minutes) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(on: &str) -> [bool; 7] {
        let mut letters = on.chars().map(|letter| letter == 'x');
        std::array::from_fn(|_| letters.next().unwrap_or(false))
    }

    #[test]
    fn windows_are_read_as_people_write_them() {
        for (text, on, begin, end) in [
            ("Mon-Fri 22:00-06:00", "xxxxx--", 1320, 360),
            ("Sat-Sun 00:00-24:00", "-----xx", 0, 1440),
            ("01:00-05:00", "xxxxxxx", 60, 300),
            ("Mon,Wed 08:00-12:00", "x-x----", 480, 720),
            ("Fri-Mon 08:00-12:00", "x---xxx", 480, 720),
            ("Sat-Mon,Wed 8:05-9:00", "x-x--xx", 485, 540),
            ("mon 22:00-00:00", "x------", 1320, 1440),
            ("Sun-Sun 22:00-24:00", "------x", 1320, 1440),
            ("Sat-Fri  00:00-23:59", "xxxxxxx", 0, 1439),
        ] {
            assert_eq!(Window::parse(text), Ok(Window { days: days(on), begin, end }), "{text}");
        }
    }

    #[test]
    fn what_is_no_window_is_refused_at_its_place() {
        for (text, place, message) in [
            ("", "", "empty"),
            ("Mon-Fri", "Mon-Fri", "needs times"),
            ("Mon-Fry 08:00-12:00", "Fry", "`Fry` is not a day"),
            ("1-5 08:00-12:00", "1", "`1` is not a day"),
            ("Mon- 08:00-12:00", "", "`` is not a day"),
            ("Mon-Wed-Fri 08:00-12:00", "Mon-Wed-Fri", "span of days"),
            ("08:00", "08:00", "span of time"),
            ("08:00-25:00", "25:00", "`25:00` is not a time"),
            ("08:00-24:01", "24:01", "not a time"),
            ("08:60-12:00", "08:60", "not a time"),
            ("08:0-12:00", "08:0", "not a time"),
            ("+8:00-12:00", "+8:00", "not a time"),
            ("24:00-06:00", "24:00", "nothing begins there"),
            ("08:00-08:00", "08:00-08:00", "no length"),
            ("Mon 08:00-09:00 10:00-11:00", "10:00-11:00", "one span"),
        ] {
            let error = Window::parse(text).unwrap_err();
            assert_eq!((&text[error.range.clone()], error.message.contains(message)), (place, true), "{text}: {error}");
        }
    }
}
