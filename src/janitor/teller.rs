//! Looks at what is in trouble and what failed, and puts what is due about it, mails and words to webhooks, into the queue.

use crate::{
    clock::Clock,
    config::{Digest, Notice, Server, Settings},
    domain::{Event, Failure, HERE, Incident, Moment, NOTICES, Retry, ReturnPath, SETTLED},
    janitor::{
        deliveries::{Hears, who_hears},
        digests::Covered,
        every,
        expectations::{Expecting, Sight},
        lateness::{Delayed, Lateness},
        tell,
    },
    mail::{Mailbox, incoming::bounce::status_in},
    notices::{LaneTrouble, Observed, Patience, QUIET, due, judge},
    rules::{Action, Rule, RuleSet},
    schedule::Windows,
    store::{HARD_BOUNCE, LaneRow, LaneState, Store, StoreError, Suppression, Tell},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::info;

const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Incidents that were closed so long ago matter no more: to their reopening, to the mails of an hour, to one that is still due.
const LATELY: Duration = Duration::from_secs(2 * 3600);

/// No such mailbox, no such system, no valid address, moved away, and null MX.
const NOBODY: [&str; 5] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"];

/// Everything that notices are made of.
#[derive(Debug, Clone)]
pub struct Teller {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) node: String,
    pub(super) from: Option<Mailbox>,
    pub(super) time_zone: chrono_tz::Tz,
    /// Who hears of a rule that has words of its own.
    pub(super) of_rule: BTreeMap<String, Vec<Notice>>,
    /// Who hears of all others.
    pub(super) of_all: Vec<Notice>,
    pub(super) digests: Vec<Digest>,
    /// Every configured server and this machine, with the rules that send to it.
    pub(super) senders: BTreeMap<String, BTreeSet<String>>,
    /// When the jobs of each rule are late, and those of a rule that is no more.
    pub(super) lateness: BTreeMap<String, Lateness>,
    pub(super) usual: Lateness,
    pub(super) expecting: BTreeMap<String, Expecting>,
    pub(super) sight: Sight,
    /// By address.
    pub(super) hear_of_deliveries: BTreeMap<String, Hears>,
    pub(super) retry: Retry,
    /// Relays of what no rule's word goes for, in order.
    pub(super) via: Vec<String>,
    /// Where mail comes back, and the form of its addresses.
    pub(super) bounces: Option<(PathBuf, ReturnPath)>,
    /// For how long no mail goes to an address that nobody has.
    suppress_for: Option<Duration>,
    /// Of each relay.
    pub(super) hosts: BTreeMap<String, String>,
    /// One look at a time; what the last one saw.
    looked: Arc<Mutex<Looked>>,
}

#[derive(Debug, Default)]
struct Looked {
    at: Option<Moment>,
    delayed: Delayed,
    /// When senders were last told of what waits.
    warned_at: Option<Moment>,
    /// That the maildir of bounces cannot be read has been logged.
    is_told_of_bounces: bool,
}

impl Teller {
    /// `sight`: what has been seen whole; a rule of which it says nothing misses nothing.
    #[must_use]
    pub fn new(
        store: Store,
        (clock, sight): (Clock, Sight),
        node: String,
        (settings, rules): (&Settings, &RuleSet),
    ) -> Self {
        let of_all = &settings.notices.incidents;
        let notices = rules.rules.iter().map(|rule| (&rule.name, rule.notices.as_deref().unwrap_or(of_all)));
        let hear_of_deliveries = who_hears(notices);
        let lateness = |rule: &Rule| Lateness { after: rule.delayed_after, windows: rule.windows.clone() };
        let expecting = |rule: &Rule| {
            let expecting = Expecting::of(rule)?;
            Some((rule.name.clone(), expecting))
        };
        let own = |rule: &Rule| Some((rule.name.clone(), rule.notices.clone()?));
        Self {
            store,
            clock,
            node,
            from: settings.mail.from.clone(),
            time_zone: settings.time_zone,
            of_rule: rules.rules.iter().filter_map(own).collect(),
            of_all: of_all.clone(),
            digests: settings.notices.digests.clone(),
            senders: senders(settings, rules),
            lateness: rules.rules.iter().map(|rule| (rule.name.clone(), lateness(rule))).collect(),
            usual: Lateness {
                after: settings.defaults.delayed_after,
                windows: Windows { windows: vec![], time_zone: settings.time_zone },
            },
            expecting: rules.rules.iter().filter_map(expecting).collect(),
            sight,
            hear_of_deliveries,
            retry: settings.defaults.retry,
            via: settings.mail.via.clone(),
            suppress_for: settings.mail.suppress_for,
            bounces: settings.mail.bounces.clone().zip(settings.mail.return_path.clone()),
            hosts: settings.servers.iter().filter_map(|(name, server)| Some((name.clone(), host(server)?))).collect(),
            looked: Arc::default(),
        }
    }

    /// Looks every few seconds until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut ticks = every(LOOK_EVERY);
        let all = async {
            loop {
                ticks.tick().await;
                tell(self.look(Patience::Usual).await);
            }
        };
        stop.run_until_cancelled(all).await;
    }

    /// One look, and the mails that follow from it.
    ///
    /// # Errors
    /// When the database refuses; the next look says the same.
    pub async fn look(&self, patience: Patience) -> Result<(), StoreError> {
        let mut looked = self.looked.lock().await;
        self.read_bounces(&mut looked.is_told_of_bounces).await?;
        while self.look_at_some(patience, &mut looked).await? {}
        self.report_to_senders(patience, &mut looked.warned_at).await?;
        looked.at = Some(self.clock.now());
        Ok(())
    }

    /// Whether there was more than one look takes.
    async fn look_at_some(&self, patience: Patience, looked: &mut Looked) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let (before, is_ahead) = self.store.incidents(now, LATELY).await?;
        let (counted, failures): (Vec<i64>, Vec<_>) = self.store.untold_failures().await?.into_iter().unzip();
        let lanes = self.store.lanes().await?;
        let expected = self.expected(now, patience).await?;
        let is_more = counted.len() >= 500 || expected.is_more;
        self.delayed(&mut looked.delayed, &lanes, (now, patience)).await?;
        let suppressions = self.suppressions(&failures, now);
        let mut observed = self.observed(&lanes, &looked.delayed.missing, (now, patience));
        observed.failures = failures.into_iter().filter(|failure| failure.rule != NOTICES).collect();
        observed.delivered = self.delivered(&before, looked.at).await?;
        observed.done_with = self.done_with(&before).await?;
        observed.late = expected.missed.into_iter().chain(looked.delayed.late.iter().cloned()).collect();
        (observed.expecting, observed.at_rest) = (expected.same, looked.delayed.at_rest.clone());
        let mut incidents = before.clone();
        judge(&mut incidents, &observed);
        let mut mails = Vec::new();
        let mut covered = Covered::default();
        if !is_more {
            let due = due(&mut incidents, &observed, &|incident| self.readers(incident));
            mails = self.written(&incidents, due, &lanes, now).await?;
            covered = self.digests_due(&incidents, &lanes, now, &mut mails).await?;
            self.deliveries_due(&lanes, now, &mut covered, &mut mails).await?;
        }
        let tell = Tell {
            node: self.node.clone(),
            now,
            counted,
            mails,
            suppressions,
            covered: covered.now,
            uncovered: covered.ended,
            expectations: expected.changed,
            unexpected: expected.ended,
            counted_until: expected.counted_until,
            incidents: Vec::new(),
        };
        if incidents == before && !is_ahead && tell.is_nothing() {
            return Ok(false);
        }
        for mail in &tell.mails {
            info!(job = %mail.job, server = %mail.server, to = %mail.recipient, "a notice is on its way");
        }
        self.store.tell(Tell { incidents, ..tell }).await?;
        Ok(is_more)
    }

    /// The addresses of those that nobody has (RFC 3463 section 3.2), by what refused or returned them.
    fn suppressions(&self, failures: &[Failure], now: Moment) -> Vec<Suppression> {
        let Some(span) = self.suppress_for else { return Vec::new() };
        let is_unknown = |failure: &&Failure| {
            let status = status_in(&failure.example.said);
            failure.rule != NOTICES
                && matches!(&*failure.kind, "refused" | "bounced")
                && status.is_some_and(|status| NOBODY.contains(&&*status))
                && Mailbox::parse(&failure.example.to).is_ok_and(|one| one.address() == failure.example.to)
        };
        let suppression = |failure: &Failure| Suppression {
            address: failure.example.to.clone(),
            why: HARD_BOUNCE.to_owned(),
            said: failure.example.said.clone(),
            since: now,
            until: Some(now.plus(span)),
        };
        failures.iter().filter(is_unknown).map(suppression).collect()
    }

    fn observed(&self, lanes: &[LaneRow], missing: &[LaneTrouble], (now, patience): (Moment, Patience)) -> Observed {
        let open = lanes.iter().filter(|lane| lane.state == LaneState::Open);
        let troubles = lanes.iter().filter_map(|lane| self.trouble(lane, now));
        Observed {
            now,
            known: self.senders.keys().cloned().collect(),
            troubles: troubles.chain(missing.iter().cloned()).collect(),
            open: open.map(|lane| (lane.server.clone(), lane.since.min(now))).collect(),
            patience,
            ..Observed::default()
        }
    }

    /// The last deliveries of the servers whose jobs failed, since the last look: and of the time before in which they did not count yet.
    async fn delivered(
        &self,
        incidents: &[Incident],
        looked_at: Option<Moment>,
    ) -> Result<Vec<(String, Moment)>, StoreError> {
        let mut delivered = Vec::new();
        let is_asked = |incident: &&Incident| incident.closed_at.is_none() && incident.event == Event::Failed;
        let asked =
            incidents.iter().filter(is_asked).filter_map(|incident| Some((incident.server()?, incident.last_at)));
        for (server, last_at) in asked {
            let since = looked_at.map_or(last_at, |looked_at| looked_at.minus(QUIET + SETTLED).max(last_at));
            delivered.extend(self.store.last_delivery(server, since).await?.map(|at| (server.to_owned(), at)));
        }
        Ok(delivered)
    }

    /// The rules of whose failures nothing is left on record.
    async fn done_with(&self, incidents: &[Incident]) -> Result<BTreeSet<String>, StoreError> {
        let mut done_with = BTreeSet::new();
        let is_asked = |incident: &&Incident| incident.closed_at.is_none() && incident.is_unplanned();
        for Incident { subject: rule, opened_at, .. } in incidents.iter().filter(is_asked) {
            if !self.store.has_failed(rule, *opened_at).await? {
                done_with.insert(rule.clone());
            }
        }
        Ok(done_with)
    }

    fn trouble(&self, lane: &LaneRow, now: Moment) -> Option<LaneTrouble> {
        let rules = self.senders.get(&lane.server).filter(|_| lane.state == LaneState::Closed)?;
        Some(LaneTrouble {
            server: lane.server.clone(),
            kind: lane.kind.clone().unwrap_or_default(),
            said: lane.said.clone().unwrap_or_default(),
            since: lane.since.min(now),
            rules: rules.clone(),
        })
    }

    /// Whom an incident concerns: who hears of any of its rules, each once.
    fn readers(&self, incident: &Incident) -> Vec<Notice> {
        if incident.rules.is_empty() {
            return self.of_all.clone(); // a relay that carries notices alone
        }
        let mut readers: Vec<Notice> = Vec::new();
        for rule in &incident.rules {
            for notice in self.of_rule.get(rule).unwrap_or(&self.of_all) {
                if !readers.contains(notice) {
                    readers.push(notice.clone());
                }
            }
        }
        readers
    }
}

fn host(server: &Server) -> Option<String> {
    match server {
        Server::Smtp(relay) => Some(relay.host.clone()),
        Server::Ftp(_) | Server::Webhook(_) => None,
    }
}

fn senders(settings: &Settings, rules: &RuleSet) -> BTreeMap<String, BTreeSet<String>> {
    let servers = settings.servers.keys().map(String::as_str).chain([HERE]);
    let mut senders: BTreeMap<String, BTreeSet<String>> =
        servers.map(|server| (server.to_owned(), BTreeSet::new())).collect();
    let here = [HERE.to_owned()];
    for rule in &rules.rules {
        let steps = rule.then.iter().chain(&rule.after).chain(&rule.after_failure);
        for server in steps.flat_map(|step| match &step.action {
            Action::Upload(upload) => upload.to.iter(),
            Action::Mail(mail) => mail.via.iter(),
            Action::Relay(relay) => relay.via.iter(),
            Action::Manifest(manifest) => manifest.to.iter(),
            Action::Save(_) | Action::Move(_) | Action::Delete => here.iter(),
        }) {
            senders.entry(server.clone()).or_default().insert(rule.name.clone());
        }
    }
    senders
}

/// Relays that are in trouble or paused come last.
pub(super) fn in_order(mut via: Vec<String>, lanes: &[LaneRow]) -> Vec<String> {
    via.sort_by_key(|relay| !is_open(relay, lanes));
    via
}

pub(super) fn is_open(server: &str, lanes: &[LaneRow]) -> bool {
    !lanes.iter().any(|lane| lane.server == server && lane.state != LaneState::Open)
}
