//! The engine in seeded worlds: real intake, store, worker and janitor, with simulated servers, on a driven clock.
//!
//! A world that breaks a promise is printed with its seed and what happened in it; `PACKETBOAT_SEED=n cargo nextest run
//! --all-features -E 'test(the_world_of_the_environment)'` shows it again. docs/adr/0011 says what a replay repeats.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on stops with a panic")]

mod check;
mod configuration;
mod life;
mod peace;
mod plan;
mod served;
mod source;
mod truth;
mod world;

use world::{Told, run};

const SEED: &str = "PACKETBOAT_SEED";

/// What a world that broke a promise leaves to read.
fn show(seed: u64, told: &Told) {
    println!("world {seed} broke {} promises:", told.faults.len());
    told.faults.iter().for_each(|fault| println!("  {fault}"));
    println!("what happened in it:");
    told.log.iter().for_each(|line| println!("  {line}"));
    println!("again: {SEED}={seed} cargo nextest run --all-features -E 'test(the_world_of_the_environment)'");
}

/// A hundred worlds; those that break a promise are told whole.
fn worlds(part: u64) {
    let broken: Vec<u64> = (part * 100..(part + 1) * 100)
        .filter(|seed| {
            let told = run(*seed);
            if !told.faults.is_empty() {
                show(*seed, &told);
            }
            !told.faults.is_empty()
        })
        .collect();
    assert!(broken.is_empty(), "seeds that broke a promise: {broken:?}");
}

#[test]
fn the_world_of_the_environment_keeps_its_promises() {
    let seed = std::env::var(SEED).map_or(0, |seed| seed.parse().expect("PACKETBOAT_SEED is a number"));
    let told = run(seed);
    if !told.faults.is_empty() || std::env::var_os(SEED).is_some() {
        show(seed, &told);
    }
    assert!(told.faults.is_empty(), "world {seed} broke promises");
}

#[test]
fn a_world_happens_twice_alike() {
    for seed in (0..2000).step_by(100) {
        let (first, second) = (run(seed).log, run(seed).log);
        let differ = first.iter().zip(&second).position(|(first, second)| first != second);
        if let Some(line) = differ {
            panic!("world {seed} differs in line {line}:\n  {}\n  {}", first[line], second[line]);
        }
        assert_eq!(first.len(), second.len(), "world {seed}");
    }
}

macro_rules! parts {
    ($($name:ident $part:literal)*) => { $(#[test] fn $name() { worlds($part); })* };
}

parts! {
    worlds_00 0 worlds_01 1 worlds_02 2 worlds_03 3 worlds_04 4 worlds_05 5 worlds_06 6 worlds_07 7 worlds_08 8 worlds_09 9
    worlds_10 10 worlds_11 11 worlds_12 12 worlds_13 13 worlds_14 14 worlds_15 15 worlds_16 16 worlds_17 17 worlds_18 18
    worlds_19 19
}
