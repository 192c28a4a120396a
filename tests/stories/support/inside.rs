//! A story told inside namespaces of its own, where it may mount and limit what the machine must keep.

use super::cannot_here::cannot_here;

/// Runs the story that asks once more by itself, as another process started by `wrapper` after `preparation` (a line for
/// the shell). True in that process: there the story is to be told. False in the one that asked, when all is over.
///
/// # Panics
/// When the story fails there. Where the wrapper is refused, the story cannot be told here.
pub fn again_inside(wrapper: &[&str], preparation: &str) -> bool {
    const INSIDE: &str = "PACKETBOAT_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let start = |line: &str| {
        let mut command = std::process::Command::new(wrapper[0]);
        command.args(&wrapper[1..]).args(["sh", "-c", line, "sh"]);
        command
    };
    let story = std::thread::current().name().unwrap().to_owned();
    if !start(preparation).output().is_ok_and(|output| output.status.success()) {
        cannot_here(&format!("{story}: `{}` is refused", wrapper.join(" ")));
        return false;
    }
    let output = start(&format!("{preparation} && exec \"$@\""))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &story, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    // With another name than the thread's, none would have run.
    assert!(output.status.success() && said.contains("1 passed"), "inside {wrapper:?}:\n{said}");
    false
}
