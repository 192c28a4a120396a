//! Jobs of this machine: a copy into a folder, the end of a source. Done by a thread, for a disk may be slow.

use crate::{
    delivery::here::{self, Earlier, Save, TakeAway},
    domain::{Fate, Outcome, Trouble, TroubleKind},
    simulation::aside,
    store::{ClaimedJob, ClaimedSave, ClaimedSource, ClaimedTakeAway, Store},
    worker::{
        needs::{is_to_be_met, is_to_be_sent},
        route::Route,
        sources::{Opened, missing},
        text::text,
        version::file,
    },
};
use std::{
    ffi::OsStr,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};
use tracing::debug;

/// How many parts are looked after at once.
const PARTS: u32 = 256;

/// Tries to save the file of `job`, or its text.
pub(super) async fn save_file(route: &Route, job: &ClaimedJob, errand: &ClaimedSave) -> Outcome {
    let opened = if errand.wishes.is_text { text(route, job).await } else { file(route, job, &errand.source).await };
    let opened = match opened {
        Ok(opened) => opened,
        Err(outcome) => return outcome,
    };
    let save = Save {
        source: opened.source,
        expected: opened.identity,
        target: errand.target.clone(),
        temporary_name: errand.temporary_name.clone(),
        wishes: errand.wishes.clone(),
    };
    in_a_thread(move || here::save(&save)).await
}

/// Tries to take the source of `job` away.
pub(super) async fn take_away(route: &Route, job: &ClaimedJob, errand: &ClaimedTakeAway) -> Outcome {
    let store = &route.recorder.store;
    let source = match store.moved(job).await {
        Ok(moved) => moved.unwrap_or_else(|| errand.source.clone()),
        Err(refused) => return Outcome::SourceUnclear(format!("where it lies: {refused}").into()),
    };
    let away = TakeAway {
        job: job.job,
        folder: path(&source.folder),
        name: source.name.clone(),
        expected: source.identity,
        to: match (&errand.wishes.fate, &errand.target) {
            (Fate::Delete, _) => None,
            (Fate::Move { root }, Some(target)) => Some((PathBuf::from(root), target.clone())),
            (Fate::Move { .. }, None) => {
                let said = "its row does not say where the file is to go: it stays";
                return Outcome::Failed(Trouble::of_job(TroubleKind::Local, said));
            }
        },
        done_file: errand.wishes.done_file.clone(),
    };
    if errand.is_retry
        && let Some(outcome) = finish(store, job, (&source, errand.was_cut_off), &away).await
    {
        return outcome;
    }
    if let Some(outcome) = is_to_be_sent(route, job).await {
        return outcome;
    }
    let expected = match file(route, job, &source).await {
        Ok(Opened { source: file, identity, .. }) => match is_to_be_met(route, job, &source, &file).await {
            Some(outcome) => return outcome,
            None => identity,
        },
        Err(outcome) => return outcome,
    };
    in_a_thread(move || here::take_away(&TakeAway { expected, ..away })).await
}

/// Finishes or undoes what an earlier try has left. `None`: nothing.
async fn finish(
    store: &Store,
    job: &ClaimedJob,
    (source, was_cut_off): (&ClaimedSource, bool),
    away: &TakeAway,
) -> Option<Outcome> {
    let left = away.clone();
    match aside(move || here::earlier(&left)).await.ok()? {
        Earlier::Nothing => None,
        Earlier::Ended(outcome) => Some(outcome),
        Earlier::SetAside => {
            let left = away.clone();
            match store.needs_source(job).await {
                Ok(None) => Some(in_a_thread(move || here::go_on(&left)).await),
                Ok(Some(_)) => aside(move || here::undo(&left)).await.ok().and(None), // somebody has it tried again
                Err(refused) => Some(Outcome::SourceUnclear(format!("whether anybody needs it: {refused}").into())),
            }
        }
        Earlier::Missing(outcome) if was_cut_off => {
            // a folder that is not mounted has no file in it, either, and of one that no rule watches nobody can say so
            let is_gone = if source.is_watched() { store.is_gone(source).await } else { Ok(false) };
            Some(if matches!(is_gone, Ok(true)) { outcome } else { missing(is_gone) })
        }
        Earlier::Missing(_) => None,
    }
}

async fn in_a_thread(work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    aside(work).await.unwrap_or_else(|broken| {
        Outcome::Deferred(Trouble::of_job(TroubleKind::Local, format!("it broke off: {broken}")))
    })
}

fn path(bytes: &[u8]) -> PathBuf {
    Path::new(OsStr::from_bytes(bytes)).to_owned()
}

/// Removes what copies that a death cut off have left in folders of this machine, and puts back sources that nobody ends any more.
pub(super) async fn clear_parts(route: &Route) {
    let store = &route.recorder.store;
    for litter in store.litter(&route.lane.name, PARTS).await.unwrap_or_default() {
        let [left, target] = [&litter.temporary, &litter.target].map(|path| absolute(path.as_bytes()));
        let cleared = match here::is_aside(litter.temporary.name()) {
            true => aside(move || here::put_back(&left, &target)).await.unwrap_or_else(|broken| Err(broken.into())),
            false => tokio::fs::remove_file(left).await,
        };
        match cleared {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                debug!(path = %litter.temporary, %why, "litter stays for now")
            }
            _ => _ = store.litter_removed(&route.lane.name, &litter.temporary).await, // or it is looked for once more
        }
    }
}

fn absolute(path_below: &[u8]) -> PathBuf {
    path(&[b"/", path_below].concat())
}
