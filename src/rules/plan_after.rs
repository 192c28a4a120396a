//! An arrival whose jobs have ended → the next step of `after` or `after_failure`.

use crate::{
    domain::{
        Beginning, Copied, EndedJob, Ends, Errand, Fate, HERE, JobDraft, Letter, Moment, Priority, Reason, Ref, Retry,
        Sighting, Stage, TakeAwayWishes,
    },
    rules::{
        Context, Rule,
        plan::{Planning, Refusal},
    },
};

use std::time::Duration;

/// An arrival, as far as it has come.
#[derive(Debug, Clone, Copy)]
pub struct FollowUp<'a> {
    pub arrival: Ref,
    pub sighting: &'a Sighting,
    /// Steps of its list that are planned.
    pub steps: u32,
    /// How the jobs of `then` ended.
    pub then: Ends,
    /// How those of the last planned step did.
    pub last_step: Ends,
    /// The job of `then` that decided.
    pub word: Option<&'a EndedJob>,
    /// What is there of it by now.
    pub copies: &'a [Copied],
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterStep {
    /// Steps of the list that are planned with this one.
    pub steps: u32,
    pub letters: Vec<Letter>,
    /// Empty: nothing more is to be done.
    pub jobs: Vec<JobDraft>,
}

/// Plans the next step. Pure, as [`super::plan`]; `context.arrived_at` is when the arrival came, and `now` when its jobs begin.
///
/// Nothing follows upon jobs of which one was cancelled and none failed, nor upon a step that was not delivered whole: whoever has its
/// job tried again has the list go on.
#[must_use]
pub fn follow_up(rule: &Rule, follow: &FollowUp<'_>, context: &Context<'_>, now: Moment) -> AfterStep {
    let end = |steps| AfterStep { steps, letters: Vec::new(), jobs: Vec::new() };
    let Some(stage) = stage(follow).filter(|_| follow.steps == 0 || follow.last_step.are_delivered()) else {
        return end(follow.steps);
    };
    let planning = Planning {
        series: (context.new_id)(),
        begins_at: now,
        ended: follow.word,
        copies: follow.copies,
        ..Planning::new(rule, follow.sighting, context, follow.arrival)
    };
    let mut steps = 0;
    for step in rule.steps(stage) {
        steps += 1;
        if steps <= follow.steps {
            continue;
        }
        let mut letters = Vec::new();
        let jobs = planning.step(step, None::<&Refusal>, &mut letters);
        if !jobs.is_empty() {
            return AfterStep { steps, letters, jobs };
        }
    }
    end(steps)
}

fn stage(follow: &FollowUp<'_>) -> Option<Stage> {
    match follow.then {
        Ends { failed: 1.., .. } => Some(Stage::Failure),
        ends if ends.are_delivered() => Some(Stage::After),
        _ => None,
    }
}

/// The rule of an arrival cannot be read any more: so it is put on record, as a failed job, and the source stays.
#[must_use]
pub fn cannot_follow(why: &str, steps: u32, (now, new_id): (Moment, fn() -> Ref)) -> AfterStep {
    let said = format!("what follows cannot be planned: its rule, as it was when the file came, cannot be read: {why}");
    let retry = Retry { first_wait: Duration::ZERO, longest_wait: Duration::ZERO, attempts: None };
    let wishes = TakeAwayWishes { fate: Fate::Move { root: String::new() }, done_file: None, retry, deadline: None };
    let job = JobDraft {
        id: new_id(),
        server: HERE.to_owned(),
        errand: Errand::TakeAway { target: None, wishes },
        priority: Priority::Normal,
        rank: 0,
        due_at: now,
        expires_at: now,
        is_in_order: false,
        beginning: Beginning::Refused(Reason::Unplannable, said),
    };
    AfterStep { steps: steps + 1, letters: Vec::new(), jobs: vec![job] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Identity, JobState},
        rules::{Fetched, Supply},
    };
    use std::fs;

    const NOW: Moment = Moment(1_795_357_571_000);
    const DELIVERED: Ends = Ends { delivered: 2, failed: 0, cancelled: 0 };
    const NONE: Ends = Ends { delivered: 0, failed: 0, cancelled: 0 };

    fn rule() -> Rule {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("rules")).unwrap();
        let server = "servers: { offsite: { ftp: { host: ftp.example.com, user: acme, password: { env: P } } } }\n";
        fs::write(folder.path().join("packetboat.yaml"), format!("storage: store\ntime_zone: UTC\n{server}")).unwrap();
        let text = "when: { watch: { folder: /srv/out, done_file: \"{{ file.stem }}.ok\" } }
then: [{ upload: { to: offsite } }]
after:
  - save: { to: /srv/archive }
    if: file.ext == \"pdf\"
  - upload: { to: offsite, path: \"{{ receipt.sha256[:4] }}/\" }
  - move: \"sent/{{ arrived.year }}/\"
after_failure:
  - move: \"/srv/failed/{{ file.path }}\"
deadline: 1h
";
        fs::write(folder.path().join("rules/files.yaml"), text).unwrap();
        let checked = crate::rules::check_with(&folder.path().join("packetboat.yaml"), &|_| Some("secret".into()));
        assert!(checked.loaded.is_some(), "{:#?}", checked.findings);
        checked.loaded.unwrap().1.rules.remove(0)
    }

    fn job(receipt: Option<crate::domain::EndedReceipt>) -> EndedJob {
        EndedJob {
            id: Ref([5; 16]),
            state: JobState::Delivered,
            server: "offsite".into(),
            target: None,
            recipient: None,
            tries: 1,
            said: "226".into(),
            receipt,
        }
    }

    /// `steps: server:target` of what follows.
    fn next(name: &str, steps: u32, then: Ends, last_step: Ends) -> String {
        let receipt = crate::domain::EndedReceipt {
            path: None,
            size_bytes: 1,
            sha256: crate::domain::Sha256([0xab; 32]),
            proof: "size".into(),
            reply: "226".into(),
            delivered_at: NOW,
        };
        let word = job(Some(receipt).filter(|_| then.failed == 0));
        let identity = Identity { size_bytes: 1, mtime_ns: 1, inode: 1, ctime_ns: 1 };
        let sighting = Sighting { folder: b"/srv/out".to_vec(), path: name.as_bytes().to_vec(), identity };
        let follow = FollowUp {
            arrival: Ref([3; 16]),
            sighting: &sighting,
            steps,
            then,
            last_step,
            word: Some(&word),
            copies: &[],
        };
        let context = Context {
            arrived_at: NOW,
            rule_version: -1,
            place: -1,
            host: "gate",
            is_paused: false,
            new_id: || Ref([9; 16]),
            supply: Supply { content: &Fetched::Nothing, attachment: |_, _, _| Err("there is none".to_owned()) },
        };
        let later = NOW.plus(Duration::from_secs(50));
        let step = follow_up(&rule(), &follow, &context, later);
        let jobs = step.jobs.iter().map(|job| {
            assert_eq!((job.due_at, job.expires_at), (later, later.plus(Duration::from_secs(3600))));
            format!("{}:{}", job.server, job.errand.target().map_or_else(String::new, ToString::to_string))
        });
        format!("{}: {}", step.steps, jobs.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn one_step_follows_upon_the_other_while_all_goes_well() {
        let ends = |delivered, failed, cancelled| Ends { delivered, failed, cancelled };
        for (case, name, steps, then, last_step, expected) in [
            ("the first step", "a.pdf", 0, DELIVERED, NONE, "1: here:srv/archive/a.pdf"),
            ("a step that its `if` leaves out", "a.txt", 0, DELIVERED, NONE, "2: offsite:abab/a.txt"),
            ("the second", "a.pdf", 1, DELIVERED, DELIVERED, "2: offsite:abab/a.pdf"),
            ("the last", "a.pdf", 2, DELIVERED, DELIVERED, "3: here:srv/out/sent/2026/a.pdf"),
            ("the end", "a.pdf", 3, DELIVERED, DELIVERED, "3: "),
            ("a step that failed", "a.pdf", 2, DELIVERED, ends(0, 1, 0), "2: "),
            ("a step that somebody cancelled", "a.pdf", 2, DELIVERED, ends(1, 0, 1), "2: "),
            ("one of the jobs failed", "a.pdf", 0, ends(1, 1, 0), NONE, "1: here:srv/failed/a.pdf"),
            ("one failed, one was cancelled", "a.pdf", 0, ends(0, 1, 1), NONE, "1: here:srv/failed/a.pdf"),
            ("after the failure", "a.pdf", 1, ends(1, 1, 0), ends(1, 0, 0), "1: "),
            ("one was cancelled", "a.pdf", 0, ends(1, 0, 1), NONE, "0: "),
            ("there was none", "a.pdf", 0, NONE, NONE, "0: "),
        ] {
            assert_eq!(next(name, steps, then, last_step), expected, "{case}");
        }
    }
}
