//! One field of a crontab moment: `*`, `5`, `1-5`, `*/10`, `MON,WED` → the numbers it names.

use crate::schedule::{TextError, piece::Piece};
use std::{collections::BTreeSet, ops::RangeInclusive};

/// Where a field stands in the order, what it may hold, and how it is spelt.
pub(super) struct Field {
    name: &'static str,
    least: u8,
    most: u8,
    /// From `least` on.
    names: &'static [&'static str],
}

pub(super) const MINUTE: Field = Field { name: "minute", least: 0, most: 59, names: &[] };
pub(super) const HOUR: Field = Field { name: "hour", least: 0, most: 23, names: &[] };
pub(super) const DAY: Field = Field { name: "day", least: 1, most: 31, names: &[] };
pub(super) const MONTH: Field = Field {
    name: "month",
    least: 1,
    most: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
/// 0 and 7 are both Sunday.
pub(super) const WEEKDAY: Field =
    Field { name: "weekday", least: 0, most: 7, names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] };

/// What a field names.
pub(super) struct Numbers {
    pub set: BTreeSet<u8>,
    /// It begins with `*`, so it restricts nothing, or only by a step.
    pub begins_with_star: bool,
}

impl Numbers {
    /// `0,15,30,45`, ascending.
    pub fn list(&self) -> String {
        self.set.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
    }
}

pub(super) const FORM: &str = r#"minute hour day month weekday; "0 7 * * 1" is every Monday at 07:00"#;
const STEP: &str = r#"a step stays inside its field: "*/15 * * * *" is at minute 0, 15, 30 and 45"#;
const DIALECT: &str = "crontab has numbers, names, `*`, and of these lists `1,15`, ranges `1-5` and steps `*/10`";

impl Field {
    /// Reads a list.
    ///
    /// # Errors
    /// The first mistake, with its place.
    pub fn read(&self, list: Piece<'_>) -> Result<Numbers, TextError> {
        let mut set = BTreeSet::new();
        for item in list.split(',') {
            set.extend(self.read_item(item)?);
        }
        Ok(Numbers { set, begins_with_star: list.text.starts_with('*') })
    }

    fn read_item(&self, item: Piece<'_>) -> Result<impl Iterator<Item = u8>, TextError> {
        let (span, step) = match item.split_once('/') {
            Some((span, step)) => (span, Some(self.read_step(step)?)),
            None => (item, None),
        };
        let numbers = match (span.split_once('-'), step) {
            _ if span.text == "*" => self.least..=self.most,
            (Some((first, last)), _) => self.read_range(span, first, last)?,
            (None, None) => {
                let number = self.read_number(span)?;
                number..=number
            }
            (None, Some(_)) => {
                let first = self.read_number(span)?;
                let hint = format!("from there on: `{first}-{}{}`", self.most, &item.text[span.text.len()..]);
                return Err(wrong(item, "a step follows `*` or a range", hint));
            }
        };
        Ok(numbers.step_by(step.unwrap_or(1).into()))
    }

    fn read_range(&self, span: Piece<'_>, first: Piece<'_>, last: Piece<'_>) -> Result<RangeInclusive<u8>, TextError> {
        match (self.read_number(first)?, self.read_number(last)?) {
            (first, last) if first <= last => Ok(first..=last),
            // The Sunday after, as in `FRI-SUN`.
            (first, 0) if self.most == WEEKDAY.most => Ok(first..=7),
            (first, last) => {
                let hint = format!("in two parts: `{first}-{},{}-{last}`", self.most, self.least);
                Err(wrong(span, format!("a range goes upwards, and here it is {}", span.shown()), hint))
            }
        }
    }

    fn read_number(&self, number: Piece<'_>) -> Result<u8, TextError> {
        let named = self.names.iter().zip(self.least..).find(|(name, _)| name.eq_ignore_ascii_case(number.text));
        let value = named.map(|(_, value)| value).or_else(|| digits(number.text));
        if let Some(value) = value.filter(|value| (self.least..=self.most).contains(value)) {
            return Ok(value);
        }
        if is_other_dialect(number.text) {
            return Err(wrong(number, format!("`{}` is of another dialect", number.shown()), DIALECT));
        }
        let names = match self.names {
            [first, .., last] => format!(" or {first}-{last}"),
            _ => String::new(),
        };
        let (name, least, most) = (self.name, self.least, self.most);
        let message = format!("{name} is {least}-{most}{names}, and here it is {}", found(number));
        Err(wrong(number, message, self.abbreviated(number.text).unwrap_or_else(|| FORM.to_owned())))
    }

    fn read_step(&self, step: Piece<'_>) -> Result<u8, TextError> {
        digits(step.text).filter(|value| (1..=self.most).contains(value)).ok_or_else(|| {
            wrong(step, format!("a step of the {} is 1-{}, and here it is {}", self.name, self.most, found(step)), STEP)
        })
    }

    /// What to write for a name that is written out.
    fn abbreviated(&self, name: &str) -> Option<String> {
        let starts_it = |short: &&&str| name.get(..short.len()).is_some_and(|start| start.eq_ignore_ascii_case(short));
        self.names.iter().find(starts_it).map(|short| format!("three letters are enough: `{short}`"))
    }
}

pub(super) fn wrong(place: Piece<'_>, message: impl AsRef<str>, hint: impl Into<String>) -> TextError {
    place.wrong(format!("not a crontab moment: {}", message.as_ref()), hint)
}

/// One or two digits; `parse` would take a sign and any number of zeros.
fn digits(text: &str) -> Option<u8> {
    let is_number = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// What stands there, for a message.
fn found(place: Piece<'_>) -> String {
    match place.text {
        "" => "nothing".to_owned(),
        text if text.bytes().all(|byte| byte.is_ascii_digit()) => place.shown(),
        _ => format!("`{}`", place.shown()),
    }
}

/// Quartz's last day, nearest workday, nth weekday and "no matter", Jenkins' hash, cronie's random.
fn is_other_dialect(text: &str) -> bool {
    let is_day = |day: &str| digits(day).is_some() || WEEKDAY.names.iter().any(|name| name.eq_ignore_ascii_case(day));
    let is_letter = ["L", "W", "LW", "H"].iter().any(|letter| text.eq_ignore_ascii_case(letter));
    text.contains(['#', '?', '~']) || is_letter || text.strip_suffix(['L', 'l', 'W', 'w']).is_some_and(is_day)
}
