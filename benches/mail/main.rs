//! `make bench-mail`: what mail costs, 4 KiB each: out of a full queue beside smtp-source, and in by each door and through beside Postfix.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops with a panic")]

mod doors;
mod out;
mod peers;
mod through;

#[path = "../../tests/stories/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the stories use the rest")]
mod support;

/// Bytes of a message.
const SIZE: usize = 4096;

/// Both tables, or the one that is named: `out`, `through`.
fn main() {
    let named = |table: &str| std::env::args().skip(1).filter(|word| !word.starts_with('-')).all(|word| word == table);
    if named("out") {
        out::table();
    }
    if named("through") {
        through::table();
    }
}
