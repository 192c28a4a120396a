//! What follows upon arrivals whose jobs have ended: the next step of `after` or `after_failure`, planned as soon as it may be.

use crate::{
    clock::Clock,
    config::Outline,
    domain::{HERE, Moment, Stage},
    rules::{self, AfterStep, Context, Fetched, FollowUp, Rule, Supply},
    simulation::aside,
    store::{NextStep, RipeArrival, Store, StoreError},
    streams::whole,
    worker::dispatch::Dispatch,
};
use std::{
    collections::HashMap,
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{task::JoinError, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::error;

/// Arrivals planned in one commit, at most.
const TOGETHER: u32 = 128;
/// Bytes of their letters in one commit, or one step more.
const MOST_BYTES: usize = 8_000_000;

/// A bell may be missed by a bug: look at least this often.
const LONGEST: Duration = Duration::from_secs(30);

/// Plans what follows; one task a process.
#[derive(Debug)]
pub(super) struct FollowUps {
    pub store: Store,
    pub clock: Clock,
    pub node: String,
    /// What the rules are read by, as arrivals met them.
    pub outline: Outline,
    pub dispatch: Arc<Dispatch>,
    /// Nothing was left to plan at the last look.
    pub is_quiet: AtomicBool,
}

impl FollowUps {
    /// Plans until told to stop.
    pub(super) async fn serve(self: Arc<Self>, stop: CancellationToken) {
        let bell = self.dispatch.bell(HERE);
        while !stop.is_cancelled() {
            let rung = bell.notified();
            tokio::pin!(rung);
            rung.as_mut().enable(); // heard from here on
            let nap = match self.plan_all().await {
                Ok(()) => LONGEST,
                Err(refused) => {
                    error!(%refused, "what follows upon deliveries cannot be planned; trying again");
                    Duration::from_secs(1)
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = &mut rung => {}
                () = sleep(nap) => {}
            }
        }
    }

    /// Whether nothing was left to plan at the last look.
    pub(super) fn is_quiet(&self) -> bool {
        self.is_quiet.load(Ordering::Acquire)
    }

    async fn plan_all(self: &Arc<Self>) -> Result<(), StoreError> {
        self.is_quiet.store(false, Ordering::Release);
        loop {
            let ripe = self.store.ripe(TOGETHER).await?;
            if ripe.is_empty() {
                self.is_quiet.store(true, Ordering::Release);
                return Ok(());
            }
            let (this, now) = (self.clone(), self.clock.now());
            let plan = move || this.next_steps(ripe, now); // it reads files
            let steps = match aside(plan).await.map_err(JoinError::try_into_panic) {
                Ok(steps) => steps,
                Err(Ok(panic)) => resume_unwind(panic),
                Err(Err(_)) => return Ok(()), // the process is ending
            };
            self.store.begin_steps(&self.node, steps, now).await?;
            crate::faults::kill_point("worker.after_follow_up");
        }
    }

    /// The next steps of these arrivals, or of the first of them where their letters are large.
    fn next_steps(&self, ripe: Vec<RipeArrival>, now: Moment) -> Vec<NextStep> {
        let mut frozen = HashMap::new();
        let (mut steps, mut bytes) = (Vec::with_capacity(ripe.len()), 0);
        for arrival in ripe {
            let step = self.next_step(arrival, now, &mut frozen);
            bytes += step.letters.iter().map(|letter| letter.bytes.len()).sum::<usize>();
            steps.push(step);
            if bytes > MOST_BYTES {
                break;
            }
        }
        steps
    }

    fn next_step(
        &self,
        arrival: RipeArrival,
        now: Moment,
        frozen: &mut HashMap<String, Result<Arc<Rule>, String>>,
    ) -> NextStep {
        let rule = self.rule_of(&arrival, frozen);
        let content = rule.as_ref().map_or(Fetched::Nothing, |rule| content(rule, &arrival));
        let supply = Supply { content: &content, attachment: whole::attachment };
        let context = Context::kept(&self.node, (-1, -1), arrival.arrived_at, supply);
        let follow = FollowUp {
            arrival: arrival.id,
            sighting: &arrival.sighting,
            steps: arrival.steps,
            then: arrival.then,
            last_step: arrival.last_step,
            word: arrival.word.as_ref(),
            copies: &arrival.copies,
        };
        let AfterStep { steps, letters, jobs } = match rule {
            Ok(rule) => rules::follow_up(&rule, &follow, &context, now),
            Err(why) => rules::cannot_follow(&why, arrival.steps, (now, context.new_id)),
        };
        NextStep { steps, letters, jobs, arrival }
    }

    /// The rule as the arrival met it.
    fn rule_of(
        &self,
        arrival: &RipeArrival,
        frozen: &mut HashMap<String, Result<Arc<Rule>, String>>,
    ) -> Result<Arc<Rule>, String> {
        let RipeArrival { rule, rule_text, rule_sha256, .. } = arrival;
        let read = || rules::frozen(rule, rule_text, *rule_sha256, &self.outline).map(Arc::new);
        frozen.entry(format!("{rule} {rule_sha256}")).or_insert_with(read).clone()
    }
}

/// What the steps that follow are made of, where they need the file: where it came, or where a step has moved it.
fn content(rule: &Rule, arrival: &RipeArrival) -> Fetched {
    let most = rule.most_read(Stage::After).max(rule.most_read(Stage::Failure));
    if most.is_none_or(|most| arrival.sighting.identity.size_bytes > most) {
        return Fetched::Nothing;
    }
    match whole::version(&arrival.lies) {
        Ok(bytes) => Fetched::all(bytes),
        Err(why) => Fetched::Unreadable(why.to_string()),
    }
}
