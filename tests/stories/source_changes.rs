//! A file that waits to be sent and is not what it was: its attributes alone, or its bytes.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    servers::{ServerKind, ServerOptions},
};

#[tokio::test]
async fn a_version_that_is_not_wanted_ends_the_job_of_the_one_before() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, "if: file.size < 10\nthen: [{ upload: { to: offsite } }]");
    assert_eq!(gateway.code("once"), 0);
    assert_eq!(gateway.code("pause offsite"), 0);
    gateway.file("a", "small");
    assert_eq!(gateway.code("once"), 4);
    gateway.file("a", "larger than is wanted");
    assert_eq!(gateway.code("once"), 0, "nothing waits");
    assert_eq!(Ledger::open(&gateway).await.lines("SELECT state || ' ' || reason FROM jobs").await, ["cancelled superseded"]);
}
