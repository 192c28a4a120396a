//! What we ask of files and folders: SIZE, MLST, MDTM (RFC 3659), DELE, MKD (RFC 959), and checksums.

use crate::{
    domain::RemotePath,
    ftp::client::{Checksum, Error, Reply, Session, names, profile::Refused, session::State},
};
use std::time::Duration;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Nothing,
    /// Something; `None` where no command of the server tells its size.
    Something(Option<u64>),
}

/// The least a server is trusted to hash in a second, when we decide how long to wait for it.
const HASHED_A_SECOND: u64 = 20_000_000;

impl Session {
    /// What is at `path`, by SIZE, else MLST, else LIST: each is asked until the server says that it does not know it.
    ///
    /// # Errors
    /// [`Error::Refused`] where none of them answers.
    pub async fn find(&mut self, path: &RemotePath) -> Result<Found, Error> {
        let argument = names::argument(path.as_bytes());
        if !self.profile.refuses(Refused::Size) {
            let reply = match self.ask("SIZE", &argument, &[213]).await {
                Err(Error::Refused { reply, .. }) => reply,
                answered => return answered.and_then(|reply| self.size_told(reply)),
            };
            match reply.code {
                550 => return Ok(Found::Nothing),
                _ if reply.is_not_known() => self.profile.refuse(Refused::Size),
                _ => return Err(Error::Refused { to: "SIZE", reply }),
            }
        }
        if self.features.mlst && !self.profile.refuses(Refused::Mlst) {
            let reply = match self.ask("MLST", &argument, &[250]).await {
                Err(Error::Refused { reply, .. }) => reply,
                answered => return Ok(Found::Something(answered?.lines().find_map(size_fact))),
            };
            match reply.code {
                550 => return Ok(Found::Nothing),
                _ if reply.is_not_known() => self.profile.refuse(Refused::Mlst),
                _ => return Err(Error::Refused { to: "MLST", reply }),
            }
        }
        self.find_by_listing(path).await
    }

    /// Whether a folder is at `path`, where something is. A server without MLST is asked by going there, which ends the session if
    /// it lets us in: there is no sure way back.
    ///
    /// # Errors
    /// What ends sessions.
    pub async fn is_folder(&mut self, path: &RemotePath) -> Result<bool, Error> {
        let argument = names::argument(path.as_bytes());
        if self.features.mlst
            && let Ok(reply) = self.ask("MLST", &argument, &[250]).await
            && let Some(kind) = reply.lines().find_map(|line| fact(line, "type"))
        {
            return Ok(!kind.eq_ignore_ascii_case("file"));
        }
        match self.ask("CWD", &argument, &[250, 200]).await {
            Ok(_) => {
                self.state = State::Over;
                Ok(true)
            }
            Err(Error::Refused { reply, .. }) if reply.code != 421 => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes one folder. Refusing is no failure here: it may be there already.
    ///
    /// # Errors
    /// What is not a plain yes or no.
    pub async fn make_folder(&mut self, folder: &RemotePath) -> Result<Result<(), Reply>, Error> {
        match self.ask("MKD", &names::argument(folder.as_bytes()), &[257, 250, 200]).await {
            Err(Error::Refused { reply, .. }) if reply.code >= 500 => Ok(Err(reply)),
            answered => answered.map(|_| Ok(())),
        }
    }

    /// Deletes a file.
    ///
    /// # Errors
    /// [`Error::Refused`], also when it is not there.
    pub async fn delete(&mut self, path: &RemotePath) -> Result<(), Error> {
        self.ask("DELE", &names::argument(path.as_bytes()), &[250, 200]).await.map(drop)
    }

    /// The time of a file in seconds since 1970 UTC, if the server tells.
    ///
    /// # Errors
    /// Only what ends sessions.
    pub async fn time(&mut self, path: &RemotePath) -> Result<Option<i64>, Error> {
        if !self.features.mdtm {
            return Ok(None);
        }
        match self.ask("MDTM", &names::argument(path.as_bytes()), &[213]).await {
            Ok(reply) => Ok(time_told(reply.words())),
            Err(Error::Refused { reply, .. }) if reply.code != 421 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The best checksum that the server offers and has not refused.
    #[must_use]
    pub fn checksum(&self) -> Option<Checksum> {
        self.features.checksums.iter().copied().find(|offered| !self.profile.refuses(Refused::Checksum(*offered)))
    }

    /// It was wrong about a file that was right: this checksum is not asked for again.
    pub fn distrust(&self, checksum: Checksum) {
        self.profile.refuse(Refused::Checksum(checksum));
    }

    /// Lets the server compute `checksum` of a file of `size_bytes`. `None`: it would not, after all.
    ///
    /// # Errors
    /// Only what ends sessions. A server that takes longer than at 20 MB/s counts as silent, and is not asked again.
    pub async fn compute(
        &mut self,
        checksum: Checksum,
        path: &RemotePath,
        size_bytes: u64,
    ) -> Result<Option<Vec<u8>>, Error> {
        if !self.is_ready_for(checksum).await? {
            return Ok(None);
        }
        let limit = self.server.timeouts.reply + Duration::from_secs(size_bytes / HASHED_A_SECOND);
        let argument = names::argument(path.as_bytes());
        match self.say_patiently(checksum.verb(), &argument, limit).await {
            Ok(reply) => Ok(self.digest_told(checksum, &reply)),
            Err(error) => {
                if matches!(error, Error::Silent { .. }) {
                    self.profile.refuse(Refused::Checksum(checksum));
                }
                Err(error)
            }
        }
    }

    /// HASH may have to be told which digest is meant, once a session.
    pub(super) async fn is_ready_for(&mut self, checksum: Checksum) -> Result<bool, Error> {
        if checksum == Checksum::Hash && !self.is_sha256_chosen {
            self.is_sha256_chosen = self.say("OPTS", "HASH SHA-256").await?.is_done();
            if !self.is_sha256_chosen {
                self.profile.refuse(Refused::Checksum(checksum));
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn digest_told(&self, checksum: Checksum, reply: &Reply) -> Option<Vec<u8>> {
        if reply.is_not_known() {
            self.profile.refuse(Refused::Checksum(checksum));
        }
        matches!(reply.code, 200 | 213 | 250).then(|| digest_in(reply.words(), checksum.length_bytes())).flatten()
    }

    fn size_told(&mut self, reply: Reply) -> Result<Found, Error> {
        match reply.words().parse() {
            Ok(size) => Ok(Found::Something(Some(size))),
            Err(_) => Err(self.refused("SIZE", reply)),
        }
    }
}

fn size_fact(line: &str) -> Option<u64> {
    fact(line, "size")?.parse().ok()
}

/// `value` of `name=value;` in the facts of an MLST line (RFC 3659 section 7.2).
fn fact<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let facts = line.trim_start().split(' ').next()?;
    facts
        .split(';')
        .filter_map(|fact| fact.split_once('='))
        .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
}

fn time_told(words: &str) -> Option<i64> {
    let time = chrono::NaiveDateTime::parse_from_str(words.get(..14)?, "%Y%m%d%H%M%S").ok()?;
    Some(time.and_utc().timestamp())
}

/// The word that is a digest of `length` bytes in hexadecimal; CRC-32 may lack its leading zeros and must stand alone or last.
fn digest_in(words: &str, length: usize) -> Option<Vec<u8>> {
    let is_hex = |word: &&str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let word = if length > 4 {
        words.split_whitespace().find(|word| word.len() == 2 * length && is_hex(word))?
    } else {
        words.split_whitespace().next_back().filter(|word| word.len() <= 2 * length && is_hex(word))?
    };
    let padded = format!("{word:0>width$}", width = 2 * length);
    (0..length).map(|place| u8::from_str_radix(padded.get(2 * place..2 * place + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_from_facts() {
        for (line, size) in [
            (" modify=20260102030405;perm=adfrw;size=4096;type=file;unique=U; a b", Some(4096)),
            ("Type=file;Size=0; x", Some(0)),
            (" type=file; size=7;", None),
            ("", None),
            (" size=-1; x", None),
        ] {
            assert_eq!(size_fact(line), size, "{line}");
        }
    }

    #[test]
    fn digests_are_found_among_words() {
        let sha = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        for (words, length, found) in [
            (format!("SHA-256 0-4 {sha} hello.txt"), 32, true),
            (sha.to_uppercase(), 32, true),
            (sha[..62].to_owned(), 32, false),
            ("5d41402abc4b2a76b9719d911017c592".to_owned(), 16, true),
            ("3610A686".to_owned(), 4, true),
            ("10A686".to_owned(), 4, true),
            ("done".to_owned(), 4, false),
            (String::new(), 4, false),
        ] {
            assert_eq!(digest_in(&words, length).map(|digest| digest.len()), found.then_some(length), "{words}");
        }
        assert_eq!(digest_in("XCRC 10A686", 4), Some(vec![0, 0x10, 0xa6, 0x86]));
    }

    #[test]
    fn times_are_utc_with_or_without_fractions() {
        assert_eq!(time_told("20260102030405.123"), Some(1_767_323_045));
        assert_eq!(time_told("20260102"), None);
    }
}
