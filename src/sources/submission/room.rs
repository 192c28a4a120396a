//! Memory for messages that are coming in: of one, and of all together.

use crate::smtp::server::{Came, Room};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that a permit stands for.
const UNIT: usize = 16 << 10;
/// Of the largest messages, so many at once.
const LARGEST: u64 = 4;

/// Memory for the messages of all clients, each of at most `message_size` bytes.
pub(super) fn memory(message_size: u64) -> Arc<Semaphore> {
    let units = usize::try_from(LARGEST * message_size).unwrap_or(usize::MAX) / UNIT;
    Arc::new(Semaphore::new(units.clamp(1, Semaphore::MAX_PERMITS)))
}

/// The part of it that one message has.
#[derive(Debug)]
pub(super) struct Held {
    memory: Arc<Semaphore>,
    has: Option<OwnedSemaphorePermit>,
    most: u64,
}

impl Held {
    /// Nothing yet, and at most `most` bytes.
    pub(super) fn of(memory: &Arc<Semaphore>, most: u64) -> Self {
        Self { memory: memory.clone(), has: None, most }
    }
}

impl Room for Held {
    fn grow_to(&mut self, bytes: usize) -> Result<(), Came> {
        if bytes as u64 > self.most {
            self.has = None;
            return Err(Came::TooLarge);
        }
        let has = self.has.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let lacks = bytes.div_ceil(UNIT).saturating_sub(has);
        if lacks == 0 {
            return Ok(());
        }
        let more = u32::try_from(lacks).ok().and_then(|lacks| self.memory.clone().try_acquire_many_owned(lacks).ok());
        match (more, &mut self.has) {
            (None, _) => {
                self.has = None;
                return Err(Came::NoRoom);
            }
            (Some(more), Some(has)) => has.merge(more),
            (Some(more), none) => *none = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_messages_together_have_no_more_than_memory_is_for() {
        let most = 1 << 20;
        let memory = memory(most);
        let mut all: Vec<Held> = (0..5).map(|_| Held::of(&memory, most)).collect();
        for held in &mut all[..4] {
            assert_eq!(held.grow_to(1), Ok(()));
            assert_eq!(held.grow_to(1 << 20), Ok(()));
        }
        assert_eq!(all[4].grow_to(1), Err(Came::NoRoom));
        assert_eq!(all[0].grow_to((1 << 20) + 1), Err(Came::TooLarge));
        assert_eq!(all[4].grow_to(1 << 20), Ok(()), "what was too large has let go");
    }
}
