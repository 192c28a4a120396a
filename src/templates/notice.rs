//! What the template of a notice knows: all that a webhook is told (`type`, `timestamp`, `data`), and the words that it takes the
//! place of (`subject`, `text`).

use crate::{
    domain::{Event, Moment},
    templates::{TemplateError, moment::ZonedMoment},
};
use chrono::DateTime;
use chrono_tz::Tz;
use minijinja::Value;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

const NAMES: [&str; 5] = ["type", "timestamp", "data", "subject", "text"];

/// Whose texts are moments.
const MOMENTS: [&str; 6] = ["timestamp", "began", "ended", "since", "until", "last_delivered"];

/// One notice, as its template knows it.
#[derive(Debug, Clone)]
pub struct Notified(BTreeMap<&'static str, Value>);

impl Notified {
    /// `told`: what a webhook is told of it. Its moments are shown in `time_zone`.
    #[must_use]
    pub fn new(told: &Json, (subject, text): (&str, &str), time_zone: Tz) -> Self {
        let of = |name: &'static str| (name, value(name, &told[name], time_zone));
        let mut names = BTreeMap::from([of("type"), of("timestamp"), of("data")]);
        names.extend([("subject", Value::from(subject)), ("text", Value::from(text))]);
        Self(names)
    }

    pub(super) fn to_value(&self) -> Value {
        Value::from(self.0.clone())
    }
}

fn value(name: &str, told: &Json, time_zone: Tz) -> Value {
    match told {
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, told)| (name.clone(), value(name, told, time_zone)));
            Value::from(fields.collect::<BTreeMap<String, Value>>())
        }
        Json::Array(items) => items.iter().map(|item| value("", item, time_zone)).collect(),
        Json::String(text) => match moment(name, text) {
            Some(moment) => Value::from_object(ZonedMoment::new(moment, time_zone)),
            None => Value::from(text.as_str()),
        },
        Json::Bool(is) => Value::from(*is),
        Json::Number(number) => number.as_i64().map_or_else(|| Value::from(number.as_f64()), Value::from),
        Json::Null => Value::from(()),
    }
}

fn moment(name: &str, text: &str) -> Option<Moment> {
    let time = MOMENTS.contains(&name).then(|| DateTime::parse_from_rfc3339(text).ok())??;
    Some(Moment(time.timestamp_millis()))
}

/// Finds the names that no notice has. What stands below `data` depends on the notice: a sample of it tells.
pub(super) fn check<'a>(text: &str, used: impl Iterator<Item = &'a String>) -> Result<(), TemplateError> {
    let top = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let wrong: BTreeSet<String> = used.map(|name| top(name)).filter(|name| !NAMES.contains(&&**name)).collect();
    TemplateError::of_all(wrong.iter().map(|wrong| {
        let error = TemplateError::new(format!("there is no `{wrong}` here"));
        error.where_it_says(wrong, text).hint(format!("there are {}", NAMES.join(", ")))
    }))
}

/// Of each kind of notice that is told on these events, or of a digest, how it begins and how it ends.
#[must_use]
pub fn samples(on: Option<&BTreeSet<Event>>) -> Vec<Notified> {
    let told: Vec<Json> = match on {
        None => vec![digest()],
        Some(on) => on.iter().flat_map(|event| of_event(*event)).collect(),
    };
    let words = ("[packetboat gate] offsite: trouble; its jobs wait", "offsite is in trouble.\n");
    told.iter().map(|told| Notified::new(told, words, Tz::UTC)).collect()
}

fn of_event(event: Event) -> Vec<Json> {
    match event {
        Event::Delivered => vec![deliveries()],
        Event::Recovered => vec![incident(Event::Trouble, SERVER, "over"), incident(Event::Missed, RULE, "over")],
        Event::Missed => ["began", "still", "was"].map(|told| incident(Event::Missed, RULE, told)).into(),
        event => {
            let mut all: Vec<Json> = ["began", "still", "was"].map(|told| incident(event, SERVER, told)).into();
            if event == Event::Failed {
                all.extend(["began", "still"].map(|told| incident(event, RULE, told))); // no server was asked
            }
            all
        }
    }
}

const AT: &str = "2026-11-22T03:15:00.000Z";

fn told(r#type: &str, data: &Json) -> Json {
    json!({ "type": r#type, "timestamp": AT, "data": data })
}

/// A server and a rule: one of them is what an incident is about.
type About = (Option<&'static str>, Option<&'static str>);
const SERVER: About = (Some("offsite"), None);
const RULE: About = (None, Some("dumps"));

fn incident(event: Event, (server, rule): About, how: &str) -> Json {
    let ended = matches!(how, "over" | "was").then_some(AT);
    let data = json!({
        "host": "gate", "told": how, "event": event.word(), "server": server, "rule": rule,
        "trouble": (event != Event::Missed).then_some("connect"),
        "reply": "no connection", "began": AT, "ended": ended, "jobs": 1, "waiting": 2, "delivered": 3, "rules": ["dumps"],
        "examples": [example()], "next": ended.is_none().then_some("packetboat status"),
    });
    told(if how == "over" { Event::Recovered.word() } else { event.word() }, &data)
}

fn example() -> Json {
    json!({
        "job": "8f2z9m0q", "file": "invoice.pdf", "size_bytes": 1_234_567, "sha256": "00", "destination": "offsite:in/invoice.pdf",
        "attempts": 1, "reply": "450 try later",
    })
}

fn deliveries() -> Json {
    let data = json!({
        "host": "gate", "since": AT, "until": AT, "jobs": 1, "bytes": 1_234_567,
        "rules": [{ "rule": "dumps", "jobs": 1, "bytes": 1_234_567 }], "examples": [example()], "next": "packetboat receipts",
    });
    told(Event::Delivered.word(), &data)
}

fn digest() -> Json {
    let line = json!({
        "rule": "dumps", "delivered": 1, "bytes": 1_234_567, "failed": 0, "superseded": 0, "waiting": 2, "held": 0,
        "last_delivered": AT,
    });
    let open = json!({
        "event": "trouble", "server": "offsite", "rule": null, "trouble": "connect", "reply": "no connection", "began": AT, "jobs": 1,
    });
    let data = json!({
        "host": "gate", "since": AT, "until": AT, "all_is_well": false, "rules": [line], "incidents": [open],
    });
    told("digest", &data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::{TextKind, TextTemplate};

    fn parse(text: &str, on: &[Event]) -> Result<TextTemplate, TemplateError> {
        let on = BTreeSet::from_iter(on.iter().copied());
        TextTemplate::parse_notice(TextKind::Text, &samples(Some(&on).filter(|on| !on.is_empty())), text)
    }

    #[test]
    fn a_notice_has_what_a_webhook_is_told_its_moments_as_moments() {
        let template = parse("{{ data.server }} {{ data.began.time }} {{ text }}", &[Event::Trouble]).unwrap();
        let notified = Notified::new(&incident(Event::Trouble, SERVER, "began"), ("s", "t"), chrono_tz::Europe::Berlin);
        assert_eq!(template.render_notice(&notified).as_deref(), Ok("offsite 04:15 t"));
    }

    #[test]
    fn what_one_of_its_notices_has_not_is_found_before_any_comes() {
        let digest: &[Event] = &[];
        for (text, on, wrong) in [
            ("{{ server }}", &[Event::Trouble][..], Some("there is no `server` here")),
            ("{{ data.servre }}", &[Event::Trouble], Some("undefined")),
            ("{{ data.server }}", &[Event::Trouble, Event::Delivered], Some("undefined")),
            (
                "{% if type == 'delivered' %}{{ data.bytes | size }}{% else %}{{ data.server }}{% endif %}",
                &[Event::Trouble, Event::Delivered],
                None,
            ),
            ("{{ data.ended.date }}", &[Event::Recovered], None),
            ("{{ data.ended.date }}", &[Event::Failed], Some("undefined")),
            ("{% if data.rule %}{{ data.servre }}{% endif %}", &[Event::Failed], Some("undefined")),
            ("{% if data.rule %}{{ data.servre }}{% endif %}", &[Event::Trouble], None),
            ("{% for line in data.rules %}{{ line.rule }}: {{ line.failed }}{% endfor %}", digest, None),
            ("{% for line in data.rules %}{{ line.file }}{% endfor %}", digest, Some("undefined")),
        ] {
            let said = parse(text, on).err().map(|error| error.message);
            let is_as_said = match (&said, wrong) {
                (None, None) => true,
                (Some(said), Some(wrong)) => said.contains(wrong),
                _ => false,
            };
            assert!(is_as_said, "{text}: {said:?}");
        }
    }
}
