//! When an incident begins, is over, and comes back.

use super::*;

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
