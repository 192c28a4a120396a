#![no_main]
#[path = "../targets/submission.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::try_with(bytes));
