//! What each command does, as the RFCs have it (5321, 3207, 4954, 1870, 6152, 6531, 3461).

use super::{
    Action, Command, Message, PASSWORD, TOKEN, USER,
    session::{Performed, Session, reply},
};
use crate::support::servers::Tls;
use std::io;

impl Session {
    pub(super) async fn perform(&mut self, command: &Command, action: Option<&Action>) -> io::Result<Performed> {
        let argument = String::from_utf8_lossy(&command.argument).into_owned();
        let is_open = self.shared.script.tls != Tls::Explicit || self.is_secure;
        Ok(match command.verb.as_str() {
            "CONNECT" => reply("220 localhost ESMTP"),
            "EHLO" => self.hello(),
            "NOOP" => reply("250 2.0.0 Still here"),
            "QUIT" => reply("221 2.0.0 Goodbye"),
            "STARTTLS" if !is_open => return self.start_tls(action).await,
            "STARTTLS" => reply("502 5.5.1 No TLS here, or already"),
            _ if !is_open => reply("530 5.7.0 Must issue a STARTTLS command first"),
            "AUTH" => return self.auth(&argument).await,
            "MAIL" | "RCPT" | "DATA" if self.shared.script.offers("AUTH") && !self.is_logged_in => {
                reply("530 5.7.0 Authentication required")
            }
            "MAIL" => self.mail(&argument),
            "RCPT" => self.rcpt(&argument),
            "RSET" => {
                self.message = None;
                reply("250 2.0.0 Forgotten")
            }
            "DATA" => self.data(),
            "DOT" => self.accept(),
            _ => reply("500 5.5.2 What?"),
        })
    }

    fn hello(&mut self) -> Performed {
        let script = &self.shared.script;
        let keywords = match script.tls {
            Tls::Explicit if !self.is_secure => [&["STARTTLS"], script.keywords_in_the_clear.as_slice()].concat(),
            _ => script.keywords.clone(),
        };
        self.message = None;
        let mut lines = vec!["localhost greets you"];
        lines.extend(keywords);
        let last = lines.pop().unwrap_or_default();
        let before: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
        Performed::Reply(format!("{before}250 {last}\r\n"))
    }

    async fn auth(&mut self, argument: &str) -> io::Result<Performed> {
        let (mechanism, first) = argument.split_once(' ').unwrap_or((argument, ""));
        let shown = match mechanism {
            "PLAIN" | "XOAUTH2" => vec![first.to_owned()],
            "LOGIN" => {
                let mut shown = Vec::new();
                // As Microsoft has it, and as nobody has it.
                for prompt in ["VXNlcm5hbWU6", "V2hhdD8="] {
                    shown.push(self.prompt(prompt).await?);
                }
                shown
            }
            _ => return Ok(reply("504 5.5.4 No such mechanism")),
        };
        let decoded: Vec<String> = shown.iter().map(|word| decoded(word)).collect();
        self.is_logged_in = match mechanism {
            "PLAIN" => decoded == [format!("\0{USER}\0{PASSWORD}")],
            "LOGIN" => decoded == [USER, PASSWORD],
            _ => decoded == [format!("user={USER}\x01auth=Bearer {TOKEN}\x01\x01")],
        };
        if !self.is_logged_in && mechanism == "XOAUTH2" {
            self.prompt("eyJzdGF0dXMiOiI0MDEifQ==").await?;
        }
        Ok(if self.is_logged_in {
            reply("235 2.7.0 Welcome")
        } else {
            // As servers do that should not.
            reply(format_args!(
                "535 5.7.8 Not with {} and {}",
                shown.join(" "),
                decoded.join(" ").replace(['\0', '\x01'], " ")
            ))
        })
    }

    /// 334, and what the client says to it.
    async fn prompt(&mut self, prompt: &str) -> io::Result<String> {
        self.say_raw(format!("334 {prompt}\r\n").as_bytes()).await?;
        let line = self.line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    fn mail(&mut self, argument: &str) -> Performed {
        let Some(argument) = argument.strip_prefix("FROM:") else { return reply("501 5.5.4 FROM?") };
        if self.message.is_some() {
            return reply("503 5.5.1 Nested MAIL");
        }
        if let Some(refusal) = self.refusal(argument) {
            return refusal;
        }
        self.message = Some(Message { from: argument.to_owned(), recipients: Vec::new(), bytes: Vec::new() });
        reply("250 2.1.0 Ok")
    }

    fn rcpt(&mut self, argument: &str) -> Performed {
        let Some(argument) = argument.strip_prefix("TO:") else { return reply("501 5.5.4 TO?") };
        let refusal = self.refusal(argument);
        let Some(message) = &mut self.message else { return reply("503 5.5.1 MAIL first") };
        refusal.unwrap_or_else(|| {
            message.recipients.push(argument.to_owned());
            reply("250 2.1.5 Ok")
        })
    }

    /// A parameter that was not offered, or that asks for too much.
    fn refusal(&self, argument: &str) -> Option<Performed> {
        let script = &self.shared.script;
        let (path, parameters) = argument.split_once("> ").unwrap_or((argument, ""));
        let sender = self.message.as_ref().map_or(argument, |message| &message.from);
        if !path.is_ascii() && !sender.contains(" SMTPUTF8") {
            return Some(reply("553 5.6.7 Not in ASCII"));
        }
        for parameter in parameters.split_whitespace() {
            let (keyword, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let needed = match keyword {
                "BODY" => "8BITMIME",
                "RET" | "ENVID" | "NOTIFY" | "ORCPT" => "DSN",
                keyword => keyword,
            };
            if !script.offers(needed) {
                return Some(reply(format_args!("555 5.5.4 What is {keyword}?")));
            }
            let most = script.keywords.iter().find_map(|line| line.strip_prefix("SIZE ")?.parse::<u64>().ok());
            if keyword == "SIZE"
                && most.is_some_and(|most| most > 0 && value.parse::<u64>().is_ok_and(|size| size > most))
            {
                return Some(reply("552 5.3.4 Too large"));
            }
        }
        None
    }

    fn data(&mut self) -> Performed {
        let has_recipients = self.message.as_ref().is_some_and(|message| !message.recipients.is_empty());
        self.takes_data = has_recipients || self.shared.script.takes_data_for_nobody;
        reply(if self.takes_data { "354 Go on" } else { "554 5.5.1 No valid recipients" })
    }

    fn accept(&mut self) -> Performed {
        match self.message.take() {
            Some(message) if !message.bytes.is_ascii() && !message.from.contains(" BODY=8BITMIME") => {
                reply("554 5.6.1 Eight bits, and no word of it")
            }
            Some(message) if !message.recipients.is_empty() => {
                let mut messages = self.shared.messages.lock().unwrap();
                messages.push(message);
                reply(format_args!("250 2.0.0 Ok: queued as {}", messages.len()))
            }
            _ => reply("554 5.5.1 No valid recipients"),
        }
    }
}

/// Base64 (RFC 4648), as far as a test needs it.
fn decoded(word: &str) -> String {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> = word.chars().filter_map(|letter| LETTERS.find(letter)).map(|digit| digit as u32).collect();
    let mut bytes = Vec::new();
    for four in digits.chunks(4) {
        let bits = four.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - four.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
