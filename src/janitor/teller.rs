//! Looks at what is in trouble and what failed, and puts the mails that are due about it into the queue.

use crate::{
    clock::Clock,
    config::{Digest, Notice, Settings},
    domain::{Event, Incident, MailWishes, Moment, NOTICES, Ref, Retry},
    janitor::{every, tell},
    mail::{Draft, Mailbox, compose},
    notices::{self, Aside, Due, LaneTrouble, Observed, Patience, Told, due, judge},
    rules::{Action, Rule, RuleSet},
    store::{About, LaneRow, LaneState, NoticeMail, Store, StoreError, Tell},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Incidents that were closed so long ago matter no more: to their reopening, to the mails of an hour, to one that is still due.
const LATELY: Duration = Duration::from_secs(2 * 3600);
/// Outcomes of a moment are on disk a little later.
pub(super) const SETTLED: Duration = Duration::from_secs(30);
/// What a notice is worth being tried for.
const DEADLINE: Duration = Duration::from_secs(3 * 24 * 3600);

/// Everything that notices are made of.
#[derive(Debug, Clone)]
pub struct Teller {
    pub(super) store: Store,
    clock: Clock,
    pub(super) node: String,
    from: Option<Mailbox>,
    pub(super) time_zone: chrono_tz::Tz,
    /// Who hears of a rule that has words of its own.
    of_rule: BTreeMap<String, Vec<Notice>>,
    /// Who hears of all others.
    of_all: Vec<Notice>,
    pub(super) digests: Vec<Digest>,
    /// Every configured server, with the rules that send to it.
    pub(super) senders: BTreeMap<String, BTreeSet<String>>,
    retry: Retry,
    /// One look at a time; when the last one was.
    looked_at: Arc<Mutex<Option<Moment>>>,
}

impl Teller {
    #[must_use]
    pub fn new(store: Store, clock: Clock, node: String, (settings, rules): (&Settings, &RuleSet)) -> Self {
        let own = |rule: &Rule| Some((rule.name.clone(), rule.notices.clone()?));
        let mut senders: BTreeMap<String, BTreeSet<String>> =
            settings.servers.keys().map(|server| (server.clone(), BTreeSet::new())).collect();
        for rule in &rules.rules {
            let steps = rule.then.iter().chain(&rule.after).chain(&rule.after_failure);
            for server in steps.flat_map(|step| match &step.action {
                Action::Upload(upload) => upload.to.iter(),
                Action::Mail(mail) => mail.via.iter(),
                Action::Manifest(manifest) => manifest.to.iter(),
                Action::Save(_) | Action::Move(_) | Action::Delete => [].iter(),
            }) {
                senders.entry(server.clone()).or_default().insert(rule.name.clone());
            }
        }
        Self {
            store,
            clock,
            node,
            from: settings.mail.from.clone(),
            time_zone: settings.time_zone,
            of_rule: rules.rules.iter().filter_map(own).collect(),
            of_all: settings.notices.incidents.clone(),
            digests: settings.notices.digests.clone(),
            senders,
            retry: settings.defaults.retry,
            looked_at: Arc::default(),
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
        let mut looked_at = self.looked_at.lock().await;
        while self.look_at_some(patience, *looked_at).await? {}
        *looked_at = Some(self.clock.now());
        Ok(())
    }

    /// Whether there was more than one look takes.
    async fn look_at_some(&self, patience: Patience, looked_at: Option<Moment>) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let before = self.store.incidents(now, LATELY).await?;
        let (counted, failures): (Vec<i64>, Vec<_>) = self.store.untold_failures().await?.into_iter().unzip();
        let is_more = counted.len() >= 500;
        let lanes = self.store.lanes().await?;
        let mut observed = self.observed(&lanes, now, patience);
        observed.failures = failures.into_iter().filter(|failure| failure.rule != NOTICES).collect();
        observed.delivered = self.delivered(&before, looked_at).await?;
        let mut incidents = before.clone();
        judge(&mut incidents, &observed);
        let mut mails = Vec::new();
        let mut covered = Vec::new();
        if !is_more {
            let due = due(&mut incidents, &observed, &|incident| self.readers(incident));
            mails = self.written(&incidents, due, &lanes, now).await?;
            covered = self.digests_due(&incidents, &lanes, now, &mut mails).await?;
        }
        if incidents == before && counted.is_empty() && covered.is_empty() {
            return Ok(false);
        }
        for mail in &mails {
            info!(job = %mail.job, server = %mail.server, to = %mail.recipient, "a notice is on its way");
        }
        self.store.tell(Tell { node: self.node.clone(), now, incidents, counted, mails, covered }).await?;
        Ok(is_more)
    }

    fn observed(&self, lanes: &[LaneRow], now: Moment, patience: Patience) -> Observed {
        let open = lanes.iter().filter(|lane| lane.state == LaneState::Open);
        Observed {
            now,
            known: self.senders.keys().cloned().collect(),
            troubles: lanes.iter().filter_map(|lane| self.trouble(lane, now)).collect(),
            open: open.map(|lane| (lane.server.clone(), lane.since.min(now))).collect(),
            patience,
            ..Observed::default()
        }
    }

    /// The last deliveries of the servers whose jobs failed, since the last look.
    async fn delivered(
        &self,
        incidents: &[Incident],
        looked_at: Option<Moment>,
    ) -> Result<Vec<(String, Moment)>, StoreError> {
        let mut delivered = Vec::new();
        let is_asked = |incident: &&Incident| incident.closed_at.is_none() && incident.event == Event::Failed;
        for Incident { server, last_at, .. } in incidents.iter().filter(is_asked) {
            let since = looked_at.map_or(*last_at, |looked_at| looked_at.minus(SETTLED).max(*last_at));
            delivered.extend(self.store.last_delivery(server, since).await?.map(|at| (server.clone(), at)));
        }
        Ok(delivered)
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

    async fn written(
        &self,
        incidents: &[Incident],
        mails: Vec<Due>,
        lanes: &[LaneRow],
        now: Moment,
    ) -> Result<Vec<NoticeMail>, StoreError> {
        let mut written = Vec::with_capacity(mails.len());
        for due in mails {
            let Some(incident) = incidents.get(due.incident) else { continue };
            let (waiting, delivered) = self.store.aside(&incident.server, incident.opened_at).await?;
            let aside = Aside { host: &self.node, time_zone: self.time_zone, waiting, delivered };
            let words = notices::mail(incident, due.told, aside);
            let about = match due.told {
                Told::Began => About::Begin(due.incident),
                Told::Over | Told::Was => About::End(due.incident),
            };
            written.extend(self.notice(about, &due.address, in_order(due.via, lanes), words, now));
        }
        Ok(written)
    }

    /// The mail with these words; `None` without a sender or a relay, or where it cannot be made.
    pub(super) fn notice(
        &self,
        about: About,
        recipient: &str,
        via: Vec<String>,
        (subject, text): (String, String),
        now: Moment,
    ) -> Option<NoticeMail> {
        let (from, server) = (self.from.as_ref()?, via.first()?.clone());
        let job = Ref::new();
        let letter = Mailbox::parse(recipient).map_err(|why| why.to_string()).and_then(|to| {
            compose(&Draft {
                from,
                to: &[to],
                cc: &[],
                reply_to: &[],
                subject: &subject,
                text: &text,
                message_id: &format!("{}@{}", job.long(), from.domain()),
                date: now,
            })
        });
        let letter = letter.inspect_err(|why| warn!(to = recipient, %why, "a notice cannot be made")).ok()?;
        Some(NoticeMail {
            job,
            about,
            server,
            recipient: recipient.to_owned(),
            letter,
            wishes: MailWishes { sender: from.address().to_owned(), via, retry: self.retry, deadline: Some(DEADLINE) },
            expires_at: now.plus(DEADLINE),
        })
    }
}

/// Relays that are in trouble or paused come last.
pub(super) fn in_order(mut via: Vec<String>, lanes: &[LaneRow]) -> Vec<String> {
    let is_shut = |relay: &String| lanes.iter().any(|lane| lane.server == *relay && lane.state != LaneState::Open);
    via.sort_by_key(is_shut);
    via
}
