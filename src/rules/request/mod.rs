//! A message request: the `mail` step as an application writes it, in plain values, and the message made of it. Nothing in it is rendered
//! but the template that it names.

mod data;
mod json;
mod read;
#[cfg(test)]
mod tests;

use crate::{
    config::{self, Finding, Outline, Paint, sheet_of, yaml},
    domain::{Moment, Ref, show_size},
    mail::{self, Draft, Mailbox},
};
use read::Request;
use std::path::PathBuf;

/// Bytes of a request, as of a configuration file.
const MOST: u64 = config::LARGEST;

/// What every request is read by.
#[derive(Debug, Clone)]
pub struct Requests {
    /// Folder of the templates of mails.
    templates: PathBuf,
    /// Who sends what names no sender.
    from: Option<Mailbox>,
    /// Bytes of a message.
    message_size: u64,
}

/// How a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    Yaml,
    Json,
}

/// The message that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its `from`.
    pub sender: Mailbox,
    /// Of the envelope, hidden ones among them, each once.
    pub recipients: Vec<String>,
    /// RFC 5322, every line ended by CRLF.
    pub bytes: Vec<u8>,
}

impl Requests {
    /// With the templates, the sender and the limits of packetboat.yaml.
    #[must_use]
    pub fn new(outline: &Outline) -> Self {
        Self {
            templates: outline.templates.clone(),
            from: outline.mail.from.clone(),
            message_size: outline.message_size,
        }
    }

    /// Bytes of a request: what is larger need not be read.
    #[must_use]
    pub fn most(&self) -> u64 {
        MOST
    }

    /// Makes the message of a request, the same whenever it is made under the same ref and moment. Reads the files of its template.
    ///
    /// # Errors
    /// Everything that is wrong with it, as `check` would say it; `shown` is the file's name there.
    pub fn message(
        &self,
        (shown, notation): (&str, Notation),
        bytes: &[u8],
        (id, at): (Ref, Moment),
    ) -> Result<Asked, String> {
        let request = self.read(shown, notation, bytes).map_err(|found| told(&found))?;
        self.compose(&request, (id, at))
    }

    fn read(&self, shown: &str, notation: Notation, bytes: &[u8]) -> Result<Request, Vec<Finding>> {
        let sheet = sheet_of(shown, bytes)?;
        let sheet = if notation == Notation::Json { json::as_yaml(sheet)? } else { sheet };
        if sheet.text().trim().is_empty() {
            return Err(vec![Finding::about_file(shown, "the file is empty", Some("`to: ann@example.org` and so on"))]);
        }
        let read = yaml::read(&sheet).and_then(|root| read::request(&sheet, &root, self));
        match read {
            Some(request) => Ok(request),
            None => Err(sheet.into_findings()),
        }
    }

    fn compose(&self, request: &Request, (id, at): (Ref, Moment)) -> Result<Asked, String> {
        let letter = mail::compose(&Draft {
            from: &request.from,
            to: &request.to,
            cc: &request.cc,
            reply_to: &request.reply_to,
            subject: &request.subject,
            text: request.text.as_deref(),
            html: request.html.as_deref(),
            headers: &request.headers,
            attachments: &[],
            message_id: &format!("{}@{}", id.long(), request.from.domain()),
            date: at,
        })?;
        let size = letter.bytes.len() as u64;
        if size > self.message_size {
            let (size, most) = (show_size(size), show_size(self.message_size));
            return Err(format!("this message has {size}, and `limits: message_size` is {most}"));
        }
        Ok(Asked { sender: request.from.clone(), recipients: request.recipients(), bytes: letter.bytes })
    }
}

fn told(findings: &[Finding]) -> String {
    config::render(findings, Paint::Plain)
}
