//! Bytes as a message request in either notation: a message, or words about what is wrong, and no header that nobody asked for.

use packetboat::{
    config,
    domain::{Moment, Ref},
    rules::{Notation, Requests},
};
use std::path::Path;

pub fn try_with(bytes: &[u8]) {
    let requests = Requests::new(&config::load(Path::new("/no/packetboat.yaml")).outline);
    for notation in [Notation::Yaml, Notation::Json] {
        match requests.message(("request", notation), bytes, (Ref([7; 16]), Moment(1_795_330_800_000))) {
            Ok(asked) => {
                assert!(!asked.recipients.is_empty());
                for address in asked.recipients.iter().map(String::as_str).chain([asked.sender.address()]) {
                    assert!(!address.contains(['\r', '\n', '\0']), "{address:?}");
                }
                let header_end = asked.bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a header");
                let header = String::from_utf8_lossy(&asked.bytes[..header_end]).to_ascii_lowercase();
                assert!(!header.contains("\r\nbcc:") && header.matches("\r\nmime-version:").count() == 1, "{header}");
            }
            Err(why) => assert!(!why.to_string().trim().is_empty()),
        }
    }
}
