//! How rows look in JSON: moments as ISO 8601 in UTC, names as text (with stray bytes spelt out), hashes in hex.

use crate::domain::{Escaped, Moment, Ref, Sha256};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

/// `2026-11-22T04:18:48.000Z`.
///
/// # Errors
/// Those of `out`.
pub fn moment<S: Serializer>(moment: &Moment, out: S) -> Result<S::Ok, S::Error> {
    iso(*moment).serialize(out)
}

/// [`moment`], or `null`.
///
/// # Errors
/// Those of `out`.
pub fn moment_or_null<S: Serializer>(moment: &Option<Moment>, out: S) -> Result<S::Ok, S::Error> {
    moment.map(iso).serialize(out)
}

fn iso(moment: Moment) -> Option<String> {
    let time = DateTime::<Utc>::from_timestamp_millis(moment.0)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Valid UTF-8 as it is: who prints it escapes it.
///
/// # Errors
/// Those of `out`.
pub fn name<S: Serializer>(bytes: &[u8], out: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.serialize(out),
        Err(_) => Escaped(bytes).to_string().serialize(out),
    }
}

/// [`name`], or `null`.
///
/// # Errors
/// Those of `out`.
pub fn name_or_null<S: Serializer>(bytes: &Option<Vec<u8>>, out: S) -> Result<S::Ok, S::Error> {
    match bytes {
        Some(bytes) => name(bytes, out),
        None => out.serialize_none(),
    }
}

pub(super) fn id<S: Serializer>(id: &Ref, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(id)
}

pub(super) fn hash<S: Serializer>(hash: &Sha256, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(hash)
}
