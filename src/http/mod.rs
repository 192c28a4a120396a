//! The HTTP door: messages handed over as JSON or whole, and what became of them. Over hyper, without a framework: five paths need no
//! router, and hyper is here for webhooks anyway.

mod answer;
mod batch;
mod body;
mod hosts;
mod listen;
mod make;
mod problem;
mod query;
mod route;
mod send;
mod show;
mod strangers;

use crate::{
    accounts::Tokens,
    clock::Clock,
    config::HttpDoor,
    domain::Door,
    intake::Post,
    rules::Requests,
    sources::{Listening, Origin},
    store::Store,
};
use body::Bodies;
use hosts::Hosts;
use std::sync::Arc;
use strangers::Strangers;
use tokio_util::sync::CancellationToken;

/// What the door needs to know.
#[derive(Debug, Clone)]
pub struct Http {
    pub door: HttpDoor,
    /// How message requests are read.
    pub requests: Requests,
    pub origin: Origin,
}

/// What every request is answered with.
#[derive(Debug)]
struct Desk {
    hosts: Hosts,
    requests: Requests,
    origin: Origin,
    post: Post,
    store: Store,
    tokens: Tokens,
    clock: Clock,
    bodies: Bodies,
    strangers: Strangers,
}

impl Http {
    /// Starts listening, until `cancel` is. Returns at once: a place that is taken is tried again. To be called inside a runtime.
    #[must_use]
    pub fn start(self, post: Post, (store, clock): (Store, Clock), cancel: &CancellationToken) -> Listening {
        let Self { door, requests, origin } = self;
        let cancel = cancel.child_token();
        let (listening, keeper) = Listening::new(Door::Http, door.listen.to_string(), cancel.clone());
        let desk = Desk {
            hosts: Hosts::new(door.listen, &door.hosts),
            bodies: Bodies::new(requests.most().max(origin.message_size)),
            tokens: Tokens::new(store.clone(), clock.clone()),
            strangers: Strangers::default(),
            requests,
            origin,
            post,
            store,
            clock,
        };
        tokio::spawn(listen::keep(Arc::new(desk), door, keeper, cancel));
        listening
    }
}
