//! `plan`: what would be taken and sent now, by the very code that takes and plans; nothing is written.

use crate::{
    config::Finding,
    control::{act::read, load, node},
    domain::{ArrivalDraft, Beginning, Errand, Escaped, JobDraft, Moment, Ref, Sighting},
    intake::{self, Covered, Ledger, files},
    rules::{
        self, Action, Begun, BySource, Context, Fetched, Own, Rule, Save, Scheduled, Step, Supply, Upload, Watching,
    },
    schedule::Look,
    sources::watch::{self, When, Would},
    store::{Store, StoreError, json},
    streams::whole,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

/// What one rule would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RulePlan {
    pub rule: String,
    /// `None`: it waits for no files.
    #[serde(serialize_with = "json::name_or_null")]
    pub folder: Option<Vec<u8>>,
    /// The words of its schedule, if it has one.
    pub schedule: Option<String>,
    /// The first by name, as many as were asked for.
    pub files: Vec<FilePlan>,
    /// Files beyond those.
    pub more: u64,
    /// Files that would be sent, those beyond among them.
    pub to_send: u64,
    /// When its windows open, if they are shut now.
    #[serde(serialize_with = "json::moment_or_null")]
    pub starts_at: Option<Moment>,
    /// Why the folder could not be seen whole; unescaped.
    pub trouble: Option<String>,
    /// What becomes of a file once all is delivered, step by step.
    pub after: Vec<String>,
    /// The same once all has ended and something failed.
    pub after_failure: Vec<String>,
}

/// What would become of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilePlan {
    /// Below the folder.
    #[serde(serialize_with = "json::name")]
    pub name: Vec<u8>,
    pub size_bytes: u64,
    /// Of a tick: its moment. Its name and size say nothing.
    #[serde(serialize_with = "json::moment_or_null")]
    pub at: Option<Moment>,
    /// What is waited for before it is taken; nothing: it would be taken now.
    pub once: Option<String>,
    pub jobs: Vec<JobPlan>,
    /// Why there are none.
    pub unwanted: Option<String>,
}

/// One job that it would become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobPlan {
    pub server: String,
    #[serde(serialize_with = "json::name_or_null")]
    pub target: Option<Vec<u8>>,
    /// Of a mail; empty when none could be made out.
    pub recipient: Option<String>,
    /// `ready`, `held` or `failed`.
    pub beginning: &'static str,
    /// Why it would be failed from its beginning; unescaped.
    pub why: Option<String>,
}

/// Why nothing can be planned.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("the configuration is refused")]
    Configuration(Vec<Finding>),
    #[error("there is no rule `{0}`")]
    NoSuchRule(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Plans `only` or all rules as of `now`, with the first `most` files of each. Works beside a running process, and before the first.
///
/// # Errors
/// When the configuration is refused, or there is a database that cannot be read.
pub async fn plan(
    named: Option<&Path>,
    only: Option<&str>,
    most: usize,
    now: Moment,
) -> Result<Vec<RulePlan>, PlanError> {
    let loaded = load(named).map_err(PlanError::Configuration)?;
    let mut rules = loaded.rules.rules;
    if let Some(only) = only.filter(|only| rules.iter().all(|rule| rule.name != **only)) {
        return Err(PlanError::NoSuchRule(only.to_owned()));
    }
    let store = read(&loaded.settings.storage).await?;
    let paused: BTreeSet<String> = store.paused_rules().await?.into_iter().map(|paused| paused.rule).collect();
    let host = node();
    let names: Vec<String> = rules.iter().map(|rule| rule.name.clone()).collect();
    rules.retain(|rule| only.is_none_or(|only| rule.name == only));
    let mut plans = Vec::new();
    for rule in rules {
        let is_paused = paused.contains(&rule.name);
        let supply = Supply { content: &Fetched::Nothing, attachment: whole::attachment };
        let (rule_version, place, new_id) = (-1, -1, Ref::new as fn() -> Ref);
        let context = Context { arrived_at: now, rule_version, place, host: &host, is_paused, new_id, supply };
        plans.push(match BySource::of(Arc::new(rule)) {
            BySource::Watching(rule) => plan_watched(&store, rule, &context, most).await?,
            BySource::Scheduled(rule) => plan_scheduled(&store, &rule, &names, &context).await?,
            BySource::Receiving(rule) => RulePlan { schedule: Some("messages".to_owned()), ..outline(&rule, now) },
        });
    }
    Ok(plans)
}

async fn plan_watched(
    store: &Store,
    rule: Watching,
    context: &Context<'_>,
    most: usize,
) -> Result<RulePlan, StoreError> {
    let now = context.arrived_at;
    let ledger = Arc::new(Ledger::for_asking(store, rule.clone()).await?);
    let (mut files, mut more, mut to_send) = (BTreeMap::new(), 0, 0);
    let seen = watch::look(ledger, now, |would| {
        let file = plan_file(&rule, would, context);
        to_send += u64::from(file.jobs.iter().any(|job| job.beginning != "failed"));
        files.insert(file.name.clone(), file);
        if files.len() > most {
            files.pop_last();
            more += 1;
        }
    });
    let trouble = seen.await.err();
    let folder = Some(rule.when.folder.as_os_str().as_encoded_bytes().to_vec());
    Ok(RulePlan { folder, files: files.into_values().collect(), more, to_send, trouble, ..outline(&rule, now) })
}

/// The tick that has passed and not arrived, if there is one, and the next.
async fn plan_scheduled(
    store: &Store,
    rule: &Scheduled,
    names: &[String],
    context: &Context<'_>,
) -> Result<RulePlan, StoreError> {
    let now = context.arrived_at;
    let mut covered = intake::covered(store, rule).await?.unwrap_or(Covered { until: now, last: None });
    let due = match rule.when.look(covered.until, now) {
        Look::Tick(at) => Some(at),
        Look::Nothing | Look::PassOver(_) => None,
    };
    let mut files = Vec::new();
    for at in due.into_iter().chain(rule.when.next_after(now)) {
        let report = intake::report_for(store, rule, names, (covered, at)).await?;
        let planned = rules::plan_tick(rule, &Context { arrived_at: at, ..*context }, now.max(at), report.as_ref());
        let once = (at > now).then(|| "when its moment has come".to_owned());
        let ArrivalDraft { sighting, jobs, .. } = planned.arrival;
        let unwanted = planned.unwanted.map(|why| why.to_string());
        files.push(FilePlan { at: Some(at), once, ..shown(sighting, jobs, unwanted) });
        covered.last = Some(at);
    }
    let is_sent = |file: &&FilePlan| file.once.is_none() && file.jobs.iter().any(|job| job.beginning != "failed");
    let to_send = files.iter().filter(is_sent).count() as u64;
    Ok(RulePlan { schedule: Some(rule.when.to_string()), files, to_send, ..outline(rule, now) })
}

/// What can be said of a rule before its source is asked.
fn outline(rule: &Rule, now: Moment) -> RulePlan {
    RulePlan {
        rule: rule.name.clone(),
        folder: None,
        schedule: None,
        files: Vec::new(),
        more: 0,
        to_send: 0,
        starts_at: if rule.windows.is_open(now) { None } else { rule.windows.next_open(now) },
        trouble: None,
        after: rule.after.iter().map(follows).collect(),
        after_failure: rule.after_failure.iter().map(follows).collect(),
    }
}

fn follows(step: &Step) -> String {
    let said = match &step.action {
        Action::Upload(Upload { own: Some(own), to, path, .. }) => {
            format!("{} sent to {} as {}", what(own), to.join(", "), path.text())
        }
        Action::Upload(upload) => format!("sent to {}", upload.to.join(", ")),
        Action::Mail(_) => "a mail".to_owned(),
        Action::Relay(_) => "relayed".to_owned(),
        Action::Manifest(manifest) => format!("a manifest to {}", manifest.to.join(", ")),
        Action::Save(Save { own: Some(own), to, .. }) => {
            format!("{} saved as {}", what(own), to.root.join(to.path.text()).display())
        }
        Action::Save(save) => format!("saved below {}", save.to.root.display()),
        Action::Move(spot) => format!("moved below {}", spot.root.display()),
        Action::Delete => "deleted".to_owned(),
    };
    if step.condition.is_some() { format!("{said} (if …)") } else { said }
}

fn what(own: &Own) -> String {
    match own {
        Own::Text(_) => "a text".to_owned(),
        Own::File { root, below, .. } => format!("{}{}", root.display(), below.text()),
    }
}

fn plan_file(rule: &Rule, would: Would, context: &Context<'_>) -> FilePlan {
    let Would { sighting, when } = would;
    let (once, content) = match files::fetch(rule, &sighting) {
        Ok(content) => (once(&when), content),
        Err(files::NotNow::Changed) => {
            (Some("once it stays as it is: it is changing now".to_owned()), Fetched::Nothing)
        }
        Err(why @ files::NotNow::Unreadable(_)) => (Some(format!("later: {why}")), Fetched::Nothing),
    };
    let context = &Context { supply: Supply { content: &content, ..context.supply }, ..*context };
    let (jobs, unwanted) =
        if rule.has_rows() { all_rows(rule, &sighting, context) } else { at_once(rule, &sighting, context) };
    FilePlan { once, ..shown(sighting, jobs, unwanted) }
}

fn shown(sighting: Sighting, jobs: Vec<JobDraft>, unwanted: Option<String>) -> FilePlan {
    FilePlan {
        name: sighting.path,
        size_bytes: sighting.identity.size_bytes,
        at: None,
        once: None,
        jobs: jobs.into_iter().map(plan_job).collect(),
        unwanted,
    }
}

fn at_once(rule: &Rule, sighting: &Sighting, context: &Context<'_>) -> (Vec<JobDraft>, Option<String>) {
    let planned = rules::plan(rule, sighting, context);
    (planned.arrival.jobs, planned.unwanted.map(|why| why.to_string()))
}

/// The parts of a file of rows one after the other, as they would be taken in.
fn all_rows(rule: &Rule, sighting: &Sighting, context: &Context<'_>) -> (Vec<JobDraft>, Option<String>) {
    let mut begun = Begun { arrival: Ref::new(), rows: 0 };
    let mut jobs = Vec::new();
    loop {
        let part = rules::plan_part(rule, sighting, context, begun);
        jobs.extend(part.arrival.jobs);
        if part.is_last {
            return (jobs, part.over.map(|over| over.to_string()));
        }
        begun.rows = part.rows;
    }
}

fn once(when: &When) -> Option<String> {
    match when {
        When::Now => None,
        When::OnceSettled => Some("once nothing has changed for `settled_for`".into()),
        When::OnceOldEnough(left) => Some(format!("in {} s, at its `min_age`", left.as_secs().max(1))),
        When::OnceDone(done) => Some(format!("when {} is beside it", Escaped(done))),
        When::IfChanged => Some("if its bytes have changed".into()),
    }
}

fn plan_job(job: JobDraft) -> JobPlan {
    let (beginning, why) = match job.beginning {
        Beginning::Ready => ("ready", None),
        Beginning::Paused => ("held", None),
        Beginning::Refused(_, why) => ("failed", Some(why)),
    };
    let (target, recipient) = match job.errand {
        Errand::Upload { target, .. } | Errand::Save { target, .. } | Errand::TakeAway { target, .. } => {
            (target.map(|target| target.as_bytes().to_vec()), None)
        }
        Errand::Send { recipient, .. } => (None, Some(recipient)),
    };
    JobPlan { server: job.server, target, recipient, beginning, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, rules::frozen};

    #[test]
    fn a_step_that_brings_its_own_content_says_what_it_is_and_what_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("packetboat.yaml");
        std::fs::write(&file, "servers: { a: { ftp: { host: h, user: u, password: { env: HOME } } } }\n").unwrap();
        let outline = config::load_with(&file, &|_| Some("x".into())).outline;
        let text = "when: { watch: { folder: /tmp } }\nthen: [{ upload: { to: a } }]\nafter:\n\
                    - save: { to: /srv/out, path: \"{{ file.name }}.ok\", text: x }\n\
                    - save: { to: /srv/out, file: \"/etc/{{ host }}.conf\" }\n\
                    - save: { to: /srv/out }\n\
                    - upload: { to: a, path: \"{{ file.name }}.ok\", text: x }\n\
                    - upload: { to: a }\n";
        let rule = frozen("dumps", text, crate::domain::Sha256::of(text.as_bytes()), &outline).unwrap();
        assert_eq!(
            rule.after.iter().map(follows).collect::<Vec<_>>(),
            [
                "a text saved as /srv/out/{{ file.name }}.ok",
                "/etc/{{ host }}.conf saved as /srv/out/{{ file.path }}",
                "saved below /srv/out",
                "a text sent to a as {{ file.name }}.ok",
                "sent to a",
            ]
        );
    }
}
