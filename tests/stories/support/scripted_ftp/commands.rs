//! What each command does, as the RFCs have it (959, 2228, 2389, 2428, 3659, 4217).

use super::{
    Action, Command, PASSWORD, USER, digest, files,
    session::{Performed, Session, reply},
    transfer::DataTarget,
};
use crate::support::{
    channel::Channel,
    servers::{RenameOver, Tls},
};
use std::io;

/// Commands that need no login.
const OPEN: [&str; 10] = ["USER", "PASS", "ACCT", "AUTH", "PBSZ", "PROT", "FEAT", "OPTS", "QUIT", "NOOP"];

impl Session {
    pub(super) async fn perform(&mut self, command: &Command, action: Option<&Action>) -> io::Result<Performed> {
        let verb = command.verb.as_str();
        let argument = command.argument.as_slice();
        let path = files::resolve(&self.folder, argument);
        if let Some(refusal) = self.refusal(verb) {
            return Ok(refusal);
        }
        // A restart counts for the next transfer only.
        if !matches!(verb, "REST" | "STOR" | "RETR" | "EPSV" | "PASV" | "PORT" | "TYPE") {
            self.offset = 0;
        }
        Ok(match verb {
            "USER" => {
                self.user = argument.to_vec();
                reply("331 And the password?")
            }
            "PASS" | "ACCT" if self.user == USER.as_bytes() && (verb == "ACCT" || argument == PASSWORD.as_bytes()) => {
                self.is_logged_in = true;
                reply("230 Welcome")
            }
            "PASS" | "ACCT" => reply("530 Login incorrect"),
            "AUTH" => return self.auth(action).await,
            "PBSZ" => reply("200 PBSZ=0"),
            "PROT" => {
                self.data_is_private = argument.eq_ignore_ascii_case(b"P");
                reply("200 As you wish")
            }
            "FEAT" => self.feat(),
            "OPTS" => self.opts(argument),
            "NOOP" => reply("200 Still here"),
            "QUIT" => reply("221 Goodbye"),
            "TYPE" => {
                self.is_binary = argument.eq_ignore_ascii_case(b"I");
                reply("200 Type set")
            }
            "PWD" => reply(format!("257 \"/{}\" is where you are", String::from_utf8_lossy(&self.folder))),
            "CWD" => self.change_folder(&path),
            "MKD" if self.files().make_folder(&path) => {
                reply(format!("257 \"/{}\" created", String::from_utf8_lossy(&path)))
            }
            "MKD" => reply("550 Cannot create it"),
            "DELE" if self.files().remove(&path) => reply("250 Deleted"),
            "DELE" => reply("550 No such file"),
            "REST" => self.restart(argument),
            "RNFR" => self.rename_from(path),
            "RNTO" => self.rename_to(&path),
            "SIZE" | "MDTM" | "MFMT" => self.about_file(verb, argument, &path),
            "MLST" => self.mlst(&path),
            "HASH" | "XCRC" | "XMD5" | "XSHA1" | "XSHA256" => self.digest(verb, argument),
            "EPSV" | "PASV" | "PORT" => self.open_data(verb, argument, action).await?,
            "STOR" => self.store(&path, action).await?,
            "RETR" | "LIST" | "MLSD" => self.send(verb, &path, action).await?,
            _ => reply("500 What?"),
        })
    }

    fn refusal(&self, verb: &str) -> Option<Performed> {
        let feature = match verb {
            "MLSD" => "MLST",
            verb => verb,
        };
        let may_lack = ["EPSV", "MDTM", "MFMT", "MLST", "REST", "SIZE", "HASH", "XCRC", "XMD5", "XSHA1", "XSHA256"];
        if may_lack.contains(&feature) && !self.shared.script.features.contains(feature) {
            return Some(reply("500 Unknown command"));
        }
        if self.shared.script.tls == Tls::Explicit
            && matches!(verb, "USER" | "PASS")
            && matches!(self.control, Some(Channel::Plain(_)))
        {
            return Some(reply("530 Only with TLS"));
        }
        (!self.is_logged_in && !OPEN.contains(&verb)).then(|| reply("530 Please log in"))
    }

    async fn auth(&mut self, action: Option<&Action>) -> io::Result<Performed> {
        if self.shared.script.tls != Tls::Explicit {
            return Ok(reply("502 No TLS here"));
        }
        const GO: &[u8] = b"234 Go ahead\r\n";
        match action {
            Some(Action::InjectBeforeTls(bytes)) => self.say_raw(&[GO, bytes].concat()).await?,
            Some(Action::GarbageForTls) => {
                self.say_raw(&[GO, b"this is not TLS at all\r\n"].concat()).await?;
                self.close().await;
                return Ok(Performed::Over);
            }
            // A reply that comes late or in pieces is one more way to say it.
            Some(Action::Say(_) | Action::Lose(_) | Action::Late) => return Ok(reply("234 Go ahead")),
            Some(Action::Twice) => self.say_raw(&GO.repeat(2)).await?,
            Some(Action::Before(bytes)) => self.say_raw(&[bytes, GO].concat()).await?,
            _ => self.say_raw(GO).await?,
        }
        self.encrypt().await?;
        Ok(Performed::Silence)
    }

    fn feat(&self) -> Performed {
        let mut lines = String::from("211-Features:\r\n");
        for feature in &self.shared.script.features {
            let line = match *feature {
                "MLST" => "MLST type*;size*;modify*;",
                "REST" => "REST STREAM",
                "HASH" => "HASH SHA-256*;SHA-1;MD5;CRC32",
                feature => feature,
            };
            lines += &format!(" {line}\r\n");
        }
        if self.shared.script.tls == Tls::Explicit {
            lines += " AUTH TLS\r\n PBSZ\r\n PROT\r\n";
        }
        Performed::Lines((lines + "211 End\r\n").into_bytes())
    }

    fn opts(&mut self, argument: &[u8]) -> Performed {
        let argument = String::from_utf8_lossy(argument).to_ascii_uppercase();
        match argument.split_whitespace().collect::<Vec<_>>()[..] {
            ["UTF8", "ON"] => reply("200 Always"),
            ["HASH", algorithm] => {
                let known = ["SHA-256", "SHA-1", "MD5", "CRC32"];
                match known.into_iter().find(|known| *known == algorithm) {
                    Some(algorithm) => {
                        self.hash = algorithm;
                        reply(format!("200 {algorithm}"))
                    }
                    None => reply("504 Unknown algorithm"),
                }
            }
            _ => reply("501 Unknown option"),
        }
    }

    fn change_folder(&mut self, path: &[u8]) -> Performed {
        if !self.files().is_folder(path) {
            return reply("550 No such folder");
        }
        self.folder = path.to_vec();
        reply("250 There you are")
    }

    fn restart(&mut self, argument: &[u8]) -> Performed {
        match std::str::from_utf8(argument).ok().and_then(|text| text.parse().ok()) {
            Some(offset) => {
                self.offset = offset;
                reply(format!("350 Restarting at {offset}"))
            }
            None => reply("501 Not a number"),
        }
    }

    fn rename_from(&mut self, path: Vec<u8>) -> Performed {
        if self.files().file(&path).is_none() {
            return reply("550 No such file");
        }
        self.rename_from = Some(path);
        reply("350 And the new name?")
    }

    fn rename_to(&mut self, path: &[u8]) -> Performed {
        let Some(from) = self.rename_from.take() else { return reply("503 RNFR first") };
        if self.shared.script.rename_over == RenameOver::Refused && self.files().file(path).is_some() {
            return reply("550 The file exists");
        }
        if self.files().rename(&from, path) { reply("250 Renamed") } else { reply("553 Cannot rename") }
    }

    fn about_file(&self, verb: &str, argument: &[u8], path: &[u8]) -> Performed {
        let mut files = self.files();
        if verb == "MFMT" {
            // The time, a space, the name.
            let Some((time, name)) = argument.split_at_checked(14) else { return reply("501 No time") };
            let path = files::resolve(&self.folder, name.get(1..).unwrap_or_default());
            return match files.file_mut(&path) {
                Some(file) => {
                    file.time = String::from_utf8_lossy(time).into_owned();
                    reply(format!("213 Modify={}; {}", file.time, String::from_utf8_lossy(&path)))
                }
                None => reply("550 No such file"),
            };
        }
        match (verb, files.file(path)) {
            (_, None) => reply("550 No such file"),
            ("MDTM", Some(file)) => reply(format!("213 {}", file.time)),
            (_, Some(_)) if !self.is_binary => reply("550 SIZE not allowed in ASCII mode"),
            (_, Some(file)) => reply(format!("213 {}", file.bytes.len())),
        }
    }

    fn mlst(&self, path: &[u8]) -> Performed {
        let files = self.files();
        let facts = match files.file(path) {
            Some(file) => format!("type=file;size={};modify={};", file.bytes.len(), file.time),
            None if files.is_folder(path) => "type=dir;".to_owned(),
            None => return reply("550 No such file"),
        };
        let line = format!("250-Listing\r\n {facts} /{}\r\n250 End\r\n", String::from_utf8_lossy(path));
        Performed::Lines(line.into_bytes())
    }

    fn digest(&self, verb: &str, argument: &[u8]) -> Performed {
        let quoted = argument.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        let path = files::resolve(&self.folder, quoted.unwrap_or(argument));
        let files = self.files();
        let Some(file) = files.file(&path) else { return reply("550 No such file") };
        let algorithm = digest::of_command(verb).unwrap_or(self.hash);
        let hex = digest::hex(algorithm, &file.bytes).unwrap_or_default();
        if verb == "HASH" {
            let name = String::from_utf8_lossy(&path).into_owned();
            return reply(format!("213 {algorithm} 0-{} {hex} {name}", file.bytes.len()));
        }
        reply(format!("250 {hex}"))
    }

    async fn open_data(&mut self, verb: &str, argument: &[u8], action: Option<&Action>) -> io::Result<Performed> {
        if verb == "PORT" {
            return Ok(match DataTarget::parse(argument) {
                Some(target) => {
                    self.data = Some(target);
                    reply("200 I will come to you")
                }
                None => reply("501 Not an address"),
            });
        }
        let (target, port) = DataTarget::listen().await?;
        // Without a listener the port is one where nobody listens any more.
        self.data = (!matches!(action, Some(Action::NoListener))).then_some(target);
        Ok(reply(match verb {
            "EPSV" => format!("229 Entering Extended Passive Mode (|||{port}|)"),
            _ => format!("227 Entering Passive Mode (127,0,0,1,{},{})", port >> 8, port & 0xff),
        }))
    }
}
