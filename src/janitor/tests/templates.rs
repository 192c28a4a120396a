//! Notices in the words of a template.

use super::*;
use crate::{
    domain::{Event, Example, Incident, ReportLine},
    notices::{Aside, Deliveries, Told, delivered_body, digest_body, incident_body},
    templates::{Notified, TextKind, TextTemplate, samples},
};

#[tokio::test]
async fn a_notice_and_a_digest_have_the_words_of_their_template() {
    let notices =
        "{ to: ops@example.com, template: ours }, { to: ops@example.com, digest: \"0 8 * * *\", template: ours }";
    let office = Office::open(notices).await;
    office.pass(0).await;
    office.lane("offsite", LaneState::Closed).await;
    office.pass(20).await;
    let mails = office.outbox("main").await;
    let [(subject, text)] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(subject, "trouble, gate");
    assert!(text.starts_with("1 rules. offsite is in trouble since"), "{text}");
    office.arrived(&mails).await;
    office.pass(86_400).await;
    let mails = office.outbox("main").await;
    assert!(mails.iter().any(|(subject, text)| subject == "digest, gate" && text.contains("RULE")), "{mails:?}");
}

/// What `check` renders templates with has just the fields of what they will be rendered with.
#[test]
fn the_samples_of_a_template_are_what_it_is_told() {
    let now = MORNING;
    let example = || Example {
        job: "8f2z9m0q".into(),
        name: "a".into(),
        size_bytes: None,
        sha256: None,
        to: "offsite:a".into(),
        tries: 1,
        said: "x".into(),
    };
    let incident = Incident {
        id: None,
        subject: "offsite".into(),
        event: Event::Trouble,
        kind: "connect".into(),
        opened_at: now,
        last_at: now,
        closed_at: None,
        reopened_at: None,
        jobs: 1,
        said: "x".into(),
        rules: ["dumps".to_owned()].into(),
        examples: vec![],
        readers: vec![],
    };
    let examples = [example()];
    let (host, time_zone, examples) = ("gate", chrono_tz::UTC, &examples[..]);
    let aside = Aside { host, time_zone, now, waiting: 1, examples, delivered: 0, originals: &[] };
    let rules = vec![("dumps".to_owned(), 1, 1)];
    let line = ReportLine { rule: "dumps".into(), ..ReportLine::default() };
    for (told, sample) in [
        (incident_body(&incident, Told::Began, aside), &samples(Some(&[Event::Trouble].into()))[0]),
        (
            delivered_body(&Deliveries { rules, examples: vec![example()] }, (now, now), ("gate", now)),
            &samples(Some(&[Event::Delivered].into()))[0],
        ),
        (digest_body(&[line], &[&incident], (now, now), ("gate", now)), &samples(None)[0]),
    ] {
        let told = serde_json::from_slice(&told.bytes).unwrap();
        let told = Notified::new(&told, ("s", "t"), chrono_tz::UTC);
        assert_eq!(fields(&told), fields(sample));
    }
}

/// The names of all that stands below `data`.
fn fields(notified: &Notified) -> String {
    let below = |list: &str| {
        format!(
            "{{% for item in data.{list} or [] %}}{{% for name in item %}}{list}.{{{{ name }}}} {{% endfor %}}{{% endfor %}}"
        )
    };
    let text = format!(
        "{{{{ type }}}}: {{% for name in data %}}{{{{ name }}}} {{% endfor %}}{}{}",
        below("examples"),
        below("incidents")
    );
    let text = text.replace("data.incidents or []", "(data.incidents if data.incidents is defined else [])");
    let text = text.replace("data.examples or []", "(data.examples if data.examples is defined else [])");
    TextTemplate::parse_notice(TextKind::Text, &[], &text).unwrap().render_notice(notified).unwrap()
}
