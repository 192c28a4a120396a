//! What an inbox gets of a night's trouble.

use super::*;
use crate::{
    domain::{Example, Failure, Ref, StartMail},
    mail::Mailbox,
};
use std::collections::BTreeSet;

const T0: Moment = Moment(1_795_000_000_000);

/// Ticks of a second, everybody's mailbox, and what the world looks like.
struct Night {
    now: Moment,
    incidents: Vec<Incident>,
    observed: Observed,
    notices: Vec<Notice>,
    /// Mails that go out at once; else they wait in the queue.
    is_relay_up: bool,
    inbox: Vec<String>,
}

impl Night {
    fn new() -> Self {
        Self::with(vec![notice("ops@example.com", &[Event::Trouble, Event::Failed, Event::Recovered])])
    }

    fn with(notices: Vec<Notice>) -> Self {
        let (incidents, inbox) = (vec![], vec![]);
        Self { now: T0, incidents, observed: Observed::default(), notices, is_relay_up: true, inbox }
    }

    /// Lets time pass in steps of a second.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now.plus(Duration::from_secs(1));
            self.look();
        }
    }

    fn look(&mut self) {
        self.observed.now = self.now;
        let seen = self.observed.troubles.iter().map(|trouble| trouble.server.clone());
        self.observed.known.extend(seen.chain(["offsite".to_owned()]));
        judge(&mut self.incidents, &self.observed);
        self.observed.failures.clear();
        let notices = self.notices.clone();
        for due in due(&mut self.incidents, &self.observed, &|_| notices.clone()) {
            let incident = &mut self.incidents[due.incident];
            let reader = incident.readers.iter_mut().find(|reader| reader.address == due.address).unwrap();
            if due.told == Told::Began {
                reader.start_job = Some(Ref::new());
                reader.start = if self.is_relay_up { StartMail::Sent } else { StartMail::Waiting };
            }
            self.inbox.push(format!("{} {:?} {} {}", due.address, due.told, incident.server, incident.jobs));
        }
    }

    fn down(&mut self, server: &str, kind: &str) {
        self.observed.open.retain(|(open, _)| open != server);
        let rules = BTreeSet::from(["dumps".to_owned()]);
        let (server, kind, said) = (server.to_owned(), kind.to_owned(), "refused".to_owned());
        self.observed.troubles.push(LaneTrouble { server, kind, said, since: self.now, rules });
    }

    fn up(&mut self) {
        let servers = self.observed.troubles.drain(..).map(|trouble| (trouble.server, self.now));
        self.observed.open = servers.collect();
    }

    fn fails(&mut self, jobs: usize, kind: &str) {
        let example = Example {
            job: "8f2z9m0q".into(),
            name: "a".into(),
            size_bytes: Some(4),
            to: "offsite:a".into(),
            tries: 1,
            said: "553 no".into(),
        };
        let failure =
            Failure { rule: "dumps".into(), server: "offsite".into(), kind: kind.into(), ended_at: self.now, example };
        self.observed.failures.extend(std::iter::repeat_n(failure, jobs));
    }
}

fn notice(to: &str, on: &[Event]) -> Notice {
    Notice { to: vec![Mailbox::parse(to).unwrap()], on: on.iter().copied().collect(), via: vec!["main".into()] }
}

#[test]
fn an_outage_is_one_mail_when_it_begins_and_one_when_it_is_over() {
    let mut night = Night::new();
    night.down("offsite", "connect");
    night.pass(3 * 3600);
    assert_eq!(night.inbox, ["ops@example.com Began offsite 0"]);
    night.up();
    night.pass(3600);
    assert_eq!(night.inbox[1..], ["ops@example.com Over offsite 0"]);
}

#[test]
fn what_lasts_seconds_is_told_to_nobody() {
    let mut night = Night::new();
    for _ in 0..5 {
        night.down("offsite", "busy");
        night.pass(8);
        night.up();
        night.pass(2 * 3600);
    }
    assert_eq!(night.inbox, [""; 0]);
}

#[test]
fn ten_thousand_failures_are_one_mail_and_one_more_when_it_delivers_again() {
    let mut night = Night::new();
    for _ in 0..100 {
        night.fails(100, "refused");
        night.pass(1);
    }
    night.pass(24 * 3600);
    assert_eq!(night.inbox, ["ops@example.com Began offsite 1000"]);
    night.observed.delivered = vec![("offsite".into(), night.now)];
    night.pass(600);
    assert_eq!(night.inbox[1..], ["ops@example.com Over offsite 10000"]);
}

#[test]
fn trouble_that_comes_back_within_the_hour_is_not_told_again() {
    let mut night = Night::new();
    for _ in 0..10 {
        night.down("offsite", "connect");
        night.pass(120);
        night.up();
        night.pass(600);
    }
    night.pass(3600);
    assert_eq!(night.inbox, ["ops@example.com Began offsite 0", "ops@example.com Over offsite 0"]);
    night.down("offsite", "connect");
    night.pass(120);
    assert_eq!(night.inbox.len(), 3, "an hour later it is news again");
}

/// The first one is too short for a mail, and must not silence the one that matters.
#[test]
fn a_blip_does_not_silence_the_outage_after_it() {
    let mut night = Night::new();
    night.down("offsite", "connect");
    night.pass(5);
    night.up();
    night.pass(1800);
    night.down("offsite", "connect");
    night.pass(3 * 3600);
    assert_eq!(night.inbox, ["ops@example.com Began offsite 0"]);
}

#[test]
fn one_that_comes_back_to_stay_is_told_after_an_hour() {
    let mut night = Night::new();
    night.down("offsite", "connect");
    night.pass(120);
    night.up();
    night.pass(600);
    night.down("offsite", "connect");
    night.pass(3500);
    assert_eq!(night.inbox.len(), 2);
    night.pass(200);
    assert_eq!(night.inbox[2..], ["ops@example.com Began offsite 0"]);
}

/// A host that reboots refuses, then is too busy, then does not know us yet.
#[test]
fn an_outage_that_changes_its_words_is_one() {
    let mut night = Night::new();
    for kind in ["connect", "busy", "login"] {
        night.observed.troubles.clear();
        night.down("offsite", kind);
        night.pass(300);
    }
    night.up();
    night.pass(3600);
    assert_eq!(night.inbox, ["ops@example.com Began offsite 0", "ops@example.com Over offsite 0"]);
}

#[test]
fn a_server_that_is_paused_or_taken_away_is_not_called_well() {
    for is_paused in [true, false] {
        let mut night = Night::new();
        night.down("offsite", "connect");
        night.pass(3600);
        night.observed.troubles.clear(); // and it is not open
        if !is_paused {
            judge(&mut night.incidents, &Observed { now: night.now, ..Observed::default() });
        }
        night.pass(3600);
        assert_eq!(night.inbox, ["ops@example.com Began offsite 0"]);
        assert_eq!(night.incidents[0].closed_at.is_none(), is_paused);
    }
}

#[test]
fn what_fails_day_after_day_is_told_every_day() {
    let mut night = Night::new();
    for _ in 0..5 {
        night.fails(1, "refused");
        night.pass(24 * 3600);
    }
    assert_eq!(night.inbox.len(), 5, "{:?}", night.inbox);
    night.pass(5 * 24 * 3600);
    assert_eq!(night.inbox.len(), 5, "{:?}", night.inbox);
}

#[test]
fn an_end_alone_may_be_asked_for() {
    let mut night = Night::with(vec![notice("boss@example.com", &[Event::Recovered])]);
    night.down("offsite", "connect");
    night.pass(3600);
    night.up();
    night.pass(3600);
    assert_eq!(night.inbox, ["boss@example.com Was offsite 0"]);
}

#[test]
fn a_beginning_that_never_went_out_becomes_one_mail_about_both() {
    let mut night = Night::new();
    night.is_relay_up = false;
    night.down("offsite", "connect");
    night.pass(3600);
    night.up();
    night.pass(3600);
    assert_eq!(night.inbox, ["ops@example.com Began offsite 0", "ops@example.com Was offsite 0"]);
}

#[test]
fn a_relay_does_not_carry_its_own_trouble() {
    let mut night = Night::new();
    night.down("main", "connect");
    night.pass(3600);
    night.up();
    night.pass(3600);
    assert_eq!(night.inbox, [""; 0]);
    let mut two =
        Night::with(vec![Notice { via: vec!["main".into(), "backup".into()], ..Night::new().notices.remove(0) }]);
    two.down("main", "connect");
    two.pass(60);
    assert_eq!(two.inbox, ["ops@example.com Began main 0"]);
}

#[test]
fn an_address_gets_six_mails_an_hour_and_the_rest_later() {
    let mut night = Night::new();
    for server in 0..9 {
        night.down(&format!("server-{server}"), "connect");
    }
    night.pass(600);
    assert_eq!(night.inbox.len(), 6);
    night.pass(3600);
    assert_eq!(night.inbox.len(), 9);
    night.up();
    night.pass(600);
    assert_eq!(night.inbox.len(), 9 + 6 - 3, "three of the last hour count");
}

#[test]
fn everybody_hears_what_they_asked_for() {
    let both =
        [notice("ops@example.com", &[Event::Failed]), notice("boss@example.com", &[Event::Trouble, Event::Recovered])];
    let mut night = Night::with(both.to_vec());
    night.down("offsite", "connect");
    night.fails(1, "refused");
    night.pass(60);
    assert_eq!(night.inbox, ["boss@example.com Began offsite 0", "ops@example.com Began offsite 1"]);
    night.up();
    night.pass(3600);
    assert_eq!(night.inbox[2..], ["boss@example.com Over offsite 0"]);
}

#[test]
fn a_mail_says_what_happened_in_the_servers_words_and_what_to_type() {
    let mut night = Night::new();
    night.fails(12, "refused");
    night.pass(20);
    let aside = Aside { host: "gate", time_zone: chrono_tz::Europe::Berlin, waiting: 3, delivered: 7 };
    let (subject, text) = mail(&night.incidents[0], Told::Began, aside);
    assert_eq!(subject, "[packetboat gate] offsite: 12 jobs failed for good");
    for part in [
        "12 jobs for offsite failed",
        "553 no",
        "a  4 B  to offsite:a",
        "1 attempt",
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
    let hostile = Incident { said: "550 \u{1b}[2J\r\nBcc: x".into(), ..night.incidents[1].clone() };
    let (_, text) = mail(&hostile, Told::Over, aside);
    assert!(!text.contains('\u{1b}') && !text.contains("\r"), "{text}");
}
