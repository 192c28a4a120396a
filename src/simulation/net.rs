//! Which hosts are simulated.

use crate::simulation::{Server, World};
use std::sync::Arc;

/// The server that this host is in the world of this thread.
#[must_use]
pub fn server(host: &str) -> Option<Arc<Server>> {
    World::with(|world| world.servers.get(host).cloned()).flatten()
}
