//! `POST /v1/messages` and `/v1/messages/batch`: answered when what was handed over is on disk, and the same again under the same key.

use crate::{
    accounts::Bearer,
    domain::{Message, MessageKey, Ref, Sha256},
    http::{
        Desk,
        answer::Answer,
        batch,
        make::{self, Call},
        problem::Problem,
    },
    intake::{Later, Refused},
    simulation::aside,
    store::KeyedMessage,
};
use hyper::{HeaderMap, StatusCode, body::Incoming, header, http::request::Parts};
use serde::Serialize;
use std::{net::IpAddr, sync::Arc};

/// In HTTP as in the draft of the IETF's httpapi group, with quotes or without.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Bytes of a key.
const LONGEST_KEY: usize = 255;
/// Messages of a batch in one commit.
const TOGETHER: usize = 64;
/// Seconds until it is worth coming again.
const RETRY_AFTER: u32 = 5;

/// How a message is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Request,
    Raw,
}

/// What was taken in.
#[derive(Debug, Clone, Serialize)]
struct Accepted {
    status: u16,
    id: String,
    recipients: Vec<String>,
}

/// What became of one of a batch.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Fate {
    Accepted(Accepted),
    Refused(Problem),
}

/// One of a batch that is not known: its place, its text, its key.
type Fresh = (usize, Vec<u8>, Option<MessageKey>);

/// Takes one message in.
pub(super) async fn one(
    desk: &Arc<Desk>,
    (head, body): (&Parts, Incoming),
    (bearer, peer): (Bearer, IpAddr),
) -> Result<Answer, Problem> {
    let kind = Kind::of(&head.headers)?;
    let most = if kind == Kind::Raw { desk.origin.message_size } else { desk.requests.most() };
    let beside = key_of(&head.headers)?;
    let body = Arc::new(desk.bodies.read(&head.headers, body, most).await?);
    let within = if kind == Kind::Request { make::key_within(&body.bytes)? } else { None };
    let query = head.uri.query().unwrap_or_default().to_owned();
    let key = either(beside, within)?.map(|text| MessageKey {
        holder: bearer.holder.clone(),
        text,
        content: kind.content(&query, &body.bytes),
    });
    if let Some(first) = known(desk, key.as_ref()).await? {
        return Ok(again(first.id, first.recipients));
    }
    let call = Call { bearer, peer, at: desk.clock.now() };
    let (of, given) = (desk.clone(), body.clone());
    let make = move || match kind {
        Kind::Request => make::of_request(&of, (&given.bytes, ""), (&call, key)),
        Kind::Raw => make::of_raw(&of, (&given.bytes, &query), (&call, key)),
    };
    let message = aside(make).await.map_err(|why| Problem::later(why.to_string(), RETRY_AFTER))??;
    let (id, recipients) = (message.id, message.recipients.clone());
    let taken = desk.post.take_once(vec![message]).await.map_err(|why| later(&why))?.pop();
    drop(body); // its part of the memory, too
    match taken {
        Some(Ok(first)) if first == id => Ok(Answer::json(StatusCode::ACCEPTED, &Accepted::of(id, recipients))),
        Some(Ok(first)) => Ok(again(first, recipients)),
        Some(Err(refused)) => Err(self::refused(&refused)),
        None => Err(Problem::later("nothing came back", RETRY_AFTER)),
    }
}

/// Takes a batch in: an answer for each, in their order.
pub(super) async fn many(
    desk: &Arc<Desk>,
    (head, body): (&Parts, Incoming),
    (bearer, peer): (Bearer, IpAddr),
) -> Result<Answer, Problem> {
    if Kind::of(&head.headers)? != Kind::Request {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a batch is a JSON array of message requests"));
    }
    if head.headers.contains_key(IDEMPOTENCY_KEY) {
        let detail = "each message of a batch has a key of its own: write `idempotency_key` into it";
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    let body = desk.bodies.read(&head.headers, body, desk.requests.most()).await?;
    let mut fates: Vec<Option<Fate>> = Vec::new();
    let mut fresh: Vec<Fresh> = Vec::new();
    for (place, element) in batch::elements(&body.bytes)?.into_iter().enumerate() {
        let content = Kind::Request.content("", element); // as it would be by itself
        let key = make::key_within(element)?.map(|text| MessageKey { holder: bearer.holder.clone(), text, content });
        fates.push(match known(desk, key.as_ref()).await {
            Ok(Some(first)) => Some(Fate::Accepted(Accepted::of(first.id, first.recipients))),
            Ok(None) => {
                fresh.push((place, element.to_vec(), key));
                None
            }
            Err(problem) => Some(Fate::Refused(problem)),
        });
    }
    let call = Call { bearer, peer, at: desk.clock.now() };
    let mut whole: Vec<(usize, Message)> = Vec::new();
    for (place, made) in make_all(desk, fresh, call).await? {
        match made {
            Ok(message) => whole.push((place, message)),
            Err(problem) => fates[place] = Some(Fate::Refused(problem)),
        }
    }
    for (place, fate) in take_all(desk, whole).await {
        fates[place] = Some(fate);
    }
    let fates: Vec<Fate> = fates.into_iter().flatten().collect();
    let are_all = fates.iter().all(|fate| matches!(fate, Fate::Accepted(_)));
    Ok(Answer::json(if are_all { StatusCode::ACCEPTED } else { StatusCode::MULTI_STATUS }, &fates))
}

/// The messages of these requests, or what is wrong with them.
async fn make_all(
    desk: &Arc<Desk>,
    fresh: Vec<Fresh>,
    call: Call,
) -> Result<Vec<(usize, Result<Message, Problem>)>, Problem> {
    let of = desk.clone();
    let make = move || {
        let made =
            |(place, json, key): Fresh| (place, make::of_request(&of, (&json, &format!("/{place}")), (&call, key)));
        fresh.into_iter().map(made).collect()
    };
    aside(make).await.map_err(|why| Problem::later(why.to_string(), RETRY_AFTER))
}

/// Some dozens in a commit; what cannot be taken in now is told of each.
async fn take_all(desk: &Desk, mut whole: Vec<(usize, Message)>) -> Vec<(usize, Fate)> {
    let mut fates = Vec::with_capacity(whole.len());
    while !whole.is_empty() {
        let rest = whole.split_off(whole.len().min(TOGETHER));
        let (places, messages): (Vec<usize>, Vec<Message>) = whole.into_iter().unzip();
        let recipients: Vec<Vec<String>> = messages.iter().map(|message| message.recipients.clone()).collect();
        match desk.post.take_once(messages).await {
            Ok(taken) => {
                let fate = |(taken, recipients)| match taken {
                    Ok(id) => Fate::Accepted(Accepted::of(id, recipients)),
                    Err(refused) => Fate::Refused(self::refused(&refused)),
                };
                fates.extend(places.into_iter().zip(taken.into_iter().zip(recipients).map(fate)));
            }
            Err(why) => fates.extend(places.into_iter().map(|place| (place, Fate::Refused(later(&why))))),
        }
        whole = rest;
    }
    fates
}

impl Accepted {
    fn of(id: Ref, recipients: Vec<String>) -> Self {
        Self { status: StatusCode::ACCEPTED.as_u16(), id: id.long(), recipients }
    }
}

impl Kind {
    /// What makes a request the same as another.
    fn content(self, query: &str, body: &[u8]) -> Sha256 {
        Sha256::of(&[&[u8::from(self == Self::Raw)], query.as_bytes(), b"\0", &Sha256::of(body).0].concat())
    }

    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/json" => Ok(Self::Request),
            "message/rfc822" => Ok(Self::Raw),
            _ => {
                let detail = "say what it is: Content-Type `application/json` for a message request, `message/rfc822` for a whole message";
                Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
            }
        }
    }
}

/// Of the field, without its quotes.
fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(field) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = field.to_str().unwrap_or_default().trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if text.is_empty() || text.len() > LONGEST_KEY || !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        let detail = format!("Idempotency-Key has 1 to {LONGEST_KEY} printable letters of ASCII");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    Ok(Some(text.to_owned()))
}

fn either(beside: Option<String>, within: Option<String>) -> Result<Option<String>, Problem> {
    match (beside, within) {
        (Some(beside), Some(within)) if beside != within => {
            let detail = "Idempotency-Key and `idempotency_key` differ: one of them is enough";
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
        (beside, within) => Ok(beside.or(within)),
    }
}

/// What was taken in under this key before, if it was the same.
async fn known(desk: &Desk, key: Option<&MessageKey>) -> Result<Option<KeyedMessage>, Problem> {
    let Some(key) = key else { return Ok(None) };
    match desk.store.keyed_message(&key.holder, &key.text).await {
        Ok(Some(first)) if first.content != key.content => Err(refused(&Refused::OtherContent)),
        Ok(first) => Ok(first),
        Err(why) => Err(Problem::later(why.to_string(), RETRY_AFTER)),
    }
}

fn again(first: Ref, recipients: Vec<String>) -> Answer {
    let answer = Answer::json(StatusCode::ACCEPTED, &Accepted::of(first, recipients));
    answer.with(header::HeaderName::from_static("idempotency-replayed"), "true")
}

fn refused(refused: &Refused) -> Problem {
    match refused {
        Refused::OtherContent => Problem::new(StatusCode::CONFLICT, refused.to_string()),
        Refused::NoRule | Refused::Loop(_) => Problem::unfit(refused.to_string()),
    }
}

fn later(why: &Later) -> Problem {
    Problem::later(why.to_string(), RETRY_AFTER)
}
