//! Messages that others wrote: which rules take them, and their arrivals.

use crate::{
    domain::{ArrivalDraft, BounceKey, Message, Moment, Ref, ReturnPath},
    intake::{Intake, Later},
    mail::incoming::{bounce::of_ours, header_length, traced},
    rules::{self, Action, Context, Fetched, Receiving, Supply},
    simulation::aside,
    store::{Bounced, Kept, Received, StoreError, TurnedAway},
    streams::whole,
};
use std::{collections::HashSet, sync::Arc};
use tracing::info;

/// The rules that take messages, for every door.
#[derive(Debug, Clone)]
pub struct Post {
    intake: Intake,
    /// Each with the row of its frozen text.
    rules: Arc<[(Receiving, i64)]>,
    /// Who we are, in the trace that we leave.
    gateway: Arc<str>,
    /// The form of the addresses at which mail of ours comes back, and what is behind it.
    bounces: Option<Arc<(ReturnPath, BounceKey)>>,
}

/// Why a message is not taken in: it goes back to whoever gave it in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("no rule takes this message")]
    NoRule,
    #[error("{0}: it goes round in a loop")]
    Loop(Round),
    #[error("its idempotency_key came before with other content, and is kept for 7 days")]
    OtherContent,
}

/// How a loop is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Round {
    #[error("it says that it was received {0} times")]
    Received(usize),
    #[error("it came through this gateway {0} times before")]
    Passes(usize),
}

/// RFC 5321 section 6.3: large enough for any way that is not a loop.
const MOST_RECEIVED: usize = 50;
/// A message may come again and be no loop: what a relay sends to a mailbox of this machine, and that mailbox forwards by sendmail.
const MOST_PASSES: usize = 2;

impl Intake {
    /// The post of these rules. What is sent to an address of the form `bounces` is a mail of ours that came back.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn post(&self, rules: Vec<Receiving>, bounces: Option<ReturnPath>) -> Result<Post, StoreError> {
        let mut numbered = Vec::with_capacity(rules.len());
        for rule in rules {
            let version = self.0.store.rule_version(&rule.name, rule.sha256, &rule.text, self.0.clock.now()).await?;
            numbered.push((rule, version));
        }
        let gateway = self.0.store.gateway_name().await?.into();
        let key = self.0.store.bounce_key().await?;
        let bounces = bounces.map(|path| Arc::new((path, key)));
        Ok(Post { intake: self.clone(), rules: numbered.into(), gateway, bounces })
    }
}

impl Post {
    /// Takes messages in; an answer for each, in their order. When it returns, what is not refused survives a power cut; one that was
    /// taken in before under the same name is there once. Of what no rule takes, or goes round, the sender is told: this is for doors that
    /// cannot refuse it to his face.
    ///
    /// # Errors
    /// [`Later`]: then none of them is taken in.
    pub async fn take(&self, messages: Vec<Message>) -> Result<Vec<Result<(), Refused>>, Later> {
        let inner = &self.intake.0;
        let (answers, turned_away) = self.receive(messages).await?;
        let ids: Vec<Ref> = turned_away.iter().map(|message| message.id).collect();
        let known = self.known(&ids).await?; // a rule that took it then may be another by now
        let turned_away: Vec<TurnedAway> =
            turned_away.into_iter().filter(|message| !known.contains(&message.id)).collect();
        if !turned_away.is_empty() {
            inner.store.turn_away(&turned_away).await?;
        }
        Ok(answers.into_iter().map(|answer| answer.map(|_| ())).collect())
    }

    /// The same; each answer names the message: another one where the same content came before under the same key.
    ///
    /// # Errors
    /// As [`Post::take`].
    pub async fn take_once(&self, messages: Vec<Message>) -> Result<Vec<Result<Ref, Refused>>, Later> {
        Ok(self.receive(messages).await?.0)
    }

    async fn receive(&self, messages: Vec<Message>) -> Result<(Vec<Result<Ref, Refused>>, Vec<TurnedAway>), Later> {
        let inner = &self.intake.0;
        inner.check_room()?;
        let (post, node) = (self.clone(), inner.node.clone());
        let now = inner.clock.now();
        let made = move |message: Message| match post.come_back(&message, now) {
            Some(bounced) => Ok(Made::ComeBack(message.id, bounced)),
            None => post.plan(message, &node).map(|taken| Made::Taken(Box::new(taken))),
        };
        let plan = move || messages.into_iter().map(made).collect::<Vec<_>>();
        let planned = aside(plan).await.map_err(Later::broken)?; // it reads what mails carry
        let (mut received, mut answers) = (Vec::new(), Vec::with_capacity(planned.len()));
        let (mut turned_away, mut back) = (Vec::new(), Vec::new());
        for planned in planned {
            answers.push(match planned {
                Ok(Made::ComeBack(id, bounced)) => {
                    back.extend(bounced);
                    Ok((id, IsNew::No))
                }
                Ok(Made::Taken(taken)) => {
                    let id = taken.message.id;
                    received.push(*taken);
                    Ok((id, IsNew::Yes))
                }
                Err((message, refused)) => {
                    turned_away.extend(self::turned_away(*message, &refused));
                    Err(refused)
                }
            });
        }
        for bounced in back {
            let job = bounced.job;
            let is_news = inner.store.bounced(bounced, now).await?;
            info!(%job, is_news, "a mail came back");
        }
        crate::faults::kill_point("intake.before_commit");
        let kept = if received.is_empty() { Vec::new() } else { inner.store.receive(&inner.node, received).await? };
        let mut kept = kept.into_iter();
        crate::faults::kill_point("intake.after_commit");
        let mut judged = |(id, is_new)| match if is_new == IsNew::Yes { kept.next() } else { None } {
            Some(Kept::Before(first)) => Ok(first),
            Some(Kept::OtherContent) => Err(Refused::OtherContent),
            Some(Kept::Now) | None => Ok(id),
        };
        Ok((answers.into_iter().map(|answer| answer.and_then(&mut judged)).collect(), turned_away))
    }

    /// Those of `ids` under which a message was taken in before: what is left of it may go, whatever has become of the rules by now.
    ///
    /// # Errors
    /// [`Later`], when the database refuses.
    pub async fn known(&self, ids: &[Ref]) -> Result<HashSet<Ref>, Later> {
        if ids.is_empty() { Ok(HashSet::new()) } else { Ok(self.intake.0.store.known_messages(ids).await?) }
    }

    /// Whether it is to the return path of a mail of ours, and which of them failed by it: no rule sees it.
    fn come_back(&self, message: &Message, now: Moment) -> Option<Option<Bounced>> {
        let (path, key) = &**self.bounces.as_ref()?;
        let to = message.recipients.iter().map(String::as_str);
        Some(match of_ours(&message.bytes, to, (path, key), now)? {
            Ok((job, returned)) => Some(Bounced { job, code: returned.code(), said: returned.words() }),
            Err(why) => {
                info!(message = %message.id, why, "a mail to a return path changes nothing");
                None
            }
        })
    }

    /// The arrivals of a message: every rule that takes it has its own, and those for what is `unmatched` only where none relays it.
    fn plan(&self, mut message: Message, node: &str) -> Result<Received, (Box<Message>, Refused)> {
        if message.facts.received_count > MOST_RECEIVED {
            let round = Round::Received(message.facts.received_count);
            return Err((Box::new(message), Refused::Loop(round)));
        }
        let passes = message.facts.passes.iter().filter(|gateway| **gateway == *self.gateway).count();
        if passes >= MOST_PASSES {
            return Err((Box::new(message), Refused::Loop(Round::Passes(passes))));
        }
        message.bytes = traced(message.bytes, &self.gateway);
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
        if arrivals.is_empty() {
            return Err((Box::new(message), Refused::NoRule));
        }
        Ok(Received { message, arrivals })
    }
}

/// What became of a message.
enum Made {
    Taken(Box<Received>),
    ComeBack(Ref, Option<Bounced>),
}

/// Whether the store was asked to take it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IsNew {
    Yes,
    No,
}

/// What is told to whoever sent it; `None`: nobody did.
fn turned_away(message: Message, refused: &Refused) -> Option<TurnedAway> {
    let Message { id, sender, recipients, received_at: at, mut bytes, facts, .. } = message;
    bytes.truncate(header_length(&bytes));
    let (header_id, subject, why) = (facts.id, facts.subject, refused.to_string());
    Some(TurnedAway { id, sender: sender?, recipients, header_id, subject, header: bytes, why, at })
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
