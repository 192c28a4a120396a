//! One file and its rows → parts, each to be committed by itself: a bounded number of mails, however many rows there are.

use crate::{
    domain::{ArrivalDraft, Beginning, Errand, JobDraft, Letter, Owed, Ref, Sighting, show_size},
    rules::{
        Action, Attach, Context, Mail, Rule, Step, Unwanted,
        plan::{Planning, Refusal},
        plan_mail,
        rule::LONGEST_TABLE,
        table::Table,
    },
    templates::{Beside, Condition, TextTemplate},
};
use std::collections::BTreeSet;

/// Rows of a part: its transaction is one among others.
const MOST_ROWS: u64 = 250;
/// Its jobs, or one row's more.
const MOST_JOBS: usize = 512;
/// Bytes of its messages, or one message more.
const MOST_BYTES: usize = 8_000_000;

/// How far a file has been taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    pub arrival: Ref,
    /// Rows that are committed.
    pub rows: u64,
}

/// The next rows of a file, as one arrival of which more may follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub arrival: ArrivalDraft,
    /// Rows that are committed with it.
    pub rows: u64,
    pub is_last: bool,
    /// Why no further job is made of it.
    pub over: Option<Over>,
    /// Stands for the rows that are still to come.
    pub rest: Option<JobDraft>,
}

/// Why no row of a file becomes anything any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Over {
    #[error(transparent)]
    Unwanted(Unwanted),
    /// Its rule is another one since it was begun, and cannot read the rest.
    #[error("{0}")]
    Broken(String),
}

/// Plans what follows upon `begun`. Pure as [`super::plan`] is: the same row becomes the same message.
///
/// A row that cannot be mailed is a job of its own, failed, with its number; the others go on.
#[must_use]
pub fn plan_part(rule: &Rule, sighting: &Sighting, context: &Context<'_>, begun: Begun) -> Part {
    let planning = Planning::new(rule, sighting, context, begun.arrival);
    let (mut letters, mut jobs) = (Vec::new(), Vec::new());
    let refusal = match planning.judge() {
        Ok(refusal) => refusal,
        Err(unwanted) => {
            let arrival = planning.arrival(letters, jobs);
            return Part { arrival, rows: 0, is_last: true, over: Some(Over::Unwanted(unwanted)), rest: None };
        }
    };
    let mut over = None;
    let is_first = begun.rows == 0;
    let mut tables = Vec::new();
    for (number, step) in rule.then.iter().enumerate() {
        match &step.action {
            Action::Mail(mail) if mail.rows.is_some() => match open(&planning, step, mail, refusal.as_ref()) {
                Ok(table) => tables.push(Source { number, step, mail, table }),
                Err(why) if is_first => jobs.extend(planning.mail(mail, Some(why), ("", &mut letters))),
                Err(why) => over = Some(Over::Broken(why)),
            },
            _ if is_first => jobs.extend(planning.step(step, refusal.as_ref(), &mut letters)),
            _ => {}
        }
    }
    tables.iter_mut().for_each(|source| source.table.skip(begun.rows));
    let (mut rows, mut bytes) = (begun.rows, 0);
    let mut is_last = false;
    while !is_last && rows - begun.rows < MOST_ROWS && jobs.len() < MOST_JOBS && bytes < MOST_BYTES {
        is_last = true;
        let before = letters.len();
        for source in &mut tables {
            let made = source.next(&planning, rows, &mut letters);
            is_last &= made.is_none();
            jobs.extend(made.into_iter().flatten());
        }
        bytes += letters[before..].iter().map(|letter| letter.bytes.len()).sum::<usize>();
        rows += u64::from(!is_last);
    }
    let rest = rule.then.iter().find_map(|step| rest(&planning, step));
    Part { arrival: planning.arrival(letters, jobs), rows, is_last, over, rest }
}

fn rest(planning: &Planning<'_>, step: &Step) -> Option<JobDraft> {
    let Action::Mail(mail) = &step.action else { return None };
    mail.rows?;
    let errand = Errand::Send {
        recipient: String::new(),
        letter: None,
        wishes: plan_mail::wishes(planning, mail),
        owed: Owed::NOTHING,
    };
    let server = mail.via.first().map_or("", String::as_str);
    Some(JobDraft { is_in_order: false, ..planning.job((planning.context.new_id)(), server, errand, None) })
}

/// A step and the rows it is fed with.
struct Source<'a> {
    /// Among the steps of the rule.
    number: usize,
    step: &'a Step,
    mail: &'a Mail,
    table: Table<'a>,
}

impl Source<'_> {
    /// The jobs of the next row; `None` behind the last.
    fn next(&mut self, planning: &Planning<'_>, row: u64, letters: &mut Vec<Letter>) -> Option<Vec<JobDraft>> {
        let (shown, found) = self.table.next()?;
        let message = format!("{}.{row}", self.number);
        let made = match &found {
            Err(why) => planning.mail(self.mail, Some(why.clone()), (&message, letters)),
            Ok(row) => {
                let planning = Planning { beside: Beside { row: Some(row), ..Beside::default() }, ..*planning };
                match planning.is_true(self.step.condition.as_ref()) {
                    Ok(false) => return Some(vec![]),
                    Ok(true) => planning.mail(self.mail, None, (&message, letters)),
                    Err(why) => planning.mail(self.mail, Some(why), (&message, letters)),
                }
            }
        };
        let numbered = |mut job: JobDraft| {
            if let Beginning::Refused(_, why) = &mut job.beginning {
                *why = format!("{shown}: {why}");
            }
            job
        };
        Some(made.into_iter().map(numbered).collect())
    }
}

/// The rows of the file as this step reads it; or why there are none, in one sentence for all of them.
fn open<'a>(
    planning: &Planning<'a>,
    step: &Step,
    mail: &Mail,
    refusal: Option<&Refusal>,
) -> Result<Table<'a>, Refusal> {
    if let Some(refusal) = refusal {
        return Err(refusal.clone());
    }
    let size = planning.sighting.identity.size_bytes;
    if size > LONGEST_TABLE {
        let (most, size) = (show_size(LONGEST_TABLE), show_size(size));
        return Err(format!("a file of rows has at most {most}, and this one has {size}: split it"));
    }
    let content = planning.context.supply.content.whole()?;
    let Some(shape) = mail.rows else { return Err("this step has no rows".to_owned()) };
    let table = Table::open(&content.0, shape).map_err(|why| format!("the file cannot be read as rows: {why}"))?;
    let missing = columns(step, mail).into_iter().find(|column| !table.columns().contains(column));
    match missing.filter(|_| !table.columns().is_empty()) {
        Some(missing) => {
            let there = table.columns().iter().take(50).map(String::as_str).collect::<Vec<_>>().join(", ");
            Err(format!("there is no column `{missing}`: the columns are {}", there.escape_debug()))
        }
        None => Ok(table),
    }
}

/// Every column that the step asks for.
fn columns(step: &Step, mail: &Mail) -> BTreeSet<String> {
    let texts = mail.texts().flat_map(TextTemplate::columns);
    let paths = mail.attach.iter().filter_map(|attach| match attach {
        Attach::Path { below, .. } => Some(below.columns()),
        Attach::File => None,
    });
    let condition = step.condition.iter().flat_map(Condition::columns);
    texts.chain(paths.flatten()).chain(condition).map(str::to_owned).collect()
}
