//! What is handed over over HTTP → a message. Pure but for the files of a request's template.

use crate::{
    accounts::Bearer,
    domain::{Door, Instructions, Message, MessageKey, Moment, Ref},
    http::{Desk, problem::Problem, query},
    mail::incoming,
    rules::{Asked, Notation},
    sources::{Given, Hand},
};
use hyper::StatusCode;
use serde::{Deserialize, de::IgnoredAny};
use std::net::IpAddr;

/// Who hands it over, and when.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub bearer: Bearer,
    pub peer: IpAddr,
    pub at: Moment,
}

impl Call {
    fn hand(&self, id: Ref) -> Hand<'static> {
        Hand {
            id,
            door: Door::Http,
            way: incoming::Door::Http { peer: self.peer },
            account: format!("token {}", self.bearer.name),
            handed_at: self.at,
            received_at: self.at,
        }
    }
}

/// Recipients of a whole message that are named beside it.
const MOST_NAMED: usize = 1000;

/// The message of a request in JSON. `within`: where the request itself stands, as a JSON pointer.
pub(super) fn of_request(
    desk: &Desk,
    (json, within): (&[u8], &str),
    (call, key): (&Call, Option<MessageKey>),
) -> Result<Message, Problem> {
    let id = Ref::new();
    let asked = desk.requests.message(("request", Notation::Json), json, (id, call.at));
    let Asked { sender, recipients, bytes, instructions, .. } = asked.map_err(|wrong| {
        let mut faults = wrong.faults;
        faults.iter_mut().for_each(|fault| fault.pointer.insert_str(0, within));
        Problem::faulty(faults)
    })?;
    let given = Given {
        sender: Some(sender.address().to_owned()),
        recipients,
        bytes: bytes.into(),
        lines: incoming::Lines::Strict,
        instructions: Instructions { key, ..instructions },
    };
    desk.origin.message(given, call.hand(id)).map_err(Problem::unfit)
}

/// A whole message: its envelope is in the query, else in its header.
pub(super) fn of_raw(
    desk: &Desk,
    (bytes, query): (&[u8], &str),
    (call, key): (&Call, Option<MessageKey>),
) -> Result<Message, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, detail);
    let pairs = query::pairs(query).ok_or_else(|| bad("the query cannot be read".to_owned()))?;
    let (mut to, mut from, mut tags) = (Vec::new(), None, Vec::new());
    for (name, value) in &pairs {
        match name.as_str() {
            "to" if to.len() < MOST_NAMED => to.push(value.as_str()),
            "to" => return Err(bad(format!("more than {MOST_NAMED} recipients"))),
            "from" if from.is_none() => from = Some(value.as_str()),
            "tags" if tags.len() < 50 && value.len() <= 100 => tags.push(value.clone()),
            _ => {
                let detail =
                    format!("`{name}` is not for the query: `to` and `tags`, each as often as needed, and `from`");
                return Err(bad(detail));
            }
        }
    }
    let sender = match from {
        Some("") => Ok(None),
        Some(from) => desk.origin.each_once([from]).map(|mut from| from.pop()),
        None => desk.origin.sender_of(bytes),
    };
    let recipients = match &to[..] {
        [] => desk.origin.recipients_of(bytes),
        to => desk.origin.each_once(to.iter().copied()),
    };
    let given = Given {
        sender: sender.map_err(Problem::unfit)?,
        recipients: recipients.map_err(Problem::unfit)?,
        bytes: bytes.into(),
        lines: incoming::Lines::Unix,
        instructions: Instructions { tags, key, ..Instructions::default() },
    };
    desk.origin.message(given, call.hand(Ref::new())).map_err(Problem::unfit)
}

/// The `idempotency_key` in a request, where that can be read; what is wrong with it is told when it is read whole.
///
/// # Errors
/// What is no JSON.
pub(super) fn key_within(json: &[u8]) -> Result<Option<String>, Problem> {
    #[derive(Deserialize)]
    struct Keyed {
        idempotency_key: Option<String>,
    }
    if let Err(why) = serde_json::from_slice::<IgnoredAny>(json) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, format!("this is not JSON: {why}")));
    }
    Ok(serde_json::from_slice::<Keyed>(json).ok().and_then(|keyed| keyed.idempotency_key))
}
