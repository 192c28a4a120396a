//! ProFTPD with mod_tls, which demands TLS session reuse as it ships.

use super::{Limits, RenameOver, ServerOptions, SessionReuse, SetTime, TestServer, Tls, TlsVersions, Writes, unpacked};
use crate::support::program::{Program, Start, is_root};
use std::{collections::BTreeMap, fmt::Write as _, fs, os::unix::fs::PermissionsExt, path::Path};

pub fn offers(_: &ServerOptions) -> bool {
    true
}

pub fn start(server: &TestServer) -> Program {
    let home = server.home.path();
    let hash = sha512_crypt(server.password);
    let (user, group) = (id("-u"), id("-g"));
    private(
        &home.join("passwd"),
        &format!("{}:{hash}:{user}:{group}::{}:/bin/sh\n", server.user, server.root.display()),
    );
    private(&home.join("group"), &format!("{}:x:{group}:\n", id("-gn")));
    let configuration = home.join("proftpd.conf");
    fs::write(&configuration, settings(server)).unwrap();
    Program::start(&Start {
        wrapped_in: &[],
        program: &unpacked::root().join("usr/sbin/proftpd"),
        arguments: vec!["--nodaemon".into(), "-c".into(), configuration.display().to_string()],
        environment: BTreeMap::from([("LD_LIBRARY_PATH", unpacked::libraries())]),
        log: &home.join("printed"),
        port: server.port,
    })
}

fn settings(server: &TestServer) -> String {
    let TestServer { options, port, .. } = server;
    let home = server.home.path().display();
    let passive = server.ports.passive();
    let mut text = format!(
        "ServerName test\nServerType standalone\nDefaultAddress 127.0.0.1\nSocketBindTight on\nPort {port}\n\
         User {user}\nGroup {group}\nRootLogin on\nAuthOrder mod_auth_file.c\n\
         AuthUserFile {home}/passwd\nAuthGroupFile {home}/group\nRequireValidShell off\nDefaultRoot {hidden}\n\
         UseReverseDNS off\nWtmpLog off\nTransferLog none\nSystemLog {home}/proftpd.log\n\
         PidFile {home}/pid\nScoreboardFile {home}/scoreboard\nDelayEngine off\nControlsEngine off\nPassivePorts {first} {last}\n\
         AllowStoreRestart on\nAllowRetrieveRestart on\nModulePath {modules}\n",
        user = id("-un"),
        group = id("-gn"),
        // Only root may hide the rest of the machine.
        hidden = if is_root() { "~" } else { "/" },
        modules = unpacked::root().join("usr/lib/proftpd").display(),
        first = passive.start(),
        last = passive.end(),
    );
    let mut line = |words: &dyn std::fmt::Display| writeln!(text, "{words}").unwrap();
    line(&if options.rename_over == RenameOver::Replaces { "AllowOverwrite on" } else { "AllowOverwrite off" });
    match options.limits {
        Limits::Wide => {}
        Limits::Clients(most) => line(&format_args!("MaxClients {most}")),
        Limits::PerHost(most) => line(&format_args!("MaxConnectionsPerHost {most}")),
    }
    if options.writes == Writes::Refused {
        line(&"<Limit WRITE>\nDenyAll\n</Limit>");
    }
    if options.set_time == SetTime::Refused {
        line(&"<Limit MFMT SITE_UTIME>\nDenyAll\n</Limit>");
    }
    if let Some(files) = &server.certificate {
        let versions = match options.tls_versions {
            TlsVersions::Only1_2 => "TLSv1.2",
            TlsVersions::Only1_3 => "TLSv1.3",
            TlsVersions::Both => "TLSv1.2 TLSv1.3",
        };
        line(&"LoadModule mod_tls.c\nTLSEngine on\nTLSRequired on");
        line(&format_args!("TLSECCertificateFile {}", files.certificate.display()));
        line(&format_args!("TLSECCertificateKeyFile {}", files.key.display()));
        line(&format_args!("TLSProtocol {versions}\nTLSLog {home}/tls.log"));
        if server.tls == Tls::Implicit {
            line(&"TLSOptions UseImplicitSSL");
        }
        if let Some(client) = &server.client_certificate {
            line(&format_args!("TLSVerifyClient on\nTLSCACertificateFile {}", client.ca.display()));
        }
        if options.session_reuse == SessionReuse::NotRequired {
            line(&"TLSOptions NoSessionReuseRequired");
        }
    }
    text
}

/// ProFTPD and Pure-FTPd want a hash and nothing less.
pub fn sha512_crypt(password: &str) -> String {
    let made = std::process::Command::new("openssl").args(["passwd", "-6", password]).output().unwrap();
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

/// Our own user or group, as `id` says it.
fn id(option: &str) -> String {
    let said = std::process::Command::new("id").arg(option).output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

/// Password files that others can read are refused.
fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
