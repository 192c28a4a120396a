//! What happens, as it happens: one line for each new state of each job, read from the database beside the gateway.

use crate::{
    domain::{Escaped, JobState, Ref},
    store::{JobFilter, JobLine, ReceiptFilter, ReceiptLine, Store, StoreError},
};
use std::{collections::HashMap, ops::ControlFlow, time::Duration};

/// More than the demo and a curious person make.
const MOST: u64 = 1_000;
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Prints every change until it is dropped.
pub(super) async fn changes(store: Store) {
    let mut known: HashMap<Ref, (JobState, u32)> = HashMap::new();
    loop {
        match jobs(&store).await {
            Ok(lines) => lines.iter().rev().for_each(|line| {
                let state = (line.state, line.tries);
                if known.insert(line.id, state) != Some(state) {
                    println!("{}", change(line));
                }
            }),
            Err(refused) => println!("  (the database cannot be read just now: {refused})"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// All jobs, newest first.
pub(super) async fn jobs(store: &Store) -> Result<Vec<JobLine>, StoreError> {
    let mut lines = vec![];
    store
        .jobs(&JobFilter::default(), MOST, |line| {
            lines.push(line);
            ControlFlow::Continue(())
        })
        .await?;
    Ok(lines)
}

/// All receipts, oldest first.
pub(super) async fn receipts(store: &Store) -> Result<Vec<ReceiptLine>, StoreError> {
    let mut lines = vec![];
    store
        .receipts(&ReceiptFilter::default(), MOST, |line| {
            lines.push(line);
            ControlFlow::Continue(())
        })
        .await?;
    lines.reverse();
    Ok(lines)
}

fn change(line: &JobLine) -> String {
    let what = match (line.state, line.tries) {
        (JobState::Queued, 0) => "arrived",
        (JobState::Queued, _) => "tried again soon",
        (state, _) => state.word(),
    };
    let name = line.name.as_deref().unwrap_or_default();
    let recipient = line.recipient.as_deref().map(str::as_bytes);
    let target = line.target.as_deref().or(recipient).unwrap_or_default();
    let said = line.said.as_deref().filter(|_| line.state.is_ended()).unwrap_or_default();
    format!(
        "  {:<13} {:<17} {} → {}:{}  {}",
        line.rule,
        what,
        Escaped(name),
        line.server,
        Escaped(target),
        Escaped(said.as_bytes())
    )
}

/// One line of proof.
pub(super) fn receipt(line: &ReceiptLine) -> String {
    let sha256 = line.sha256.to_string();
    let path = line.path.as_deref().unwrap_or_default();
    format!(
        "  {:>10} B  sha256 {}…  proof {:<9}  {}:{}",
        line.size_bytes,
        &sha256[..12],
        line.proof,
        line.server,
        Escaped(path)
    )
}
