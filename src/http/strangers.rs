//! Addresses from which tokens are shown that are none: told to wait, and told of once. Who shows a good one is served all the same: on
//! one machine all programs have one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tracing::warn;

/// Wrong tokens from one address in a span.
const MOST: u32 = 20;
const SPAN: Duration = Duration::from_secs(60);
/// Addresses that are remembered.
const ADDRESSES: usize = 1000;

/// Who showed wrong tokens lately, how many, and since when.
#[derive(Debug, Default)]
pub(super) struct Strangers(Mutex<HashMap<IpAddr, (u32, Instant)>>);

impl Strangers {
    /// One more; after too many, how long it is to be waited.
    pub(super) fn met(&self, peer: IpAddr, now: Instant) -> Option<Duration> {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if met.len() >= ADDRESSES {
            met.retain(|_, (_, since)| now.duration_since(*since) < SPAN);
        }
        if met.len() >= ADDRESSES && !met.contains_key(&peer) {
            return Some(SPAN); // so many at once are no slips
        }
        let (count, since) = met.entry(peer).or_insert((0, now));
        if now.duration_since(*since) >= SPAN {
            (*count, *since) = (0, now);
        }
        *count = count.saturating_add(1);
        if *count == MOST + 1 {
            warn!(%peer, "somebody shows the HTTP door tokens that are none: `packetboat tokens` lists those that are good");
        }
        (*count > MOST).then(|| SPAN.saturating_sub(now.duration_since(*since)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_shows_too_many_wrong_tokens_waits_until_their_minute_is_over() {
        let strangers = Strangers::default();
        let [one, other] = [[127, 0, 0, 1], [127, 0, 0, 2]].map(IpAddr::from);
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        for _ in 0..MOST {
            assert_eq!(strangers.met(one, start), None);
        }
        assert_eq!(strangers.met(one, after(20)), Some(Duration::from_secs(40)));
        assert_eq!(strangers.met(other, after(20)), None);
        assert_eq!(strangers.met(one, after(60)), None, "a new minute");
        for number in 0..2000_u32 {
            strangers.met(IpAddr::from(number.to_be_bytes()), after(61));
        }
        assert!(strangers.0.lock().unwrap().len() <= ADDRESSES);
        assert_eq!(strangers.met(IpAddr::from([9, 9, 9, 9]), after(62)), Some(SPAN));
        assert_eq!(strangers.met(IpAddr::from([9, 9, 9, 9]), after(200)), None);
    }
}
