//! One claimed parcel, one attempt, by what its jobs are to do.

use crate::{
    delivery::Connection,
    domain::{OnUnknown, Outcome, Trouble, TroubleKind},
    store::{ClaimedErrand, ClaimedJob, Parcel},
    worker::{
        here::{save_file, take_away},
        route::Route,
        send_file::send_file,
        send_mail::send_mail,
        tell_webhook::tell_webhook,
    },
};
use tracing::error;

/// Tries to deliver the jobs of `parcel`, and answers how that ended for each, in their order.
pub(super) async fn deliver(route: &Route, connection: &mut Connection, parcel: &Parcel) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(parcel.jobs.len());
    match connection {
        Connection::Here => {
            for job in &parcel.jobs {
                outcomes.push(match &job.errand {
                    ClaimedErrand::Save(errand) => save_file(route, job, errand).await,
                    ClaimedErrand::TakeAway(errand) => take_away(route, job, errand).await,
                    ClaimedErrand::Upload(_) | ClaimedErrand::Send(_) | ClaimedErrand::Webhook(_) => {
                        elsewhere(job, "this machine")
                    }
                });
            }
        }
        Connection::Ftp(session) => {
            for job in &parcel.jobs {
                outcomes.push(match &job.errand {
                    ClaimedErrand::Upload(errand) => send_file(route, session, job, errand).await,
                    ClaimedErrand::Send(_) => elsewhere(job, "an FTP server, and mail goes to a relay"),
                    ClaimedErrand::Webhook(_) => elsewhere(job, "an FTP server, and this is for a webhook"),
                    ClaimedErrand::Save(_) | ClaimedErrand::TakeAway(_) => {
                        elsewhere(job, "an FTP server, and this is done here")
                    }
                });
            }
        }
        Connection::Smtp(session) => {
            let sends = parcel.jobs.iter().map(|job| match &job.errand {
                ClaimedErrand::Send(errand) => Some(errand),
                ClaimedErrand::Upload(_)
                | ClaimedErrand::Save(_)
                | ClaimedErrand::TakeAway(_)
                | ClaimedErrand::Webhook(_) => None,
            });
            match sends.collect::<Option<Vec<_>>>() {
                Some(sends) if may_begin(route, parcel).await => outcomes = send_mail(route, session, &sends).await,
                Some(sends) => outcomes = vec![Outcome::Returned; sends.len()],
                None => outcomes.extend(parcel.jobs.iter().map(|job| elsewhere(job, "a relay, and takes mail alone"))),
            }
        }
        Connection::Webhook(session) => {
            for job in &parcel.jobs {
                outcomes.push(match &job.errand {
                    ClaimedErrand::Webhook(errand) => tell_webhook(route, session, job, errand).await,
                    ClaimedErrand::Upload(_)
                    | ClaimedErrand::Send(_)
                    | ClaimedErrand::Save(_)
                    | ClaimedErrand::TakeAway(_) => elsewhere(job, "a webhook, and takes notices alone"),
                });
            }
        }
        #[cfg(feature = "simulation")]
        Connection::Simulated(connection) => outcomes = super::simulated::deliver(route, connection, parcel).await,
    }
    outcomes
}

/// What may not be sent twice is not sent before that is on record.
async fn may_begin(route: &Route, parcel: &Parcel) -> bool {
    if parcel.jobs.iter().all(|job| job.on_unknown() == OnUnknown::Retry) {
        return true;
    }
    let begun = route.recorder.store.begin_to_send(&parcel.jobs).await;
    begun.inspect_err(|refused| error!(%refused, "what is being sent cannot be recorded: it is not sent now")).is_ok()
}

/// The server's name stands for another kind of server by now.
pub(super) fn elsewhere(job: &ClaimedJob, what: &str) -> Outcome {
    let said = format!("{} is {what}: `packetboat move-jobs` sends what waits for it elsewhere", job.server);
    Outcome::Deferred(Trouble::of_job(TroubleKind::Local, said))
}
