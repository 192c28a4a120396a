//! What all rules share, and the bounds of the machine: the one place where these defaults stand.

use crate::domain::{Priority, Retry};
use std::time::Duration;

/// `defaults:` any rule may say otherwise, key by key.
#[derive(Debug, Clone)]
pub struct Defaults {
    pub retry: Retry,
    pub deadline: Duration,
    pub priority: Priority,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            retry: Retry {
                first_wait: Duration::from_secs(30),
                longest_wait: Duration::from_secs(3600),
                attempts: None,
            },
            deadline: Duration::from_secs(3 * 24 * 3600),
            priority: Priority::Normal,
        }
    }
}

/// `limits:`
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of free space in `storage` below which nothing new is taken in.
    pub disk_free: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { disk_free: 1_000_000_000 }
    }
}

/// `history:` how long ended jobs are kept; receipts outlive them.
#[derive(Debug, Clone)]
pub struct History {
    pub delivered: Duration,
    pub failed: Duration,
}

impl Default for History {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        Self { delivered: DAY * 90, failed: DAY * 365 }
    }
}
