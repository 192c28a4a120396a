//! `jobs`: those that the filters mean.

use crate::{
    cli::{
        args::Jobs,
        console::Console,
        exit::{Exit, Failure},
        text,
    },
    control::{self, Site},
};
use serde_json::json;
use std::path::Path;

pub async fn jobs(wanted: &Jobs, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let site = Site::find(config)?;
    let filter = wanted.filters.at(console.calendar(site.time_zone).now);
    let limit = if wanted.limit == 0 { u64::MAX } else { wanted.limit };
    let mut lines = Vec::new();
    let more = control::read(&site.storage).await?.jobs(&filter, limit, |line| lines.push(line)).await?;
    console.answer(&json!({ "jobs": lines, "more": more }), || {
        let closing = if more > 0 { text::jobs::more(more) } else { String::new() };
        if lines.is_empty() {
            "No job is meant.\n".to_owned()
        } else {
            text::jobs::jobs(&lines, console.fit) + &closing
        }
    })?;
    Ok(Exit::Done)
}
