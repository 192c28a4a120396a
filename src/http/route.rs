//! One request to one answer: whose it is, what it asks for, and whether it may.

use crate::{
    accounts::{Bearer, Denied},
    domain::{Ref, Scope},
    http::{Desk, answer::Answer, problem::Problem, send, show},
};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::Incoming,
    header::{ALLOW, AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE},
};
use std::{net::IpAddr, sync::Arc, time::Instant};
use tracing::debug;

/// What is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Health,
    Messages,
    Batch,
    Message(Ref),
    Attempts(Ref),
}

impl Place {
    fn of(path: &str) -> Option<Self> {
        let message = |id: &str| Ref::from_long(id);
        match path.strip_prefix("/v1/messages") {
            None => (path == "/healthz").then_some(Self::Health),
            Some("") => Some(Self::Messages),
            Some("/batch") => Some(Self::Batch),
            Some(rest) => match rest.strip_prefix('/')?.split_once('/') {
                None => message(&rest[1..]).map(Self::Message),
                Some((id, "attempts")) => message(id).map(Self::Attempts),
                Some(_) => None,
            },
        }
    }

    fn method(self) -> Method {
        match self {
            Self::Messages | Self::Batch => Method::POST,
            Self::Health | Self::Message(_) | Self::Attempts(_) => Method::GET,
        }
    }

    fn scope(self) -> Scope {
        match self {
            Self::Messages | Self::Batch => Scope::Send,
            Self::Health | Self::Message(_) | Self::Attempts(_) => Scope::Read,
        }
    }
}

/// Answers a request.
pub(super) async fn answer(desk: &Arc<Desk>, request: Request<Incoming>, peer: IpAddr) -> Answer {
    let method = request.method().clone();
    let answer = routed(desk, request, peer).await.unwrap_or_else(Answer::from);
    debug!(%peer, %method, status = answer.status().as_u16(), "a request over HTTP");
    answer
}

async fn routed(desk: &Arc<Desk>, request: Request<Incoming>, peer: IpAddr) -> Result<Answer, Problem> {
    let (head, body) = request.into_parts();
    let place = Place::of(head.uri.path());
    if place == Some(Place::Health) && [Method::GET, Method::HEAD].contains(&head.method) {
        return Ok(Answer::text("ok\n"));
    }
    if head.uri.authority().is_some() || !desk.hosts.knows(&head.headers) {
        let detail = "this Host is none of ours: name it under `doors: http: hosts`";
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail));
    }
    let place = place.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is nothing here: see docs/http.md"))?;
    if head.method != place.method() {
        let detail = format!("this takes {} alone", place.method());
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).with(ALLOW, place.method().as_str()));
    }
    let bearer = admitted(desk, (&head.headers, peer), place.scope()).await?;
    match place {
        Place::Health => Ok(Answer::text("ok\n")),
        Place::Messages => send::one(desk, (&head, body), (bearer, peer)).await,
        Place::Batch => send::many(desk, (&head, body), (bearer, peer)).await,
        Place::Message(id) => show::message(desk, id).await,
        Place::Attempts(id) => show::attempts(desk, id).await,
    }
}

async fn admitted(desk: &Desk, (headers, peer): (&HeaderMap, IpAddr), scope: Scope) -> Result<Bearer, Problem> {
    let unknown = |detail: &str, challenge: &'static str| {
        Problem::new(StatusCode::UNAUTHORIZED, detail).with(WWW_AUTHENTICATE, challenge)
    };
    let Some(shown) = headers.get(AUTHORIZATION) else {
        let detail = "show a token: `Authorization: Bearer pb_…`; `packetboat tokens add NAME` makes one";
        return Err(unknown(detail, "Bearer"));
    };
    let token = shown
        .to_str()
        .ok()
        .and_then(|shown| shown.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.map_or("", |(_, token)| token.trim());
    desk.tokens.admit(token, scope).await.map_err(|why| match why {
        Denied::Store(why) => Problem::later(why.to_string(), 5),
        Denied::Lacks(_) => Problem::new(StatusCode::FORBIDDEN, why.to_string()),
        Denied::Unknown | Denied::Expired | Denied::Revoked => match desk.strangers.met(peer, Instant::now()) {
            None => unknown(&why.to_string(), "Bearer error=\"invalid_token\""),
            Some(wait) => {
                Problem::new(StatusCode::TOO_MANY_REQUESTS, format!("{why}, and too many of them came from here"))
                    .with(RETRY_AFTER, wait.as_secs().max(1).to_string())
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_whole_or_not_at_all() {
        let id = Ref([7; 16]);
        for (path, place) in [
            ("/healthz", Some(Place::Health)),
            ("/v1/messages", Some(Place::Messages)),
            ("/v1/messages/batch", Some(Place::Batch)),
            (&format!("/v1/messages/{}", id.long()), Some(Place::Message(id))),
            (&format!("/v1/messages/{}/attempts", id.long()), Some(Place::Attempts(id))),
            (&format!("/v1/messages/{}/", id.long()), None),
            ("/v1/messages/", None),
            ("/v1/messagesx", None),
            ("/v1/messages/batch/", None),
            ("/v1/messages/../messages", None),
            ("/", None),
            ("*", None),
        ] {
            assert_eq!(Place::of(path), place, "{path}");
        }
    }
}
