//! Whether all that a job is made of is there, its path, its mail, its bytes: without that nobody can try it again.

use crate::store::LeftAlone;
use sqlx::{Row, sqlite::SqliteRow};

/// Columns of a row of `jobs`, for [`lacking`]. A mail that was planned keeps its parcel when its letter is taken from it.
macro_rules! means {
    () => {
        "payload_id IS NOT NULL AND (target IS NOT NULL OR action IN ('send', 'webhook')
             OR (action = 'after' AND json_valid(wishes) AND wishes ->> '$.fate' = 'delete')) AS has_target,
         action = 'send' AND payload_id IS NULL AND parcel IS NOT NULL AS key_is_taken"
    };
}
pub(super) use means;

/// Why it can never be tried again, if it cannot.
pub(super) fn lacking(row: &SqliteRow) -> Option<LeftAlone> {
    match (row.get("has_target"), row.get("key_is_taken")) {
        (true, _) => None,
        (false, true) => Some(LeftAlone::KeyTaken),
        (false, false) => Some(LeftAlone::NoTarget),
    }
}
