//! Whether somebody who shows a token may do what they ask for.

use crate::{
    accounts::TokenSecret,
    clock::Clock,
    domain::Scope,
    store::{Store, StoreError, TokenLine},
};

/// The tokens that there are, read at every request: one that is revoked ends at once.
#[derive(Debug, Clone)]
pub struct Tokens {
    store: Store,
    clock: Clock,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// Of the token.
    pub name: String,
    /// Whose keys theirs are: another token's of the same name are others.
    pub holder: String,
}

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    #[error("there is no such token")]
    Unknown,
    #[error("this token has expired")]
    Expired,
    #[error("this token was revoked")]
    Revoked,
    #[error("this token lacks the scope `{0}`")]
    Lacks(&'static str),
    /// Not now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Tokens {
    /// Those of `store`, by this clock.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Who shows `token`, if it is good for `scope`.
    ///
    /// # Errors
    /// [`Denied`].
    pub async fn admit(&self, token: &str, scope: Scope) -> Result<Bearer, Denied> {
        let secret = TokenSecret::shown(token).ok_or(Denied::Unknown)?;
        let (id, line) = self.store.token(secret.hash()).await?.ok_or(Denied::Unknown)?;
        let TokenLine { name, scopes, expires_at, revoked_at, .. } = line;
        if revoked_at.is_some() {
            return Err(Denied::Revoked);
        }
        if expires_at.is_some_and(|at| at <= self.clock.now()) {
            return Err(Denied::Expired);
        }
        if !scopes.contains(&scope) {
            return Err(Denied::Lacks(scope.word()));
        }
        Ok(Bearer { holder: format!("http token {id}"), name })
    }
}
