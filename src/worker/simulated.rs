//! A parcel for a simulated server: what the engine does is the same, what the wire does is seeded.

use crate::{
    delivery::simulated::Connection,
    domain::Outcome,
    store::{ClaimedErrand, ClaimedJob, ClaimedSend, Parcel},
    worker::{
        deliver::elsewhere,
        route::Route,
        send_file::prepare,
        send_mail::{mail, message, recipients, sender},
    },
};

/// As `deliver` for the others.
pub(super) async fn deliver(route: &Route, connection: &mut Connection, parcel: &Parcel) -> Vec<Outcome> {
    if connection.is_relay { send(route, connection, parcel).await } else { upload(route, connection, parcel).await }
}

async fn upload(route: &Route, connection: &mut Connection, parcel: &Parcel) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(parcel.jobs.len());
    for job in &parcel.jobs {
        outcomes.push(upload_one(route, connection, job).await);
    }
    outcomes
}

async fn upload_one(route: &Route, connection: &mut Connection, job: &ClaimedJob) -> Outcome {
    let ClaimedErrand::Upload(errand) = &job.errand else { return elsewhere(job, "a simulated server for files") };
    match prepare(route, job, errand).await {
        Ok((request, _shown)) => connection.upload(&request).await,
        Err(outcome) => outcome,
    }
}

async fn send(route: &Route, connection: &mut Connection, parcel: &Parcel) -> Vec<Outcome> {
    let sends = parcel.jobs.iter().map(|job| match &job.errand {
        ClaimedErrand::Send(errand) => Some(errand),
        ClaimedErrand::Upload(_) | ClaimedErrand::Save(_) | ClaimedErrand::TakeAway(_) | ClaimedErrand::Webhook(_) => {
            None
        }
    });
    let Some(sends) = sends.collect::<Option<Vec<&ClaimedSend>>>() else {
        return parcel.jobs.iter().map(|job| elsewhere(job, "a simulated relay")).collect();
    };
    match message(route, &sends).await {
        Ok(message) => connection.send(&mail(&sender(route, &sends), &recipients(&sends), &message)).await,
        Err(outcome) => vec![outcome; sends.len()],
    }
}
