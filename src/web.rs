//! A question to somebody's web server: one GET on a connection of its own, and nothing that it answers is followed (RFC 9112).

use crate::{
    config::{TlsVersion, Trust, Url, UrlSecurity},
    tls::ClientTls,
};
use http_body_util::Empty;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{CONNECTION, HOST, USER_AGENT},
    rt::{Read, Write},
};
use hyper_util::rt::TokioIo;
use std::{pin::pin, time::Duration};
use tokio::{net::TcpStream, task::spawn_blocking, time::timeout};

/// Why there is no answer that we like. Says nothing of the path, which may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum GetError {
    #[error("{host}: {why}")]
    Unreachable { host: String, why: String },
    #[error("{host}: no answer within {} s", within.as_secs())]
    TooLate { host: String, within: Duration },
    /// An answer, and another one than 2xx; a redirect is one.
    #[error("{host} answered {status}")]
    Refused { host: String, status: u16 },
}

/// Asks for `url`, and is content with any 2xx.
///
/// # Errors
/// Why not, `within` that time at the latest.
pub async fn get(url: &Url, within: Duration) -> Result<(), GetError> {
    let host = url.authority();
    match timeout(within, ask(url)).await {
        Err(_) => Err(GetError::TooLate { host, within }),
        Ok(Err(why)) => Err(GetError::Unreachable { host, why }),
        Ok(Ok(200..=299)) => Ok(()),
        Ok(Ok(status)) => Err(GetError::Refused { host, status }),
    }
}

async fn ask(url: &Url) -> Result<u16, String> {
    let tcp = TcpStream::connect((&*url.host, url.port)).await.map_err(|why| why.to_string())?;
    match url.security {
        UrlSecurity::None => talk(url, TokioIo::new(tcp)).await,
        UrlSecurity::Tls => {
            let host = url.host.clone();
            let tls = spawn_blocking(move || ClientTls::for_connection(&host, &Trust::default(), TlsVersion::V1_3));
            let tls = tls.await.map_err(|why| why.to_string())?.map_err(|why| why.to_string())?;
            talk(url, TokioIo::new(tls.connect(tcp).await.map_err(|why| why.to_string())?)).await
        }
    }
}

async fn talk<S: Read + Write + Unpin + Send + 'static>(url: &Url, stream: S) -> Result<u16, String> {
    let (mut sender, connection) = http1::handshake(stream).await.map_err(|why| why.to_string())?;
    let request = Request::get(&url.path)
        .header(HOST, url.authority())
        .header(USER_AGENT, concat!("packetboat/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|why| why.to_string())?;
    let mut answer = pin!(sender.send_request(request));
    let ended = tokio::select! {
        biased;
        answer = &mut answer => return status(answer),
        ended = connection => ended,
    };
    // an answer that ends the connection may have come with its end
    status(answer.await).map_err(|why| ended.map_or_else(|ended| ended.to_string(), |()| why))
}

fn status(answer: hyper::Result<Response<Incoming>>) -> Result<u16, String> {
    answer.map(|answer| answer.status().as_u16()).map_err(|why| why.to_string())
}
