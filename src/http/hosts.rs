//! The Host field: a page of somebody else's whose name was made to point here (DNS rebinding) shows its own name there.

use hyper::{HeaderMap, header::HOST};
use std::net::SocketAddr;

/// The names by which we answer, in small letters, without a port.
#[derive(Debug, Clone)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    /// The address that is listened on, this machine's name for itself, and those of packetboat.yaml.
    pub(super) fn new(listen: SocketAddr, configured: &[String]) -> Self {
        let mut names: Vec<String> = configured.iter().map(|name| name.to_ascii_lowercase()).collect();
        if !listen.ip().is_unspecified() {
            names.push(listen.ip().to_string());
        }
        if listen.ip().is_loopback() {
            names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
        }
        Self(names)
    }

    /// Whether a request is meant for us: with one Host field (RFC 9112 section 3.2) that has one of these names.
    pub(super) fn knows(&self, headers: &HeaderMap) -> bool {
        let mut fields = headers.get_all(HOST).iter();
        let (Some(field), None) = (fields.next(), fields.next()) else { return false };
        field.to_str().ok().and_then(name_of).is_some_and(|name| self.0.contains(&name))
    }
}

/// Without its port, and without the brackets of an address.
fn name_of(field: &str) -> Option<String> {
    let (name, port) = match field.strip_prefix('[') {
        Some(rest) => {
            let (name, port) = rest.split_once(']')?;
            (name, port.strip_prefix(':').or(port.is_empty().then_some(""))?)
        }
        None => field.split_once(':').unwrap_or((field, "")),
    };
    port.bytes().all(|byte| byte.is_ascii_digit()).then(|| name.trim_end_matches('.').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn only_our_own_names_are_answered() {
        let hosts = Hosts::new("127.0.0.1:8600".parse().unwrap(), &["Mail.Example.com".to_owned()]);
        for (fields, is_ours) in [
            (&["127.0.0.1:8600"][..], true),
            (&["localhost"], true),
            (&["LOCALHOST:1"], true),
            (&["[::1]:8600"], true),
            (&["mail.example.com."], true),
            (&["evil.example"], false),
            (&["127.0.0.1.evil.example"], false),
            (&["localhost:80@evil"], false),
            (&["[::1]x"], false),
            (&["[::1"], false),
            (&[""], false),
            (&[], false),
            (&["localhost", "localhost"], false),
        ] {
            let mut headers = HeaderMap::new();
            fields.iter().for_each(|field| _ = headers.append(HOST, HeaderValue::from_static(field)));
            assert_eq!(hosts.knows(&headers), is_ours, "{fields:?}");
        }
        let hosts = Hosts::new("0.0.0.0:8600".parse().unwrap(), &[]);
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("0.0.0.0:8600"))]);
        assert!(!hosts.knows(&headers));
    }
}
