//! What an upload makes of a server that lies, hangs, hurries or hangs up: a row for each fault.
//!
//! Each row names the outcome, whether the connection is kept, whether a temporary name stays, and some of the message. What is
//! true of every row is checked for every row: nothing but a whole file under a final name, no litter that is not reported,
//! an end within the deadlines, and the password in no message.

mod connecting;
mod finishing;
mod row;
mod sending;

use crate::support::{
    ftp_client::{PATIENCE, settings, upload_of},
    scripted_ftp::ScriptedFtp,
};
use packetboat::{
    delivery::ftp::{connect, upload},
    domain::{Outcome, Trouble, Whose},
    ftp::client::Profile,
};
use row::{Clean, Dropped, Kept, Litter, Reported, Row};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, task::JoinSet};

/// What is at the target before, where the row wants something there.
const OLDER: &[u8] = b"an older version";

/// More conversations at once than this and a busy machine is later than a deadline.
const AT_ONCE: usize = 12;

async fn all(rows: Vec<Row>) {
    let mut trials = JoinSet::new();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    for row in rows {
        let places = Arc::clone(&places);
        trials.spawn(async move {
            let _place = places.acquire().await;
            let name = row.name;
            (name, tokio::time::timeout(Duration::from_secs(20), tried(row)).await)
        });
    }
    let mut wrong = String::new();
    while let Some(trial) = trials.join_next().await {
        match trial.unwrap() {
            (_, Ok(Ok(()))) => {}
            (name, Ok(Err(why))) => wrong += &format!("\n{name}: {why}"),
            (name, Err(_)) => wrong += &format!("\n{name}: it never ended"),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

async fn tried(row: Row) -> Result<(), String> {
    let line = b"a line of text\n";
    let mut bytes = line.repeat(row.bytes / line.len() + 1);
    bytes.truncate(row.bytes);
    let mut request = upload_of(&bytes, "in/file.txt");
    (row.change)(&mut request);
    let tls = row.script.tls;
    let server = ScriptedFtp::start(row.script.clone());
    if row.is_there {
        server.put("in/file.txt", OLDER);
    }
    let settings = Arc::new(packetboat::config::FtpServer { tls_max: row.tls_max, ..settings(&server, tls) });
    let profile = Arc::new(Profile::default());

    let begun = Instant::now();
    let (outcome, connection) = match connect(&settings, &profile).await {
        Err(trouble) => (Outcome::Deferred(trouble), row.connection),
        Ok(mut session) => {
            let outcome = upload(&mut session, &request).await;
            (outcome, if session.is_usable() { Kept } else { Dropped })
        }
    };
    let took = begun.elapsed();

    let dialogue = server.dialogue().join("\n");
    let told = told(&outcome);
    let trouble = trouble_of(&outcome);
    let said = trouble.map_or_else(|| dialogue.clone(), |trouble| trouble.said.clone());
    let litter = if trouble.is_some_and(|trouble| trouble.litter.is_some()) { Reported } else { Clean };
    let seen = (told.as_str(), connection, litter);
    if seen != (row.expected, row.connection, row.litter) || !said.contains(row.says) {
        return Err(format!(
            "{seen:?}, said {said:?}, expected {:?} {:?}",
            (row.expected, row.connection, row.litter),
            row.says
        ));
    }
    always_true(&server, &row, &bytes, litter, &outcome)?;
    if took > PATIENCE * row.deadlines + Duration::from_secs(2) {
        return Err(format!("took {took:?}"));
    }
    if said.contains(server.password) && trouble.is_some() {
        return Err("the password is in the message".to_owned());
    }
    Ok(())
}

/// The promises that no fault excuses.
fn always_true(server: &ScriptedFtp, row: &Row, bytes: &[u8], litter: Litter, outcome: &Outcome) -> Result<(), String> {
    let files = server.files();
    let there = files.get(&b"in/file.txt"[..]).map(Vec::as_slice);
    let is_delivered = matches!(outcome, Outcome::Delivered(_));
    let is_whole = match there {
        Some(there) => there == bytes || (!is_delivered && row.is_there && there == OLDER),
        // Between two renames the older one may be aside, when nobody could be asked.
        None => !is_delivered && (!row.is_there || matches!(outcome, Outcome::Unknown(_))),
    };
    if !is_whole {
        return Err(format!("under the final name: {:?} bytes", there.map(<[u8]>::len)));
    }
    let temporary: Vec<_> = files.keys().filter(|name| name.starts_with(b"in/.pb-")).collect();
    if litter == Clean && !temporary.is_empty() {
        return Err(format!("left: {temporary:?}"));
    }
    if server.commands().iter().any(|command| command.verb == "DELE" && !command.argument.starts_with(b"in/.pb-")) {
        return Err("it deleted what is not ours".to_owned());
    }
    Ok(())
}

fn told(outcome: &Outcome) -> String {
    let (word, trouble) = match outcome {
        Outcome::Delivered(delivered) => return format!("delivered {}", delivered.proof.word()),
        Outcome::Deferred(trouble) => ("deferred", trouble),
        Outcome::Failed(trouble) => ("failed", trouble),
        Outcome::Unknown(trouble) => ("unknown", trouble),
        Outcome::Returned => return "returned".to_owned(),
        Outcome::TakenAway(away) => return away.said().to_owned(),
        Outcome::SourceChanged(_) | Outcome::SourceUnclear(_) => return "source changed".to_owned(),
    };
    let whose = if trouble.whose == Whose::Server { "server" } else { "job" };
    format!("{word} {whose} {}", trouble.kind.word())
}

fn trouble_of(outcome: &Outcome) -> Option<&Trouble> {
    match outcome {
        Outcome::Deferred(trouble) | Outcome::Failed(trouble) | Outcome::Unknown(trouble) => Some(trouble),
        Outcome::Delivered(_)
        | Outcome::TakenAway(_)
        | Outcome::Returned
        | Outcome::SourceChanged(_)
        | Outcome::SourceUnclear(_) => None,
    }
}
