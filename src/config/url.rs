//! `http://…` and `https://…`: whom to ask, and for what.

use super::values::Fault;
use std::fmt;

/// An address on the web. Its path may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    pub security: UrlSecurity,
    pub host: String,
    pub port: u16,
    /// With its query; begins with `/`.
    pub path: String,
}

/// Whether it is asked over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlSecurity {
    Tls,
    None,
}

impl Url {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let hint = "an address is written https://hc.example.com/ping/…";
        let uri: hyper::Uri =
            text.parse().map_err(|why| Fault::new(format!("not an address on the web: {why}"), hint))?;
        let (security, usual) = match uri.scheme_str() {
            Some("https") => (UrlSecurity::Tls, 443),
            Some("http") => (UrlSecurity::None, 80),
            _ => return Err(Fault::new("an address on the web begins with https:// or http://", hint)),
        };
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or_else(|| Fault::new("this address names no host", hint))?;
        if authority.as_str().contains('@') {
            return Err(Fault::new(
                "a name and a password before the host are not sent",
                "leave them out, up to the `@`",
            ));
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            security,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(usual),
            path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
        })
    }

    /// What stands in `Host:`.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.security, self.port) {
            (UrlSecurity::Tls, 443) | (UrlSecurity::None, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

/// Without its path.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({})", self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        for (text, security, host, port, path, authority) in [
            (
                "https://hc.example.com/ping/ab-c",
                UrlSecurity::Tls,
                "hc.example.com",
                443,
                "/ping/ab-c",
                "hc.example.com",
            ),
            ("https://hc.example.com", UrlSecurity::Tls, "hc.example.com", 443, "/", "hc.example.com"),
            ("http://[::1]:8080/a?b=c", UrlSecurity::None, "::1", 8080, "/a?b=c", "[::1]:8080"),
            ("http://h?x", UrlSecurity::None, "h", 80, "/?x", "h"),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(
                (url.security, &*url.host, url.port, &*url.path, &*url.authority()),
                (security, host, port, path, authority)
            );
            assert!(!format!("{url:?}").contains("ping"));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in
            ["hc.example.com", "/ping", "ftp://a/b", "https://", "https://a b/", "https://u:p@h/", "https://h/\r\nX: y"]
        {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }
}
