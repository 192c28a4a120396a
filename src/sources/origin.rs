//! What every message gets that others hand over, whatever the door: our trace, and what it lacks.

use crate::{
    domain::{Door, Instructions, Message, Moment, Ref},
    mail::{self, Mailbox, incoming},
};
use std::borrow::Cow;

/// What is written into messages, and what they may be.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Bytes of a message.
    pub message_size: u64,
    /// This machine's name, for the trace.
    pub host: String,
    /// The domain of addresses that have none.
    pub domain: String,
}

/// A message as it is handed over, with its envelope.
#[derive(Debug)]
pub struct Given<'a> {
    /// `None`: the null sender.
    pub sender: Option<String>,
    pub recipients: Vec<String>,
    pub bytes: Cow<'a, [u8]>,
    pub lines: incoming::Lines,
    pub instructions: Instructions,
}

/// How it came.
#[derive(Debug, Clone)]
pub struct Hand<'a> {
    pub id: Ref,
    pub door: Door,
    /// The same, for the trace.
    pub way: incoming::Door<'a>,
    pub account: String,
    pub handed_at: Moment,
    pub received_at: Moment,
}

impl Origin {
    /// The message that rules meet.
    ///
    /// # Errors
    /// Why it is none, for whoever wrote it.
    pub fn message(&self, given: Given<'_>, hand: Hand<'_>) -> Result<Message, String> {
        let Given { sender, recipients, bytes, lines, instructions } = given;
        let Hand { id, door, way, account, handed_at, received_at } = hand;
        let named = sender.clone().unwrap_or_else(|| format!("MAILER-DAEMON@{}", self.domain));
        let stamp = incoming::Stamp {
            host: &self.host,
            door: way,
            reference: id,
            domain: &self.domain,
            sender: &Mailbox::parse(&named).map_err(|why| format!("its sender: {why}"))?,
            at: handed_at,
        };
        let bytes = incoming::normalise(&bytes, lines, &stamp).map_err(|why| why.to_string())?;
        let facts = incoming::facts(&bytes);
        Ok(Message { id, door, account: Some(account), received_at, sender, recipients, bytes, facts, instructions })
    }

    /// Of a message that says itself from whom it is.
    ///
    /// # Errors
    /// Where it does not.
    pub fn sender_of(&self, bytes: &[u8]) -> Result<Option<String>, String> {
        match incoming::sender_of(bytes).map_err(|why| why.to_string())? {
            None => Err("its header does not say whom it is from: Return-Path, Sender or From".to_owned()),
            Some(null) if null.is_empty() => Ok(None),
            Some(sender) => Ok(Some(mail::qualified(&sender, &self.domain)?)),
        }
    }

    /// Of a message that says itself to whom it is, each once.
    ///
    /// # Errors
    /// Where it does not.
    pub fn recipients_of(&self, bytes: &[u8]) -> Result<Vec<String>, String> {
        let named = incoming::recipients_of(bytes).map_err(|why| why.to_string())?;
        let recipients = self.each_once(named.iter().map(String::as_str))?;
        if recipients.is_empty() {
            return Err("its header does not say whom it is for: To, Cc or Bcc".to_owned());
        }
        Ok(recipients)
    }

    /// These addresses, whole.
    ///
    /// # Errors
    /// The first that is none.
    pub fn each_once<'a>(&self, named: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, String> {
        let mut all: Vec<String> = Vec::new();
        for name in named {
            let address = mail::qualified(name, &self.domain)?;
            if !all.contains(&address) {
                all.push(address);
            }
        }
        Ok(all)
    }
}
