//! rsync keeps a watched folder up to date: a temporary name, then a rename over what was there, times kept.

use crate::{cannot_here::cannot_here, support::Boat, unpacked};
use std::{
    fs::{self, File},
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

fn rsync(options: &str, from: &Path, to: &Path) {
    let mut rsync = Command::new(unpacked::root().join("usr/bin/rsync"));
    let status = rsync.arg(options).args([from, to]).env("LD_LIBRARY_PATH", unpacked::libraries()).status().unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn each_version_arrives_once_whatever_its_size_and_what_was_copied_anew_never() {
    if let Err(why) = unpacked::check() {
        return cannot_here(&format!("rsync: {why}"));
    }
    let boat = Boat::new("settled_for: 0s, rescan: 1h");
    let voyage = boat.sail().await;
    let source = boat.ground.path().join("a");
    let put = |bytes: &str, second: u64| {
        fs::write(&source, bytes).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + second);
        File::options().write(true).open(&source).unwrap().set_modified(time).unwrap();
    };
    for (bytes, second, options, arrived) in [
        ("first", 0, "-t", "a×1"),
        ("first", 0, "-t", "a×1"),
        ("other", 9, "-t", "a×2"),
        // the same bytes under another inode
        ("other", 9, "-tI", "a×2"),
        // the time of the version before, and `-I`, for by size and time rsync itself would pass it over
        ("third", 9, "-tI", "a×3"),
    ] {
        put(bytes, second);
        rsync(options, &source, &boat.at("a"));
        voyage.settle().await;
        assert_eq!(boat.arrived().await, arrived, "{bytes} by rsync {options}");
        boat.sent("a").await;
    }
    voyage.stop().await;
}
