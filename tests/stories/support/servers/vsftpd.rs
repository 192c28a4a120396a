//! vsftpd: as strict about TLS session reuse as it ships, and without MLSD and MFMT.

use super::{Limits, RenameOver, ServerOptions, SessionReuse, SetTime, TestServer, Tls, TlsVersions, Writes, unpacked};
use crate::support::program::{Program, Start};
use std::{collections::BTreeMap, fmt::Write as _, fs};

pub fn offers(options: &ServerOptions) -> bool {
    options.rename_over == RenameOver::Replaces
}

pub fn start(server: &TestServer) -> Program {
    let home = server.home.path();
    // Anonymous with a list of passwords: the one login of vsftpd's that needs no account on the machine.
    fs::write(home.join("passwords"), format!("{}\n", server.password)).unwrap();
    let configuration = home.join("vsftpd.conf");
    fs::write(&configuration, settings(server)).unwrap();
    let mut environment = BTreeMap::from([("LD_LIBRARY_PATH", unpacked::libraries())]);
    if server.tls != Tls::None {
        let versions = home.join("openssl.cnf");
        let (minimum, maximum) = match server.options.tls_versions {
            TlsVersions::Only1_2 => ("TLSv1.2", "TLSv1.2"),
            TlsVersions::Only1_3 => ("TLSv1.3", "TLSv1.3"),
            TlsVersions::Both => ("TLSv1.2", "TLSv1.3"),
        };
        fs::write(&versions, unpacked::openssl_configuration(minimum, maximum)).unwrap();
        environment.insert("OPENSSL_CONF", versions.display().to_string());
    }
    Program::start(&Start {
        wrapped_in: &[],
        program: &unpacked::root().join("usr/sbin/vsftpd"),
        arguments: vec![configuration.display().to_string()],
        environment,
        log: &home.join("printed"),
        port: server.port,
    })
}

fn settings(server: &TestServer) -> String {
    let TestServer { options, port, .. } = server;
    let home = server.home.path().display();
    let passive = server.ports.passive();
    let mut text = format!(
        "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nrun_as_launching_user=YES\n\
         seccomp_sandbox=NO\nisolate=NO\nisolate_network=NO\n\
         anonymous_enable=YES\nlocal_enable=NO\nftp_username=root\nanon_root={root}\n\
         secure_email_list_enable=YES\nemail_password_file={home}/passwords\n\
         anon_upload_enable=YES\nanon_mkdir_write_enable=YES\nanon_other_write_enable=YES\n\
         anon_world_readable_only=NO\nanon_umask=022\nuse_localtime=NO\nforce_dot_files=YES\n\
         pasv_min_port={first}\npasv_max_port={last}\n\
         xferlog_enable=NO\n",
        root = server.root.display(),
        first = passive.start(),
        last = passive.end(),
    );
    let mut set = |key: &str, value: &dyn std::fmt::Display| writeln!(text, "{key}={value}").unwrap();
    set("write_enable", &if options.writes == Writes::Allowed { "YES" } else { "NO" });
    set("mdtm_write", &if options.set_time == SetTime::AsShipped { "YES" } else { "NO" });
    match options.limits {
        Limits::Wide => {}
        Limits::Clients(most) => set("max_clients", &most),
        Limits::PerHost(most) => set("max_per_ip", &most),
    }
    if let Some(files) = &server.certificate {
        set("ssl_enable", &"YES");
        set("allow_anon_ssl", &"YES");
        set("force_anon_logins_ssl", &"YES");
        set("force_anon_data_ssl", &"YES");
        set("ssl_ciphers", &"HIGH");
        set("rsa_cert_file", &files.certificate.display());
        set("rsa_private_key_file", &files.key.display());
        if let Some(client) = &server.client_certificate {
            set("ca_certs_file", &client.ca.display());
            set("require_cert", &"YES");
            set("validate_cert", &"YES");
        }
        set("implicit_ssl", &if server.tls == Tls::Implicit { "YES" } else { "NO" });
        set("require_ssl_reuse", &if options.session_reuse == SessionReuse::AsShipped { "YES" } else { "NO" });
    }
    text
}
