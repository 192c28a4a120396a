//! What the mails of a schedule tell: the same rows that a digest is made of.

use crate::{
    domain::{Moment, NOTICES, Report, ReportLine},
    store::{OpenCounts, Store, StoreError},
};
use std::collections::BTreeSet;

/// What ended after `since` and not after `until`, of these rules and of others that did something.
///
/// # Errors
/// When the database cannot be read.
pub async fn report(store: &Store, rules: &[String], (since, until): (Moment, Moment)) -> Result<Report, StoreError> {
    let mut ended = store.report(since, until).await?;
    ended.remove(NOTICES);
    let open = store.open_jobs().await?;
    let expectations = store.expectations().await?;
    let names: BTreeSet<&String> = rules.iter().chain(ended.keys()).collect();
    let are_held = names.iter().any(|rule| open.get(*rule).is_some_and(|open| open.held > 0));
    let line = |rule: &String| {
        let ended = ended.get(rule).copied().unwrap_or_default();
        ReportLine {
            rule: rule.clone(),
            delivered: ended.delivered,
            failed: ended.failed,
            waiting: open.get(rule).map_or(0, OpenCounts::on_their_way),
            bytes: ended.bytes,
            last: ended.last_delivered,
            expected: expectations.get(rule).and_then(|state| state.due_at),
        }
    };
    let lines: Vec<ReportLine> = names.into_iter().map(line).collect();
    let is_well = store.open_incidents().await? == 0 && !are_held && lines.iter().all(|line| line.failed == 0);
    Ok(Report { since, until, lines, is_well })
}
