//! What a rule mails once: a key is held by its letter until all who should have got that have failed for good.

use crate::store::writer::Tx;
use serde_json::Value;
use sqlx::Row;
use std::collections::HashSet;

/// The keys that one request has taken; their jobs are not there yet.
#[derive(Debug, Default)]
pub(super) struct Taken(HashSet<(String, String)>);

impl Taken {
    /// Whether a letter of `rule` may be mailed under `key`.
    pub(super) async fn is_free(&self, tx: &mut Tx<'_>, rule: &str, key: &str) -> Result<bool, sqlx::Error> {
        if self.0.contains(&(rule.to_owned(), key.to_owned())) {
            return Ok(false);
        }
        let held = sqlx::query(IS_HELD).bind(rule).bind(key).fetch_one(&mut *tx.db).await?;
        Ok(!held.get::<bool, _>(0))
    }

    /// The letter of this row holds the key from now on.
    pub(super) async fn hold(
        &mut self,
        tx: &mut Tx<'_>,
        rule: &str,
        key: &str,
        letter: i64,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(REPLACE).bind(rule).bind(key).execute(&mut *tx.db).await?;
        sqlx::query(HOLD).bind(rule).bind(key).bind(letter).execute(&mut *tx.db).await?;
        self.0.insert((rule.to_owned(), key.to_owned()));
        Ok(())
    }
}

pub(super) const IS_HELD: &str = "
SELECT EXISTS (SELECT 1 FROM mail_keys k WHERE k.rule = ?1 AND k.key = ?2
   AND (k.is_mailed OR EXISTS (SELECT 1 FROM jobs j WHERE j.payload_id = k.payload_id AND j.state NOT IN ('failed', 'cancelled'))))";

/// Nobody got the letter that had the key before, and nobody will: the next one is mailed in its place.
const REPLACE: &str = "
UPDATE jobs SET payload_id = NULL, said = 'another mail has its idempotency_key by now; before that: ' || coalesce(said, '')
 WHERE payload_id = (SELECT payload_id FROM mail_keys WHERE rule = ?1 AND key = ?2) AND state IN ('failed', 'cancelled')";

const HOLD: &str = "
INSERT INTO mail_keys (rule, key, payload_id) VALUES (?1, ?2, ?3)
ON CONFLICT (rule, key) DO UPDATE SET payload_id = excluded.payload_id, is_mailed = 0";

/// These letters may have been mailed, though nobody said so: whatever becomes of their jobs, their keys stay held.
pub(super) async fn keep(tx: &mut Tx<'_>, letters: &[i64]) -> Result<(), sqlx::Error> {
    if !letters.is_empty() {
        let letters = Value::from(letters).to_string();
        sqlx::query(REMEMBER_MAILED).bind(letters).execute(&mut *tx.db).await?;
    }
    Ok(())
}

/// History takes delivered jobs of these letters: their keys stay held.
pub(super) const REMEMBER_MAILED: &str = "
UPDATE mail_keys SET is_mailed = 1 WHERE payload_id IN (SELECT value FROM json_each(?1))";

/// History has taken the last jobs of these letters, and nobody ever got one.
pub(super) const FORGET: &str = "
DELETE FROM mail_keys WHERE payload_id IN (SELECT value FROM json_each(?1)) AND NOT is_mailed
   AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.payload_id = mail_keys.payload_id)";
