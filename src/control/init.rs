//! The files of a new installation, and what systemd must be told of an existing one.

use crate::{
    config::{self, Finding, find, init},
    domain::Escaped,
};
use serde::Serialize;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    path::{Path, PathBuf},
};

/// What [`init`] wrote, and what it says in there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    pub configuration: PathBuf,
    pub rule: PathBuf,
    pub storage: PathBuf,
    /// What the first rule watches.
    pub folder: PathBuf,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("{} is there already: nothing was written; remove it, or name another with --config", .0.display())]
    Exists(PathBuf),
    #[error("{} could not be written: {why}", path.display())]
    Unwritable { path: PathBuf, why: io::Error },
}

/// Writes `file` (for its owner alone: passwords may come into it) and a first rule beside it. Both or none.
///
/// # Errors
/// When one of them is there, or cannot be written.
pub fn init(file: &Path) -> Result<Written, InitError> {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    let home = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    let rule = home.join(init::FIRST_RULE_PATH);
    if let Some(there) = [&file, &rule].into_iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(InitError::Exists(there.clone()));
    }
    let is_of_system = home.starts_with("/etc");
    let (storage, folder) = if is_of_system {
        (PathBuf::from("/var/lib/packetboat"), PathBuf::from("/var/backups/db"))
    } else {
        (home.join("data"), home.join("outbox"))
    };
    write_new(&file, 0o600, &init::packetboat_yaml(&storage))?;
    write_new(&rule, 0o644, &init::first_rule(&folder)).inspect_err(|_| {
        let _ = fs::remove_file(&file); // we have just made it; the error that matters is the other
    })?;
    Ok(Written { configuration: file, rule, storage, folder })
}

fn write_new(path: &Path, mode: u32, text: &str) -> Result<(), InitError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // a file that is where the folder should be says that it exists, too
    fs::create_dir_all(folder).map_err(|why| InitError::Unwritable { path: folder.to_path_buf(), why })?;
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => InitError::Exists(path.to_path_buf()),
        _ => InitError::Unwritable { path: path.to_path_buf(), why },
    })
}

/// The first line of a drop-in of ours: one without it is somebody else's.
pub const DROP_IN_MARK: &str = "# Written by `packetboat init --systemd`";

/// A drop-in for packetboat.service: the one folder that it may write, `storage`. What it watches it only reads. A secret that
/// only the service may read is not asked for.
///
/// # Errors
/// What is wrong with the configuration, when its storage could not be made out.
pub fn drop_in(named: Option<&Path>) -> Result<String, Vec<Finding>> {
    let config::Loaded { outline, findings, .. } = config::load(&find(named));
    let Some(storage) = &outline.storage else { return Err(findings) };
    Ok(format!("{DROP_IN_MARK}: again when `storage` has moved.\n[Service]\n{}", may_write(storage)))
}

/// A line of systemd.exec(5): the folder need not be there (`-`). Quotes and `%` are as systemd.syntax(7) wants them.
fn may_write(folder: &Path) -> String {
    match folder.to_str() {
        Some(text) if !text.contains(char::is_control) => {
            let text = text.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%");
            format!("ReadWritePaths=\"-{text}\"\n")
        }
        _ => format!("# systemd cannot be told of {}\n", Escaped(folder.as_os_str().as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_init_writes_is_a_configuration_and_is_never_written_twice() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("packetboat.yaml");
        let written = init(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let password = |name: &str| (name == "OFFSITE_PASSWORD").then(|| "sesame".into());
        let checked = rules::check_with(&file, &password);
        assert!(checked.loaded.is_some(), "{:?}", checked.findings);
        assert_eq!(checked.loaded.unwrap().1.rules[0].when.watch().unwrap().folder, written.folder);
        for there in [&file, &written.rule] {
            assert!(matches!(init(&file), Err(InitError::Exists(_))));
            fs::remove_file(there).unwrap();
        }
        init(&file).unwrap();
    }

    #[test]
    fn a_drop_in_needs_no_secret_that_is_the_services_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("packetboat.yaml");
        let Written { rule, storage, folder: watched, .. } = init(&file).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("{ env: OFFSITE_PASSWORD }", "{ file: only-the-service-has.it }")).unwrap();
        assert!(rules::check(&file).loaded.is_none());
        let written = drop_in(Some(&file)).unwrap();
        assert!(written.contains(&may_write(&storage)), "{written}");
        assert!(!written.contains(&may_write(&watched)), "it only reads there: {written}");
        fs::write(&rule, "when: 5\n").unwrap();
        assert_eq!(drop_in(Some(&file)).unwrap(), written, "no rule has a say in it");
        fs::write(&file, "storage: [\n").unwrap();
        assert!(!drop_in(Some(&file)).unwrap_err().is_empty());
    }

    #[test]
    fn a_path_in_a_drop_in_is_the_path_whatever_is_in_it() {
        for (path, line) in [
            (&b"/var/backups/db"[..], "ReadWritePaths=\"-/var/backups/db\"\n"),
            (b"/srv/my files/50%", "ReadWritePaths=\"-/srv/my files/50%%\"\n"),
            (b"/a\"b\\c", "ReadWritePaths=\"-/a\\\"b\\\\c\"\n"),
            ("/Grüße".as_bytes(), "ReadWritePaths=\"-/Grüße\"\n"),
            (b"/a\nExecStart=/bin/sh", "# systemd cannot be told of /a\\nExecStart=/bin/sh\n"),
            (b"/caf\xe9", "# systemd cannot be told of /caf\\xe9\n"),
        ] {
            assert_eq!(may_write(Path::new(std::ffi::OsStr::from_bytes(path))), line);
        }
    }
}
