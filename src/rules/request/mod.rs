//! A message request: the `mail` step as an application writes it, in plain values, and the message made of it. Nothing in it is rendered
//! but the template that it names.

mod attachments;
mod data;
mod json;
mod moments;
mod pointer;
mod read;
#[cfg(test)]
mod tests;

use crate::{
    config::{self, Finding, Outline, Paint, sheet_within, yaml},
    domain::{Instructions, Moment, Ref, show_size},
    mail::{self, Draft, Mailbox},
};
use read::Request;
use std::{fmt, path::PathBuf};

/// Bytes of a request beside its attachments, as of a configuration file.
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
    /// Without a key: that is for whoever knows whose it is.
    pub instructions: Instructions,
    /// Its `idempotency_key`.
    pub key: Option<String>,
}

/// Everything that is wrong with a request; shown as `check` would show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotARequest {
    findings: Vec<Finding>,
    pub faults: Vec<Fault>,
}

/// One mistake, in words that repeat nothing of what is around it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// Of what is wrong in the JSON text (RFC 6901); empty: the whole.
    pub pointer: String,
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl fmt::Display for NotARequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&config::render(&self.findings, Paint::Plain))
    }
}

impl NotARequest {
    fn of(findings: Vec<Finding>, pointer: impl Fn(&Finding) -> String) -> Self {
        let fault = |finding: &Finding| {
            let Finding { message, hint, .. } = finding.clone();
            Fault { pointer: pointer(finding), detail: message, hint }
        };
        Self { faults: findings.iter().map(fault).collect(), findings }
    }

    fn whole(shown: &str, why: &str) -> Self {
        Self::of(vec![Finding::about_file(shown, why, None)], |_| String::new())
    }
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

    /// Bytes of a request: what is larger need not be read. Attachments are in base64.
    #[must_use]
    pub fn most(&self) -> u64 {
        MOST + self.message_size.div_ceil(3).saturating_mul(4)
    }

    /// Makes the message of a request, the same whenever it is made under the same ref and moment. Reads the files of its template.
    ///
    /// # Errors
    /// Everything that is wrong with it; `shown` is the file's name there.
    pub fn message(
        &self,
        (shown, notation): (&str, Notation),
        bytes: &[u8],
        (id, at): (Ref, Moment),
    ) -> Result<Asked, NotARequest> {
        let request = self.read((shown, notation), bytes, at)?;
        self.compose(request, (id, at)).map_err(|why| NotARequest::whole(shown, &why))
    }

    fn read(&self, (shown, notation): (&str, Notation), bytes: &[u8], at: Moment) -> Result<Request, NotARequest> {
        let nowhere = |findings| NotARequest::of(findings, |_| String::new());
        let sheet = sheet_within(self.most(), shown, bytes).map_err(nowhere)?;
        let (sheet, mut aside) = match notation {
            Notation::Json => json::as_yaml(sheet).map_err(nowhere)?,
            Notation::Yaml => (sheet, json::Aside::default()),
        };
        if notation == Notation::Json && sheet.text().len() as u64 > MOST {
            let message = format!("this has more than {} beside its attachments", show_size(MOST));
            return Err(NotARequest::whole(shown, &message));
        }
        if sheet.text().trim().is_empty() {
            let hint = "`to: ann@example.org` and so on";
            return Err(nowhere(vec![Finding::about_file(shown, "the file is empty", Some(hint))]));
        }
        let Some(mut root) = yaml::read(&sheet) else { return Err(nowhere(sheet.into_findings())) };
        aside.put_back(&mut root);
        match read::request(&sheet, &root, (self, at)) {
            Some(request) => Ok(request),
            None => {
                let text = sheet.text().to_owned();
                Err(NotARequest::of(sheet.into_findings(), |finding| match finding.place.file == shown {
                    true => pointer::pointer(&root, &text, finding),
                    false => "/template".to_owned(),
                }))
            }
        }
    }

    fn compose(&self, request: Request, (id, at): (Ref, Moment)) -> Result<Asked, String> {
        let letter = mail::compose(&Draft {
            from: &request.from,
            to: &request.to,
            cc: &request.cc,
            reply_to: &request.reply_to,
            subject: &request.subject,
            text: request.text.as_deref(),
            html: request.html.as_deref(),
            headers: &request.headers,
            attachments: &request.attachments,
            message_id: &format!("{}@{}", id.long(), request.from.domain()),
            date: request.instructions.not_before.map_or(at, |not_before| not_before.max(at)),
        })?;
        let size = letter.bytes.len() as u64;
        if size > self.message_size {
            let (size, most) = (show_size(size), show_size(self.message_size));
            return Err(format!("this message has {size}, and `limits: message_size` is {most}"));
        }
        let recipients = request.recipients();
        let Request { from: sender, instructions, key, .. } = request;
        Ok(Asked { sender, recipients, bytes: letter.bytes, instructions, key })
    }
}
