//! A web server that answers as it is told, in turn, and keeps what it was asked.

use super::certificates::CertificateFiles;
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

/// An answer that never comes.
pub const SILENCE: &str = "";
/// The connection is cut once all is read.
pub const CUT: &str = "cut";
/// An answer whose body does not end, while the connection stays open.
pub const ENDLESS: &str = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nit goes on";

/// It ends with the test's process.
pub struct WebServer {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub head: String,
    pub body: Vec<u8>,
}

impl Asked {
    /// A header's value, by its name in lower case.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value)
    }
}

impl WebServer {
    /// Answers all with this; [`SILENCE`]: never.
    pub fn start(answer: &'static str) -> Self {
        Self::in_turn(0, &[answer], None)
    }

    /// One answer after the other, the last one again and again.
    pub fn answering(answers: &[&'static str]) -> Self {
        Self::in_turn(0, answers, None)
    }

    /// On a port that was free a moment ago.
    pub fn start_at(port: u16, answer: &'static str) -> Self {
        Self::in_turn(port, &[answer], None)
    }

    /// The same over TLS.
    pub fn with_tls(answer: &'static str, files: &CertificateFiles) -> Self {
        let chain = CertificateDer::pem_file_iter(&files.certificate).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
        Self::in_turn(0, &[answer], Some(config))
    }

    fn in_turn(port: u16, answers: &[&'static str], tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, answers) = (Arc::new(Mutex::new(Vec::new())), answers.to_vec());
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            let mut silent: Vec<Box<dyn Send>> = Vec::new();
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let turn = kept.lock().unwrap().len().min(answers.len() - 1);
                let left = match &tls {
                    None => converse(stream, answers[turn], &kept),
                    Some(tls) => {
                        let server = ServerConnection::new(Arc::clone(tls)).unwrap();
                        converse(StreamOwned::new(server, stream), answers[turn], &kept)
                    }
                };
                silent.extend(left);
            }
        });
        Self { port, asked }
    }

    /// The heads of what it was asked.
    pub fn asked(&self) -> Vec<String> {
        self.requests().into_iter().map(|asked| asked.head).collect()
    }

    /// What it was asked, in order.
    pub fn requests(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// Answers once; a stream that gets no answer is handed back, so that it stays open.
fn converse<S: Read + Write + Send + 'static>(
    mut stream: S,
    answer: &str,
    kept: &Mutex<Vec<Asked>>,
) -> Option<Box<dyn Send>> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    if head.is_empty() {
        return None; // it did not like our certificate, or was only looking
    }
    let mut asked = Asked { head: String::from_utf8_lossy(&head).into_owned(), body: Vec::new() };
    asked.body = vec![0; asked.header("content-length").parse().unwrap_or(0)];
    let is_whole = stream.read_exact(&mut asked.body).is_ok();
    assert!(is_whole, "a request breaks off: {asked:?}");
    kept.lock().unwrap().push(asked);
    match answer {
        SILENCE => return Some(Box::new(stream)),
        CUT => {}
        ENDLESS => {
            let _ = stream.write_all(ENDLESS.as_bytes());
            return Some(Box::new(stream));
        }
        answer => _ = stream.write_all(answer.as_bytes()),
    }
    None
}
