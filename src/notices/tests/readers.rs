//! Who is told what, and over which relay.

use super::*;

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
    let mut both = Night::new().notices.remove(0);
    let Readers::Mail { via, .. } = &mut both.readers else { panic!("no mail") };
    via.push("backup".into());
    let mut two = Night::with(vec![both]);
    two.down("main", "connect");
    two.pass(60);
    assert_eq!(two.inbox, ["ops@example.com Began main 0"]);
}

/// A notice's mail is not refused with them: it goes to somebody else.
#[test]
fn a_relay_tells_what_it_refused_and_what_is_late_for_it() {
    let mut night = Night::with(vec![notice("ops@example.com", &[Event::Failed, Event::Delayed])]);
    night.observed.known.insert("main".into());
    night.fails(1, "refused");
    night.observed.failures[0].server = "main".into();
    night.late(Event::Delayed, "main");
    night.pass(60);
    assert_eq!(night.inbox, ["ops@example.com Began main 1", "ops@example.com Began main 3"]);
    let mut both = night.notices.remove(0);
    let Readers::Mail { via, .. } = &mut both.readers else { panic!("no mail") };
    via.push("backup".into());
    let mut incidents = vec![Incident { readers: vec![], ..night.incidents[0].clone() }];
    let due = due(&mut incidents, &night.observed, &|_| vec![both.clone()]);
    let Way::Mail { via, .. } = &due[0].way else { panic!("no mail") };
    assert_eq!(via[..], ["backup", "main"], "another is asked first");
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
fn a_webhook_stands_where_an_address_stands_but_is_told_at_once() {
    let all = [Event::Trouble, Event::Failed, Event::Recovered];
    let crm = Notice { readers: Readers::Webhook("crm".into()), ..notice("ops@example.com", &all) };
    let mut night = Night::with(vec![crm]);
    night.fails(1_000, "refused");
    night.pass(600);
    assert_eq!(night.inbox, ["crm Began offsite 1000"]);
    for server in 0..9 {
        night.down(&format!("server-{server}"), "connect");
    }
    night.pass(60);
    assert_eq!(night.inbox.len(), 10, "more than six in an hour");
    night.up();
    night.pass(600);
    assert_eq!(night.inbox.len(), 19);
    assert!(night.inbox[10..].iter().all(|told| told.starts_with("crm Over server-")), "{:?}", night.inbox);
}

#[test]
fn a_webhook_is_not_told_of_its_own_trouble() {
    let all = [Event::Trouble, Event::Failed, Event::Recovered];
    let people = notice("ops@example.com", &all);
    let crm = Notice { readers: Readers::Webhook("crm".into()), ..people.clone() };
    let mut night = Night::with(vec![crm, people]);
    night.down("crm", "connect");
    night.pass(3600);
    night.up();
    night.pass(3600);
    assert_eq!(night.inbox, ["ops@example.com Began crm 0", "ops@example.com Over crm 0"]);
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
