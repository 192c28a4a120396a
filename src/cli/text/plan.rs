//! `plan`: a line for each file that would be taken, and for each job it would become.

use super::{Calendar, count, jobs::destination, outside, pad, plural, size, width};
use crate::control::{FilePlan, JobPlan, RulePlan};

/// All rules, one after the other.
pub fn plan(plans: &[RulePlan], zone: Calendar) -> String {
    let rules: Vec<_> = plans.iter().map(|plan| rule(plan, zone)).collect();
    rules.join("\n")
}

fn rule(plan: &RulePlan, zone: Calendar) -> String {
    let place = plan.schedule.clone().unwrap_or_else(|| outside(plan.folder.as_deref()));
    let mut out = format!("{}  {place}\n", plan.rule);
    if let Some(trouble) = &plan.trouble {
        out.push_str(&format!("  ! {}\n", outside(Some(trouble.as_bytes()))));
    }
    if let Some(at) = plan.starts_at {
        out.push_str(&format!("  its windows are shut: jobs start {}\n", zone.minute(at)));
    }
    let name = |file: &FilePlan| file.at.map_or_else(|| outside(Some(&file.name)), |at| zone.minute(at));
    let names: Vec<String> = plan.files.iter().map(name).collect();
    let column = names.iter().map(|name| width(name)).max().unwrap_or(0);
    for (file, name) in plan.files.iter().zip(&names) {
        let size = if file.at.is_some() { String::new() } else { format!("  {:>8}", size(file.size_bytes)) };
        let head = format!("  {}{size}", pad(name, column));
        lines(file).into_iter().for_each(|line| out.push_str(&format!("{head}  {line}\n")));
    }
    if plan.more > 0 {
        out.push_str(&format!("  and {} more: --limit 0 for all\n", count(plan.more)));
    }
    out.push_str(&sum(plan));
    for (when, steps) in [("after that", &plan.after), ("after a failure", &plan.after_failure)] {
        if !steps.is_empty() {
            out.push_str(&format!("  {when}: {}\n", outside(Some(steps.join(", ").as_bytes()))));
        }
    }
    out
}

fn lines(file: &FilePlan) -> Vec<String> {
    let once = file.once.as_ref().map_or_else(String::new, |once| format!("  {once}"));
    match &file.unwanted {
        Some(why) => vec![format!("not wanted: {why}")],
        None => file.jobs.iter().map(|job| format!("{}{once}", self::job(job))).collect(),
    }
}

fn job(job: &JobPlan) -> String {
    let server = outside(Some(job.server.as_bytes()));
    let to = destination(&job.server, job.target.as_deref(), job.recipient.as_deref());
    match (&job.why, job.beginning) {
        (Some(why), _) => format!("→  {server}  would fail: {}", outside(Some(why.as_bytes()))),
        (None, "held") => format!("→  {to}  held: the rule is paused"),
        (None, _) => format!("→  {to}"),
    }
}

fn sum(plan: &RulePlan) -> String {
    if plan.schedule.is_some() {
        return String::new(); // its next tick is shown
    }
    match plan.to_send {
        0 => "  nothing new to send\n".into(),
        files => format!("  {} to send\n", plural(files, "file")),
    }
}
