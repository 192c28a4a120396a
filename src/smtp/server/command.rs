//! What a client says, a line at a time (RFC 5321 section 4.1.1 and the extensions that we offer), read strictly.

use super::Reply;

/// A command of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Helo(String),
    Ehlo(String),
    Mail(Mail),
    /// The address, as it stands between the brackets.
    Rcpt(String),
    Data,
    /// RFC 3030.
    Bdat {
        size_bytes: u64,
        is_last: bool,
    },
    Rset,
    Noop,
    Help,
    Vrfy,
    Quit,
    StartTls,
    /// RFC 4954.
    Auth {
        /// In capitals.
        mechanism: String,
        initial: Option<String>,
    },
}

/// `MAIL FROM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// As it stands between the brackets; empty: the null sender.
    pub address: String,
    /// RFC 1870: what the client says.
    pub size_bytes: Option<u64>,
    /// RFC 6531.
    pub is_utf8: bool,
}

impl Command {
    /// Of a line without its CRLF.
    ///
    /// # Errors
    /// What is answered to what is no command of ours.
    pub fn parse(line: &[u8]) -> Result<Self, Reply> {
        let line = std::str::from_utf8(line).map_err(|_| Reply::new(500, "5.5.2", "commands are ASCII, or UTF-8"))?;
        if line.chars().any(char::is_control) {
            return Err(Reply::new(500, "5.5.2", "a command has no control characters"));
        }
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim_matches(' ');
        let bare = |command: Self| match rest {
            "" => Ok(command),
            _ => Err(Reply::new(501, "5.5.4", format!("{} takes no words", verb.to_ascii_uppercase()))),
        };
        match verb.to_ascii_uppercase().as_str() {
            "HELO" => name(rest).map(Self::Helo),
            "EHLO" => name(rest).map(Self::Ehlo),
            "MAIL" => mail(rest),
            "RCPT" => rcpt(rest),
            "DATA" => bare(Self::Data),
            "BDAT" => bdat(rest),
            "RSET" => bare(Self::Rset),
            "STARTTLS" => bare(Self::StartTls),
            "QUIT" => bare(Self::Quit),
            "AUTH" => auth(rest),
            "NOOP" => Ok(Self::Noop),
            "HELP" => Ok(Self::Help),
            "VRFY" | "EXPN" => Ok(Self::Vrfy),
            _ => Err(Reply::new(500, "5.5.1", "this command is not known here")),
        }
    }
}

/// The client's name: anything but nothing.
fn name(text: &str) -> Result<String, Reply> {
    if text.is_empty() || text.contains(' ') || text.len() > 255 {
        return Err(Reply::new(501, "5.5.4", "say your name: EHLO host.example"));
    }
    Ok(text.to_owned())
}

fn mail(rest: &str) -> Result<Command, Reply> {
    let (address, words) = path(rest, "FROM:")?;
    let mut mail = Mail { address, size_bytes: None, is_utf8: false };
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match (key.to_ascii_uppercase().as_str(), value.to_ascii_uppercase().as_str()) {
            ("SIZE", digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                mail.size_bytes = Some(digits.parse().unwrap_or(u64::MAX));
            }
            ("BODY", "7BIT" | "8BITMIME") => {}
            ("SMTPUTF8", "") if word == key => mail.is_utf8 = true,
            ("AUTH", _) if !value.is_empty() => {} // RFC 4954 section 5: whom others trust is nothing to us
            _ => return Err(Reply::new(555, "5.5.4", format!("`{word}` is not taken at MAIL FROM here"))),
        }
    }
    Ok(Command::Mail(mail))
}

fn rcpt(rest: &str) -> Result<Command, Reply> {
    let (address, words) = path(rest, "TO:")?;
    match words.first() {
        _ if address.is_empty() => Err(Reply::new(501, "5.1.3", "a recipient has an address")),
        Some(word) => Err(Reply::new(555, "5.5.4", format!("`{word}` is not taken at RCPT TO here"))),
        None => Ok(Command::Rcpt(address)),
    }
}

/// The address between the brackets, without a source route (RFC 5321 section 4.1.1.3), and the words behind it.
fn path<'a>(text: &'a str, keyword: &str) -> Result<(String, Vec<&'a str>), Reply> {
    let wrong = || Reply::new(501, "5.5.4", format!("write {keyword}<ann@example.org>"));
    let begins = text.get(..keyword.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(keyword));
    let rest = if begins { text[keyword.len()..].trim_start_matches(' ') } else { return Err(wrong()) };
    let inside = rest.strip_prefix('<').ok_or_else(wrong)?;
    let (mut is_quoted, mut is_escaped) = (false, false);
    let end = inside.char_indices().find(|(_, letter)| {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '>' => return !is_quoted,
            _ => {}
        }
        false
    });
    let (end, _) = end.ok_or_else(wrong)?;
    let (address, words) = (&inside[..end], &inside[end + 1..]);
    if !words.is_empty() && !words.starts_with(' ') {
        return Err(wrong());
    }
    let address = match address.strip_prefix('@') {
        Some(route) => route.split_once(':').ok_or_else(wrong)?.1,
        None => address,
    };
    if !address.contains('"') && address.contains([' ', '<', '(', ')', ',', ';', ':', '\\']) && !address.contains('[') {
        return Err(Reply::new(501, "5.1.3", "this is not an address"));
    }
    Ok((address.to_owned(), words.split(' ').filter(|word| !word.is_empty()).collect()))
}

fn bdat(rest: &str) -> Result<Command, Reply> {
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let size = words.next().filter(|size| size.bytes().all(|byte| byte.is_ascii_digit()));
    let size_bytes = size.map(|size| size.parse().unwrap_or(u64::MAX));
    let is_last = match (words.next(), words.next()) {
        (None, _) => Some(false),
        (Some(last), None) if last.eq_ignore_ascii_case("LAST") => Some(true),
        _ => None,
    };
    match (size_bytes, is_last) {
        (Some(size_bytes), Some(is_last)) => Ok(Command::Bdat { size_bytes, is_last }),
        _ => Err(Reply::new(501, "5.5.4", "write BDAT 1234 or BDAT 1234 LAST")),
    }
}

fn auth(rest: &str) -> Result<Command, Reply> {
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some(mechanism), initial, None) => {
            Ok(Command::Auth { mechanism: mechanism.to_ascii_uppercase(), initial: initial.map(str::to_owned) })
        }
        _ => Err(Reply::new(501, "5.5.4", "write AUTH PLAIN or AUTH LOGIN")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        match Command::parse(line.as_bytes()) {
            Ok(command) => format!("{command:?}"),
            Err(reply) => reply.to_string().split(' ').take(2).collect::<Vec<_>>().join(" "),
        }
    }

    #[test]
    fn a_sender_is_what_stands_between_the_brackets() {
        let mail = |address: &str, size_bytes, is_utf8| {
            format!("{:?}", Command::Mail(Mail { address: address.into(), size_bytes, is_utf8 }))
        };
        for (line, means) in [
            ("MAIL FROM:<a@b.example>", mail("a@b.example", None, false)),
            ("mail from: <a@b.example> size=12 BODY=8bitmime SMTPUTF8", mail("a@b.example", Some(12), true)),
            ("MAIL FROM:<>", mail("", None, false)),
            ("MAIL FROM:<\"a > b\\\"\"@b.example>", mail("\"a > b\\\"\"@b.example", None, false)),
            ("MAIL FROM:<@x.example,@y.example:a@b.example>", mail("a@b.example", None, false)),
            ("MAIL FROM:<a@[127.0.0.1]> SIZE=99999999999999999999", mail("a@[127.0.0.1]", Some(u64::MAX), false)),
            ("MAIL FROM:<a@b.example> AUTH=<>", mail("a@b.example", None, false)),
            ("MAIL FROM:a@b.example", "501 5.5.4".into()),
            ("MAIL FROM:<a@b.example", "501 5.5.4".into()),
            ("MAIL FROM:<a@b.example>SIZE=1", "501 5.5.4".into()),
            ("MAIL FROM:<a@b.example> SIZE=-1", "555 5.5.4".into()),
            ("MAIL FROM:<a@b.example> SIZE", "555 5.5.4".into()),
            ("MAIL FROM:<a@b.example> BODY=BINARYMIME", "555 5.5.4".into()),
            ("MAIL FROM:<a@b.example> SMTPUTF8=1", "555 5.5.4".into()),
            ("MAIL FROM:<a@b.example> RET=FULL", "555 5.5.4".into()),
            ("MAIL FROM:<a b@c.example>", "501 5.1.3".into()),
            ("MAIL FROM:<a@b.example(c)>", "501 5.1.3".into()),
            ("MAIL FROM:<x:a@b.example>", "501 5.1.3".into()),
            ("MAIL FROM:<@x.example>", "501 5.5.4".into()),
            ("MAIL", "501 5.5.4".into()),
            ("MAIL FROM", "501 5.5.4".into()),
            ("MAIL TO:<a@b.example>", "501 5.5.4".into()),
        ] {
            assert_eq!(said(line), means, "{line}");
        }
    }

    #[test]
    fn a_recipient_has_an_address_and_no_more_words() {
        for (line, means) in [
            ("RCPT TO:<a@b.example>", "Rcpt(\"a@b.example\")"),
            ("rcpt to:<postmaster>", "Rcpt(\"postmaster\")"),
            ("RCPT TO:<@x:a@b.example>", "Rcpt(\"a@b.example\")"),
            ("RCPT TO:<|cmd@b.example>", "Rcpt(\"|cmd@b.example\")"),
            ("RCPT TO:<>", "501 5.1.3"),
            ("RCPT TO:<a@b.example> NOTIFY=NEVER", "555 5.5.4"),
            ("RCPT TO:<a@b.example><c@d.example>", "501 5.5.4"),
            ("RCPT TO:<a@b.example>, <c@d.example>", "501 5.5.4"),
            ("RCPT TO:<a@b.example,c@d.example>", "501 5.1.3"),
            ("RCPT TO:<undisclosed:;>", "501 5.1.3"),
        ] {
            assert_eq!(said(line), means, "{line}");
        }
    }

    #[test]
    fn everything_else_is_a_command_or_refused_with_words() {
        for (line, means) in [
            ("EHLO client.example", "Ehlo(\"client.example\")"),
            ("helo [127.0.0.1]", "Helo(\"[127.0.0.1]\")"),
            ("EHLO", "501 5.5.4"),
            ("EHLO a b", "501 5.5.4"),
            ("DATA", "Data"),
            ("DATA x", "501 5.5.4"),
            ("BDAT 12", "Bdat { size_bytes: 12, is_last: false }"),
            ("bdat 0 last", "Bdat { size_bytes: 0, is_last: true }"),
            ("BDAT", "501 5.5.4"),
            ("BDAT -1", "501 5.5.4"),
            ("BDAT 1 LAST LAST", "501 5.5.4"),
            ("BDAT 1 FIRST", "501 5.5.4"),
            ("RSET", "Rset"),
            ("NOOP anything", "Noop"),
            ("HELP", "Help"),
            ("EXPN all", "Vrfy"),
            ("QUIT", "Quit"),
            ("STARTTLS", "StartTls"),
            ("STARTTLS now", "501 5.5.4"),
            ("AUTH plain AGEAYg==", "Auth { mechanism: \"PLAIN\", initial: Some(\"AGEAYg==\") }"),
            ("AUTH", "501 5.5.4"),
            ("", "500 5.5.1"),
            ("GET / HTTP/1.1", "500 5.5.1"),
            ("MAIL FROM:<a@b>\u{0}", "500 5.5.2"),
            ("RCPT TO:<a@b\u{7f}>", "500 5.5.2"),
            ("NOOP\t", "500 5.5.2"),
        ] {
            assert_eq!(said(line), means, "{line}");
        }
        assert_eq!(Command::parse(b"NOOP \xff").unwrap_err().code, 500);
    }
}
