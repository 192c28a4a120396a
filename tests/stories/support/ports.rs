//! Blocks of loopback ports that no other test on this machine uses meanwhile.

use std::{
    fs::{File, OpenOptions},
    net::{Ipv4Addr, TcpListener},
    ops::RangeInclusive,
};

/// Below the kernel's own range for outgoing connections, so that no client socket sits on them.
const FIRST: u16 = 12_000;
const BLOCK: u16 = 160;
const BLOCKS: u16 = 128;

/// One port to listen on and 128 for data connections, ours while this value lives.
#[derive(Debug)]
pub struct PortBlock {
    first: u16,
    // The lock goes with the descriptor, also when the test is killed.
    _lock: File,
}

impl PortBlock {
    /// Takes the next free block.
    ///
    /// # Panics
    /// When all are taken.
    pub fn take() -> Self {
        let folder = std::env::temp_dir().join(format!("packetboat-test-ports-{}", rustix::process::getuid().as_raw()));
        std::fs::create_dir_all(&folder).unwrap();
        let start = fastrand::u16(..BLOCKS);
        for n in (0..BLOCKS).map(|n| (start + n) % BLOCKS) {
            let path = folder.join(n.to_string());
            let lock = OpenOptions::new().create(true).append(true).open(path).unwrap();
            let first = FIRST + n * BLOCK;
            // Another user's test may hold it without our lock.
            if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, first)).is_ok() {
                return Self { first, _lock: lock };
            }
        }
        panic!("all {BLOCKS} blocks of test ports are taken");
    }

    /// Where to listen for control connections.
    pub fn control(&self) -> u16 {
        self.first
    }

    /// Where to listen for data connections.
    pub fn passive(&self) -> RangeInclusive<u16> {
        self.first + 1..=self.first + 128
    }
}
