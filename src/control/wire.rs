//! One JSON object a line, of bounded length, within a bounded time.

use serde::{Serialize, de::DeserializeOwned};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

/// Room for some fifty thousand typed ids.
pub(super) const LONGEST_LINE: u64 = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("the line is longer than {LONGEST_LINE} bytes")]
    TooLong,
    #[error("not understood: {0}")]
    NotUnderstood(#[from] serde_json::Error),
    #[error("nothing came for {0:?}")]
    TooLate(Duration),
    #[error(transparent)]
    Broken(#[from] io::Error),
}

/// The next message; `None` when the other side has nothing more to say.
pub(super) async fn receive<T: DeserializeOwned>(
    from: &mut (impl AsyncBufRead + Unpin),
    within: Duration,
) -> Result<Option<T>, WireError> {
    let mut line = Vec::new();
    let mut bounded = from.take(LONGEST_LINE + 1);
    timeout(within, bounded.read_until(b'\n', &mut line)).await.map_err(|_| WireError::TooLate(within))??;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(serde_json::from_slice(&line)?)),
        Some(_) if line.len() as u64 > LONGEST_LINE => Err(WireError::TooLong),
        Some(_) => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
    }
}

/// Sends it all, whatever the other side does, or gives up.
pub(super) async fn send(
    to: &mut (impl AsyncWrite + Unpin),
    message: &(impl Serialize + Sync),
    within: Duration,
) -> Result<(), WireError> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    if line.len() as u64 > LONGEST_LINE {
        return Err(WireError::TooLong);
    }
    let written = async {
        to.write_all(&line).await?;
        to.flush().await
    };
    timeout(within, written).await.map_err(|_| WireError::TooLate(within))??;
    Ok(())
}
