//! What a running program costs, as the kernel counts it (proc(5)).

use std::{fs, time::Duration};

#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub resident_kib: u64,
    /// The most that was ever resident: VmHWM.
    pub peak_kib: u64,
    /// User and system time, in ticks of ten milliseconds.
    pub cpu: Duration,
    pub threads: u64,
    pub descriptors: usize,
}

impl Cost {
    /// Of the process, now.
    ///
    /// # Panics
    /// When it has ended.
    pub fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let number = |key: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        // The name, in brackets, may hold anything; user and system time are the 12th and 13th column after it.
        let columns = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
        let ticks: u64 = columns.map(|column| column.parse::<u64>().unwrap()).sum();
        Self {
            resident_kib: number("VmRSS:"),
            peak_kib: number("VmHWM:"),
            cpu: Duration::from_millis(ticks * 10),
            threads: number("Threads:"),
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(),
        }
    }
}

/// User and system time of all processes of a process group, those that have ended among them.
///
/// # Panics
/// When there is no /proc.
#[allow(dead_code, reason = "bench-mail uses it")]
pub fn of_group(group: i32) -> Duration {
    let group = group.to_string();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok());
    let ticks = stats.filter_map(|stat| {
        // After the name: state, parent, group; and then its own time and that of its children that have ended.
        let columns: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        (columns.get(2) == Some(&&*group))
            .then(|| columns[11..15].iter().filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>())
    });
    Duration::from_millis(ticks.sum::<u64>() * 10)
}
