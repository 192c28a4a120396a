//! AUTH (RFC 4954): PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login) and XOAUTH2 (as Google and Microsoft have it).

use crate::{
    config::{PasswordBy, Secret, SmtpProof},
    smtp::client::{
        Capabilities, Error, Reply, Session,
        session::DONE,
        token::{self, PATIENCE},
    },
};
use lettre::transport::smtp::{
    authentication::{Credentials, Mechanism},
    commands::Auth,
};
use std::{ops::RangeInclusive, sync::Arc};

/// The server waits for more.
const GO_ON: RangeInclusive<u16> = 334..=334;

impl Session {
    /// Does nothing where the settings name no login.
    pub(super) async fn log_in(&mut self) -> Result<(), Error> {
        let server = Arc::clone(&self.server);
        let Some(login) = &server.login else { return Ok(()) };
        let mechanism = choose(&login.proof, &self.capabilities)?;
        let secret = match &login.proof {
            SmtpProof::Password(password, _) => password.clone(),
            SmtpProof::TokenCommand(command) => token::fetch(command, PATIENCE).await?,
        };
        let credentials = Credentials::new(login.user.clone(), secret.reveal().to_owned());
        self.secrets.push(secret);
        if mechanism == Mechanism::Login {
            self.ask("AUTH", Some("AUTH LOGIN\r\n".to_owned()), GO_ON).await?;
            // What servers call the two differs, and lettre knows them by these names; their order does not.
            self.show(mechanism, &credentials, Some("Username"), GO_ON).await?;
            return self.show(mechanism, &credentials, Some("Password"), DONE).await.map(drop);
        }
        let reply = self.show(mechanism, &credentials, None, 200..=334).await?;
        if GO_ON.contains(&reply.code) {
            // XOAUTH2 tells first why it refuses a token, and refuses once we have taken note.
            self.ask("AUTH", Some("\r\n".to_owned()), DONE).await?;
        }
        Ok(())
    }

    /// Sends what `mechanism` has to say to the server's prompt, and forgets none of it when a reply is to be cleared of secrets.
    #[expect(
        clippy::expect_used,
        reason = "lettre refuses a prompt for a mechanism that has none, and the other way round"
    )]
    async fn show(
        &mut self,
        mechanism: Mechanism,
        credentials: &Credentials,
        prompt: Option<&str>,
        wanted: RangeInclusive<u16>,
    ) -> Result<Reply, Error> {
        let words = Auth::new(mechanism, credentials.clone(), prompt.map(str::to_owned));
        let line = words.expect("LOGIN comes with a prompt, the others without").to_string();
        self.secrets.extend(line.split_whitespace().last().map(Secret::new));
        self.ask("AUTH", Some(line), wanted).await
    }
}

/// The strongest that the settings allow and the server offers.
fn choose(proof: &SmtpProof, offered: &Capabilities) -> Result<Mechanism, Error> {
    let (wanted, allowed): (_, &[_]) = match proof {
        SmtpProof::Password(_, PasswordBy::Auto) => ("AUTH PLAIN or LOGIN", &[Mechanism::Plain, Mechanism::Login]),
        SmtpProof::Password(_, PasswordBy::Plain) => ("AUTH PLAIN", &[Mechanism::Plain]),
        SmtpProof::Password(_, PasswordBy::Login) => ("AUTH LOGIN", &[Mechanism::Login]),
        SmtpProof::TokenCommand(_) => ("AUTH XOAUTH2", &[Mechanism::Xoauth2]),
    };
    let is_offered = |mechanism: &&Mechanism| offered.auth.contains(&mechanism.to_string());
    let chosen = allowed.iter().find(is_offered).copied();
    chosen.ok_or_else(|| Error::NoLogin { wanted, offered: offered.auth.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_that_is_offered_is_taken() {
        let password = |by| SmtpProof::Password(Secret::new("b0at"), by);
        let token = || SmtpProof::TokenCommand(vec!["print-token".to_owned()]);
        for (proof, offered, chosen) in [
            (password(PasswordBy::Auto), "CRAM-MD5 LOGIN PLAIN", Ok("PLAIN")),
            (password(PasswordBy::Auto), "LOGIN XOAUTH2", Ok("LOGIN")),
            (password(PasswordBy::Login), "LOGIN PLAIN", Ok("LOGIN")),
            (password(PasswordBy::Plain), "LOGIN", Err("the server offers no AUTH PLAIN: it offers LOGIN")),
            (password(PasswordBy::Auto), "", Err("the server offers no AUTH PLAIN or LOGIN, and no other login")),
            (token(), "PLAIN XOAUTH2", Ok("XOAUTH2")),
            (token(), "PLAIN", Err("the server offers no AUTH XOAUTH2: it offers PLAIN")),
        ] {
            let auth = offered.split_whitespace().map(str::to_owned).collect();
            let offered = Capabilities { auth, ..Capabilities::default() };
            let found = choose(&proof, &offered).map(|mechanism| mechanism.to_string()).map_err(|why| why.to_string());
            assert_eq!(found, chosen.map(str::to_owned).map_err(str::to_owned));
        }
    }
}
