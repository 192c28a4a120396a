//! The clients, each as its manual would have it called.

use crate::{
    support::servers::{TestServer, Tls},
    work::Work,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// `packetboat once` with fresh storage: tracked, verified, renamed.
    Packetboat,
    /// `lftp mirror -R` as it is: straight to the final name.
    Lftp,
    /// The same with `xfer:use-temp-file yes`.
    LftpTemporary,
    /// `curl -T`, for the large file.
    Curl,
}

impl Client {
    pub fn for_work(work: Work) -> Vec<Self> {
        if work.is_large() {
            vec![Self::Packetboat, Self::Curl, Self::Lftp]
        } else {
            vec![Self::Packetboat, Self::Lftp, Self::LftpTemporary]
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Packetboat => "packetboat once",
            Self::Lftp => "lftp mirror -R",
            Self::LftpTemporary => "lftp, temp names",
            Self::Curl => "curl -T",
        }
    }

    /// The command that uploads `files` to `folder`; what it needs to read is written into `desk`.
    pub fn command(self, work: Work, files: &Path, server: &TestServer, folder: &str, desk: &Path) -> Command {
        match self {
            Self::Packetboat => packetboat(work, files, server, folder, desk),
            Self::Lftp => lftp(work, files, server, folder, "no"),
            Self::LftpTemporary => lftp(work, files, server, folder, "yes"),
            Self::Curl => curl(files, server, folder),
        }
    }
}

fn packetboat(work: Work, files: &Path, server: &TestServer, folder: &str, desk: &Path) -> Command {
    let tls = match (&server.tls, &server.certificate) {
        (Tls::None, _) | (_, None) => "tls: none".to_owned(),
        (_, Some(certificate)) => format!("tls: explicit, ca_file: {}", certificate.ca.display()),
    };
    let text = format!(
        "storage: {}/storage\nservers:\n  there:\n    ftp: {{ host: {}, port: {}, user: {}, password: {}, folder: {folder}, connections: {}, {tls} }}\n",
        desk.display(),
        server.host,
        server.port,
        server.user,
        server.password,
        work.connections,
    );
    let configuration = desk.join("packetboat.yaml");
    fs::write(&configuration, text).unwrap();
    fs::set_permissions(&configuration, fs::Permissions::from_mode(0o600)).unwrap();
    fs::create_dir(desk.join("rules")).unwrap();
    let rule = format!(
        "when:\n  watch: {{ folder: {}, recursive: true, settled_for: 0s }}\nthen: [{{ upload: {{ to: there }} }}]\n",
        files.display()
    );
    fs::write(desk.join("rules/all.yaml"), rule).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_packetboat"));
    command.arg("--config").arg(configuration).arg("once").env("RUST_LOG", "warn");
    command
}

fn lftp(work: Work, files: &Path, server: &TestServer, folder: &str, use_temporary: &str) -> Command {
    let tls = match &server.certificate {
        Some(certificate) => format!(
            "set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set ssl:ca-file {};",
            certificate.ca.display()
        ),
        None => "set ftp:ssl-allow no;".to_owned(),
    };
    let script = format!(
        "set xfer:log no; set xfer:use-temp-file {use_temporary}; {tls} open -u {},{} ftp://{}:{}; mirror -R --parallel={} {} {folder}",
        server.user,
        server.password,
        server.host,
        server.port,
        work.connections,
        files.display(),
    );
    let unpacked = unpacked();
    let mut command = Command::new(unpacked.join("usr/bin/lftp"));
    command.args(["-c", &script]).env("LD_LIBRARY_PATH", libraries(&unpacked)).env("HOME", "/nonexistent");
    command
}

fn curl(files: &Path, server: &TestServer, folder: &str) -> Command {
    let mut command = Command::new("curl");
    command.args(["-sS", "-u", &format!("{}:{}", server.user, server.password)]);
    if let Some(certificate) = &server.certificate {
        command.arg("--ssl-reqd").arg("--cacert").arg(&certificate.ca).args(["--tls-max", "1.2"]);
    }
    let url = format!("ftp://{}:{}/%2F{}/d000/f00000", server.host, server.port, folder.trim_start_matches('/'));
    command.arg("--ftp-create-dirs").arg("-T").arg(files.join("d000/f00000")).arg(url);
    command
}

fn unpacked() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("test-servers/root")
}

fn libraries(unpacked: &Path) -> String {
    let folders = fs::read_dir(unpacked.join("usr/lib")).unwrap().map(|entry| entry.unwrap().path());
    let folders: Vec<_> = folders
        .filter(|path| path.to_string_lossy().contains("-linux-gnu"))
        .map(|path| path.display().to_string())
        .collect();
    folders.join(":")
}
