//! The moments of a rule's schedule: how far they are covered is a line of the ledger, written with the arrival that covers them.

use crate::{
    domain::{ArrivalDraft, Identity, Moment, Report, ReportLine, SETTLED, Sighting},
    intake::{Intake, Later},
    rules::{self, Context, Fetched, Scheduled, Supply},
    schedule::{Look, ON_TIME},
    simulation::aside,
    store::{Place, Store, StoreError},
    streams::whole,
};
use std::{sync::Arc, time::Duration};
use tracing::info;

/// The ticks of one rule. What is covered stands in the database alone.
#[derive(Debug, Clone)]
pub struct Ticks {
    rule: Scheduled,
    rule_version: i64,
    place: i64,
    /// All rules that there are, for reports.
    rules: Arc<[String]>,
}

/// How far a schedule has been looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covered {
    pub until: Moment,
    /// The last tick that arrived.
    pub last: Option<Moment>,
}

/// A first report goes back so far.
const FIRST_REPORT: Duration = Duration::from_secs(7 * 24 * 3600);

impl Intake {
    /// The ticks of a rule. Those of a schedule that is new, or another one than before, are covered up to now.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn ticks(&self, rule: Scheduled, rules: Arc<[String]>) -> Result<Ticks, StoreError> {
        let (store, now) = (&self.0.store, self.0.clock.now());
        let rule_version = store.rule_version(&rule.name, rule.sha256, &rule.text, now).await?;
        let Place { id: place, ground, .. } = store.place(&rule.name, &Sighting::tick(now).folder, now).await?;
        let ticks = Ticks { rule, rule_version, place, rules };
        let words = ticks.rule.when.to_string();
        if ground.as_ref() != Some(&words) {
            let last = covered_at(store, place).await?.and_then(|covered| covered.last);
            self.leave_out(&ticks, Covered { until: now, last }).await?;
            store.place_stands_on(place, words).await?;
        }
        Ok(ticks)
    }

    /// Takes the tick that has passed, if one has. When it returns well, that survives a power cut, and never arrives again.
    ///
    /// # Errors
    /// [`Later`]: then nothing of it is there, and the next look finds it again.
    pub async fn look_at_clock(&self, ticks: &Ticks) -> Result<(), Later> {
        let now = self.0.clock.now();
        let covered = covered_at(&self.0.store, ticks.place).await?.unwrap_or(Covered { until: now, last: None });
        // it waits for the clock only where a tick has arrived, which must not arrive again
        let is_ahead = covered.until > now && covered.last != Some(covered.until);
        match if is_ahead { Look::PassOver(now) } else { ticks.rule.when.look(covered.until, now) } {
            Look::Nothing => {}
            Look::PassOver(until) => {
                let what =
                    if covered.until > now { "the clock was set back" } else { "what passed unseen is left out" };
                info!(rule = ticks.rule.name, "its schedule goes on from here: {what}");
                let last = covered.last.map(|last| last.min(until));
                self.leave_out(ticks, Covered { until, last }).await?;
            }
            Look::Tick(at) => {
                self.0.check_room()?;
                if now.since(at) > ON_TIME {
                    info!(rule = ticks.rule.name, late_s = now.since(at).as_secs(), "a tick is made good");
                }
                let store = &self.0.store;
                let report = report_for(store, &ticks.rule, &ticks.rules, (covered, at)).await?;
                let (node, of) = (self.0.node.clone(), ticks.clone());
                let plan = move || {
                    let supply = Supply { content: &Fetched::Nothing, attachment: whole::attachment };
                    let context = Context::kept(&node, (of.rule_version, of.place), at, supply);
                    rules::plan_tick(&of.rule, &context, now, report.as_ref()).arrival
                };
                let draft = aside(plan).await.map_err(Later::broken)?; // it reads what its mails carry
                self.0.arrive(vec![draft]).await?;
            }
        }
        Ok(())
    }

    async fn leave_out(&self, ticks: &Ticks, Covered { until, last }: Covered) -> Result<(), StoreError> {
        let of = (ticks.rule_version, ticks.place);
        let draft = ArrivalDraft::passed_over(&ticks.rule.name, of, Sighting::ticks(until, last), until);
        self.0.arrive(vec![draft]).await
    }
}

/// How far the schedule of a rule is covered; `None` before the rule, or another schedule than this, was ever served.
///
/// # Errors
/// When the database cannot be read.
pub async fn covered(store: &Store, rule: &Scheduled) -> Result<Option<Covered>, StoreError> {
    let place = store.find_place(&rule.name, &Sighting::tick(Moment(0)).folder).await?;
    let is_of_it = |place: &Place| place.ground.as_ref() == Some(&rule.when.to_string());
    match place.filter(is_of_it) {
        Some(place) => covered_at(store, place.id).await,
        None => Ok(None),
    }
}

/// What the texts of the tick at `at` tell, if they do.
///
/// # Errors
/// When the database cannot be read.
pub async fn report_for(
    store: &Store,
    rule: &Scheduled,
    rules: &[String],
    (covered, at): (Covered, Moment),
) -> Result<Option<Report>, StoreError> {
    if !rule.tells_report() {
        return Ok(None);
    }
    let since = covered.last.unwrap_or_else(|| at.minus(FIRST_REPORT));
    let (since, until) = (since.minus(SETTLED), at.minus(SETTLED));
    let lines = store.report(rules, (since, until)).await?;
    let is_well = store.open_troubles().await? == 0 && lines.iter().all(ReportLine::is_well);
    Ok(Some(Report { since, until, lines, is_well }))
}

async fn covered_at(store: &Store, place: i64) -> Result<Option<Covered>, StoreError> {
    let row = store.seen(place, &Sighting::tick(Moment(0)).path).await?;
    let covered = |identity: &Identity| {
        let (until, last) = Sighting::covered(identity);
        Covered { until, last }
    };
    Ok(row.map(|row| covered(&row.identity)))
}

#[cfg(test)]
mod tests;
