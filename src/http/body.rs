//! The body of a request: whole, within its bounds and in time, and of all bodies together no more than memory is for.

use crate::http::problem::Problem;
use http_body_util::BodyExt as _;
use hyper::{
    HeaderMap, StatusCode,
    body::{Body as _, Incoming},
    header,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};

/// Between two pieces of a body.
const SILENCE: Duration = Duration::from_secs(10);
/// For a whole body.
const WITHIN: Duration = Duration::from_secs(120);
/// How long a request may wait for others' bodies to go.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes that a permit stands for.
const UNIT: u64 = 1 << 10;

/// Memory for the bodies of all requests.
#[derive(Debug, Clone)]
pub(super) struct Bodies {
    room: Arc<Semaphore>,
    /// Bytes of one.
    most: u64,
}

/// A body and its part of the memory: to be kept until nothing made of it is needed.
#[derive(Debug)]
pub(super) struct Body {
    pub bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl Bodies {
    /// Of bodies of at most `most` bytes, room for four of the largest, or for many small ones.
    pub(super) fn new(most: u64) -> Self {
        let units = usize::try_from(4 * units(most)).unwrap_or(Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))), most }
    }

    /// Reads the body of a request with these headers, of at most `most` bytes.
    ///
    /// # Errors
    /// What is answered in place of it.
    pub(super) async fn read(&self, headers: &HeaderMap, body: Incoming, most: u64) -> Result<Body, Problem> {
        let most = most.min(self.most);
        if !headers.contains_key(header::CONTENT_LENGTH) && !headers.contains_key(header::TRANSFER_ENCODING) {
            return Err(Problem::new(StatusCode::LENGTH_REQUIRED, "say how long the body is: Content-Length"));
        }
        let too_large = || {
            let detail = format!("this body is larger than {most} bytes, which `limits: message_size` allows");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        };
        let size = body.size_hint();
        if size.lower() > most {
            return Err(too_large());
        }
        let wanted = units(size.exact().unwrap_or(most));
        let room = self.room.clone().acquire_many_owned(u32::try_from(wanted).unwrap_or(u32::MAX));
        let Ok(Ok(room)) = timeout(PATIENCE, room).await else {
            return Err(Problem::later("too many large requests at once", 2));
        };
        let mut bytes = Vec::with_capacity(usize::try_from(size.lower()).unwrap_or(0));
        let end = Instant::now() + WITHIN;
        let mut body = body;
        loop {
            let Ok(frame) = timeout_at(end.min(Instant::now() + SILENCE), body.frame()).await else {
                let detail = format!("no more of the body came for {} s", SILENCE.as_secs());
                return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail).with(header::CONNECTION, "close"));
            };
            match frame {
                None => return Ok(Body { bytes, _room: room }),
                Some(Err(_)) => return Err(Problem::new(StatusCode::BAD_REQUEST, "the body broke off")),
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    if (bytes.len() + data.len()) as u64 > most {
                        return Err(too_large());
                    }
                    bytes.extend_from_slice(&data);
                }
            }
        }
    }
}

fn units(bytes: u64) -> u64 {
    bytes.div_ceil(UNIT).max(1)
}
