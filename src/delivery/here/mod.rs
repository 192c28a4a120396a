//! What we do on this machine: copies into folders, sources moved or deleted. All of it blocks: it is for a thread.

mod earlier;
mod failure;
mod place;
mod save;
mod take_away;

pub use earlier::{Earlier, earlier, go_on, is_aside, put_back, undo};
pub use save::{Save, save};
pub use take_away::{TakeAway, take_away};
