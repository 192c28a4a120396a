//! `tokens`: who may use the HTTP door.

use crate::{
    cli::{
        args::{AddToken, TokenVerb, Tokens},
        console::Console,
        exit::{Exit, Failure, heard, unasked},
        text,
    },
    control::{self, Answer, Command, Site, TokenSecret},
    domain::Sha256,
};
use serde::Serialize;
use std::path::Path;

/// Makes one, ends one, or lists them.
pub async fn tokens(wanted: &Tokens, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    match &wanted.verb {
        None => list(config, console).await,
        Some(TokenVerb::Add(wanted)) => add(wanted, config, console).await,
        Some(TokenVerb::Revoke { name }) => revoke(name, config, console).await,
    }
}

/// The token itself, which is nowhere else.
#[derive(Debug, Serialize)]
struct Made<'a> {
    name: &'a str,
    token: &'a str,
}

/// It is made here: whoever holds the lock is told its hash alone.
async fn add(wanted: &AddToken, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let site = Site::find(config)?;
    let secret = TokenSecret::new().map_err(|why| Failure::Other(why.into()))?;
    let Sha256(sha256) = secret.hash();
    let expires_at = wanted.expires.map(|span| console.calendar(site.time_zone).now.plus(span));
    let command = Command::AddToken { name: wanted.name.clone(), sha256, scopes: wanted.scopes.clone(), expires_at };
    match heard(control::act(&site.storage, site.known.clone(), &command).await?)? {
        Answer::Token { name } => {
            let told = || {
                format!(
                    "{}\n\nThis is the token {name}. It is shown this once: keep it where {name} finds it, and nobody else.\n",
                    secret.reveal()
                )
            };
            console.answer(&Made { name: &name, token: secret.reveal() }, told)?;
            Ok(Exit::Done)
        }
        other => Err(unasked(&other)),
    }
}

async fn revoke(name: &str, config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let site = Site::find(config)?;
    let command = Command::RevokeToken { name: name.to_owned() };
    let answer = heard(control::act(&site.storage, site.known.clone(), &command).await?)?;
    match &answer {
        Answer::Token { name } => console.answer(&answer, || format!("{name} is revoked\n"))?,
        other => return Err(unasked(other)),
    }
    Ok(Exit::Done)
}

async fn list(config: Option<&Path>, console: &Console) -> Result<Exit, Failure> {
    let site = Site::find(config)?;
    let store = control::read(&site.storage).await?;
    let lines = store.tokens().await?;
    let calendar = console.calendar(site.time_zone);
    console.answer(&lines, || match &lines[..] {
        [] if store.is_stand_in() => text::nothing_yet(&site.storage),
        [] => "No token: packetboat tokens add NAME makes one.\n".to_owned(),
        lines => text::tokens::tokens(lines, calendar, console.fit),
    })?;
    Ok(Exit::Done)
}
