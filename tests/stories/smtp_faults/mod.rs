//! What a message makes of a relay that lies, hangs, hurries or hangs up: a row for each fault.
//!
//! Each row sends one message to three recipients, ahead of the answers and one command at a time, and names the outcome of each,
//! whether the connection is kept, and some of the words. What is true of every row is checked for every row: who is told that the
//! relay has it is in a message that the relay accepted, byte for byte, and nobody else is unless that is unknown; a connection
//! that is kept carries another message; an end within the deadlines; and the password in no message.

mod connecting;
mod row;
mod sending;

use crate::support::{
    ftp_client::PATIENCE,
    scripted_smtp::{PASSWORD, ScriptedSmtp, TOKEN},
    smtp_client::{MESSAGE, THREE, delivered, mail, settings, to, told, trouble_of},
};
use packetboat::{
    config::SmtpServer,
    delivery::smtp::{connect, send},
    domain::Outcome,
};
use row::{Dropped, Kept, Row, Way};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, task::JoinSet};

/// More handshakes at once than this and a busy machine is later than a deadline.
const AT_ONCE: usize = 12;

async fn all(rows: Vec<Row>) {
    let mut trials = JoinSet::new();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    for row in rows {
        for way in row.ways {
            let (row, places) = (row.clone(), Arc::clone(&places));
            trials.spawn(async move {
                let _place = places.acquire().await;
                let name = format!("{}, {way:?}", row.name);
                (name, tokio::time::timeout(Duration::from_secs(20), tried(row, *way)).await)
            });
        }
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

async fn tried(row: Row, way: Way) -> Result<(), String> {
    let line = [[b'x'; 900].as_slice(), b"\r\n"].concat();
    let message = [MESSAGE, &line.repeat(row.bytes / line.len())].concat();
    let without: &[&str] = if way == Way::OneByOne { &["PIPELINING"] } else { &[] };
    let relay = ScriptedSmtp::start(row.script.clone().without(without));
    let server = Arc::new(SmtpServer { login: row.login.clone(), ..settings(&relay) });

    let begun = Instant::now();
    let (outcomes, connection) = match connect(&server).await {
        Err(trouble) => (vec![Outcome::Deferred(trouble); 3], row.connection),
        Ok(mut session) => {
            let outcomes = send(&mut session, &mail(&THREE, &message)).await;
            let connection = if session.is_usable() { Kept } else { Dropped };
            if connection == Kept {
                let again = send(&mut session, &mail(&[to("again@there.example")], MESSAGE)).await;
                delivered(again);
            }
            session.quit().await;
            (outcomes, connection)
        }
    };
    let took = begun.elapsed();

    let told: Vec<String> = outcomes.iter().map(told).collect();
    let expected: Vec<&str> = match row.expected.split(" / ").collect::<Vec<_>>()[..] {
        [all] => vec![all; 3],
        ref each => each.to_vec(),
    };
    let said = said(&outcomes);
    if (told.iter().map(String::as_str).collect::<Vec<_>>(), connection) != (expected, row.connection)
        || !said.contains(row.says)
    {
        return Err(format!("{told:?} {connection:?}, said {said:?}; {:?}", relay.dialogue()));
    }
    for (outcome, recipient) in outcomes.iter().zip(THREE) {
        let path = format!("<{}>", recipient.address);
        let messages = relay.messages();
        let mut with_it = messages.iter().filter(|message| message.recipients.iter().any(|to| to.starts_with(&path)));
        let is_right = match outcome {
            Outcome::Delivered(_) => with_it.next().is_some_and(|it| it.bytes == message) && with_it.next().is_none(),
            Outcome::Unknown(_) => true,
            _ => with_it.next().is_none(),
        };
        if !is_right {
            return Err(format!("{path} has it, or has not: {messages:?}"));
        }
    }
    if took > PATIENCE * row.deadlines + Duration::from_secs(2) {
        return Err(format!("took {took:?}"));
    }
    if said.contains(PASSWORD) || said.contains(TOKEN) {
        return Err("the secret is in the message".to_owned());
    }
    Ok(())
}

/// What those read who do not have it, or else those who have.
fn said(outcomes: &[Outcome]) -> String {
    let mut said: Vec<&str> = outcomes.iter().filter_map(trouble_of).map(|trouble| trouble.said.as_str()).collect();
    if said.is_empty() {
        said.extend(outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Delivered(delivered) => Some(delivered.reply.as_str()),
            _ => None,
        }));
    }
    said.join("\n")
}
