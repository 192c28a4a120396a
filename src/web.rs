//! A question to somebody's web server, or a word to it: one request on a connection of its own, and nothing that it answers is
//! followed (RFC 9112).

use crate::{
    config::{Url, UrlSecurity},
    tls::{ClientTls, SettingError, TlsTrouble},
};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use std::{fmt, io, pin::pin, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::spawn_blocking,
    time::timeout,
};

/// Bytes of an answer's body that are looked at, and for how long.
const LOOKED_AT: usize = 512;
const LOOK_FOR: Duration = Duration::from_secs(2);

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

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("{host}: {why}")]
    Unreachable { host: String, why: io::Error },
    #[error("{host}: no connection within {} s", within.as_secs())]
    TooLate { host: String, within: Duration },
    #[error("{host}: {why}")]
    Tls { host: String, why: TlsTrouble },
    /// Nothing of theirs: ours.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

/// Why there is no answer to a request.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The connection was dead: nothing of the request has gone out.
    #[error("{0}")]
    Unsent(String),
    /// Some of it has gone out, or all: whether it was heard is not known.
    #[error("{0}")]
    Unanswered(String),
}

/// What was answered; of a body, its first line, unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// `404 Not Found`, and what was said beside it.
    pub words: String,
    /// As it was written (RFC 9110 section 10.2.3).
    pub retry_after: Option<String>,
}

/// A connection for one request.
pub struct Connection {
    stream: Box<dyn Stream>,
    /// `TLSv1.3` and the like; `None` on a plain connection.
    pub tls: Option<&'static str>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("tls", &self.tls).finish_non_exhaustive()
    }
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

/// Connects to the server of `url`, over TLS where it says so.
///
/// # Errors
/// Why there is no connection, `within` that time at the latest.
pub async fn connect(url: &Url, within: Duration) -> Result<Connection, ConnectError> {
    let late = |_| ConnectError::TooLate { host: url.authority(), within };
    timeout(within, open(url)).await.map_err(late)?
}

impl Connection {
    /// Posts `json` with these headers beside the usual ones, and reads what is answered. A redirect is an answer like another.
    ///
    /// # Errors
    /// Why there is none, `within` that time at the latest.
    pub async fn post(
        self,
        url: &Url,
        headers: &[(&'static str, String)],
        json: Vec<u8>,
        within: Duration,
    ) -> Result<Answer, PostError> {
        let mut request = request(Method::POST, url).header(CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::from(json)).map_err(|why| PostError::Unsent(why.to_string()))?;
        let late = |_| PostError::Unanswered(format!("no answer within {} s", within.as_secs()));
        let answer = timeout(within, talk(self, request, answer)).await.map_err(late)?;
        let mut answer = answer.map_err(|broken| match broken.is_sent {
            true => PostError::Unanswered(broken.why),
            false => PostError::Unsent(broken.why),
        })?;
        // some say back what they were asked
        let path = url.path.split('?').next().filter(|path| path.len() > 1);
        for ours in [&*url.path]
            .into_iter()
            .filter(|path| path.len() > 1)
            .chain(path)
            .chain(headers.iter().map(|(_, value)| &**value))
        {
            answer.words = answer.words.replace(ours, "…");
        }
        Ok(answer)
    }
}

async fn ask(url: &Url) -> Result<u16, String> {
    let connection = open(url).await.map_err(|error| match error {
        ConnectError::Unreachable { why, .. } => why.to_string(),
        ConnectError::Tls { why, .. } => why.to_string(),
        other => other.to_string(),
    })?;
    let request = request(Method::GET, url).body(Full::default()).map_err(|why| why.to_string())?;
    talk(connection, request, async |answer| answer.status().as_u16()).await.map_err(|broken| broken.why)
}

async fn open(url: &Url) -> Result<Connection, ConnectError> {
    let host = url.authority();
    let tcp = match TcpStream::connect((&*url.host, url.port)).await {
        Ok(tcp) => tcp,
        Err(why) => return Err(ConnectError::Unreachable { host, why }),
    };
    if url.security == UrlSecurity::None {
        return Ok(Connection { stream: Box::new(tcp), tls: None });
    }
    let name = url.host.clone();
    let tls = spawn_blocking(move || ClientTls::for_web(&name));
    let tls = match tls.await {
        Ok(tls) => tls?,
        Err(why) => return Err(ConnectError::Unreachable { host, why: io::Error::other(why) }),
    };
    let stream = tls.connect(tcp).await.map_err(|why| ConnectError::Tls { host, why })?;
    let version = stream.get_ref().1.protocol_version().and_then(|version| version.as_str());
    Ok(Connection { stream: Box::new(stream), tls: version })
}

fn request(method: Method, url: &Url) -> hyper::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(&url.path)
        .header(HOST, url.authority())
        .header(USER_AGENT, concat!("packetboat/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
}

/// What came in place of an answer.
struct Broken {
    why: String,
    /// Or some of it is.
    is_sent: bool,
}

/// One request, and what `read` makes of the answer.
async fn talk<T>(
    connection: Connection,
    request: Request<Full<Bytes>>,
    read: impl AsyncFnOnce(Response<Incoming>) -> T,
) -> Result<T, Broken> {
    let broken = |why: hyper::Error| Broken { is_sent: !why.is_canceled(), why: why.to_string() };
    let (mut sender, connection) = http1::handshake(TokioIo::new(connection.stream)).await.map_err(broken)?;
    let mut answer = pin!(async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        Ok(read(answer).await)
    });
    let ended = tokio::select! {
        biased;
        answer = &mut answer => return answer,
        ended = connection => ended,
    };
    // an answer that ends the connection may have come with its end
    answer.await.map_err(|broken: Broken| match ended {
        Err(ended) => Broken { why: ended.to_string(), ..broken },
        Ok(()) => broken,
    })
}

/// The answer with what its body begins with; a body that breaks off, or does not end, makes it no other answer.
async fn answer(answer: Response<Incoming>) -> Answer {
    let status = answer.status();
    let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (mut body, mut begin) = (answer.into_body(), Vec::new());
    let look = async {
        while begin.len() < LOOKED_AT
            && let Some(Ok(frame)) = body.frame().await
        {
            begin.extend(frame.data_ref().into_iter().flatten());
        }
    };
    let _ = timeout(LOOK_FOR, look).await; // what was read by then is looked at
    begin.truncate(LOOKED_AT);
    let text = String::from_utf8_lossy(&begin);
    let line: String = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned();
    let status_words = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let words =
        if line.is_empty() { status_words.trim().to_owned() } else { format!("{}: {line}", status_words.trim()) };
    Answer { status: status.as_u16(), words, retry_after }
}
