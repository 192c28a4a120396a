//! What all rules share, and the bounds of the machine: their keys, defaults and bounds.

use super::{
    fields::Fields,
    keys::{Table, default, not_yet, optional},
    read::{self, Meaning, Meaning::Built},
    sheet::Sheet,
    values, yaml,
};
use crate::domain::{Priority, Retry};
use std::{ops::RangeInclusive, time::Duration};

/// The keys of `defaults`.
pub const DEFAULTS: Table = Table {
    name: "defaults",
    keys: &[
        optional("retry"),
        default("deadline", "3d"),
        default("priority", "normal"),
        default("delayed_after", "1h"),
    ],
    moved: &[("retries", "write `retry: { attempts: 5 }`"), ("timeout", "write `deadline`")],
};

/// The keys of `defaults.retry`; a rule's own may leave each of them out.
pub const RETRY: Table = Table {
    name: "retry",
    keys: &[default("first_wait", "30s"), default("longest_wait", "1h"), optional("attempts")],
    moved: RETRY_MOVED,
};

/// What people call the keys of `retry`.
pub const RETRY_MOVED: &[(&str, &str)] = &[
    ("max_attempts", "write `attempts`"),
    ("max", "write `attempts`"),
    ("delay", "write `first_wait`"),
    ("backoff", "waits double by themselves, from `first_wait` to `longest_wait`"),
];

/// The keys of `limits`.
pub const LIMITS: Table = Table {
    name: "limits",
    keys: &[
        default("disk_free", "1GB"),
        default("message_size", "25MB"),
        not_yet("recipients", NO_MAIL),
        not_yet("attachments", NO_MAIL),
        not_yet("attachment_depth", NO_MAIL),
    ],
    moved: &[("rate", "limits of a rule stand in its own file"), ("running", "limits of a rule stand in its own file")],
};

/// The keys of `history`.
pub const HISTORY: Table = Table {
    name: "history",
    keys: &[default("delivered", "90d"), default("failed", "365d"), default("bodies", "7d")],
    moved: &[],
};

const NO_MAIL: &str = "leave it out: the parts of a message are not taken out of it yet";

const PRIORITY: &[(&str, Meaning<Priority>)] =
    &[("low", Built(Priority::Low)), ("normal", Built(Priority::Normal)), ("high", Built(Priority::High))];

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);
const WAITS: RangeInclusive<Duration> = SECOND..=DAY.saturating_mul(7);
const LATE: RangeInclusive<Duration> = SECOND..=DAY.saturating_mul(3660);
const DEADLINES: RangeInclusive<Duration> = SECOND..=DAY.saturating_mul(3660);

/// `defaults:` any rule may say otherwise, key by key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    pub retry: Retry,
    pub deadline: Duration,
    pub priority: Priority,
    /// The age from which on a job is late.
    pub delayed_after: Duration,
}

/// `limits:`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of free space in `storage` below which nothing new is taken in.
    pub disk_free: u64,
    /// Bytes of one message, as it goes over the wire.
    pub message_size: u64,
}

/// `history:` how long ended jobs are kept; receipts outlive them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    pub delivered: Duration,
    pub failed: Duration,
    /// The bytes of messages and texts that were delivered.
    pub bodies: Duration,
}

/// `defaults` as packetboat.yaml has it.
pub fn defaults(sheet: &Sheet, top: &Fields<'_>) -> Option<Defaults> {
    let fields = top.map("defaults", &DEFAULTS)?;
    let retry = fields.map("retry", &RETRY).and_then(|retry| {
        let first_wait = retry.need("first_wait", wait);
        let longest_wait = retry.need("longest_wait", wait);
        let attempts = retry.may("attempts", attempts);
        Some(Retry { first_wait: first_wait?, longest_wait: longest_wait?, attempts })
    });
    let deadline = fields.need("deadline", deadline);
    let priority = fields.need("priority", priority);
    let delayed_after = fields.need("delayed_after", delayed_after);
    let retry = retry?;
    check_waits(sheet, &retry, fields.value("retry"));
    Some(Defaults { retry, deadline: deadline?, priority: priority?, delayed_after: delayed_after? })
}

/// Reports a first wait that is longer than the longest.
pub fn check_waits(sheet: &Sheet, retry: &Retry, node: Option<&yaml::Node>) {
    if let (true, Some(node)) = (retry.first_wait > retry.longest_wait, node) {
        let (first, longest) = (read::span_words(retry.first_wait), read::span_words(retry.longest_wait));
        let message = format!("the first wait ({first}) is longer than the longest ({longest})");
        sheet.report(super::Problem::error(&node.at, message).hint("waits double from `first_wait` to `longest_wait`"));
    }
}

/// A wait between two tries.
pub fn wait(sheet: &Sheet, node: &yaml::Node) -> Option<Duration> {
    read::span(WAITS)(sheet, node)
}

/// Tries until a job is failed.
pub fn attempts(sheet: &Sheet, node: &yaml::Node) -> Option<u32> {
    read::count("`attempts`", 1..=1_000_000)(sheet, node)
}

/// The age at which a job is failed.
pub fn deadline(sheet: &Sheet, node: &yaml::Node) -> Option<Duration> {
    read::span(DEADLINES)(sheet, node)
}

/// The age from which on a job is late.
pub fn delayed_after(sheet: &Sheet, node: &yaml::Node) -> Option<Duration> {
    read::span(LATE)(sheet, node)
}

/// `low`, `normal` or `high`.
pub fn priority(sheet: &Sheet, node: &yaml::Node) -> Option<Priority> {
    read::word(PRIORITY)(sheet, node)
}

/// `limits` of packetboat.yaml.
pub fn limits(top: &Fields<'_>) -> Option<Limits> {
    let fields = top.map("limits", &LIMITS)?;
    let disk_free = fields.need("disk_free", read::spelt("a size", values::size));
    let message_size = fields.need("message_size", read::spelt("a size", values::size));
    Some(Limits { disk_free: disk_free?, message_size: message_size? })
}

/// `history` of packetboat.yaml.
pub fn history(top: &Fields<'_>) -> Option<History> {
    let fields = top.map("history", &HISTORY)?;
    let kept = || read::span(DAY..=DAY.saturating_mul(36_600));
    let delivered = fields.need("delivered", kept());
    let failed = fields.need("failed", kept());
    let bodies = fields.need("bodies", kept());
    Some(History { delivered: delivered?, failed: failed?, bodies: bodies? })
}

/// What an empty packetboat.yaml gives.
#[expect(clippy::expect_used, reason = "the tables' own defaults, and every test reads them")]
fn of_empty_file<T>(read: impl FnOnce(&Sheet, &Fields<'_>) -> Option<T>) -> T {
    let sheet = Sheet::new("defaults", "");
    read(&sheet, &Fields::empty(&sheet, &super::load::TOP)).expect("defaults are within their own bounds")
}

impl Default for Defaults {
    fn default() -> Self {
        of_empty_file(defaults)
    }
}

impl Default for Limits {
    fn default() -> Self {
        of_empty_file(|_, top| limits(top))
    }
}

impl Default for History {
    fn default() -> Self {
        of_empty_file(|_, top| history(top))
    }
}
