//! What an inbox gets of a night's trouble.

mod begin_and_end;
mod digest;
mod late;
mod readers;
mod unplanned;
mod wording;

use super::*;
use crate::{
    domain::{Example, Failure, Ref, ReportLine, StartMail},
    mail::Mailbox,
};
use std::collections::BTreeSet;

const DAY: Duration = Duration::from_secs(24 * 3600);
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
    failed: usize,
}

impl Night {
    fn new() -> Self {
        Self::with(vec![notice("ops@example.com", &[Event::Trouble, Event::Failed, Event::Recovered])])
    }

    fn with(notices: Vec<Notice>) -> Self {
        let (incidents, inbox) = (vec![], vec![]);
        Self { now: T0, incidents, observed: Observed::default(), notices, is_relay_up: true, inbox, failed: 0 }
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
        self.observed.expecting.insert("dumps".to_owned());
        judge(&mut self.incidents, &self.observed);
        self.observed.failures.clear();
        let notices = self.notices.clone();
        for due in due(&mut self.incidents, &self.observed, &|_| notices.clone()) {
            let incident = &mut self.incidents[due.incident];
            let reader = incident.readers.iter_mut().find(|reader| reader.address == due.address).unwrap();
            if matches!(due.told, Told::Began | Told::Still) {
                reader.start_job = Some(Ref::new());
                reader.start = if self.is_relay_up { StartMail::Sent } else { StartMail::Waiting };
            }
            self.inbox.push(format!("{} {:?} {} {}", due.address, due.told, incident.subject, incident.jobs));
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

    fn late(&mut self, event: Event, subject: &str) {
        let rules = BTreeSet::from(["dumps".to_owned()]);
        let (subject, said) = (subject.to_owned(), "a file by 04:00".to_owned());
        let examples = vec![example()];
        self.observed.late.push(Late { event, subject, since: self.now, said, rules, jobs: 3, examples });
    }

    /// So many jobs that have not failed before.
    fn fails(&mut self, jobs: usize, kind: &str) {
        for _ in 0..jobs {
            let job = if self.failed == 0 { example().job } else { format!("job{}", self.failed) };
            self.fails_again(Example { job, ..example() }, kind);
            self.failed += 1;
        }
    }

    fn fails_again(&mut self, example: Example, kind: &str) {
        let (rule, server) = ("dumps".into(), "offsite".into());
        self.observed.failures.push(Failure { rule, server, kind: kind.into(), ended_at: self.now, example });
    }
}

fn example() -> Example {
    Example {
        job: "8f2z9m0q".into(),
        name: "a".into(),
        size_bytes: Some(4),
        sha256: Some("6b1fc2".into()),
        to: "offsite:a".into(),
        tries: 1,
        said: "553 no".into(),
    }
}

fn notice(to: &str, on: &[Event]) -> Notice {
    let readers = Readers::Mail { to: vec![Mailbox::parse(to).unwrap()], via: vec!["main".into()], template: None };
    Notice { readers, on: on.iter().copied().collect(), remind_every: DAY }
}
