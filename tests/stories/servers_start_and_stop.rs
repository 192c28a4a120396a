//! The harness itself: every server starts, takes a file, is unplugged and comes back on its port.

use crate::support::{
    servers::{ServerKind, ServerOptions, Tls, TlsVersions},
    walk::{sha256, walk},
};
use std::{collections::BTreeMap, net::TcpStream};

async fn takes_files_and_comes_back(kind: ServerKind, options: ServerOptions) {
    if !kind.offers(&options) {
        return;
    }
    let Some(mut server) = kind.start(options) else { return };
    let mut client = server.session();
    assert_eq!(client.store("first", b"one\n").unwrap().code, 226, "{kind:?}");
    server.unplug().await;
    assert!(client.command("NOOP").is_err(), "{kind:?}: an open connection outlived the server");
    let dialled = TcpStream::connect((server.host, server.port));
    assert!(dialled.is_err(), "{kind:?}: the listener outlived the server");
    server.plug_in();
    let mut client = server.session();
    assert_eq!(client.store("second", &vec![7; 300_000]).unwrap().code, 226, "{kind:?}");
    let expected =
        BTreeMap::from([(b"first".to_vec(), sha256(b"one\n")), (b"second".to_vec(), sha256(&vec![7; 300_000]))]);
    assert_eq!(walk(&server.root), expected, "{kind:?}");
}

macro_rules! every_server {
    ($($name:ident: $kind:ident, $tls:ident, $versions:ident;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let options = ServerOptions {
                tls: Tls::$tls,
                tls_versions: TlsVersions::$versions,
                ..ServerOptions::default()
            };
            takes_files_and_comes_back(ServerKind::$kind, options).await;
        }
    )*};
}

every_server! {
    vsftpd_in_plain: Vsftpd, None, Both;
    vsftpd_with_explicit_tls_1_2: Vsftpd, Explicit, Only1_2;
    vsftpd_with_explicit_tls_1_3: Vsftpd, Explicit, Only1_3;
    vsftpd_with_implicit_tls: Vsftpd, Implicit, Only1_2;
    proftpd_in_plain: ProFtpd, None, Both;
    proftpd_with_explicit_tls_1_2: ProFtpd, Explicit, Only1_2;
    proftpd_with_explicit_tls_1_3: ProFtpd, Explicit, Only1_3;
    proftpd_with_implicit_tls: ProFtpd, Implicit, Only1_2;
    pure_ftpd_in_plain: PureFtpd, None, Both;
    pure_ftpd_with_explicit_tls_1_2: PureFtpd, Explicit, Only1_2;
    pure_ftpd_with_explicit_tls_1_3: PureFtpd, Explicit, Only1_3;
    the_embedded_server_in_plain: Embedded, None, Both;
    the_embedded_server_with_tls_1_2: Embedded, Explicit, Only1_2;
    the_embedded_server_with_implicit_tls: Embedded, Implicit, Only1_2;
    the_embedded_server_with_both_tls_versions: Embedded, Explicit, Both;
}
