//! A server's settings, one after the other: what each of them changes on the wire.

use crate::support::{
    certificates::Shown,
    ftp_client::{delivered, settings, upload_of},
    scripted_ftp::{Action, Script, ScriptedFtp, always, once},
    servers::Tls,
};
use packetboat::{
    config::{FtpServer, Mode, PassiveAddress, Secret, TlsVersion, Trust, UploadAs},
    delivery::ftp::{connect, upload},
    domain::{OnExists, Outcome, TroubleKind, Whose},
};
use std::sync::Arc;

fn with_tls(tls: Tls, certificate: Shown) -> ScriptedFtp {
    ScriptedFtp::start(Script { tls, certificate, ..Script::default() })
}

async fn send(settings: FtpServer) -> Outcome {
    match connect(&Arc::new(settings), &Arc::default()).await {
        Ok(mut session) => upload(&mut session, &upload_of(b"some bytes", "a/x")).await,
        Err(trouble) => Outcome::Deferred(trouble),
    }
}

fn pinned(sha256: [u8; 32]) -> Trust {
    Trust { pin_sha256: Some(sha256), ..Trust::default() }
}

#[track_caller]
fn refused(outcome: Outcome, kind: TroubleKind) -> String {
    match outcome {
        Outcome::Deferred(trouble) if trouble.kind == kind && trouble.whose == Whose::Server => trouble.said,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn implicit_tls_protects_the_data_too() {
    let server = with_tls(Tls::Implicit, Shown::Good);
    let receipt = delivered(send(settings(&server, Tls::Implicit)).await);
    assert_eq!(receipt.tls.as_deref(), Some("TLSv1.2"));
    assert!(server.dialogue().contains(&"PROT P".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_1_3_only_if_it_is_wanted() {
    for (tls_max, expected) in [(TlsVersion::V1_2, "TLSv1.2"), (TlsVersion::V1_3, "TLSv1.3")] {
        let server = with_tls(Tls::Explicit, Shown::Good);
        let receipt = delivered(send(FtpServer { tls_max, ..settings(&server, Tls::Explicit) }).await);
        assert_eq!(receipt.tls.as_deref(), Some(expected));
    }
}

/// What the message of a refused certificate tells the operator to set makes it acceptable: this certificate and no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_certificate_is_trusted_whatever_it_says_of_itself() {
    for shown in [Shown::SelfSigned, Shown::Expired, Shown::WrongName, Shown::UnknownAuthority] {
        let server = with_tls(Tls::Explicit, shown);
        let unpinned = settings(&server, Tls::Explicit);
        let said = refused(send(unpinned.clone()).await, TroubleKind::Tls);
        let sha256 = server.certificate.as_ref().unwrap().sha256;
        let hash: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(said.contains(&format!("pin_sha256: {hash}")), "{said}");
        delivered(send(FtpServer { trust: pinned(sha256), ..unpinned }).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_than_the_pinned_one_is_refused() {
    let server = with_tls(Tls::Explicit, Shown::Good);
    let pinned = FtpServer { trust: pinned([7; 32]), ..settings(&server, Tls::Explicit) };
    let said = refused(send(pinned).await, TroubleKind::Tls);
    assert!(said.contains("not the pinned one"), "{said}");
    assert_eq!(server.dialogue(), ["AUTH TLS"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_settings_that_cannot_work_say_which() {
    let server = with_tls(Tls::Explicit, Shown::Good);
    let usual = settings(&server, Tls::Explicit);
    let no_file = Trust { ca_file: Some("/nowhere/ca.pem".into()), ..usual.trust.clone() };
    let no_file = FtpServer { trust: no_file, ..usual.clone() };
    assert!(refused(send(no_file).await, TroubleKind::Local).contains("`ca_file` /nowhere/ca.pem"));
    let certificate = server.certificate.as_ref().unwrap().certificate.clone();
    let no_key = Trust { client_certificate: Some((certificate, Secret::new("s3cret"))), ..usual.trust.clone() };
    let no_key = FtpServer { trust: no_key, ..usual };
    let said = refused(send(no_key).await, TroubleKind::Local);
    assert!(said.contains("`client_key`") && !said.contains("s3cret"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_does_no_harm_where_none_is_asked_for() {
    let server = with_tls(Tls::Explicit, Shown::Good);
    let files = server.certificate.as_ref().unwrap();
    let key = Secret::new(std::fs::read_to_string(&files.key).unwrap());
    let usual = settings(&server, Tls::Explicit);
    let own = Trust { client_certificate: Some((files.certificate.clone(), key)), ..usual.trust.clone() };
    delivered(send(FtpServer { trust: own, ..usual }).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn active_mode_lets_the_server_come_to_us() {
    let server = ScriptedFtp::start(Script::default());
    delivered(send(FtpServer { mode: Mode::Active, ..settings(&server, Tls::None) }).await);
    let dialogue = server.dialogue();
    assert!(dialogue.iter().any(|line| line.starts_with("PORT ")), "{dialogue:?}");
    assert!(!dialogue.iter().any(|line| line.starts_with("EPSV")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_believed_only_where_that_is_wanted() {
    let server = ScriptedFtp::start(Script::default());
    let as_told = FtpServer { passive_address: PassiveAddress::AsTold, ..settings(&server, Tls::None) };
    delivered(send(as_told).await);
    assert!(server.dialogue().contains(&"PASV".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_final_name_is_written_to_only_where_that_is_wanted() {
    let server = ScriptedFtp::start(Script::with([always("RNFR", Action::Instead("502 No renaming here"))]));
    let final_name = FtpServer { upload_as: UploadAs::FinalName, ..settings(&server, Tls::None) };
    delivered(send(final_name.clone()).await);
    assert!(server.dialogue().contains(&"STOR a/x".to_owned()));
    let mut session = connect(&Arc::new(final_name), &Arc::default()).await.unwrap();
    let mut beside = upload_of(b"other bytes", "a/x");
    beside.wishes.on_exists = OnExists::KeepBoth;
    assert_eq!(delivered(upload(&mut session, &beside).await).remote_path.unwrap().as_bytes(), b"a/x-2");
    assert_eq!(server.files().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_sent_when_it_is_asked_for() {
    let server = ScriptedFtp::start(Script::with([once("PASS", 1, Action::Instead("332 And the account?"))]));
    let with_account = FtpServer { account: "b00k".to_owned(), ..settings(&server, Tls::None) };
    delivered(send(with_account).await);
    assert!(server.dialogue().contains(&"ACCT b00k".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_starts_at_the_servers_folder() {
    let server = ScriptedFtp::start(Script::default());
    server.put("deep/folder/there", b"");
    let in_folder = FtpServer { folder: "deep/folder".to_owned(), ..settings(&server, Tls::None) };
    delivered(send(in_folder.clone()).await);
    assert!(server.files().contains_key(&b"deep/folder/a/x"[..]));
    let nowhere = FtpServer { folder: "nowhere".to_owned(), ..in_folder };
    let said = refused(send(nowhere).await, TroubleKind::Refused);
    assert!(said.contains("`folder`"), "{said}");
}

/// The session of one connection is no use to another: each has its own, and every data connection resumes it.
#[tokio::test(flavor = "multi_thread")]
async fn four_connections_resume_their_own_sessions() {
    use crate::support::scripted_ftp::Resumption;
    let script = Script { tls: Tls::Explicit, resumption: Resumption::Required, ..Script::default() };
    let server = ScriptedFtp::start(script);
    let (settings, profile) = (Arc::new(settings(&server, Tls::Explicit)), Arc::default());
    let mut conversations = tokio::task::JoinSet::new();
    for connection in 0..4 {
        let (settings, profile) = (Arc::clone(&settings), Arc::clone(&profile));
        conversations.spawn(async move {
            let mut session = connect(&settings, &profile).await.unwrap();
            for number in 0..10 {
                delivered(upload(&mut session, &upload_of(b"x", &format!("{connection}/{number}"))).await);
            }
        });
    }
    while let Some(ended) = conversations.join_next().await {
        ended.unwrap();
    }
    assert_eq!((server.files().len(), server.connections()), (40, 4));
}
