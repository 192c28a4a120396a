//! Incident moves → mails, and what webhooks are told: when one begins and ends, whom that concerns, and what they read. Pure.

mod body;
mod delivered;
mod digest;
mod judge;
mod late_words;
mod missing_words;
mod unplanned_words;
mod words;

pub use body::{delivered_body, digest_body, incident_body};
pub use delivered::{Deliveries, delivered, is_worth_a_mail};
pub use digest::{digest, is_told};
pub use judge::{LaneTrouble, Late, Observed, QUIET, SERVER_MISSING, judge};
pub use words::{Aside, Told, mail};

use crate::{
    config::{Notice, Readers, Way},
    domain::{Event, Incident, Moment, Reader, StartMail},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What is over sooner is not told at all.
const HOLD: Duration = Duration::from_secs(10);
/// Mails to one address in an hour. A webhook is no person: it is told at once.
const MOST: usize = 6;
/// What comes back sooner was never over.
const HOUR: Duration = Duration::from_secs(3600);

/// Whether incidents are waited for, at their beginning and at their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patience {
    /// Yes: one may be over soon, and another may come back.
    #[default]
    Usual,
    /// No: we end, and nobody would be told.
    None,
}

/// A word to one reader that is due: a mail, or a message to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Place in the incidents.
    pub incident: usize,
    /// Or a webhook's name.
    pub address: String,
    /// Never by the lane whose trouble it is about; by one that jobs failed for or are late on, last.
    pub way: Way,
    pub told: Told,
}

/// The mails that are due now, after [`judge`]. `readers` says whom an incident concerns; what they are told is noted in the
/// incidents.
pub fn due(incidents: &mut [Incident], observed: &Observed, readers: &dyn Fn(&Incident) -> Vec<Notice>) -> Vec<Due> {
    let now = observed.now;
    let mut sent = sent_lately(incidents, now);
    let mut due = Vec::new();
    let troubles = troubles_lately(incidents, now);
    for (place, incident) in incidents.iter_mut().enumerate() {
        let notices = readers(incident);
        let ripe = ripe(incident, observed);
        let is_open = incident.closed_at.is_none();
        let is_trouble_told = incident.event == Event::Delayed && is_open && troubles.contains(&incident.subject);
        for notice in &notices {
            for address in notice.readers.names() {
                if is_trouble_told && notice.on.contains(&Event::Trouble) {
                    continue; // who heard that its jobs wait need not hear that they are late
                }
                let Some(told) = next(incident, notice, address, (now, ripe)) else { continue };
                let mails = sent.entry(address.to_owned()).or_default();
                if *mails >= MOST && matches!(notice.readers, Readers::Mail { .. }) {
                    continue; // it waits; what is over meanwhile is told in one
                }
                *mails += 1;
                note(incident, address, told, now);
                let mut way = notice.readers.way();
                if let Way::Mail { via, .. } = &mut way {
                    via.retain(|relay| !is_its_own_trouble(incident, relay));
                    via.sort_by_key(|relay| Some(&**relay) == incident.server());
                }
                due.push(Due { incident: place, address: address.to_owned(), way, told });
            }
        }
        if incident.closed_at.is_some() {
            forgo(incident, &notices, now);
        }
    }
    due
}

/// How long it has lasted, as far as that makes it worth telling; `None` while it is not, or is already on its way out.
fn ripe(incident: &Incident, observed: &Observed) -> Option<Duration> {
    let since = match incident.event {
        Event::Failed | Event::Delayed | Event::Missed | Event::Recovered | Event::Delivered => {
            incident.reopened_at.unwrap_or(incident.opened_at)
        }
        Event::Trouble => observed.troubles.iter().find(|trouble| trouble.server == incident.subject)?.since,
    };
    let lasted = observed.now.since(since);
    (observed.patience == Patience::None || lasted >= HOLD).then_some(lasted)
}

/// What this reader is to be told next, if anything.
fn next(incident: &Incident, notice: &Notice, address: &str, (now, ripe): (Moment, Option<Duration>)) -> Option<Told> {
    if notice.readers.lanes().iter().all(|lane| is_its_own_trouble(incident, lane)) {
        return None;
    }
    let untold = Reader::default();
    let reader = incident.readers.iter().find(|reader| reader.address == address).unwrap_or(&untold);
    let wants = |event| notice.on.contains(&event);
    if incident.closed_at.is_none() {
        let lasted = ripe.filter(|_| wants(incident.event))?;
        let is_news = match (reader.started_at, reader.over_at) {
            (None, None) => true,
            // told before, over, and back: only if it stays
            (_, Some(_)) => lasted >= HOUR,
            (Some(told), None) => {
                let is_time = now.since(told) >= notice.remind_every && reader.start == StartMail::Sent;
                // what failed once and never since is no news, however long ago
                let lasts = incident.event != Event::Failed || incident.last_at.since(told) >= HOUR;
                return (is_time && lasts).then_some(Told::Still);
            }
        };
        return is_news.then_some(Told::Began);
    }
    match (reader.over_at, reader.started_at, reader.start) {
        (Some(_), ..) | (_, Some(_), StartMail::UnderWay) => None,
        (None, None, _) if incident.event == Event::Delayed => None, // they came, and nobody was worried
        (None, None, _) if incident.is_unplanned() => None,          // it is not over, it is only long ago
        (None, Some(_), StartMail::Sent) => wants(Event::Recovered).then_some(Told::Over),
        (None, Some(_), StartMail::Waiting) => Some(Told::Was),
        (None, None, _) => {
            let lasted = incident.last_at.since(incident.reopened_at.unwrap_or(incident.opened_at));
            let is_worth_it = lasted >= HOLD || incident.event == Event::Failed;
            (is_worth_it && (wants(incident.event) || wants(Event::Recovered))).then_some(Told::Was)
        }
    }
}

/// A relay or a webhook does not carry word of its own trouble. What it refused, or is late with, it can tell.
fn is_its_own_trouble(incident: &Incident, lane: &str) -> bool {
    incident.event == Event::Trouble && incident.server() == Some(lane)
}

/// Servers in trouble, or in trouble less than an hour ago.
fn troubles_lately(incidents: &[Incident], now: Moment) -> BTreeSet<String> {
    let is_near = |incident: &&Incident| {
        incident.event == Event::Trouble && incident.closed_at.is_none_or(|closed| now.since(closed) < HOUR)
    };
    incidents.iter().filter(is_near).map(|incident| incident.subject.clone()).collect()
}

fn note(incident: &mut Incident, address: &str, told: Told, now: Moment) {
    let known = incident.readers.iter().position(|reader| reader.address == address);
    let place = known.unwrap_or_else(|| {
        incident.readers.push(Reader { address: address.to_owned(), ..Reader::default() });
        incident.readers.len() - 1
    });
    let reader = &mut incident.readers[place];
    match told {
        Told::Began | Told::Still => {
            *reader = Reader { address: address.to_owned(), started_at: Some(now), ..Reader::default() }
        }
        Told::Over | Told::Was => reader.over_at = Some(now),
    }
}

/// Who did not ask to hear of the end has heard all.
fn forgo(incident: &mut Incident, notices: &[Notice], now: Moment) {
    let asks = |address: &str| {
        let of_it = |notice: &&Notice| notice.readers.names().contains(&address);
        notices.iter().filter(of_it).any(|notice| notice.on.contains(&Event::Recovered))
    };
    for reader in &mut incident.readers {
        if reader.start == StartMail::Sent && reader.over_at.is_none() && !asks(&reader.address) {
            reader.over_at = Some(now);
        }
    }
}

fn sent_lately(incidents: &[Incident], now: Moment) -> BTreeMap<String, usize> {
    let mut sent = BTreeMap::new();
    for reader in incidents.iter().flat_map(|incident| &incident.readers) {
        let mails = [reader.started_at, reader.over_at].into_iter().flatten();
        *sent.entry(reader.address.clone()).or_default() += mails.filter(|at| now.since(*at) < HOUR).count();
    }
    sent
}

#[cfg(test)]
mod tests;
