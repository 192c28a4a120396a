//! The last steps of a file: its time (MFMT and MDTM, RFC 3659) and its name (RNFR and RNTO, RFC 959 section 4.1.3).

use crate::{
    domain::RemotePath,
    ftp::client::{Checksum, Error, Reply, Session, names, profile::Refused},
};

/// What came of several questions before a rename.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The size, or the digest's bytes; `None` where the server would not say.
    pub told: Option<Told>,
    /// RNFR was accepted: RNTO is next.
    pub is_pending: bool,
}

/// What a server says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Size(u64),
    Digest(Vec<u8>),
}

/// Checksums of files up to this size are there as soon as any answer.
const AT_ONCE: u64 = 8_000_000;

/// Codes that say that a time was set.
const TIME_SET: [u16; 4] = [213, 200, 250, 253];

impl Session {
    /// Renames, and returns the server's words.
    ///
    /// # Errors
    /// [`Error::Refused`] `to` RNFR or RNTO.
    pub async fn rename(&mut self, from: &RemotePath, to: &RemotePath) -> Result<Reply, Error> {
        self.ask("RNFR", &names::argument(from.as_bytes()), &[350]).await?;
        self.rename_to(to).await
    }

    /// The second half of a rename that is pending.
    ///
    /// # Errors
    /// [`Error::Refused`] `to` RNTO.
    pub async fn rename_to(&mut self, to: &RemotePath) -> Result<Reply, Error> {
        let is_ahead = self.send_passive_ahead();
        let replied = self.ask("RNTO", &names::argument(to.as_bytes()), &[250, 200]).await;
        if is_ahead {
            self.has_gone_ahead(replied.as_ref().err());
        }
        let reply = replied?;
        Ok(reply.hiding(&self.server.password))
    }

    /// Sets the time of a file, to the second: MFMT where offered, else MDTM with a time, which vsftpd and others take. Says whether
    /// the server did.
    ///
    /// # Errors
    /// Only what ends sessions: a server that cannot is remembered, not complained of.
    pub async fn set_time(&mut self, path: &RemotePath, mtime_ns: i64) -> Result<bool, Error> {
        let Some((verb, argument)) = self.time_setting(path, mtime_ns) else { return Ok(false) };
        match self.ask(verb, &argument, &TIME_SET).await {
            Ok(_) => Ok(true),
            Err(Error::Refused { reply, .. }) if reply.code != 421 => {
                self.learn_of_time_setting(verb, &reply);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Proof, time and the first half of the rename in one go, where the server takes several commands at once: asks for `checksum`, or
    /// for the size, of the file at `from`, sets its time, and names it as the one to be renamed. `None`: not on this server.
    ///
    /// # Errors
    /// Only what ends sessions.
    pub async fn prepare_rename(
        &mut self,
        from: &RemotePath,
        checksum: Option<Checksum>,
        size_bytes: u64,
        mtime_ns: Option<i64>,
    ) -> Result<Option<Prepared>, Error> {
        if !self.takes_several() || self.profile.refuses(Refused::Size) {
            return Ok(None);
        }
        let proof = match checksum {
            None => "SIZE",
            Some(checksum) if size_bytes <= AT_ONCE && self.is_ready_for(checksum).await? => checksum.verb(),
            Some(_) => return Ok(None),
        };
        let path = names::argument(from.as_bytes());
        let mut questions = vec![(proof, path.clone())];
        questions.extend(mtime_ns.and_then(|time| self.time_setting(from, time)));
        questions.push(("RNFR", path));
        let replies = match self.say_several(&questions).await {
            Ok(replies) => replies,
            Err(error) => {
                self.learn_of_silence(checksum, &error);
                return Err(error);
            }
        };
        let mut prepared = Prepared { told: None, is_pending: false };
        for ((verb, _), reply) in questions.iter().zip(&replies) {
            if !self.fits(verb, checksum, reply, &mut prepared) {
                return Err(self.out_of_step(verb, reply));
            }
        }
        self.profile.took_several();
        Ok(Some(prepared))
    }

    /// Takes one answer in; false if it cannot be the answer to `verb`.
    fn fits(&self, verb: &str, checksum: Option<Checksum>, reply: &Reply, prepared: &mut Prepared) -> bool {
        match (verb, reply.code, checksum) {
            ("RNFR", 350, _) => prepared.is_pending = true,
            ("SIZE", 213, _) => prepared.told = reply.words().parse().ok().map(Told::Size),
            ("MFMT" | "MDTM", code, _) if TIME_SET.contains(&code) => {}
            ("MFMT" | "MDTM", 202 | 400..=599, _) => self.learn_of_time_setting(verb, reply),
            ("RNFR" | "SIZE", 202 | 400..=599, _) => {}
            ("RNFR" | "SIZE" | "MFMT" | "MDTM", ..) => return false,
            (_, 200 | 202 | 213 | 250 | 400..=599, Some(checksum)) => {
                prepared.told = self.digest_told(checksum, reply).map(Told::Digest);
            }
            _ => return false,
        }
        true
    }

    fn learn_of_silence(&self, checksum: Option<Checksum>, error: &Error) {
        if let (Some(checksum), Error::Silent { doing, .. }) = (checksum, error)
            && *doing == checksum.verb()
        {
            self.profile.refuse(Refused::Checksum(checksum));
        }
    }

    fn time_setting(&self, path: &RemotePath, mtime_ns: i64) -> Option<(&'static str, String)> {
        let verb = match &self.features {
            _ if self.profile.refuses(Refused::SetTime) => return None,
            features if features.mfmt => "MFMT",
            features if features.mdtm => "MDTM",
            _ => return None,
        };
        let time = chrono::DateTime::from_timestamp_nanos(mtime_ns).format("%Y%m%d%H%M%S");
        Some((verb, format!("{time} {}", names::argument(path.as_bytes()))))
    }

    /// 550 to MDTM means: it looked for a file of that long name.
    fn learn_of_time_setting(&self, verb: &str, reply: &Reply) {
        if reply.is_not_known() || verb == "MDTM" {
            self.profile.refuse(Refused::SetTime);
        }
    }
}
