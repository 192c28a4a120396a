//! The servers of Debian's packages, unpacked into target/test-servers.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

/// Where they lie.
pub fn root() -> PathBuf {
    // target/tmp is what cargo promises to tests.
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("test-servers/root")
}

/// Their shared libraries that this machine may lack, for LD_LIBRARY_PATH.
pub fn libraries() -> String {
    let folders = std::fs::read_dir(root().join("usr/lib")).unwrap().map(|entry| entry.unwrap().path());
    let folders = folders.filter(|path| path.to_string_lossy().contains("-linux-gnu") || path.ends_with("postfix"));
    folders.map(|path| path.display().to_string()).collect::<Vec<_>>().join(":")
}

/// Fetches them if that has not been done; says why that cannot be done here.
pub fn check() -> Result<(), String> {
    static CHECKED: LazyLock<Result<(), String>> = LazyLock::new(|| {
        let fetch = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/fetch");
        let fetched = Command::new(&fetch)
            .env("CARGO_TARGET_DIR", root().parent().unwrap().parent().unwrap())
            .output()
            .map_err(|error| format!("{}: {error}", fetch.display()))?;
        if fetched.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&fetched.stderr).into_owned()) }
    });
    CHECKED.clone()
}

/// An OpenSSL configuration that keeps to these protocol versions, for servers without a setting of their own.
pub fn openssl_configuration(minimum: &str, maximum: &str) -> String {
    format!(
        "openssl_conf = all\n[all]\nssl_conf = servers\n[servers]\nsystem_default = versions\n\
         [versions]\nMinProtocol = {minimum}\nMaxProtocol = {maximum}\n"
    )
}
