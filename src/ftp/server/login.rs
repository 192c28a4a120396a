//! One user with one password.

use crate::config::Secret;
use async_trait::async_trait;
use unftp_core::auth::{AuthenticationError, Authenticator, Credentials, Principal};

/// Lets in exactly one name with exactly one password.
#[derive(Debug)]
pub(super) struct OneUser {
    pub user: String,
    pub password: Secret,
}

#[async_trait]
impl Authenticator for OneUser {
    async fn authenticate(&self, user: &str, given: &Credentials) -> Result<Principal, AuthenticationError> {
        if user != self.user {
            return Err(AuthenticationError::BadUser);
        }
        if given.password.as_deref() != Some(self.password.reveal()) {
            return Err(AuthenticationError::BadPassword);
        }
        Ok(Principal { username: user.to_owned() })
    }
}
