//! A message: one transaction, and an outcome for each recipient.

use super::{Step, outcome, refused_entry, trouble};
use crate::{
    domain::{Delivered, Outcome, Proof, Sha256, Trouble},
    simulation::{Said, Talk},
    smtp::client::Mail,
};

pub(super) async fn run(talk: &mut Talk, mail: &Mail<'_>) -> Vec<Outcome> {
    let recipients: Vec<&str> = mail.recipients.iter().map(|recipient| recipient.address).collect();
    let all = |trouble: Trouble| vec![outcome(trouble); recipients.len()];
    let was_used = talk.is_used();
    let mut answers = talk.envelope(&recipients).await;
    if answers == Err(Said::Broken) && was_used {
        if let Err(refused) = talk.again().await {
            return all(refused_entry(refused)); // it had been closed meanwhile, and nobody is there
        }
        answers = talk.envelope(&recipients).await;
    }
    let answers = match answers {
        Ok(answers) => answers,
        Err(said) => return all(trouble(said, Step::Before)),
    };
    let accepted = recipients.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
    let accepted: Vec<&str> = accepted.map(|(recipient, _)| *recipient).collect();
    let ended = if accepted.is_empty() { Outcome::Returned } else { end(talk, &accepted, mail.message).await };
    let each = answers.into_iter().map(|answer| match answer {
        Ok(()) => ended.clone(),
        Err(said) => outcome(trouble(said, Step::After)),
    });
    each.collect()
}

/// What those hear who were accepted.
async fn end(talk: &mut Talk, accepted: &[&str], message: &[u8]) -> Outcome {
    if let Err(said) = talk.message().await {
        return outcome(trouble(said, Step::Send));
    }
    match talk.dot(accepted, message).await {
        Ok(()) => Outcome::Delivered(Delivered {
            remote_path: None,
            size_bytes: message.len() as u64,
            sha256: Sha256::of(message),
            proof: Proof::Accepted,
            reply: "250 taken".to_owned(),
            sent_bytes: message.len() as u64,
            tls: None,
            litter: None,
        }),
        Err(Said::Broken) => Outcome::Unknown(trouble(Said::Broken, Step::After)),
        Err(said) => outcome(trouble(said, Step::After)),
    }
}
