//! A web server that answers every question alike, and keeps them.

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

/// It ends with the test's process.
pub struct WebServer {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl WebServer {
    /// Answers with this; nothing: never.
    pub fn start(answer: &'static str) -> Self {
        Self::serve(answer, None)
    }

    /// The same over TLS.
    pub fn with_tls(answer: &'static str, files: &CertificateFiles) -> Self {
        let chain = CertificateDer::pem_file_iter(&files.certificate).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Self::serve(answer, Some(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap())))
    }

    fn serve(answer: &'static str, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            let mut silent: Vec<Box<dyn Send>> = Vec::new();
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let left = match &tls {
                    None => converse(stream, answer, &kept),
                    Some(tls) => {
                        let server = ServerConnection::new(Arc::clone(tls)).unwrap();
                        converse(StreamOwned::new(server, stream), answer, &kept)
                    }
                };
                silent.extend(left);
            }
        });
        Self { port, asked }
    }

    /// What it was asked, headers and all.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Answers once; a stream that gets no answer is handed back, so that it stays open.
fn converse<S: Read + Write + Send + 'static>(
    mut stream: S,
    answer: &str,
    kept: &Mutex<Vec<String>>,
) -> Option<Box<dyn Send>> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    if head.is_empty() {
        return None; // it did not like our certificate
    }
    kept.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
    if answer.is_empty() {
        return Some(Box::new(stream));
    }
    let _ = stream.write_all(answer.as_bytes());
    None
}
