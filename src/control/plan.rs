//! `plan`: what would be taken and sent now, by the very code that takes and plans; nothing is written.

use crate::{
    clock::Clock,
    config::Finding,
    control::load,
    domain::{ArrivalDraft, Beginning, Escaped, JobDraft, Moment, Ref},
    intake::Ledger,
    rules::{self, Context, Planned, Rule},
    sources::watch::{self, When, Would},
    store::{Store, StoreError},
};
use serde::{Serialize, Serializer};
use std::{collections::BTreeSet, path::Path, sync::Arc};

/// What one rule would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RulePlan {
    pub rule: String,
    pub folder: String,
    /// The first of them, as many as were asked for.
    pub files: Vec<FilePlan>,
    /// Files beyond those.
    pub more: u64,
    /// When its windows open, if they are shut now.
    pub starts_at: Option<Moment>,
    /// Why the folder could not be seen whole; escaped.
    pub trouble: Option<String>,
}

/// What would become of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilePlan {
    /// Below the folder.
    #[serde(serialize_with = "name")]
    pub name: Vec<u8>,
    pub size_bytes: u64,
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
    /// Escaped.
    pub target: Option<String>,
    /// `ready`, `held` or `failed`.
    pub beginning: &'static str,
    /// Why it would be failed from its beginning; unescaped.
    pub why: Option<String>,
}

fn name<S: Serializer>(bytes: &[u8], out: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) => out.serialize_str(text),
        Err(_) => out.collect_str(&Escaped(bytes)),
    }
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

/// Plans `only` or all rules, with the first `most` files of each. Works beside a running process, and before the first.
///
/// # Errors
/// When the configuration is refused, or there is a database that cannot be read.
pub async fn plan(named: Option<&Path>, only: Option<&str>, most: usize) -> Result<Vec<RulePlan>, PlanError> {
    let loaded = load(named).map_err(PlanError::Configuration)?;
    let mut rules = loaded.rules.rules;
    rules.retain(|rule| only.is_none_or(|only| rule.name == only));
    if let (Some(only), true) = (only, rules.is_empty()) {
        return Err(PlanError::NoSuchRule(only.to_owned()));
    }
    let store = if loaded.settings.storage.join("packetboat.db").exists() {
        Store::open_for_reading(&loaded.settings.storage).await?
    } else {
        Store::open_empty().await?
    };
    let paused: BTreeSet<String> = store.paused_rules().await?.into_iter().map(|paused| paused.rule).collect();
    let mut plans = Vec::new();
    for rule in rules {
        let is_paused = paused.contains(&rule.name);
        plans.push(plan_rule(&store, Arc::new(rule), (is_paused, most)).await?);
    }
    Ok(plans)
}

async fn plan_rule(store: &Store, rule: Arc<Rule>, (is_paused, most): (bool, usize)) -> Result<RulePlan, StoreError> {
    let now = Clock::System.now();
    let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let context = Context { arrived_at: now, rule_version: -1, place: -1, host: &node, is_paused, new_id: Ref::new };
    let ledger = Arc::new(Ledger::for_asking(store, rule.clone()).await?);
    let (mut files, mut more) = (Vec::new(), 0);
    let seen = watch::look(ledger, now, |would| {
        if files.len() < most {
            files.push(plan_file(&rule, would, &context));
        } else {
            more += 1;
        }
    });
    let trouble = seen.await.err().map(|why| Escaped(why.as_bytes()).to_string());
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(RulePlan {
        rule: rule.name.clone(),
        folder: Escaped(rule.when.folder.as_os_str().as_encoded_bytes()).to_string(),
        files,
        more,
        starts_at: if rule.windows.is_open(now) { None } else { rule.windows.next_open(now) },
        trouble,
    })
}

fn plan_file(rule: &Rule, would: Would, context: &Context<'_>) -> FilePlan {
    let Planned { arrival: ArrivalDraft { sighting, jobs, .. }, unwanted } =
        rules::plan(rule, &would.sighting, context);
    FilePlan {
        name: sighting.path,
        size_bytes: sighting.identity.size_bytes,
        once: once(&would.when),
        jobs: jobs.into_iter().map(plan_job).collect(),
        unwanted: unwanted.map(|why| why.to_string()),
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
    JobPlan { server: job.server, target: job.target.map(|target| target.to_string()), beginning, why }
}
