//! Postfix, which hands on what it takes to another relay.

use crate::support::{
    cannot_here::cannot_here,
    certificates::{self, CertificateFiles, Shown},
    ports::PortBlock,
    program::{Program, READY, Start, as_root, check_as_root, listens, remove_as_root},
    servers::unpacked,
    wait,
};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// Two accounts that every Linux has: Postfix wants one for itself, and another's group.
const OWNER: &str = "daemon";
const GROUP: &str = "sys";

/// Refused by it, while it takes every other recipient.
pub const REFUSED: &str = "nobody@there.example";

/// Dropping it kills it.
pub struct Postfix {
    /// Plain, and STARTTLS for who asks.
    pub port: u16,
    /// STARTTLS, without which nothing is taken.
    pub port_starttls: u16,
    pub port_implicit: u16,
    /// STARTTLS, and only who shows `client_certificate` is let in.
    pub port_certified: u16,
    pub certificate: CertificateFiles,
    pub client_certificate: CertificateFiles,
    home: TempDir,
    program: Option<Program>,
    _ports: PortBlock,
}

impl Postfix {
    /// One that hands on to 127.0.0.1 at this port. `None`: this machine cannot run it, which is told.
    pub fn start(onward: u16) -> Option<Self> {
        if let Err(why) = unpacked::check().and_then(|()| check_as_root()) {
            cannot_here(&format!("Postfix: {why}"));
            return None;
        }
        let home = tempfile::Builder::new().prefix("packetboat-server-").tempdir().unwrap();
        // Its own account must come through.
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let certificate = certificates::write(Shown::Good, home.path());
        let client_certificate = certificates::write_for_client(&home.path().join("client"));
        let ports = PortBlock::take();
        let port = ports.control();
        fs::create_dir(home.path().join("conf")).unwrap();
        fs::write(home.path().join("conf/main.cf"), main_cf(home.path(), &certificate, onward)).unwrap();
        fs::write(home.path().join("conf/master.cf"), master_cf(port, &client_certificate)).unwrap();
        fs::write(home.path().join("run"), run(home.path())).unwrap();
        let program = Program::start(&Start {
            wrapped_in: as_root(),
            program: Path::new("/bin/sh"),
            arguments: vec![home.path().join("run").display().to_string()],
            environment: BTreeMap::from([("LD_LIBRARY_PATH", unpacked::libraries())]),
            log: &home.path().join("printed"),
            port,
        });
        wait::until("Postfix listens everywhere", READY, || (port..port + 4).all(listens));
        Some(Self {
            port,
            port_starttls: port + 1,
            port_implicit: port + 2,
            port_certified: port + 3,
            certificate,
            client_certificate,
            home,
            program: Some(program),
            _ports: ports,
        })
    }
}

#[allow(dead_code, reason = "bench-mail uses it")]
impl Postfix {
    /// Where its sendmail finds it.
    pub fn conf(&self) -> PathBuf {
        self.home.path().join("conf")
    }

    /// The process group of all its daemons.
    pub fn group(&self) -> i32 {
        self.program.as_ref().map_or(0, Program::group)
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        drop(self.program.take());
        remove_as_root(&self.home.path().join("queue"));
        remove_as_root(&self.home.path().join("data"));
    }
}

/// What its own `postfix start` does: the folders of its queue with their owners, and then the master.
fn run(home: &Path) -> String {
    let home = home.display();
    let daemons = unpacked::root().join("usr/lib/postfix/sbin");
    format!(
        "set -e\nmkdir {home}/queue {home}/data\ncd {home}/queue\n\
         mkdir active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public pid\n\
         chmod 700 [a-oq-z]* private\nchmod 730 maildrop\nchmod 710 public\n\
         chown {OWNER}:{GROUP} [a-oq-z]* private public {home}/data\n\
         exec {}/master -c {home}/conf -d\n",
        daemons.display()
    )
}

fn main_cf(home: &Path, certificate: &CertificateFiles, onward: u16) -> String {
    let root = unpacked::root();
    let (root, home) = (root.display(), home.display());
    format!(
        "compatibility_level = 3.6\nmyhostname = relay.example\nmydestination =\nalias_maps =\nlocal_recipient_maps =\n\
         queue_directory = {home}/queue\ndata_directory = {home}/data\nmeta_directory = {home}/conf\n\
         command_directory = {root}/usr/sbin\ndaemon_directory = {root}/usr/lib/postfix/sbin\nshlib_directory = {root}/usr/lib/postfix\n\
         mail_owner = {OWNER}\nsetgid_group = {GROUP}\ndefault_privs = nobody\n\
         import_environment = MAIL_CONFIG LD_LIBRARY_PATH LANG=C\nexport_environment = MAIL_CONFIG LD_LIBRARY_PATH LANG=C\n\
         maillog_file = {home}/log\nmaillog_file_prefixes = {home}\n\
         inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmynetworks = 127.0.0.0/8\nsmtpd_peername_lookup = no\n\
         smtp_host_lookup = native\nrelayhost = [127.0.0.1]:{onward}\nmessage_size_limit = 1000000\n\
         smtpd_recipient_restrictions = check_recipient_access inline:{{{{{REFUSED} = 550 5.1.1 No such user}}}}, permit_mynetworks, reject\n\
         smtpd_tls_chain_files = {}\nsmtpd_tls_security_level = may\n",
        certificate.both.display(),
    )
}

fn master_cf(port: u16, client: &CertificateFiles) -> String {
    let (starttls, implicit, certified) = (port + 1, port + 2, port + 3);
    format!(
        "127.0.0.1:{port} inet n - n - - smtpd\n\
         127.0.0.1:{starttls} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt\n\
         127.0.0.1:{implicit} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n\
         127.0.0.1:{certified} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt\n  \
         -o smtpd_tls_req_ccert=yes -o smtpd_tls_CAfile={ca}\n\
         pickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\ntlsmgr unix - - n 1000? 1 tlsmgr\n\
         rewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\n\
         trace unix - - n - 0 bounce\nproxymap unix - - n - - proxymap\nsmtp unix - - n - - smtp\n\
         error unix - - n - - error\nretry unix - - n - - error\nanvil unix - - n - 1 anvil\n\
         postlog unix-dgram n - n - 1 postlogd\n",
        ca = client.ca.display(),
    )
}
