//! `plan [RULE]`: say what would be done now, and do nothing.

use crate::{
    cli::{
        args::Plan,
        console::Console,
        exit::{Exit, Failure},
        text,
    },
    control::{self, PlanError},
};
use std::path::Path;

/// Tells it. Exits 1 when a folder could not be seen whole.
pub async fn plan(wanted: &Plan, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let most = if wanted.limit == 0 { usize::MAX } else { wanted.limit };
    let calendar = console.calendar(control::Site::find(config)?.time_zone);
    let plans =
        control::plan(config, wanted.rule.as_deref(), most, calendar.now).await.map_err(|error| match error {
            PlanError::Configuration(findings) => Failure::Configuration(findings),
            PlanError::NoSuchRule(_) => Failure::Usage(error.to_string()),
            PlanError::Store(error) => error.into(),
        })?;
    console.answer(&plans, || text::plan::plan(&plans, calendar))?;
    Ok(if plans.iter().any(|plan| plan.trouble.is_some()) { Exit::Failed } else { Exit::Done })
}
