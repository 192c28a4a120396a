//! `webhooks:` of packetboat.yaml: addresses on the web that are told as people are, each with the secret that we sign by.

use super::{
    Server,
    fields::Fields,
    keys::{Table, required},
    read,
    read_ftp::is_loopback,
    read_secret::{password, secret, variable_name},
    sheet::{Problem, Sheet},
    surroundings::Surroundings,
    url::{Url, UrlSecurity},
    yaml::{Entry, Node},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt;

/// The keys of one of `webhooks`.
pub const WEBHOOK: Table = Table {
    name: "a webhook",
    keys: &[required("url"), required("secret")],
    moved: &[
        ("to", "write `url`"),
        ("address", "write `url`"),
        ("key", "write `secret`"),
        ("token", "write `secret`: what we send is signed by it"),
        ("headers", "leave it out: what we send is signed by `secret`"),
        ("on", "write it in `notices`: `- { webhook: NAME, on: [failed] }`"),
    ],
};

/// A secret that begins so is base64 from there on (Standard Webhooks).
const ENCODED: &str = "whsec_";
/// What Standard Webhooks asks of a secret.
const SHORTEST: usize = 24;

/// One of `webhooks`, checked.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub url: Url,
    pub key: SigningKey,
}

/// The bytes that a webhook's messages are signed by. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// The bytes that `text` stands for: after `whsec_` those that its base64 says, else its own.
    ///
    /// # Errors
    /// When it begins with `whsec_` and is no base64.
    pub fn parse(text: &str) -> Result<Self, base64::DecodeError> {
        match text.strip_prefix(ENCODED) {
            Some(encoded) => STANDARD.decode(encoded).map(Self),
            None => Ok(Self(text.as_bytes().to_vec())),
        }
    }

    /// The bytes themselves: only to sign by.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("*******")
    }
}

/// What `webhooks.NAME` says.
pub fn webhook(sheet: &Sheet, name: &str, entry: &Entry, around: &Surroundings<'_>) -> Option<Server> {
    let fields = Fields::open(sheet, &WEBHOOK, &entry.key.at, &entry.value)?;
    let url = fields.need("url", url);
    let key = fields.need("secret", |sheet, node| key(sheet, node, name, around));
    Some(Server::Webhook(Webhook { url: url?, key: key? }))
}

/// What is told names files, servers and their words: over TLS, or within this machine.
fn url(sheet: &Sheet, node: &Node) -> Option<Url> {
    let url = read::spelt("an address on the web", Url::parse)(sheet, node)?;
    if url.security == UrlSecurity::None && !is_loopback(&url.host) {
        let problem = Problem::error(&node.at, "what a webhook is told would travel in the clear");
        sheet.report(problem.hint("write https://…; http:// is for this machine alone (127.0.0.1, localhost)"));
        return None;
    }
    Some(url)
}

fn key(sheet: &Sheet, node: &Node, name: &str, around: &Surroundings<'_>) -> Option<SigningKey> {
    let secret = secret(sheet, node, &variable_name(name, "SECRET"), around)?;
    let secret = password(sheet, node, secret)?;
    let Ok(key) = SigningKey::parse(secret.reveal()) else {
        let problem = Problem::error(&node.at, "after `whsec_` this secret is no base64");
        sheet.report(problem.hint("copy it whole, from whoever takes the webhook"));
        return None;
    };
    if key.0.len() < SHORTEST {
        let problem = Problem::warning(&node.at, format!("this secret has {} bytes, and can be guessed", key.0.len()));
        sheet.report(problem.hint("make one of 32: `echo whsec_$(openssl rand -base64 32)`"));
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use crate::config::{Server, load_with};

    /// The key, or all that is said of it.
    fn loaded(url: &str, secret: &str) -> Result<(Vec<u8>, String), String> {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("webhooks: {{ crm: {{ url: \"{url}\", secret: {{ env: S }} }} }}\n");
        std::fs::write(folder.path().join("packetboat.yaml"), text).unwrap();
        let loaded = load_with(&folder.path().join("packetboat.yaml"), &|_| Some(secret.into()));
        let said: String = loaded.findings.into_iter().map(|finding| format!("{finding:?}\n")).collect();
        assert!(!said.contains(secret), "{said}");
        let Some(settings) = loaded.settings else { return Err(said) };
        let Server::Webhook(webhook) = &settings.servers["crm"] else { return Err("no webhook".into()) };
        assert!(!format!("{settings:?}").contains(secret));
        Ok((webhook.key.reveal().to_vec(), said))
    }

    #[test]
    fn a_secret_is_its_own_bytes_or_those_that_its_base64_says() {
        let plain = "twenty-four letters and more";
        assert_eq!(loaded("https://crm.example.com/", plain), Ok((plain.into(), String::new())));
        let (key, said) = loaded("https://crm.example.com/", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!((key.len(), &*said), (24, ""));
        assert!(loaded("https://crm.example.com/", "whsec_*").unwrap_err().contains("no base64"));
        assert!(loaded("https://crm.example.com/", "Short-Secret").unwrap().1.contains("12 bytes"));
    }

    #[test]
    fn only_this_machine_is_told_in_the_clear() {
        let secret = "twenty-four letters and more";
        for url in ["http://127.0.0.1:8080/hook", "http://localhost/hook", "http://[::1]/hook"] {
            assert!(loaded(url, secret).is_ok(), "{url}");
        }
        for url in ["http://crm.example.com/hook", "http://10.0.0.1/", "http://127.0.0.1.example.com/"] {
            assert!(loaded(url, secret).unwrap_err().contains("in the clear"), "{url}");
        }
    }
}
