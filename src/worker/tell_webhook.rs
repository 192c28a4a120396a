//! What a webhook is told, read from the store and posted.

use crate::{
    delivery::webhook::{self, Message, Session},
    domain::{Outcome, Trouble, TroubleKind},
    store::{ClaimedJob, ClaimedPost},
    worker::route::Route,
};

/// Tries to tell what `post` carries. Its id is the job's, whole: the same at every try.
pub(super) async fn tell_webhook(
    route: &Route,
    session: &mut Session,
    job: &ClaimedJob,
    post: &ClaimedPost,
) -> Outcome {
    let body = match route.recorder.store.posted(post).await {
        Ok(Some(body)) => body,
        Ok(None) => {
            let said = "what it was to be told is no longer in the database";
            return Outcome::Failed(Trouble::of_job(TroubleKind::Local, said));
        }
        Err(refused) => {
            let said = format!("what it is to be told cannot be read: {refused}");
            return Outcome::Deferred(Trouble::of_job(TroubleKind::Local, said));
        }
    };
    webhook::post(session, &Message { id: &job.job.long(), body: &body, now: route.clock.now() }).await
}
