//! Who was told a mail is delivered has it, and has it twice only where that had to be feared.

use super::facts::{Facts, Job};
use sha2::{Digest, Sha256};

pub fn check(facts: &Facts<'_>, faults: &mut Vec<String>) {
    let letters: Vec<_> = facts.servers.iter().flat_map(|server| server.letters()).collect();
    for job in &facts.jobs {
        let Some(recipient) = &job.recipient else { continue };
        let bytes = job.letter.as_ref();
        let copies =
            letters.iter().filter(|letter| letter.recipient == *recipient && Some(&letter.bytes) == bytes).count();
        let feared = facts
            .attempts_of(job)
            .filter(|attempt| is_feared(attempt.outcome.as_str(), attempt.said.as_deref()))
            .count();
        let is_delivered = job.state == "delivered";
        if is_delivered && copies == 0 {
            faults.push(format!("delivered, and {recipient} has nothing: {job:?}"));
        }
        if copies > feared + usize::from(is_delivered) {
            faults.push(format!("{recipient} has {copies} copies, and only {feared} tries ended in the dark: {job:?}"));
        }
        check_receipt(facts, job, faults);
    }
}

/// What became of the message was not known at its end.
fn is_feared(outcome: &str, said: Option<&str>) -> bool {
    outcome == "unknown" || (outcome == "returned" && said.is_some_and(|said| said.starts_with("interrupted")))
}

fn check_receipt(facts: &Facts<'_>, job: &Job, faults: &mut Vec<String>) {
    let mut receipts = facts.receipts.iter().filter(|receipt| receipt.job == job.reference);
    match (receipts.next(), job.state == "delivered", receipts.next()) {
        (None, false, None) => {}
        (Some(receipt), true, None) => {
            let of_letter = job.letter.as_ref().map(|bytes| Sha256::digest(bytes).to_vec());
            if receipt.recipient != job.recipient || Some(&receipt.sha256) != of_letter.as_ref() {
                faults.push(format!("a receipt is not true: {receipt:?} of {job:?}"));
            }
        }
        _ => faults.push(format!("not one receipt for each mail delivered: {job:?}")),
    }
}
