//! The table: what was measured, how much it was, and what it should be.

use std::time::Duration;

/// Longer than anything here takes.
pub const LONG: Duration = Duration::from_secs(600);

#[derive(Debug, Default)]
pub struct Table(Vec<[String; 3]>);

impl Table {
    pub fn say(&mut self, what: &str, measured: String, aim: &str) {
        eprintln!("  {what}: {measured}");
        self.0.push([what.to_owned(), measured, aim.to_owned()]);
    }

    pub fn mib(&mut self, what: &str, kib: u64, aim: u32) {
        self.say(what, format!("{:.1} MiB", kib as f64 / 1024.0), &format!("at most {aim} MiB"));
    }

    pub fn seconds(&mut self, what: &str, span: Duration, aim: f64) {
        self.say(what, format!("{:.2} s", span.as_secs_f64()), &format!("below {aim} s"));
    }

    pub fn print(&self) {
        println!("| what | measured | aim |\n|---|---|---|");
        for [what, measured, aim] in &self.0 {
            println!("| {what} | {measured} | {aim} |");
        }
    }
}

/// Processor time as a share of a core.
pub fn share(cpu: Duration, span: Duration) -> String {
    format!("{:.2} % of a core", 100.0 * cpu.as_secs_f64() / span.as_secs_f64())
}
