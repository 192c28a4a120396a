//! The signature of a message (Standard Webhooks, «Signature scheme», v1): HMAC-SHA256 over `id.seconds.body`, in base64.

use crate::config::SigningKey;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;

/// What stands in `webhook-signature`. `seconds` since 1970 are those of the try.
pub(super) fn signature(key: &SigningKey, id: &str, seconds: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.reveal()));
    context.update(format!("{id}.{seconds}.").as_bytes());
    context.update(body);
    format!("v1,{}", STANDARD.encode(context.sign()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the reference libraries (standard-webhooks, «sign function works»).
    #[test]
    fn the_specifications_own_message_has_its_signature() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
