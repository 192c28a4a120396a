//! One file, or one tick, and one rule → the jobs it becomes, a refusal on record, or nothing; what `packetboat plan` shows is this.

use crate::{
    domain::{
        ArrivalDraft, Beginning, Copied, EndedJob, Errand, Escaped, JobDraft, Letter, MailWishes, Message, Moment,
        Owed, Reason, Ref, Report, Sighting, Wishes,
    },
    rules::{
        Action, EmptyFiles, Mail, Relay, Rule, Step, Supply, Upload, plan_here, plan_mail, plan_mail::Unmade,
        plan_relay, plan_relay::Recipients, plan_text,
    },
    templates::{Beside, Condition, Destination, Facts, TemplateError},
};
use std::time::Duration;

/// Jobs of a message that cannot be sent on: ten times the recipients that one may have.
const MOST_UNRELAYED: usize = 10 * plan_mail::MOST;

/// What planning takes from around it: time and ids are arguments.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub arrived_at: Moment,
    /// Row of the rule's frozen text.
    pub rule_version: i64,
    /// Row of the rule's folder in the `seen` ledger.
    pub place: i64,
    /// This machine's name.
    pub host: &'a str,
    /// An operator paused the rule, beside its own `paused: true`.
    pub is_paused: bool,
    /// [`Ref::new`] wherever the arrival is kept.
    pub new_id: fn() -> Ref,
    pub supply: Supply<'a>,
}

impl<'a> Context<'a> {
    /// Of an arrival that is kept: whether an operator paused its rule, the store decides when it commits.
    #[must_use]
    pub fn kept(host: &'a str, (rule_version, place): (i64, i64), arrived_at: Moment, supply: Supply<'a>) -> Self {
        Self { arrived_at, rule_version, place, host, is_paused: false, new_id: Ref::new, supply }
    }
}

/// What a rule makes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// To be committed whole; without jobs it only remembers that the file was looked at.
    pub arrival: ArrivalDraft,
    /// Why there are no jobs; `None` when there are.
    pub unwanted: Option<Unwanted>,
}

/// Why a file becomes no job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unwanted {
    #[error("it is empty, and `empty_files` is `skip`")]
    Empty,
    #[error("the rule's `if` is not true of it")]
    Condition,
    #[error("no step's `if` is true of it")]
    EveryStep,
}

/// Plans. Pure: the same arguments give the same jobs, but for the ids.
///
/// A file that is wanted never vanishes: where a condition cannot be judged, a path cannot be made or a limit is
/// broken, the jobs it would have become are failed from the beginning and say why.
#[must_use]
pub fn plan(rule: &Rule, sighting: &Sighting, context: &Context<'_>) -> Planned {
    planned(&Planning::new(rule, sighting, context, (context.new_id)()))
}

/// Plans a moment of a rule's schedule, which is `context.arrived_at`; its jobs begin at `now`, for it may be late. Pure, as [`plan`].
///
/// `report`: what its texts tell of, if they do ([`Rule::tells_report`]).
#[must_use]
pub fn plan_tick(rule: &Rule, context: &Context<'_>, now: Moment, report: Option<&Report>) -> Planned {
    let sighting = Sighting::tick(context.arrived_at);
    planned(&Planning { begins_at: now, report, ..Planning::new(rule, &sighting, context, (context.new_id)()) })
}

/// Plans a message that came in. Pure, as [`plan`].
#[must_use]
pub fn plan_message(rule: &Rule, message: &Message, context: &Context<'_>) -> Planned {
    let sighting = Sighting::message(&message.facts.subject, message.bytes.len() as u64);
    planned(&Planning { message: Some(message), ..Planning::new(rule, &sighting, context, (context.new_id)()) })
}

fn planned(planning: &Planning<'_>) -> Planned {
    let mut letters = Vec::new();
    let (jobs, unwanted) = match planning.jobs(&mut letters) {
        Ok(jobs) if jobs.is_empty() => (jobs, Some(Unwanted::EveryStep)),
        Ok(jobs) => (jobs, None),
        Err(unwanted) => (Vec::new(), Some(unwanted)),
    };
    Planned { arrival: planning.arrival(letters, jobs), unwanted }
}

/// Why a job is failed from its beginning, in a sentence for the operator.
pub(super) type Refusal = String;

#[derive(Clone, Copy)]
pub(super) struct Planning<'a> {
    pub rule: &'a Rule,
    pub sighting: &'a Sighting,
    pub context: &'a Context<'a>,
    pub arrival: Ref,
    /// What the letters of one planning are numbered under.
    pub series: Ref,
    /// When the jobs are due, and their deadline begins.
    pub begins_at: Moment,
    /// The job of `then` that decided, in what follows upon it.
    pub ended: Option<&'a EndedJob>,
    /// What is there of the arrival by now, in what follows upon it.
    pub copies: &'a [Copied],
    /// Of the mail at hand.
    pub beside: Beside<'a>,
    /// Of a tick whose texts tell of it.
    pub report: Option<&'a Report>,
    /// What arrived, in a rule that takes mail.
    pub message: Option<&'a Message>,
}

impl<'a> Planning<'a> {
    pub(super) fn new(rule: &'a Rule, sighting: &'a Sighting, context: &'a Context<'a>, arrival: Ref) -> Self {
        Self {
            rule,
            sighting,
            context,
            arrival,
            series: arrival,
            begins_at: context.arrived_at,
            ended: None,
            copies: &[],
            beside: Beside::default(),
            report: None,
            message: None,
        }
    }

    /// The whole of what it becomes.
    pub(super) fn arrival(&self, letters: Vec<Letter>, jobs: Vec<JobDraft>) -> ArrivalDraft {
        let Self { rule, sighting, context, arrival, .. } = *self;
        ArrivalDraft {
            id: arrival,
            rule: rule.name.clone(),
            rule_version: context.rule_version,
            place: context.place,
            sighting: sighting.clone(),
            arrived_at: context.arrived_at,
            sha256: None,
            letters,
            jobs,
            has_after: rule.has_after(),
        }
    }

    fn jobs(&self, letters: &mut Vec<Letter>) -> Result<Vec<JobDraft>, Unwanted> {
        let refusal = self.judge()?;
        Ok(self.rule.then.iter().flat_map(|step| self.step(step, refusal.as_ref(), letters)).collect())
    }

    /// Whether the rule wants the file; why its jobs are failed from the beginning, if they are.
    pub(super) fn judge(&self) -> Result<Option<Refusal>, Unwanted> {
        let is_empty = self.sighting.identity.size_bytes == 0;
        if is_empty && self.empty_files() == Some(EmptyFiles::Skip) {
            return Err(Unwanted::Empty);
        }
        match self.is_true(self.rule.condition.as_ref()) {
            Ok(false) => Err(Unwanted::Condition),
            Ok(true) => Ok(self.broken_limit()),
            Err(refusal) => Ok(Some(refusal)),
        }
    }

    pub(super) fn step(&self, step: &Step, refusal: Option<&Refusal>, letters: &mut Vec<Letter>) -> Vec<JobDraft> {
        let refusal = match (refusal, self.is_true(step.condition.as_ref())) {
            (_, Ok(false)) => return Vec::new(),
            (Some(refusal), _) => Some(refusal.clone()),
            (None, Err(refusal)) => Some(refusal),
            (None, Ok(true)) => None,
        };
        let mut text = || step.action.own().map(|own| plan_text::own(self, own, letters));
        match &step.action {
            Action::Upload(upload) => {
                let text = text();
                upload.to.iter().map(|server| self.upload(upload, server, text.as_ref(), refusal.clone())).collect()
            }
            Action::Mail(mail) => {
                let number = letters.len().to_string();
                self.mail(mail, refusal, (&number, letters))
            }
            Action::Relay(relay) => self.relay(relay, refusal, letters),
            Action::Manifest(manifest) => plan_text::manifest(self, manifest, refusal.as_ref(), letters),
            Action::Save(save) => vec![plan_here::save(self, save, text(), refusal)],
            Action::Move(spot) => vec![plan_here::take_away(self, Some(spot), refusal)],
            Action::Delete => vec![plan_here::take_away(self, None, refusal)],
        }
    }

    fn upload(
        &self,
        upload: &Upload,
        server: &str,
        text: Option<&Result<usize, Refusal>>,
        refusal: Option<Refusal>,
    ) -> JobDraft {
        let refusal = refusal.or_else(|| text.and_then(|text| text.clone().err()));
        let text = text.and_then(|text| text.clone().ok());
        let id = (self.context.new_id)();
        let path = &upload.path;
        let target = path.render(&self.facts(Some(Destination { server, job: id })));
        let (target, refusal) = match target {
            Ok(target) => (Some(target), refusal),
            Err(error) => (None, refusal.or(Some(in_words("path", path.text(), &error)))),
        };
        self.job(id, server, Errand::Upload { target, text, wishes: wishes(self.rule, upload) }, refusal)
    }

    /// One letter, and a job for everybody it goes to; a mail that cannot be made is one job, failed.
    pub(super) fn mail(
        &self,
        mail: &Mail,
        refusal: Option<Refusal>,
        (number, letters): (&str, &mut Vec<Letter>),
    ) -> Vec<JobDraft> {
        let wishes = plan_mail::wishes(self, mail);
        let made = match refusal {
            Some(refusal) => Err(refusal.into()),
            None => plan_mail::letter(self, mail, number),
        };
        let made = made.map(|(letter, recipients)| {
            (letter, recipients.into_iter().map(|recipient| (recipient, Owed::NOTHING)).collect())
        });
        self.sends(made, wishes, letters)
    }

    /// The message that came, likewise.
    fn relay(&self, relay: &Relay, refusal: Option<Refusal>, letters: &mut Vec<Letter>) -> Vec<JobDraft> {
        let made = match (refusal, self.message) {
            (Some(refusal), _) => Err(refusal),
            (None, Some(message)) => plan_relay::letter(self, message, relay),
            (None, None) => Err("there is no message to be relayed".to_owned()),
        };
        let sender = made.as_ref().map_or("", |(_, sender, _)| sender).to_owned();
        let wishes = plan_relay::wishes(self, relay, sender);
        match made {
            Ok((letter, _, recipients)) => self.sends(Ok((letter, recipients)), wishes, letters),
            Err(refusal) => self.unrelayed(relay, &refusal, &wishes),
        }
    }

    /// A message that cannot be sent on as its rule wants: a failed job for everybody whom it was for.
    fn unrelayed(&self, relay: &Relay, refusal: &Refusal, wishes: &MailWishes) -> Vec<JobDraft> {
        let nobody = [String::new()];
        let own = self.message.map(|message| &message.recipients[..]).filter(|own| !own.is_empty()).unwrap_or(&nobody);
        let server = wishes.via.first().map_or("", String::as_str);
        let owed = plan_relay::owed(self, relay);
        let to = |recipient: &String| {
            let errand = Errand::Send { recipient: recipient.clone(), letter: None, wishes: wishes.clone(), owed };
            self.job((self.context.new_id)(), server, errand, Some(refusal.clone()))
        };
        own.iter().take(MOST_UNRELAYED).map(to).collect()
    }

    fn sends(
        &self,
        made: Result<(Letter, Recipients), Unmade>,
        wishes: MailWishes,
        letters: &mut Vec<Letter>,
    ) -> Vec<JobDraft> {
        let server = wishes.via.first().cloned().unwrap_or_default();
        let (letter, recipients) = match made {
            Ok(made) => made,
            Err(Unmade { refusal, recipient }) => {
                let errand = Errand::Send { recipient, letter: None, wishes, owed: Owed::NOTHING };
                return vec![self.job((self.context.new_id)(), &server, errand, Some(refusal))];
            }
        };
        letters.push(letter);
        let letter = Some(letters.len() - 1);
        let to = |(recipient, owed)| {
            let errand = Errand::Send { recipient, letter, wishes: wishes.clone(), owed };
            self.job((self.context.new_id)(), &server, errand, None)
        };
        recipients.into_iter().map(to).collect()
    }

    pub(super) fn job(&self, id: Ref, server: &str, errand: Errand, refusal: Option<Refusal>) -> JobDraft {
        let Self { rule, sighting, context, .. } = self;
        let beginning = match refusal {
            Some(refusal) => Beginning::Refused(Reason::Unplannable, refusal),
            None if rule.paused || context.is_paused => Beginning::Paused,
            None => Beginning::Ready,
        };
        let is_mailed = matches!((&errand, &beginning), (Errand::Send { .. }, Beginning::Ready | Beginning::Paused));
        let begins_at = if is_mailed { self.mail_begins_at() } else { self.begins_at };
        let deadline = if is_mailed { self.mail_deadline() } else { rule.deadline };
        JobDraft {
            id,
            server: server.to_owned(),
            errand,
            priority: rule.priority,
            rank: rule.rank(&sighting.path),
            due_at: begins_at,
            expires_at: begins_at.plus(deadline),
            is_in_order: rule.in_order,
            beginning,
        }
    }

    /// When mails are due, and their deadline begins: no sooner than whoever gave the message in wants.
    pub(super) fn mail_begins_at(&self) -> Moment {
        self.not_before().map_or(self.begins_at, |at| at.max(self.begins_at))
    }

    pub(super) fn not_before(&self) -> Option<Moment> {
        self.message.and_then(|message| message.instructions.not_before)
    }

    /// The sooner of the rule's and the message's own.
    pub(super) fn mail_deadline(&self) -> Duration {
        let own = self.message.and_then(|message| message.instructions.expires_at);
        own.map_or(self.rule.deadline, |at| at.since(self.mail_begins_at()).min(self.rule.deadline))
    }

    pub(super) fn is_true(&self, condition: Option<&Condition>) -> Result<bool, Refusal> {
        let Some(condition) = condition else { return Ok(true) };
        condition.holds(&self.facts(None)).map_err(|error| in_words("if", condition.text(), &error))
    }

    fn broken_limit(&self) -> Option<Refusal> {
        let size = self.sighting.identity.size_bytes;
        let name = Escaped(&self.sighting.path);
        if size == 0 && self.empty_files() == Some(EmptyFiles::Refuse) {
            return Some(format!("{name} is empty, and the rule says `empty_files: refuse`"));
        }
        let limit = self.rule.limits.size.filter(|limit| size > *limit)?;
        Some(format!("{name} has {size} bytes, and the rule's `limits: size` is {limit}"))
    }

    /// `None` where no files come.
    fn empty_files(&self) -> Option<EmptyFiles> {
        self.rule.when.watch().map(|watch| watch.empty_files)
    }

    pub(super) fn facts<'b>(&'b self, destination: Option<Destination<'b>>) -> Facts<'b> {
        Facts {
            arrived_at: self.context.arrived_at,
            time_zone: self.rule.time_zone,
            arrival: self.arrival,
            file: self.sighting,
            rule: &self.rule.name,
            about: self.rule.about.as_deref(),
            host: self.context.host,
            destination,
            ended: self.ended,
            beside: self.beside,
            report: self.report,
            message: self.message,
        }
    }
}

fn wishes(rule: &Rule, upload: &Upload) -> Wishes {
    Wishes {
        on_exists: upload.on_exists,
        proof: upload.proof,
        times: upload.times,
        resume: upload.resume,
        bandwidth: upload.bandwidth,
        retry: rule.retry,
        deadline: Some(rule.deadline),
        is_text: upload.own.is_some(),
    }
}

/// ``path `{{ file.ext }}/`: this value is empty (`| default("none", true)`)``
pub(super) fn in_words(key: &str, text: &str, error: &TemplateError) -> Refusal {
    let text = error.range.clone().and_then(|range| text.get(range)).filter(|part| !part.is_empty()).unwrap_or(text);
    let hint = error.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
    format!("{key} `{}`: {error}{hint}", Escaped(text.as_bytes()))
}
