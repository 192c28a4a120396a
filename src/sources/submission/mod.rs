//! The submission door: applications speak SMTP to us (RFC 6409, RFC 5321), and a message is acknowledged once it is on disk.

mod dialogue;
mod login;
mod room;
mod visit;

use crate::{
    accounts::{Bans, Passwords},
    clock::Clock,
    config::SubmissionDoor,
    domain::{Door, Globs},
    intake::Post,
    sources::{Listening, Origin, listening},
    tls::ServerTls,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What the door needs to know.
#[derive(Debug, Clone)]
pub struct Submission {
    pub door: SubmissionDoor,
    pub origin: Origin,
}

/// What every client meets.
#[derive(Debug)]
struct Desk {
    door: SubmissionDoor,
    /// There once the door is open, where it has one.
    tls: OnceLock<ServerTls>,
    passwords: Passwords,
    /// Of the accounts that may name only some.
    senders: BTreeMap<String, Globs>,
    bans: Bans,
    origin: Origin,
    post: Post,
    clock: Clock,
    memory: Arc<Semaphore>,
}

impl Submission {
    /// Starts listening, until `cancel` is. Returns at once: a place that is taken is tried again. To be called inside a runtime.
    #[must_use]
    pub fn start(self, post: Post, clock: Clock, cancel: &CancellationToken) -> Listening {
        let Self { door, origin } = self;
        let cancel = cancel.child_token();
        let (handle, keeper) = Listening::new(Door::Submission, door.listen.to_string(), cancel.clone());
        let limited = door.accounts.iter().filter(|(_, account)| !account.senders.is_empty());
        let senders = limited.filter_map(|(name, account)| {
            let globs = Globs::new(account.senders.iter().map(String::as_str));
            Some((name.clone(), globs.ok()?)) // they were compiled when they were read
        });
        let hashes =
            door.accounts.iter().map(|(name, account)| (name.clone(), account.password_hash.reveal().to_owned()));
        let desk = Desk {
            passwords: Passwords::new(hashes.collect()),
            senders: senders.collect(),
            bans: Bans::default(),
            memory: room::memory(origin.message_size),
            tls: OnceLock::new(),
            door,
            origin,
            post,
            clock,
        };
        tokio::spawn(keep(Arc::new(desk), keeper, cancel));
        handle
    }
}

/// Listens until it is cancelled; while it cannot, it says so and tries again.
async fn keep(desk: Arc<Desk>, keeper: listening::Doorkeeper, cancel: CancellationToken) {
    let Some((listener, tls)) =
        listening::open(desk.door.listen, desk.door.certificate.clone(), &keeper, &cancel).await
    else {
        return;
    };
    if let Some(tls) = tls {
        let _ = desk.tls.set(tls); // it is opened once
    }
    let of = desk.clone();
    let serve = move |client, cancel| visit::visit(of.clone(), client, cancel);
    listening::serve(listener, (desk.door.connections as usize, visit::CROWDED), serve, cancel).await;
    drop(keeper); // nothing of the database is held any more
}
