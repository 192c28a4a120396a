//! Proofs, final names, and data connections that must resume TLS 1.3.

use super::{
    OLDER, all,
    row::{Row, first, instead, row},
};
use crate::support::{
    ftp_client::{settings, upload_of},
    scripted_ftp::{Action::*, Lost, Resumption, Script, ScriptedFtp, always, once},
};
use packetboat::{
    delivery::ftp::{Upload, connect, recover, upload},
    domain::{OnExists, Outcome, ProofWish, Resume},
    ftp::client::Profile,
};
use std::sync::Arc;

fn proofs() -> Vec<Row> {
    let read_back: fn(&mut Upload) = |upload| upload.wishes.proof = ProofWish::ReadBack;
    let hash: fn(&mut Upload) = |upload| upload.wishes.proof = ProofWish::Hash;
    vec![
        row("SIZE lies", instead("SIZE", "213 7"), "deferred job damaged"),
        row("SIZE talks", instead("SIZE", "213 large"), "deferred job session"),
        row("no answer to SIZE", first("SIZE", Hang), "delivered size"),
        row("never an answer to SIZE", [always("SIZE", Hang)], "unknown job session")
            .dropped()
            .litter()
            .after_deadlines(2),
        row("SIZE lost", first("SIZE", Lose(Lost::ThenReset)), "delivered size"),
        row("421 to SIZE", first("SIZE", Bye("421 Idle too long")), "delivered size"),
        row("SIZE twice", first("SIZE", Twice), "delivered size"),
        row("no SIZE", [], "delivered size").without(&["SIZE"]).says("MLST"),
        row("no SIZE, no MLST", [], "delivered size").without(&["SIZE", "MLST"]).says("LIST"),
        row("no SIZE, no MLST, no LIST", instead("LIST", "502 No"), "delivered read_back").without(&["SIZE", "MLST"]),
        row(
            "nothing that proves",
            [always("LIST", Instead("502 No")), always("RETR", Instead("550 No"))],
            "deferred job damaged",
        )
        .without(&["SIZE", "MLST"])
        .says("cannot be proven"),
        row("HASH", [], "delivered hash").and(&["HASH"]).says("HASH"),
        row("XSHA256", [], "delivered xsha256").and(&["XSHA256"]),
        row("XSHA1", [], "delivered xsha1").and(&["XSHA1"]),
        row("XMD5", [], "delivered xmd5").and(&["XMD5", "XCRC"]),
        row("XCRC", [], "delivered xcrc").and(&["XCRC"]),
        row("HASH refused after all", instead("HASH", "504 Not today"), "delivered size").and(&["HASH"]),
        row(
            "HASH of other bytes",
            instead("HASH", "213 SHA-256 0-1 0000000000000000000000000000000000000000000000000000000000000000 x"),
            "delivered read_back",
        )
        .and(&["HASH"]),
        row("HASH finds the damage", first("STOR", KeepMore), "deferred job damaged").and(&["HASH"]),
        row("no answer to HASH", first("HASH", Hang), "delivered size").and(&["HASH"]),
        row("a hash wanted, none offered", [], "delivered read_back").wanting(hash).says("RETR"),
        row("read back", [], "delivered read_back").wanting(read_back),
        row("read back, other bytes", first("RETR", Serve(b"other".to_vec())), "deferred job damaged")
            .wanting(read_back),
        row("read back, cut", first("RETR", CutAfter(10)), "delivered read_back").wanting(read_back),
        row("read back, silent", first("RETR", StallAfter(10)), "delivered read_back").wanting(read_back),
        row("read back, cut short without TLS's goodbye", [always("RETR", NoCloseNotify)], "unknown job session")
            .tls()
            .wanting(read_back)
            .dropped()
            .litter(),
        row("no MFMT", [], "delivered size").without(&["MFMT"]),
        row("MFMT refused", instead("MFMT", "550 Not yours"), "delivered size"),
        row("no answer to MFMT", first("MFMT", Hang), "delivered size"),
    ]
}

fn names() -> Vec<Row> {
    let resume: fn(&mut Upload) = |upload| upload.wishes.resume = Resume::Always;
    vec![
        row("over an older file", [], "delivered size").over(),
        row("450 to RNFR", instead("RNFR", "450 Busy"), "deferred job refused_now"),
        row("550 to RNFR", instead("RNFR", "550 Where?"), "failed job refused"),
        row("553 to RNTO", instead("RNTO", "553 Not that name"), "failed job refused"),
        row("553 to RNTO over an older file", instead("RNTO", "553 Not that name"), "failed job refused").over(),
        row("250 to RNTO, and nothing done", instead("RNTO", "250 Done"), "deferred job damaged")
            .says("still has its temporary name"),
        row("250 to RNTO over an older file, and nothing done", instead("RNTO", "250 Done"), "deferred job damaged")
            .over(),
        row("451 to RNTO", instead("RNTO", "451 Later"), "deferred job refused_now"),
        row("RNTO lost, closed", first("RNTO", Lose(Lost::ThenClose)), "delivered size"),
        row("RNTO lost over an older file", first("RNTO", Lose(Lost::ThenReset)), "delivered size").over(),
        row("RNTO done, never an answer", first("RNTO", Lose(Lost::ThenHang)), "delivered size"),
        row("RNTO not done, never an answer", first("RNTO", Hang), "delivered size"),
        row("never an answer to RNTO", [always("RNTO", Hang)], "unknown job session")
            .dropped()
            .litter()
            .after_deadlines(2),
        row("250 to RNTO too late", first("RNTO", Late), "delivered size"),
        row("no renaming over", [], "delivered size").refusing_to_rename_over(),
        row("no renaming over, aside lost", [once("RNTO", 2, Lose(Lost::ThenClose))], "delivered size")
            .refusing_to_rename_over(),
        row("no renaming over, final lost", [once("RNTO", 3, Lose(Lost::ThenReset))], "delivered size")
            .refusing_to_rename_over(),
        row("no renaming over, final refused", [once("RNTO", 3, Instead("550 No"))], "failed job refused")
            .refusing_to_rename_over(),
        row("no renaming over, aside refused", [once("RNTO", 2, Instead("550 No"))], "failed job refused")
            .refusing_to_rename_over(),
        row(
            "no renaming over, and on_exists: fail for a file that came in the last moment",
            [once("SIZE", 1, Instead("550 None")), once("SIZE", 3, Instead("550 None"))],
            "failed job exists",
        )
        .refusing_to_rename_over()
        .wanting(|upload| upload.wishes.on_exists = OnExists::Fail),
        row("no renaming over, DELE lost", first("DELE", Lose(Lost::ThenClose)), "delivered size")
            .refusing_to_rename_over(),
        row("DELE refused", [always("STOR", KeepLess(1)), always("DELE", Instead("550 No"))], "deferred job damaged")
            .litter(),
        row("cut, to be resumed", first("STOR", CloseDataAfter(1000)), "deferred job data")
            .bytes(9_000_000)
            .wanting(resume)
            .litter(),
    ]
}

fn tls_1_3() -> Vec<Row> {
    let required = |tickets| move |script: Script| Script { resumption: Resumption::Required, tickets, ..script };
    vec![
        row("TLS 1.3, resumption wanted, no tickets", [], "delivered size").tls_1_3().script(required(0)),
        row("TLS 1.3, resumption wanted, one ticket", [], "delivered size").tls_1_3().script(required(1)),
        row("TLS 1.3, resumption wanted, two tickets", [], "delivered size").tls_1_3().script(required(2)),
        row("TLS 1.2, resumption wanted", [], "delivered size").tls().script(required(2)),
        row("TLS 1.3", [], "delivered size").tls_1_3(),
        row("TLS 1.3, 226 lost", first("STOR", Lose(Lost::ThenReset)), "delivered size").tls_1_3(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn proving() {
    all(proofs()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn naming() {
    all(names()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resuming_tls_1_3() {
    all(tls_1_3()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_file_that_could_not_be_put_back_is_put_back_by_the_next_conversation() {
    let mut request = upload_of(b"the newer version", "in/file.txt");
    request.wishes.on_exists = OnExists::Replace;
    let row = row("aside", [once("RNTO", 3, Instead("553 Never")), once("RNTO", 4, Instead("553 Not that name"))], "")
        .refusing_to_rename_over();
    let tls = row.script.tls;
    let server = ScriptedFtp::start(row.script);
    server.put("in/file.txt", OLDER);
    let settings = Arc::new(settings(&server, tls));
    let mut session = connect(&settings, &Arc::new(Profile::default())).await.unwrap();

    let Outcome::Failed(trouble) = upload(&mut session, &request).await else { panic!("it did not fail") };

    let aside = request.temporary.to_string().replace(".part", ".old");
    let names: Vec<_> = server.files().into_keys().collect();
    assert_eq!(names, [aside.as_bytes()], "{}", server.dialogue().join("\n"));
    let said = format!("the older file could not get its name back (553 Not that name) and lies there as {aside}");
    assert!(trouble.said.starts_with("553 Never; ") && trouble.said.contains(&said), "{}", trouble.said);
    assert_eq!(trouble.litter.as_ref(), Some(&request.temporary));

    recover(&mut session, &request.target, &request.temporary).await.unwrap();
    assert_eq!(server.files().into_iter().collect::<Vec<_>>(), [(b"in/file.txt".to_vec(), OLDER.to_vec())]);
}
