//! Sizes as people write and read them: the one table and the one look for configuration, templates and the screen.

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

/// `48.2 MB`, `410 MB`: powers of ten, two or three digits, rounded to the nearest.
#[must_use]
pub fn show_size(bytes: u64) -> String {
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut factor = 1_000u128;
    for unit in ["KB", "MB", "GB", "TB", "PB"] {
        let rounded = |parts: u128| (u128::from(bytes) * parts + factor / 2) / factor;
        match (rounded(10), rounded(1)) {
            (tenths @ ..1_000, _) => return format!("{}.{} {unit}", tenths / 10, tenths % 10),
            (_, whole @ ..1_000) => return format!("{whole} {unit}"),
            _ => factor *= 1_000, // 999,950 bytes are 1.0 MB and not 1000 KB
        }
    }
    let tenths = (u128::from(bytes) * 10 + factor / 2) / factor;
    format!("{}.{} EB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read_is_short_and_rounded() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 KB"),
            (18_230, "18.2 KB"),
            (99_949, "99.9 KB"),
            (99_950, "100 KB"),
            (410_000_000, "410 MB"),
            (999_499, "999 KB"),
            (999_500, "1.0 MB"),
            (999_999_999, "1.0 GB"),
            (2_400_000_000, "2.4 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(show_size(bytes), text);
        }
    }
}
