//! Passwords of accounts, kept as argon2 hashes (RFC 9106), and whoever guesses them shut out for a while.

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use ring::rand::{SecureRandom, SystemRandom};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::Semaphore, time::Instant};

/// Hashes at once: each takes 19 MiB and some ten milliseconds of a processor.
const AT_ONCE: usize = 2;
/// Bytes of a password: more is no password.
const LONGEST: usize = 1024;

/// The accounts of a door.
#[derive(Clone)]
pub struct Passwords {
    hashes: Arc<BTreeMap<String, String>>,
    turns: Arc<Semaphore>,
}

/// Why a password has no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoHash {
    #[error("an empty password")]
    Empty,
    #[error("a password of more than {LONGEST} bytes")]
    Long,
    #[error("it cannot be hashed: {0}")]
    Broken(String),
}

impl Passwords {
    /// Those of accounts by their names.
    #[must_use]
    pub fn new(hashes: BTreeMap<String, String>) -> Self {
        Self { hashes: Arc::new(hashes), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Whether it is this account's. Of an account that is not there it takes as long.
    pub async fn is_right(&self, account: &str, password: &str) -> bool {
        const NOBODYS: &str =
            "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let hash = self.hashes.get(account).cloned();
        let (is_known, hash) = (hash.is_some(), hash.unwrap_or_else(|| NOBODYS.to_owned()));
        let password = password.to_owned();
        let Ok(_turn) = self.turns.acquire().await else { return false };
        let checked = tokio::task::spawn_blocking(move || {
            let Ok(hash) = PasswordHash::new(hash.trim()) else { return false };
            password.len() <= LONGEST && Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
        });
        checked.await.unwrap_or(false) && is_known
    }

    /// The hash that is kept in place of a password, another each time.
    ///
    /// # Errors
    /// Why there is none.
    pub fn hash(password: &str) -> Result<String, NoHash> {
        match password.len() {
            0 => return Err(NoHash::Empty),
            1..=LONGEST => {}
            _ => return Err(NoHash::Long),
        }
        let mut salt = [0; 16];
        SystemRandom::new().fill(&mut salt).map_err(|_| NoHash::Broken("no random bytes".to_owned()))?;
        let broken = |why: argon2::password_hash::Error| NoHash::Broken(why.to_string());
        let salt = SaltString::encode_b64(&salt).map_err(broken)?;
        Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(broken)?.to_string())
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.hashes.keys()).finish()
    }
}

/// Wrong passwords until an address is shut out.
const AFTER: u32 = 5;
/// For how long, and for how long wrong ones are remembered.
const LASTS: Duration = Duration::from_secs(900);
/// Addresses remembered.
const MOST: usize = 10_000;

/// Addresses from which passwords are guessed.
#[derive(Debug, Default)]
pub struct Bans(Mutex<HashMap<IpAddr, (u32, Instant)>>);

impl Bans {
    /// A wrong password came from there.
    pub fn wrong(&self, from: IpAddr) {
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, (_, at)| now.duration_since(*at) < LASTS);
        }
        if all.len() < MOST || all.contains_key(&from) {
            let (count, at) = all.entry(from).or_insert((0, now));
            (*count, *at) = (if now.duration_since(*at) < LASTS { *count + 1 } else { 1 }, now);
        }
    }

    /// Whether nobody from there is heard at the moment.
    pub fn is_banned(&self, from: IpAddr) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&from).is_some_and(|(count, at)| *count >= AFTER && at.elapsed() < LASTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_for_its_account_alone() {
        let hash = Passwords::hash("sesame").unwrap();
        assert_ne!(hash, Passwords::hash("sesame").unwrap());
        let accounts = Passwords::new(BTreeMap::from([("shop".to_owned(), format!("{hash}\n"))]));
        for (account, password, is_right) in
            [("shop", "sesame", true), ("shop", "Sesame", false), ("shop", "", false), ("other", "sesame", false)]
        {
            assert_eq!(accounts.is_right(account, password).await, is_right, "{account} {password}");
        }
        assert!(!format!("{accounts:?}").contains("argon2"));
        assert_eq!(Passwords::hash(""), Err(NoHash::Empty));
        assert_eq!(Passwords::hash(&"x".repeat(LONGEST + 1)), Err(NoHash::Long));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_guesses_is_shut_out_for_a_while_and_nobody_else() {
        let (bans, guesser, other) = (Bans::default(), IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for _ in 0..AFTER {
            assert!(!bans.is_banned(guesser));
            bans.wrong(guesser);
        }
        assert!(bans.is_banned(guesser) && !bans.is_banned(other));
        tokio::time::advance(LASTS).await;
        assert!(!bans.is_banned(guesser));
        bans.wrong(guesser);
        assert!(!bans.is_banned(guesser), "it begins anew");
    }
}
