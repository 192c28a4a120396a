//! Fifty files to every kind of server, by every kind of connection: byte for byte, and nothing left but final names.

use crate::support::{
    check,
    gateway::{Gateway, Wishes},
    servers::{ServerKind, ServerOptions, Tls, TlsVersions},
};

const FILES: usize = 50;

async fn fifty_files(kind: ServerKind, tls: Tls, tls_versions: TlsVersions, connections: u32) {
    let options = ServerOptions { tls, tls_versions, ..ServerOptions::default() };
    if !kind.offers(&options) {
        return;
    }
    let Some(server) = kind.start(options) else { return };
    let server_lines = match tls_versions {
        TlsVersions::Only1_2 => vec![],
        TlsVersions::Only1_3 | TlsVersions::Both => vec!["tls_max: \"1.3\"".to_owned()],
    };
    let gateway = Gateway::new(&server, &Wishes { connections, server_lines, ..Wishes::default() });
    gateway.fill(FILES, |number| [0, 1, 4096, 70_000, 700_000][number % 5] + number);
    let output = gateway.run(&["once"]);
    assert!(output.status.success(), "{output:?}");
    check::all_delivered(&gateway, &server).await;
}

macro_rules! cells {
    ($($server:ident: $kind:ident)*) => {$(
        mod $server {
            use super::*;
            const KIND: ServerKind = ServerKind::$kind;

            #[tokio::test]
            async fn plain() {
                for connections in [1, 4] {
                    fifty_files(KIND, Tls::None, TlsVersions::default(), connections).await;
                }
            }

            #[tokio::test]
            async fn explicit_tls_1_2() {
                for connections in [1, 4] {
                    fifty_files(KIND, Tls::Explicit, TlsVersions::Only1_2, connections).await;
                }
            }

            #[tokio::test]
            async fn implicit_tls_1_2() {
                for connections in [1, 4] {
                    fifty_files(KIND, Tls::Implicit, TlsVersions::Only1_2, connections).await;
                }
            }

            #[tokio::test]
            async fn explicit_tls_1_3_as_far_as_it_holds() {
                for connections in [1, 4] {
                    fifty_files(KIND, Tls::Explicit, TlsVersions::Both, connections).await;
                }
            }
        }
    )*};
}

cells! { vsftpd: Vsftpd proftpd: ProFtpd pure_ftpd: PureFtpd embedded: Embedded }
