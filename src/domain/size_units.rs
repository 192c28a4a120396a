//! The units of a size, decimal and binary: the one table for configuration and templates.

/// Bytes in each, the commonest first: who guesses at a misspelt one guesses in this order.
pub const SIZE_UNITS: [(&str, u64); 10] = [
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("kB", 1_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("B", 1),
];
