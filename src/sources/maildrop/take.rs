//! What lies in the maildrop becomes messages.

use super::{Maildrop, folder};
use crate::{
    clock::Clock,
    domain::{Door, Instructions, Message, Moment, Ref},
    intake::Post,
    mail::{
        self, Mailbox, incoming,
        maildrop::{Given, WHOLE},
    },
    simulation::aside,
    sources::mail_folder::{
        NotNow, TOGETHER,
        files::{self, Found},
    },
};
use rustix::fd::AsFd;
use std::{collections::HashSet, ffi::OsString, fs::File, io, path::Path, sync::Arc, time::UNIX_EPOCH};
use tracing::warn;

/// Takes in what is whole, and again until nothing is left.
pub(super) async fn all(drop: &Arc<Maildrop>, post: &Post, clock: &Clock) -> Result<(), NotNow> {
    loop {
        let (of, now) = (drop.clone(), clock.now());
        let read = move || -> io::Result<_> {
            folder::make(&of.folder)?;
            let (found, more) = folder::whole(&of.folder, TOGETHER, of.message_size)?;
            let messages: Vec<_> = found.iter().map(|found| message(found, &of, now)).collect();
            Ok((found, messages, more))
        };
        let (found, messages, more) = aside(read).await.map_err(io::Error::from)??;
        let mut refusals: Vec<(&Found, String)> = Vec::new();
        let (mut whole, mut files) = (Vec::new(), Vec::new());
        for (found, message) in found.iter().zip(messages) {
            match message {
                Ok(message) => {
                    whole.push(message);
                    files.push(found);
                }
                Err(why) => refusals.push((found, why)),
            }
        }
        let answers = if whole.is_empty() { Vec::new() } else { post.take(whole).await? };
        let mut taken = Vec::new();
        for (found, answer) in files.into_iter().zip(answers) {
            match answer {
                Ok(()) => taken.push(found),
                Err(refused) => refusals.push((found, refused.to_string())),
            }
        }
        let known = known(&refusals, post).await?;
        let (before, refusals): (Vec<_>, Vec<_>) =
            refusals.into_iter().partition(|(found, _)| reference(found).is_some_and(|id| known.contains(&id)));
        taken.extend(before.into_iter().map(|(found, _)| found));
        crate::faults::kill_point("maildrop.before_removal");
        let folder = File::open(&drop.folder)?;
        files::remove(folder.as_fd(), taken.iter().map(|found| found.name.as_os_str()))?;
        for (found, why) in refusals {
            let to = set_aside(found, &folder, &drop.refused, &why)?;
            warn!(uid = found.uid, file = %to.display(), why, "a message that sendmail left is set aside");
        }
        if more == 0 {
            return Ok(());
        }
    }
}

/// What was committed before a death is taken, whatever has become of the rules and limits since.
async fn known(refusals: &[(&Found, String)], post: &Post) -> Result<HashSet<Ref>, NotNow> {
    let ids: Vec<Ref> = refusals.iter().filter_map(|(found, _)| reference(found)).collect();
    Ok(post.known(&ids).await?)
}

fn reference(found: &Found) -> Option<Ref> {
    found.name.to_str().and_then(|name| name.strip_suffix(WHOLE)).and_then(Ref::from_long)
}

fn set_aside(found: &Found, folder: &File, refused: &Path, why: &str) -> io::Result<OsString> {
    folder::make_refused(refused)?;
    let aside = File::open(refused)?;
    let mut other = OsString::from(format!("{}.", Ref::new()));
    other.push(&found.name);
    let names = [found.name.clone(), other];
    files::set_aside((folder.as_fd(), &found.name), (aside.as_fd(), &names), why)
}

/// The message of a file; `Err`: why it cannot be taken.
fn message(found: &Found, drop: &Maildrop, now: Moment) -> Result<Message, String> {
    let id = reference(found).ok_or("its name is not one that sendmail gives")?;
    let bytes = found.bytes.as_ref().map_err(Clone::clone)?;
    let (Given { sender, full_name, recipients }, raw) = mail::maildrop::decode(bytes)?;
    let sender = match &*sender {
        "" => None,
        sender => Some(mail::qualified(sender, &drop.domain)?),
    };
    let mut envelope: Vec<String> = Vec::with_capacity(recipients.len());
    for recipient in &recipients {
        let address = mail::qualified(recipient, &drop.domain)?;
        if !envelope.contains(&address) {
            envelope.push(address);
        }
    }
    if envelope.is_empty() {
        return Err("it is for nobody".to_owned());
    }
    let left_at = found.left_at.duration_since(UNIX_EPOCH).map_or(now, |span| Moment(span.as_millis() as i64)).min(now);
    let named = sender.clone().unwrap_or_else(|| format!("MAILER-DAEMON@{}", drop.domain));
    let from = match &full_name {
        Some(name) => Mailbox::parse_made(&format!("{name} <{named}>")),
        None => Mailbox::parse(&named),
    };
    let stamp = incoming::Stamp {
        host: &drop.host,
        door: incoming::Door::Sendmail { uid: found.uid },
        reference: id,
        domain: &drop.domain,
        sender: &from.map_err(|why| format!("its sender: {why}"))?,
        at: left_at,
    };
    let bytes = incoming::normalise(raw, incoming::Lines::Unix, &stamp).map_err(|why| why.to_string())?;
    let facts = incoming::facts(&bytes);
    let account = Some(format!("uid {}", found.uid));
    Ok(Message {
        id,
        door: Door::Sendmail,
        account,
        received_at: now,
        sender,
        recipients: envelope,
        bytes,
        facts,
        instructions: Instructions::default(),
    })
}
