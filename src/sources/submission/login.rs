//! AUTH PLAIN and LOGIN (RFC 4616, RFC 4954).

use crate::smtp::server::{NoLine, Reply, Wire};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::io::{AsyncRead, AsyncWrite};

/// What a client says of itself.
#[derive(PartialEq, Eq)]
pub(super) struct Login {
    pub account: String,
    pub password: String,
}

/// Asks for what is not said yet; `Err`: what is answered to what is no login.
pub(super) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    (mechanism, initial): (&str, Option<String>),
) -> Result<Result<Login, Reply>, NoLine> {
    if mechanism == "PLAIN" {
        let said = match initial {
            Some(initial) => initial.into_bytes(),
            None => answer(wire, "").await?,
        };
        return Ok(decoded(&said).and_then(|plain| plain_login(&plain)));
    }
    let account = match initial {
        Some(initial) => initial.into_bytes(),
        None => answer(wire, "Username:").await?,
    };
    let account = match decoded(&account) {
        Ok(account) => account,
        Err(reply) => return Ok(Err(reply)),
    };
    let password = answer(wire, "Password:").await?;
    Ok(decoded(&password).map(|password| Login { account, password }))
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>, challenge: &str) -> Result<Vec<u8>, NoLine> {
    wire.say_raw(&format!("334 {}\r\n", STANDARD.encode(challenge)));
    wire.line().await
}

fn decoded(said: &[u8]) -> Result<String, Reply> {
    let wrong = |text| Reply::new(501, "5.5.2", text);
    match said {
        b"*" => Err(wrong("it is left")),
        b"=" => Ok(String::new()), // RFC 4954 section 4: an initial response of nothing
        said => {
            let bytes = STANDARD.decode(said).map_err(|_| wrong("this is no base64"))?;
            String::from_utf8(bytes).map_err(|_| wrong("this is no UTF-8"))
        }
    }
}

/// `authzid NUL authcid NUL passwd`: nobody acts for another here.
fn plain_login(plain: &str) -> Result<Login, Reply> {
    match plain.split('\0').collect::<Vec<_>>()[..] {
        [other, account, password] if other.is_empty() || other == account => {
            Ok(Login { account: account.to_owned(), password: password.to_owned() })
        }
        _ => Err(Reply::new(501, "5.5.2", "PLAIN is NUL, account, NUL, password")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    /// Account and password, or the answer's code; and what was asked.
    async fn said(mechanism: &str, initial: Option<&str>, lines: &str) -> (Result<(String, String), u16>, String) {
        let (ours, mut theirs) = duplex(4096);
        theirs.write_all(lines.as_bytes()).await.unwrap();
        let mut wire = Wire::new(ours);
        let login = ask(&mut wire, (mechanism, initial.map(str::to_owned))).await.unwrap();
        wire.flush().await.unwrap();
        drop(wire);
        let mut asked = String::new();
        theirs.read_to_string(&mut asked).await.unwrap();
        (login.map(|login| (login.account, login.password)).map_err(|reply| reply.code), asked)
    }

    #[tokio::test]
    async fn a_login_is_read_in_each_of_its_forms() {
        let shop = || Ok(("shop".to_owned(), "sesame".to_owned()));
        for (mechanism, initial, lines, login, asked) in [
            ("PLAIN", Some("AHNob3AAc2VzYW1l"), "", shop(), ""),
            ("PLAIN", Some("c2hvcABzaG9wAHNlc2FtZQ=="), "", shop(), ""),
            ("PLAIN", None, "AHNob3AAc2VzYW1l\r\n", shop(), "334 \r\n"),
            ("LOGIN", None, "c2hvcA==\r\nc2VzYW1l\r\n", shop(), "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n"),
            ("LOGIN", Some("c2hvcA=="), "c2VzYW1l\r\n", shop(), "334 UGFzc3dvcmQ6\r\n"),
            ("PLAIN", Some("YW5uAHNob3AAc2VzYW1l"), "", Err(501), ""),
            ("PLAIN", Some("c2hvcA=="), "", Err(501), ""),
            ("PLAIN", Some("****"), "", Err(501), ""),
            ("PLAIN", None, "*\r\n", Err(501), "334 \r\n"),
            ("LOGIN", None, "c2hvcA==\r\n*\r\n", Err(501), "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n"),
        ] {
            assert_eq!(said(mechanism, initial, lines).await, (login, asked.to_owned()), "{mechanism} {initial:?}");
        }
    }
}
