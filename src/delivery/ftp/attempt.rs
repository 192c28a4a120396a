//! One attempt from its first command to its outcome, over a second connection where that can settle it.

use crate::{
    config::UploadAs,
    delivery::ftp::{
        Upload,
        failure::{self, Step},
    },
    domain::{Delivered, Identity, Outcome, Proof, RemotePath, Trouble, TroubleKind},
    faults::kill_point,
    ftp::client::{Checksum, Error, Found, Session},
    streams::{Digests, Reach, identity_of},
};
use std::{io, sync::Arc, time::Duration};
use tokio::{task::spawn_blocking, time::timeout};

/// A network that hangs must not hang us.
const LOOKED_WITHIN: Duration = Duration::from_secs(30);

/// Why an attempt goes no further.
#[derive(Debug)]
pub(super) enum Stop {
    /// It is decided.
    Ended(Box<Outcome>),
    /// The conversation failed; what that means is for [`failure`] to say, unless a new connection helps.
    Met(Error, Step),
}

impl From<Outcome> for Stop {
    fn from(outcome: Outcome) -> Self {
        Self::Ended(Box::new(outcome))
    }
}

/// Tells a failure when it fell.
pub(super) trait At<T> {
    /// `Err` becomes [`Stop::Met`] at `step`.
    fn at(self, step: Step) -> Result<T, Stop>;
}

impl<T> At<T> for Result<T, Error> {
    fn at(self, step: Step) -> Result<T, Stop> {
        self.map_err(|error| Stop::Met(error, step))
    }
}

/// What is known so far; it outlives a connection.
#[derive(Debug)]
pub(super) struct Attempt<'u> {
    pub upload: &'u Upload,
    /// The job's target, or its neighbour under `on_exists: keep_both`.
    pub target: RemotePath,
    /// What is written to: the temporary name, or the target where the server cannot rename.
    pub written: RemotePath,
    /// Something of ours may be at `written`.
    pub is_touched: bool,
    pub may_resume: bool,
    pub sent_bytes: u64,
    pub stored: Option<Stored>,
}

/// All bytes have been sent.
#[derive(Debug)]
pub(super) struct Stored {
    pub digests: Digests,
    /// What the server can compute that we have computed too.
    pub checksum: Option<Checksum>,
    /// Where this connection's bytes begin; 0 for a whole.
    pub resumed_at: u64,
    pub proof: Option<Proof>,
    /// RNTO may have gone out: what is at the target may be ours.
    pub is_renaming: bool,
    /// The target may have been renamed aside.
    pub is_aside: bool,
}

/// Runs the attempt to its end.
pub(super) async fn run(session: &mut Session, upload: &Upload) -> Outcome {
    let mut attempt = Attempt::new(session, upload);
    let mut second = SecondConnection::default();
    loop {
        let (error, step) = match attempt.go_on(session).await {
            Ok(delivered) => return Outcome::Delivered(delivered),
            Err(Stop::Ended(outcome)) => return *outcome,
            Err(Stop::Met(error, step)) => (error, step),
        };
        if !second.helps(session, &attempt, &error, step) {
            return attempt.give_up(session, &error, step).await;
        }
        tracing::debug!(%error, "trying over a new connection");
        if let Err(again) = session.reconnect().await {
            return attempt.give_up_unreached(&error, step, &again);
        }
    }
}

/// Each reason for a new connection counts once.
#[derive(Debug, Default)]
struct SecondConnection {
    was_stale: bool,
    was_late: bool,
    was_tls13: bool,
}

impl SecondConnection {
    fn helps(&mut self, session: &Session, attempt: &Attempt<'_>, error: &Error, step: Step) -> bool {
        let once = |used: &mut bool| !std::mem::replace(used, true);
        if session.tls() == Some("TLSv1.3") && failure::is_refused_resumption(error) {
            session.profile().refuse_tls13();
            return once(&mut self.was_tls13);
        }
        if !error.is_break() {
            return false;
        }
        if attempt.stored.is_some() {
            return once(&mut self.was_late);
        }
        // A session that lay idle may have been closed by the server: that is no attempt.
        step == Step::Before && session.is_used() && attempt.sent_bytes == 0 && once(&mut self.was_stale)
    }
}

impl<'u> Attempt<'u> {
    fn new(session: &Session, upload: &'u Upload) -> Self {
        let written = match session.server().upload_as {
            UploadAs::TemporaryName => upload.temporary.clone(),
            UploadAs::FinalName => upload.target.clone(),
        };
        Self {
            upload,
            target: upload.target.clone(),
            written,
            is_touched: false,
            may_resume: true,
            sent_bytes: 0,
            stored: None,
        }
    }

    async fn go_on(&mut self, session: &mut Session) -> Result<Delivered, Stop> {
        if self.stored.is_some() {
            if let Some(delivered) = self.look_again(session).await? {
                return Ok(delivered);
            }
        } else {
            self.check_source().await?;
            if self.upload.stop.is_cancelled() {
                return Err(Outcome::Returned.into());
            }
            if let Some(delivered) = self.choose(session).await? {
                return Ok(delivered);
            }
            self.send(session).await?;
        }
        kill_point("delivery.stored");
        if let Some(delivered) = self.prove_and_place(session).await? {
            return Ok(delivered);
        }
        self.prove(session).await?;
        kill_point("delivery.proven");
        self.place(session).await
    }

    /// Is the open file still the version that the job names?
    pub(super) async fn check_source(&self) -> Result<(), Stop> {
        let expected = &self.upload.expected;
        let found = self.found().await.map_err(|error| local(&error))?;
        if found.is_same(expected) {
            return Ok(());
        }
        let what = if found.size_bytes != expected.size_bytes {
            format!("it had {} bytes and has {} now", expected.size_bytes, found.size_bytes)
        } else if found.is_plainly_new(expected) {
            "it was written to".to_owned()
        } else {
            let what = "its attributes, its name or its links changed, and perhaps its bytes";
            return Err(Outcome::SourceUnclear(what.into()).into());
        };
        Err(Outcome::SourceChanged(format!("the file is not the version that arrived: {what}").into()).into())
    }

    async fn found(&self) -> io::Result<Identity> {
        let source = &self.upload.source;
        match self.upload.reach {
            Reach::AtOnce => identity_of(source),
            Reach::Waited => {
                let source = Arc::clone(source);
                let looked = timeout(LOOKED_WITHIN, spawn_blocking(move || identity_of(&source))).await;
                looked.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "its folder does not answer"))??
            }
        }
    }

    #[expect(clippy::expect_used, reason = "an order of steps that `go_on` keeps")]
    pub(super) fn stored(&self) -> &Stored {
        self.stored.as_ref().expect("only what was sent is proven and placed")
    }

    #[expect(clippy::expect_used, reason = "an order of steps that `go_on` keeps")]
    pub(super) fn stored_mut(&mut self) -> &mut Stored {
        self.stored.as_mut().expect("only what was sent is proven and placed")
    }

    /// After the last byte and on a new connection: what became of it? `None`: it is there under its temporary name.
    async fn look_again(&mut self, session: &mut Session) -> Result<Option<Delivered>, Stop> {
        let size = self.upload.expected.size_bytes;
        let is_renaming = self.stored().is_renaming;
        if self.stored().is_aside {
            self.undo_aside(session).await.at(Step::After)?;
        }
        let there = session.find(&self.written).await.at(Step::After)?;
        match there {
            Found::Something(None) => Ok(None),
            Found::Something(Some(found)) if found == size => Ok(None),
            Found::Something(Some(found)) => {
                Err(self.cut(session, &format!("{found} of {size} bytes have arrived")).await)
            }
            // The rename is all or nothing, and what was renamed had been proven.
            Found::Nothing if is_renaming && self.is_at_target(session).await? => {
                Ok(Some(self.delivered(session, "asked again: it has its final name".to_owned())))
            }
            Found::Nothing => Err(self.cut(session, "nothing of it has arrived").await),
        }
    }

    async fn is_at_target(&self, session: &mut Session) -> Result<bool, Stop> {
        Ok(match session.find(&self.target).await.at(Step::After)? {
            Found::Something(found) => found.is_none_or(|found| found == self.upload.expected.size_bytes),
            Found::Nothing => false,
        })
    }

    /// The connection was lost, and the end of the file with it.
    async fn cut(&mut self, session: &mut Session, what: &str) -> Stop {
        let mut trouble = Trouble::of_job(TroubleKind::Data, format!("the connection was lost while sending: {what}"));
        trouble.sent_bytes = self.sent_bytes;
        trouble.litter = self.tidy(session, Keep::IfResumable).await;
        Outcome::Deferred(trouble).into()
    }

    /// What was reached, once the file has its name and its proof.
    #[expect(clippy::expect_used, reason = "an order of steps that `go_on` keeps; a receipt never rests on a guess")]
    pub(super) fn delivered(&self, session: &Session, reply: String) -> Delivered {
        let stored = self.stored();
        Delivered {
            remote_path: Some(self.target.clone()),
            size_bytes: self.upload.expected.size_bytes,
            sha256: stored.digests.sha256,
            proof: stored.proof.expect("nothing is renamed or ends before it is proven"),
            reply,
            sent_bytes: self.sent_bytes,
            tls: session.tls().map(str::to_owned),
            litter: None,
        }
    }

    async fn give_up(&mut self, session: &mut Session, error: &Error, step: Step) -> Outcome {
        let keep = if error.is_break() || is_cut(error) { Keep::IfResumable } else { Keep::Nothing };
        let litter = self.tidy(session, keep).await;
        self.filled(failure::outcome(error, step), litter)
    }

    fn give_up_unreached(&self, error: &Error, step: Step, again: &Error) -> Outcome {
        let litter = self.litter();
        if self.stored.is_none() {
            return self.filled(failure::outcome(again, Step::Connect), litter);
        }
        let mut outcome = failure::outcome(error, step);
        if let Outcome::Unknown(trouble) = &mut outcome {
            trouble.said = format!("{error}; and asking again failed: {again}");
        }
        self.filled(outcome, litter)
    }

    fn filled(&self, mut outcome: Outcome, litter: Option<RemotePath>) -> Outcome {
        if let Outcome::Deferred(trouble) | Outcome::Failed(trouble) | Outcome::Unknown(trouble) = &mut outcome {
            trouble.sent_bytes = self.sent_bytes;
            trouble.litter = litter;
        }
        outcome
    }
}

/// Whether a part that is over there is worth keeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    IfResumable,
    Nothing,
}

/// The data connection was cut in the middle, and the server told us so.
fn is_cut(error: &Error) -> bool {
    error.reply().is_some_and(|reply| matches!(reply.code, 425 | 426))
}

/// Our own file cannot be read.
pub(super) fn local(error: &io::Error) -> Stop {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return Outcome::SourceChanged("the file became shorter while it was read".into()).into();
    }
    let said = format!("the file cannot be read: {error}");
    Outcome::Deferred(Trouble::of_job(TroubleKind::Local, said)).into()
}
