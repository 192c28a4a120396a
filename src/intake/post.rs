//! Messages that others wrote: which rules take them, and their arrivals.

use crate::{
    domain::{ArrivalDraft, Message, Ref},
    intake::{Intake, Later},
    rules::{self, Action, Context, Fetched, Receiving, Supply},
    simulation::aside,
    store::{Kept, Received, StoreError},
    streams::whole,
};
use std::{collections::HashSet, sync::Arc};

/// The rules that take messages, for every door.
#[derive(Debug, Clone)]
pub struct Post {
    intake: Intake,
    /// Each with the row of its frozen text.
    rules: Arc<[(Receiving, i64)]>,
}

/// Why a message is not taken in: it goes back to whoever gave it in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("no rule takes this message")]
    NoRule,
    #[error("it says that it was received {0} times: it goes round in a loop")]
    Loop(usize),
    #[error("its idempotency_key came before with other content, and is kept for 7 days")]
    OtherContent,
}

/// RFC 5321 section 6.3: large enough for any way that is not a loop.
const MOST_RECEIVED: usize = 50;

impl Intake {
    /// The post of these rules.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn post(&self, rules: Vec<Receiving>) -> Result<Post, StoreError> {
        let mut numbered = Vec::with_capacity(rules.len());
        for rule in rules {
            let version = self.0.store.rule_version(&rule.name, rule.sha256, &rule.text, self.0.clock.now()).await?;
            numbered.push((rule, version));
        }
        Ok(Post { intake: self.clone(), rules: numbered.into() })
    }
}

impl Post {
    /// Takes messages in; an answer for each, in their order. When it returns, what is not refused survives a power cut; one that was
    /// taken in before under the same name is there once.
    ///
    /// # Errors
    /// [`Later`]: then none of them is taken in.
    pub async fn take(&self, messages: Vec<Message>) -> Result<Vec<Result<(), Refused>>, Later> {
        let answers = self.take_once(messages).await?;
        Ok(answers.into_iter().map(|answer| answer.map(|_| ())).collect())
    }

    /// The same; each answer names the message: another one where the same content came before under the same key.
    ///
    /// # Errors
    /// As [`Post::take`].
    pub async fn take_once(&self, messages: Vec<Message>) -> Result<Vec<Result<Ref, Refused>>, Later> {
        let inner = &self.intake.0;
        inner.check_room()?;
        let (post, node) = (self.clone(), inner.node.clone());
        let plan = move || messages.into_iter().map(|message| post.plan(message, &node)).collect::<Vec<_>>();
        let planned = aside(plan).await.map_err(Later::broken)?; // it reads what mails carry
        let (mut received, mut answers) = (Vec::new(), Vec::with_capacity(planned.len()));
        for planned in planned {
            answers.push(planned.map(|taken| {
                let id = taken.message.id;
                received.push(taken);
                id
            }));
        }
        if received.is_empty() {
            return Ok(answers);
        }
        crate::faults::kill_point("intake.before_commit");
        let mut kept = inner.store.receive(&inner.node, received).await?.into_iter();
        crate::faults::kill_point("intake.after_commit");
        let mut judged = |id| match kept.next() {
            Some(Kept::Before(first)) => Ok(first),
            Some(Kept::OtherContent) => Err(Refused::OtherContent),
            Some(Kept::Now) | None => Ok(id),
        };
        Ok(answers.into_iter().map(|answer| answer.and_then(&mut judged)).collect())
    }

    /// Those of `ids` under which a message was taken in before: what is left of it may go, whatever has become of the rules by now.
    ///
    /// # Errors
    /// [`Later`], when the database refuses.
    pub async fn known(&self, ids: &[Ref]) -> Result<HashSet<Ref>, Later> {
        if ids.is_empty() { Ok(HashSet::new()) } else { Ok(self.intake.0.store.known_messages(ids).await?) }
    }

    /// The arrivals of a message: every rule that takes it has its own, and those for what is `unmatched` only where none relays it.
    fn plan(&self, message: Message, node: &str) -> Result<Received, Refused> {
        if message.facts.received_count > MOST_RECEIVED {
            return Err(Refused::Loop(message.facts.received_count));
        }
        let (rest, first): (Vec<_>, Vec<_>) = self.rules.iter().partition(|(rule, _)| rule.when.is_unmatched);
        let mut arrivals: Vec<ArrivalDraft> = Vec::new();
        let mut is_relayed = false;
        for (rule, version) in first {
            if let Some(arrival) = arrival(rule, *version, &message, node) {
                is_relayed |= relays(rule);
                arrivals.push(arrival);
            }
        }
        if !is_relayed {
            arrivals.extend(rest.into_iter().filter_map(|(rule, version)| arrival(rule, *version, &message, node)));
        }
        if arrivals.is_empty() { Err(Refused::NoRule) } else { Ok(Received { message, arrivals }) }
    }
}

fn arrival(rule: &Receiving, version: i64, message: &Message, node: &str) -> Option<ArrivalDraft> {
    if !rule.when.takes(message) {
        return None;
    }
    let supply = Supply { content: &Fetched::Nothing, attachment: whole::attachment };
    let context = Context::kept(node, (version, 0), message.received_at, supply);
    let planned = rules::plan_message(rule, message, &context);
    planned.unwanted.is_none().then_some(planned.arrival)
}

fn relays(rule: &Receiving) -> bool {
    rule.then.iter().any(|step| matches!(step.action, Action::Relay(_)))
}
