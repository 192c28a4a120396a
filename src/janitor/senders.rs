//! The senders of messages hear what becomes of them: one warning that a message waits, and one report for all who failed together. It
//! follows from the rows of their jobs, as notices do ([ADR 9](../../docs/adr/0009-notices-follow-from-rows.md)).

use crate::{
    domain::{MailWishes, Moment, OnUnknown, Reason, Ref},
    janitor::teller::{Teller, in_order, is_open},
    mail::report::{Concerned, Fate, SenderReport},
    notices::Patience,
    store::{
        self, LaneRow, LaneState, NoticeErrand, NoticeJob, OwedMail, OwedReport, Reported, StoreError, TurnedAway, Word,
    },
};
use std::time::Duration;
use tracing::{info, warn};

/// After the last failure of a message's mails its report waits so long for another.
const QUIET: Duration = Duration::from_secs(10);
/// After the first it waits no longer.
const LONGEST: Duration = Duration::from_secs(600);
/// What waits too long is looked for so often: every open job is read.
const WARN_EVERY: Duration = Duration::from_secs(60);
/// What a report is worth being tried for.
const DEADLINE: Duration = Duration::from_secs(3 * 24 * 3600);

/// A message, as its sender is told of it.
struct About<'a> {
    sender: &'a str,
    at: Moment,
    subject: &'a str,
    header_id: &'a str,
    original: Option<&'a [u8]>,
}

impl Teller {
    /// Puts the reports that are due into the queue, some at a time.
    pub(super) async fn report_to_senders(
        &self,
        patience: Patience,
        warned_at: &mut Option<Moment>,
    ) -> Result<(), StoreError> {
        let together = match patience {
            Patience::Usual => (QUIET, LONGEST),
            Patience::None => (Duration::ZERO, Duration::ZERO),
        };
        loop {
            let now = self.clock.now();
            let owed = self.store.owed_failures(now, together).await?;
            if !self.report(Word::Failed, owed, now).await? {
                break;
            }
        }
        let now = self.clock.now();
        while self.report_turned_away(now).await? {}
        // an age, and a moment ahead where the clock was set back
        let is_fresh = |warned_at: Moment| warned_at <= now && now.since(warned_at) < WARN_EVERY;
        if patience == Patience::Usual && warned_at.is_some_and(is_fresh) {
            return Ok(());
        }
        // no relay carries the word of its own trouble: who waits for it hears when it is over, if there is still something to hear
        let lanes = self.store.lanes().await?;
        let shut = lanes.iter().filter(|lane| lane.state != LaneState::Open);
        let shut: Vec<String> = shut.map(|lane| lane.server.clone()).collect();
        while self.report(Word::Delayed, self.store.owed_warnings(now, &shut).await?, now).await? {}
        *warned_at = Some(now);
        Ok(())
    }

    /// Whether there was something to report.
    async fn report(&self, word: Word, owed: Vec<OwedReport>, now: Moment) -> Result<bool, StoreError> {
        let owed: Vec<OwedReport> = owed.into_iter().filter(|owed| !owed.mails.is_empty()).collect();
        if owed.is_empty() {
            return Ok(false);
        }
        let lanes = self.store.lanes().await?;
        let reported: Vec<Reported> = owed
            .into_iter()
            .map(|owed| {
                let mail = self.report_mail(word, &owed, &lanes, now);
                Reported { word, owed, mail }
            })
            .collect();
        self.store.tell_senders(&self.node, now, reported).await?;
        Ok(true)
    }

    /// `None`: there is nobody to tell, or no way to.
    fn report_mail(&self, word: Word, owed: &OwedReport, lanes: &[LaneRow], now: Moment) -> Option<NoticeJob> {
        let via = owed.mails.iter().flat_map(|mail| mail.via.iter().chain([&mail.server]));
        let mut known: Vec<String> = Vec::new();
        for relay in via.filter(|relay| self.hosts.contains_key(*relay)) {
            if !known.contains(relay) {
                known.push(relay.clone());
            }
        }
        let fate = if word == Word::Failed { Fate::Failed } else { Fate::Delayed };
        let concerned: Vec<Concerned> = owed.mails.iter().map(|mail| self.concerned(mail, lanes)).collect();
        let about = About {
            sender: owed.sender.as_deref()?,
            at: owed.received_at,
            subject: &owed.subject,
            header_id: &owed.header_id,
            original: owed.original.as_deref(),
        };
        self.report_job(fate, about, &concerned, (in_order(known, lanes), now))
    }

    /// Whether there was somebody whose message no rule took.
    async fn report_turned_away(&self, now: Moment) -> Result<bool, StoreError> {
        let turned_away = self.store.turned_away().await?;
        if turned_away.is_empty() {
            return Ok(false);
        }
        let lanes = self.store.lanes().await?;
        let mail = |message: &TurnedAway| (message.id, self.turned_away_mail(message, &lanes, now));
        self.store.tell_turned_away(&self.node, now, turned_away.iter().map(mail).collect()).await?;
        Ok(true)
    }

    fn turned_away_mail(&self, message: &TurnedAway, lanes: &[LaneRow], now: Moment) -> Option<NoticeJob> {
        let concerned = |address: &String| Concerned {
            address: address.clone(),
            said: message.why.clone(),
            code: None,
            remote: None,
            last_attempt: None,
            until: message.at,
            is_expired: false,
        };
        let concerned: Vec<Concerned> = message.recipients.iter().map(concerned).collect();
        let about = About {
            sender: &message.sender,
            at: message.at,
            subject: &message.subject,
            header_id: &message.header_id,
            original: Some(&message.header),
        };
        self.report_job(Fate::Failed, about, &concerned, (in_order(self.via.clone(), lanes), now))
    }

    /// The job of a report; `None` without a relay, or where it cannot be made.
    fn report_job(
        &self,
        fate: Fate,
        about: About<'_>,
        concerned: &[Concerned],
        (via, now): (Vec<String>, Moment),
    ) -> Option<NoticeJob> {
        let (Some(from), Some(server)) = (self.from.as_ref(), via.first().cloned()) else {
            warn!("the sender of a message cannot be told: it takes a relay, and `mail: {{ from: … }}`");
            return None;
        };
        let job = Ref::new();
        let report = SenderReport {
            from,
            to: about.sender,
            host: &self.node,
            fate,
            concerned,
            arrived_at: about.at,
            subject: about.subject,
            header_id: about.header_id,
            original: about.original,
            time_zone: self.time_zone,
            message_id: &format!("{}@{}", job.long(), from.domain()),
            date: now,
        };
        let letter = report.letter().inspect_err(|why| warn!(%why, "the sender of a message cannot be told")).ok()?;
        info!(%job, server, "a report to the sender of a message is on its way");
        let wishes = MailWishes {
            sender: String::new(), // nobody: a report begets none (RFC 3464 section 2)
            via,
            on_unknown: OnUnknown::Retry,
            retry: self.retry,
            deadline: Some(DEADLINE),
            not_before: None,
            return_path: None,
        };
        Some(NoticeJob {
            job,
            about: store::About::Message,
            server,
            recipient: about.sender.to_owned(),
            letter,
            errand: NoticeErrand::Send(wishes),
            expires_at: now.plus(DEADLINE),
        })
    }

    fn concerned(&self, mail: &OwedMail, lanes: &[LaneRow]) -> Concerned {
        let reason = mail.reason.as_deref().and_then(Reason::from_word);
        // what never came to a try waits for its server: that one's words
        let of_lane = || {
            let lane = lanes.iter().find(|lane| lane.server == mail.server && !is_open(&lane.server, lanes))?;
            lane.said.clone()
        };
        Concerned {
            address: mail.recipient.clone(),
            said: if mail.said.is_empty() { of_lane().unwrap_or_default() } else { mail.said.clone() },
            code: mail.code,
            // what came back was said by whoever it was that the relay asked
            remote: self.hosts.get(&mail.server).filter(|_| mail.tries > 0 && reason != Some(Reason::Bounced)).cloned(),
            last_attempt: mail.tried_at,
            until: mail.expires_at,
            is_expired: reason == Some(Reason::Deadline),
        }
    }
}
