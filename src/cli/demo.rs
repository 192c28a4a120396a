//! `demo [--once]`: see it work.

use crate::{
    cli::{
        args::Demo,
        exit::{Exit, Failure},
        serve::runtime,
    },
    demo::{Tour, demo as tour},
};

/// Shows the tour; fails when a file did not arrive as it was sent.
pub fn demo(wanted: &Demo) -> Result<Exit, Failure> {
    let far = if wanted.once { Tour::Once } else { Tour::Open };
    runtime()?.block_on(tour(far)).map_err(|why| Failure::Other(why.into()))?;
    Ok(Exit::Done)
}
