//! What is late, and what lasts.

use super::*;

const ALL: [Event; 5] = [Event::Trouble, Event::Failed, Event::Delayed, Event::Missed, Event::Recovered];

fn night() -> Night {
    Night::with(vec![notice("ops@example.com", &ALL)])
}

#[test]
fn what_is_late_is_one_mail_and_one_when_it_is_over() {
    for (event, subject) in [(Event::Missed, "dumps"), (Event::Delayed, "offsite")] {
        let mut night = night();
        night.late(event, subject);
        night.pass(3600);
        night.observed.late.clear();
        night.pass(3600);
        let told = ["Began", "Over"].map(|told| format!("ops@example.com {told} {subject} 3"));
        assert_eq!(night.inbox, told);
    }
}

#[test]
fn what_lasts_is_told_again_as_often_as_asked() {
    for (event, subject) in [(Event::Trouble, "offsite"), (Event::Missed, "dumps"), (Event::Delayed, "offsite")] {
        let remind_every = Duration::from_secs(6 * 3600);
        let mut night = Night::with(vec![Notice { remind_every, ..notice("ops@example.com", &ALL) }]);
        match event {
            Event::Trouble => night.down(subject, "connect"),
            _ => night.late(event, subject),
        }
        night.pass(24 * 3600 - 60);
        let told: Vec<&str> = night.inbox.iter().map(|mail| mail.split(' ').nth(1).unwrap()).collect();
        assert_eq!(told, ["Began", "Still", "Still", "Still"], "{event:?}");
        night.up();
        night.observed.late.clear();
        night.pass(24 * 3600);
        assert_eq!(night.inbox.len(), 5, "{:?}", night.inbox);
        assert!(night.inbox[4].contains("Over"));
    }
}

#[test]
fn nobody_is_reminded_while_the_first_mail_waits_for_a_relay() {
    let mut night = night();
    night.is_relay_up = false;
    night.down("offsite", "connect");
    night.pass(3 * 24 * 3600);
    assert_eq!(night.inbox, ["ops@example.com Began offsite 0"]);
}

#[test]
fn jobs_that_are_late_because_their_server_was_down_are_no_second_incident() {
    let mut night = night();
    night.down("offsite", "connect");
    night.pass(3600);
    night.late(Event::Delayed, "offsite");
    night.pass(3600);
    night.up();
    night.pass(1800); // it catches up
    night.observed.late.clear();
    night.pass(12 * 3600);
    assert_eq!(night.inbox, ["ops@example.com Began offsite 0", "ops@example.com Over offsite 0"]);
}

#[test]
fn jobs_that_are_late_an_hour_after_their_server_came_back_are_told() {
    let mut night = night();
    night.down("offsite", "connect");
    night.pass(3600);
    night.late(Event::Delayed, "offsite");
    night.up();
    night.pass(3600 + 120);
    assert_eq!(night.inbox[2..], ["ops@example.com Began offsite 3"]);
}

#[test]
fn whoever_asks_for_late_jobs_alone_hears_of_them_while_the_server_is_down() {
    let mut night = Night::with(vec![notice("ops@example.com", &[Event::Delayed])]);
    night.down("offsite", "connect");
    night.late(Event::Delayed, "offsite");
    night.pass(3600);
    assert_eq!(night.inbox, ["ops@example.com Began offsite 3"]);
}

/// Its windows are shut, or it is paused.
#[test]
fn jobs_that_rest_are_neither_late_nor_on_time_again() {
    let mut night = night();
    night.late(Event::Delayed, "offsite");
    night.pass(60);
    night.observed.late.clear();
    night.observed.at_rest.insert("offsite".into());
    night.pass(3600);
    assert_eq!(night.inbox, ["ops@example.com Began offsite 3"]);
    night.observed.at_rest.clear();
    night.pass(120);
    assert_eq!(night.inbox[1..], ["ops@example.com Over offsite 3"]);
}

#[test]
fn an_expectation_that_is_changed_ends_without_a_word() {
    let mut night = night();
    night.late(Event::Missed, "dumps");
    night.pass(60);
    night.observed.late.clear();
    let known = Observed { now: night.now, known: night.observed.known.clone(), ..Observed::default() };
    judge(&mut night.incidents, &known);
    night.pass(3600);
    assert_eq!(night.inbox, ["ops@example.com Began dumps 3"]);
}

/// Sixty rules that expect the same dump of one machine.
#[test]
fn sixty_missed_expectations_are_six_mails_an_hour_and_those_that_came_meanwhile_one_each() {
    let mut night = night();
    for rule in 0..60 {
        night.observed.expecting.insert(format!("dumps-{rule}"));
        night.late(Event::Missed, &format!("dumps-{rule}"));
    }
    night.pass(3000);
    assert_eq!(night.inbox.len(), 6);
    night.pass(3600);
    assert_eq!(night.inbox.len(), 12);
}

#[test]
fn deliveries_are_told_when_they_have_been_quiet_for_a_minute_and_at_most_once_an_hour() {
    let minute = |minutes: u64| T0.plus(Duration::from_secs(60 * minutes));
    for (told, first, last, now, is_told) in [
        (0, 100, 100, 100, false),
        (0, 100, 100, 101, true),
        (0, 100, 159, 159, false), // it goes on
        (0, 100, 160, 160, true),  // and on
        (100, 110, 120, 159, false),
        (100, 110, 120, 160, true),
    ] {
        let said = is_worth_a_mail(minute(told), (minute(first), minute(last)), minute(now));
        assert_eq!(said, is_told, "{told} {first} {last} {now}");
    }
}
