//! What we do on this machine: copies into folders, sources moved or deleted. All of it blocks: it is for a thread.

mod failure;
mod place;
mod save;
mod take_away;

pub use save::{Save, save};
pub use take_away::{Earlier, TakeAway, earlier, go_on, is_aside, put_back, take_away, undo};
