//! What this machine cannot run, told so that nobody overlooks it.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
};

/// Says on standard error why something is left out, and in the file that `make test` counts in the end.
///
/// # Panics
/// With `CI=true`: there, nothing may be left out.
#[track_caller]
pub fn cannot_here(why: &str) {
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!is_ci, "cannot be run here: {why}");
    eprintln!("CANNOT HERE: {why}");
    // target/tmp is what cargo promises to tests.
    let counted = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-servers");
    fs::create_dir_all(&counted).unwrap();
    let mut file = OpenOptions::new().create(true).append(true).open(counted.join("cannot-here")).unwrap();
    // In one piece: other tests write there too.
    file.write_all(format!("{}\n", why.trim_end().replace('\n', " ")).as_bytes()).unwrap();
}
