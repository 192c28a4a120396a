//! What a client may say next, and what it is answered (RFC 5321 section 4.1.4): pure, a line at a time.

use crate::{
    domain::Globs,
    mail,
    smtp::server::{Command, Mail, Reply},
};

/// Recipients of one message.
const MOST_RECIPIENTS: usize = 1000;

/// What the door wants and offers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'d> {
    /// This machine's name.
    pub host: &'d str,
    /// Of addresses that have none.
    pub domain: &'d str,
    /// Bytes of a message.
    pub message_size: u64,
    pub security: Security,
    pub login: Login,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    Plain,
    /// Plain, and STARTTLS is offered: nothing else is heard before it where there are accounts.
    Offered,
    Secured,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Login {
    NotNeeded,
    Needed,
}

/// Where a conversation is.
#[derive(Debug)]
pub(super) struct Dialogue<'d> {
    terms: Terms<'d>,
    hello: Option<Hello>,
    account: Option<Member<'d>>,
    envelope: Option<Envelope>,
    /// A message has begun to come by BDAT.
    is_chunked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Hello {
    name: String,
    is_extended: bool,
}

/// Who has logged in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'d> {
    pub name: &'d str,
    /// Whom it may name as sender; `None`: anybody.
    pub senders: Option<&'d Globs>,
}

/// Of a message that is coming in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Envelope {
    /// `None`: the null sender.
    pub sender: Option<String>,
    /// Each once.
    pub recipients: Vec<String>,
    is_utf8: bool,
}

/// What is to be done about a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act {
    Say(Reply),
    /// Several lines, as they are.
    Greet(String),
    /// Say that it may come, and read it.
    Data,
    Chunk {
        size_bytes: u64,
        /// `Err`: read it, and say this.
        wanted: Result<Last, Reply>,
    },
    Secure,
    Login {
        mechanism: String,
        initial: Option<String>,
    },
    Bye,
    /// Say this, and hang up.
    HangUp(Reply),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    Yes,
    No,
}

impl<'d> Dialogue<'d> {
    pub(super) fn new(terms: Terms<'d>) -> Self {
        Self { terms, hello: None, account: None, envelope: None, is_chunked: false }
    }

    /// Hears a line without its CRLF; `has_more`: the client has said more already.
    pub(super) fn hear(&mut self, line: &[u8], has_more: bool) -> Act {
        let command = match Command::parse(line) {
            Ok(command) => command,
            Err(reply) => return Act::Say(reply),
        };
        // RFC 2920 section 3.1: who talks on here does not wait for what may change everything.
        let must_wait = matches!(
            command,
            Command::Helo(_) | Command::Ehlo(_) | Command::Data | Command::StartTls | Command::Auth { .. }
        );
        if must_wait && has_more {
            return Act::HangUp(Reply::new(554, "5.5.0", "wait for the answer before you say more"));
        }
        match command {
            Command::Helo(name) => self.greet(Hello { name, is_extended: false }),
            Command::Ehlo(name) => self.greet(Hello { name, is_extended: true }),
            Command::Quit => Act::Bye,
            Command::Noop => say(250, "2.0.0", "well"),
            Command::Help => say(214, "2.0.0", "RFC 5321 says it all"),
            Command::Vrfy => say(252, "2.5.0", "send it, and see"),
            Command::Rset => {
                self.forget();
                say(250, "2.0.0", "forgotten")
            }
            Command::StartTls => match self.terms.security {
                Security::Offered => Act::Secure,
                Security::Plain => say(502, "5.5.1", "there is no TLS here"),
                Security::Secured => say(503, "5.5.1", "it is secure already"),
            },
            Command::Bdat { size_bytes, is_last } => self.chunk(size_bytes, if is_last { Last::Yes } else { Last::No }),
            _ if self.hello.is_none() => say(503, "5.5.1", "say EHLO first"),
            _ if self.lacks_security() => say(530, "5.7.0", "say STARTTLS first"),
            Command::Auth { mechanism, initial } => self.login(mechanism, initial),
            _ if self.lacks_login() => say(530, "5.7.0", "say AUTH first"),
            Command::Mail(mail) => Act::Say(self.mail(&mail)),
            Command::Rcpt(address) => Act::Say(self.rcpt(&address)),
            Command::Data => self.data(),
        }
    }

    /// Who it is has been proved.
    pub(super) fn has_logged_in(&mut self, member: Member<'d>) {
        self.account = Some(member);
    }

    pub(super) fn account(&self) -> Option<&'d str> {
        self.account.map(|member| member.name)
    }

    /// The envelope of the message that has come; a next one may begin.
    pub(super) fn taken(&mut self) -> Envelope {
        let envelope = self.envelope.take().unwrap_or_default();
        self.forget();
        envelope
    }

    /// The client's name, and how it speaks (RFC 3848).
    pub(super) fn manner(&self) -> (&str, &'static str) {
        let name = self.hello.as_ref().map_or("", |hello| &*hello.name);
        let is_extended = self.hello.as_ref().is_some_and(|hello| hello.is_extended);
        let manner = match (is_extended, self.terms.security == Security::Secured, self.account.is_some()) {
            (false, ..) => "SMTP",
            (true, false, _) => "ESMTP",
            (true, true, false) => "ESMTPS",
            (true, true, true) => "ESMTPSA",
        };
        (name, manner)
    }

    /// Whether a message has begun to come in pieces.
    pub(super) fn is_chunked(&self) -> bool {
        self.is_chunked
    }

    fn forget(&mut self) {
        (self.envelope, self.is_chunked) = (None, false);
    }

    fn greet(&mut self, hello: Hello) -> Act {
        self.forget();
        let (host, is_extended) = (self.terms.host, hello.is_extended);
        self.hello = Some(hello);
        if !is_extended {
            return Act::Greet(format!("250 {host}\r\n"));
        }
        let mut words = vec![host.to_owned(), "PIPELINING".to_owned(), format!("SIZE {}", self.terms.message_size)];
        words.extend(["8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING"].map(str::to_owned));
        if self.terms.security == Security::Offered {
            words.push("STARTTLS".to_owned());
        }
        if self.lacks_login() && self.terms.security == Security::Secured {
            words.push("AUTH PLAIN LOGIN".to_owned());
        }
        let last = words.len() - 1;
        let lines =
            words.iter().enumerate().map(|(at, word)| format!("250{}{word}\r\n", if at == last { ' ' } else { '-' }));
        Act::Greet(lines.collect())
    }

    fn lacks_login(&self) -> bool {
        self.terms.login == Login::Needed && self.account.is_none()
    }

    fn lacks_security(&self) -> bool {
        self.terms.login == Login::Needed && self.terms.security != Security::Secured
    }

    fn login(&self, mechanism: String, initial: Option<String>) -> Act {
        if self.terms.login == Login::NotNeeded {
            return say(503, "5.5.1", "nobody has to log in here");
        }
        if self.account.is_some() || self.envelope.is_some() {
            return say(503, "5.5.1", "AUTH comes once, and before MAIL");
        }
        if !matches!(mechanism.as_str(), "PLAIN" | "LOGIN") {
            return say(504, "5.5.4", "the mechanisms here are PLAIN and LOGIN");
        }
        Act::Login { mechanism, initial }
    }

    fn mail(&mut self, mail: &Mail) -> Reply {
        let Mail { address, size_bytes, is_utf8 } = mail;
        if self.envelope.is_some() {
            return Reply::new(503, "5.5.1", "one sender a message; RSET forgets it");
        }
        if let Some(size) = size_bytes.filter(|size| *size > self.terms.message_size) {
            let most = self.terms.message_size;
            return Reply::new(552, "5.3.4", format!("{size} bytes are more than {most}, the most here"));
        }
        let sender = match self.whole(address, *is_utf8) {
            _ if address.is_empty() => None,
            Ok(sender) => Some(sender),
            Err(reply) => return reply,
        };
        let senders = self.account.and_then(|member| member.senders);
        let is_theirs = |sender: &String| senders.is_none_or(|globs| globs.matches(sender.to_lowercase().as_bytes()));
        if !sender.as_ref().is_none_or(is_theirs) {
            return Reply::new(553, "5.7.1", "this account may not send as that address");
        }
        self.envelope = Some(Envelope { sender, recipients: vec![], is_utf8: *is_utf8 });
        Reply::new(250, "2.1.0", "well")
    }

    fn rcpt(&mut self, address: &str) -> Reply {
        let is_utf8 = self.envelope.as_ref().is_some_and(|envelope| envelope.is_utf8);
        let whole = self.whole(address, is_utf8);
        let Some(envelope) = self.envelope.as_mut().filter(|_| !self.is_chunked) else {
            return Reply::new(503, "5.5.1", "say MAIL first");
        };
        let recipient = match whole {
            Ok(recipient) => recipient,
            Err(reply) => return reply,
        };
        if !envelope.recipients.contains(&recipient) {
            if envelope.recipients.len() >= MOST_RECIPIENTS {
                return Reply::new(
                    452,
                    "4.5.3",
                    format!("{MOST_RECIPIENTS} recipients are the most; send it again to the others"),
                );
            }
            envelope.recipients.push(recipient);
        }
        Reply::new(250, "2.1.5", "well")
    }

    /// The address with its domain, if it is one.
    fn whole(&self, address: &str, is_utf8: bool) -> Result<String, Reply> {
        if !address.is_ascii() && !is_utf8 {
            return Err(Reply::new(553, "5.6.7", "an address outside ASCII takes SMTPUTF8 at MAIL FROM"));
        }
        mail::qualified(address, self.terms.domain).map_err(|why| Reply::new(501, "5.1.3", why))
    }

    fn data(&self) -> Act {
        if self.is_chunked {
            return say(503, "5.5.1", "this message comes by BDAT");
        }
        match self.unfit() {
            Some(reply) => Act::Say(reply),
            None => Act::Data,
        }
    }

    /// The chunk is on its way whatever we think of it.
    fn chunk(&mut self, size_bytes: u64, last: Last) -> Act {
        let wanted = match self.unfit() {
            Some(reply) => Err(reply),
            None => Ok(last),
        };
        self.is_chunked |= wanted.is_ok();
        Act::Chunk { size_bytes, wanted }
    }

    /// Why no message may come now.
    fn unfit(&self) -> Option<Reply> {
        match &self.envelope {
            None => Some(Reply::new(503, "5.5.1", "say MAIL first")),
            Some(envelope) if envelope.recipients.is_empty() => Some(Reply::new(554, "5.5.1", "no valid recipients")),
            Some(_) => None,
        }
    }
}

fn say(code: u16, enhanced: &'static str, text: &str) -> Act {
    Act::Say(Reply::new(code, enhanced, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Terms<'static> = Terms {
        host: "gate",
        domain: "here.example",
        message_size: 1000,
        security: Security::Plain,
        login: Login::NotNeeded,
    };

    /// What is answered to the last line, in short.
    fn last(dialogue: &mut Dialogue<'_>, lines: &[&str]) -> String {
        let acts = lines.iter().map(|line| dialogue.hear(line.as_bytes(), false)).collect::<Vec<_>>();
        match acts.into_iter().last().unwrap() {
            Act::Say(reply) | Act::HangUp(reply) => reply.to_string().split(' ').take(2).collect::<Vec<_>>().join(" "),
            Act::Greet(lines) => lines.replace("\r\n", " ").trim_end().to_owned(),
            act => format!("{act:?}"),
        }
    }

    #[test]
    fn commands_come_in_their_order_or_are_told_which_comes_first() {
        let (mail, rcpt) = ("MAIL FROM:<a@x.example>", "RCPT TO:<b@x.example>");
        for (lines, answer) in [
            (&["HELO x"][..], "250 gate"),
            (
                &["EHLO x"],
                "250-gate 250-PIPELINING 250-SIZE 1000 250-8BITMIME 250-SMTPUTF8 250-ENHANCEDSTATUSCODES 250 CHUNKING",
            ),
            (&[mail], "503 5.5.1"),
            (&["EHLO x", rcpt], "503 5.5.1"),
            (&["EHLO x", "DATA"], "503 5.5.1"),
            (&["EHLO x", mail, "DATA"], "554 5.5.1"),
            (&["EHLO x", mail, mail], "503 5.5.1"),
            (&["EHLO x", mail, rcpt, "DATA"], "Data"),
            (&["EHLO x", mail, rcpt, "RSET", "DATA"], "503 5.5.1"),
            (&["EHLO x", mail, rcpt, "EHLO x", "DATA"], "503 5.5.1"),
            (&["EHLO x", "MAIL FROM:<> SIZE=1000", "RCPT TO:<root>", "DATA"], "Data"),
            (&["EHLO x", "MAIL FROM:<a@x.example> SIZE=1001"], "552 5.3.4"),
            (&["EHLO x", "MAIL FROM:<\u{fc}@x.example>"], "553 5.6.7"),
            (&["EHLO x", "MAIL FROM:<\u{fc}@x.example> SMTPUTF8", "RCPT TO:<\u{f6}@x.example>"], "250 2.1.5"),
            (&["EHLO x", mail, "RCPT TO:<\u{f6}@x.example>"], "553 5.6.7"),
            (&["EHLO x", mail, "RCPT TO:<b@@x.example>"], "501 5.1.3"),
            (&["EHLO x", "STARTTLS"], "502 5.5.1"),
            (&["EHLO x", "AUTH PLAIN"], "503 5.5.1"),
            (&["EHLO x", "VRFY ann"], "252 2.5.0"),
            (&["EHLO x", mail, rcpt, "BDAT 5"], "Chunk { size_bytes: 5, wanted: Ok(No) }"),
            (&["EHLO x", mail, rcpt, "BDAT 5", "DATA"], "503 5.5.1"),
            (&["EHLO x", mail, rcpt, "BDAT 5", rcpt], "503 5.5.1"),
            (&["EHLO x", mail, rcpt, "BDAT 5", "RSET", mail], "250 2.1.0"),
        ] {
            assert_eq!(last(&mut Dialogue::new(OPEN), lines), answer, "{lines:?}");
        }
        let Act::Chunk { size_bytes: 5, wanted: Err(reply) } = Dialogue::new(OPEN).hear(b"BDAT 5 LAST", false) else {
            panic!("it is read all the same")
        };
        assert_eq!(reply.code, 503);
    }

    #[test]
    fn who_does_not_wait_where_one_must_is_hung_up_on() {
        for line in ["EHLO x", "HELO x", "DATA", "STARTTLS", "AUTH PLAIN"] {
            assert!(matches!(Dialogue::new(OPEN).hear(line.as_bytes(), true), Act::HangUp(_)), "{line}");
        }
        assert!(matches!(Dialogue::new(OPEN).hear(b"NOOP", true), Act::Say(_)));
    }

    #[test]
    fn an_envelope_has_each_recipient_once_and_no_more_than_the_most() {
        let mut dialogue = Dialogue::new(OPEN);
        last(&mut dialogue, &["EHLO x", "MAIL FROM:<ann>"]);
        for recipient in 0..MOST_RECIPIENTS {
            assert_eq!(last(&mut dialogue, &[&format!("RCPT TO:<r{recipient}@x.example>")]), "250 2.1.5");
        }
        assert_eq!(last(&mut dialogue, &["RCPT TO:<more@x.example>"]), "452 4.5.3");
        assert_eq!(last(&mut dialogue, &["RCPT TO:<r7@x.example>"]), "250 2.1.5");
        let envelope = dialogue.taken();
        assert_eq!(
            (envelope.sender.as_deref(), envelope.recipients.len()),
            (Some("ann@here.example"), MOST_RECIPIENTS)
        );
        assert_eq!(last(&mut dialogue, &["DATA"]), "503 5.5.1");
    }

    #[test]
    fn where_there_are_accounts_nothing_goes_without_tls_and_a_login() {
        let offered = Terms { security: Security::Offered, login: Login::Needed, ..OPEN };
        let secured = Terms { security: Security::Secured, ..offered };
        let mail = "MAIL FROM:<a@x.example>";
        assert!(last(&mut Dialogue::new(offered), &["EHLO x"]).ends_with("250 STARTTLS"));
        assert!(last(&mut Dialogue::new(secured), &["EHLO x"]).ends_with("250 AUTH PLAIN LOGIN"));
        for (terms, lines, answer) in [
            (offered, &["EHLO x", mail][..], "530 5.7.0"),
            (offered, &["EHLO x", "AUTH PLAIN AGEAYg=="], "530 5.7.0"),
            (offered, &["STARTTLS"], "Secure"),
            (secured, &["EHLO x", mail], "530 5.7.0"),
            (secured, &["EHLO x", "AUTH CRAM-MD5"], "504 5.5.4"),
            (secured, &["EHLO x", "AUTH LOGIN"], "Login { mechanism: \"LOGIN\", initial: None }"),
            (secured, &["EHLO x", "STARTTLS"], "503 5.5.1"),
        ] {
            assert_eq!(last(&mut Dialogue::new(terms), lines), answer, "{lines:?}");
        }
        let globs = Globs::new(["*@shop.example"]).unwrap();
        let mut dialogue = Dialogue::new(secured);
        last(&mut dialogue, &["EHLO x"]);
        dialogue.has_logged_in(Member { name: "shop", senders: Some(&globs) });
        assert_eq!(dialogue.manner(), ("x", "ESMTPSA"));
        assert_eq!(last(&mut dialogue, &[mail]), "553 5.7.1");
        assert_eq!(last(&mut dialogue, &["MAIL FROM:<Orders@Shop.example>", "AUTH PLAIN"]), "503 5.5.1");
    }
}
