//! The first command of the README, to its end.

use std::process::Command;

#[test]
fn the_demo_ends_well_only_if_every_file_has_arrived() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_packetboat"));
    let output = demo.args(["demo", "--once"]).env("TMPDIR", folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let receipts = said.lines().filter(|line| line.contains("  sha256 ")).count();
    assert_eq!(receipts, 11, "{said}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "it takes everything away");
}
