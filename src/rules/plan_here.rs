//! One file, or a text, and one step of this machine → a job: a copy, or the end of the source.

use crate::{
    domain::{Errand, Fate, HERE, JobDraft, RemotePath, SaveWishes, TakeAwayWishes, Times},
    rules::{
        Save, Spot,
        plan::{Planning, Refusal, in_words},
    },
    templates::Destination,
};
use std::os::unix::ffi::OsStrExt;

/// A copy in a folder; `text` is the letter that is saved in place of the file.
pub(super) fn save(
    planning: &Planning<'_>,
    save: &Save,
    text: Option<Result<usize, Refusal>>,
    refusal: Option<Refusal>,
) -> JobDraft {
    let rule = planning.rule;
    let is_text = text.is_some();
    let (text, refusal) = match text {
        Some(Err(why)) => (None, refusal.or(Some(why))),
        text => (text.and_then(Result::ok), refusal),
    };
    let wishes = SaveWishes {
        root: root(&save.to),
        on_exists: save.on_exists,
        proof: save.proof,
        times: if is_text { Times::None } else { save.times }, // a text is as old as its copy
        mode: save.mode,
        retry: rule.retry,
        deadline: Some(rule.deadline),
        is_text,
    };
    job(planning, Some(&save.to), refusal, |target| Errand::Save { target, text, wishes })
}

/// The source to `spot`, or deleted.
pub(super) fn take_away(planning: &Planning<'_>, spot: Option<&Spot>, refusal: Option<Refusal>) -> JobDraft {
    let rule = planning.rule;
    let done_file = rule.when.watch().and_then(|watch| watch.done_file.as_ref()?.beside(&planning.sighting.path).ok());
    let wishes = TakeAwayWishes {
        fate: spot.map_or(Fate::Delete, |spot| Fate::Move { root: root(spot) }),
        done_file,
        retry: rule.retry,
        deadline: Some(rule.deadline),
    };
    job(planning, spot, refusal, |target| Errand::TakeAway { target, wishes })
}

fn job(
    planning: &Planning<'_>,
    spot: Option<&Spot>,
    refusal: Option<Refusal>,
    errand: impl FnOnce(Option<RemotePath>) -> Errand,
) -> JobDraft {
    let id = (planning.context.new_id)();
    let target = spot.map(|spot| {
        let below = spot.path.render(&planning.facts(Some(Destination { server: HERE, job: id })));
        let below = below.map_err(|error| in_words("path", spot.path.text(), &error))?;
        let root = spot.root.as_os_str().as_bytes();
        let whole = [root, b"/", below.as_bytes()].concat();
        let from_root = whole.iter().position(|byte| *byte != b'/').unwrap_or(whole.len());
        RemotePath::new(&whole[from_root..]).map_err(|why| why.to_string())
    });
    let (target, refusal) = match target.transpose() {
        Ok(target) => (target, refusal),
        Err(why) => (None, refusal.or(Some(why))),
    };
    planning.job(id, HERE, errand(target), refusal)
}

fn root(spot: &Spot) -> String {
    spot.root.to_string_lossy().into_owned() // it was written in a rule, so it is text
}
