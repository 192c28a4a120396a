//! A database of an earlier schema opens, migrates and is served by today's program.

use crate::support::{
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    servers::{ServerKind, ServerOptions},
};
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
};

/// One for each schema that was ever landed.
const FIXTURES: [&str; 3] = ["0001_spine.sql", "0003_incidents.sql", "0005_lateness.sql"];

#[tokio::test]
async fn a_database_of_each_earlier_schema_is_served() {
    for fixture in FIXTURES {
        let mut server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
        let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
        gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]");
        for state in ["delivered", "failed", "cancelled", "held", "running", "waiting", "queued"] {
            gateway.file(&format!("{state}.txt"), format!("the file of the {state} job"));
        }
        put(fixture, &gateway).await;
        let mut ledger = Ledger::open(&gateway).await;
        let one_each = ["cancelled 1", "delivered 1", "failed 1", "held 1", "queued 1", "running 1", "waiting 1"];
        assert_eq!(ledger.states().await, one_each, "{fixture}");
        fs::write(server.root.join(".pb-00ff00ff00ff00ff.part"), "half").unwrap();

        // the job that was running when its process died waits for its next try: this one is far in the past
        assert_eq!(gateway.code("once"), 0, "{fixture}");
        assert_eq!(ledger.states().await, ["cancelled 1", "delivered 4", "failed 1", "held 1"]);
        let told = ledger.count("SELECT count(*) FROM incident_readers WHERE address = 'ops@example.com'").await;
        assert_eq!(told, if fixture.starts_with("0001") { 0 } else { 2 }, "{fixture}: who was told is remembered");
        assert_eq!(gateway.code("release --state held"), 0);
        assert_eq!(gateway.code("retry --state failed,cancelled"), 0);
        assert_eq!(gateway.code("once"), 0);
        assert_eq!(ledger.states().await, ["delivered 7"]);
        assert_eq!(ledger.count("SELECT count(*) FROM receipts").await, 7);
        assert_eq!(gateway.code("status"), 0);
        for verb in ["jobs", "receipts", "plan", "check"] {
            assert_eq!(gateway.code(verb), 0, "{verb}");
        }

        let there = ["cancelled", "failed", "held", "queued"]
            .map(|name| fs::read(server.root.join(name).with_extension("txt")));
        assert!(there.iter().all(Result::is_ok));
        // two jobs had one target, and the later one waited
        assert_eq!(fs::read(server.root.join("running.txt")).unwrap(), b"the file of the waiting job");
        assert!(!server.root.join(".pb-00ff00ff00ff00ff.part").exists(), "the litter on record was removed");
        assert_eq!(ledger.lines("PRAGMA integrity_check").await, ["ok"]);
        assert!(ledger.lines("SELECT \"table\" FROM pragma_foreign_key_check").await.is_empty());
        let migrations = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations")).unwrap().count();
        assert_eq!(ledger.count("SELECT count(*) FROM _sqlx_migrations").await, migrations as i64);
        server.unplug().await;
    }
}

/// Makes the database, and moves its folder and its files to those of the gateway.
async fn put(fixture: &str, gateway: &Gateway) {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture)).unwrap();
    let options = SqliteConnectOptions::new().filename(gateway.database()).create_if_missing(true);
    let mut database = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut database).await.unwrap();
    for sql in ["UPDATE places SET folder = ?1", "UPDATE arrivals SET folder = ?1"] {
        let folder = gateway.source.as_os_str().as_bytes();
        sqlx::query(sql).bind(folder).execute(&mut database).await.unwrap();
    }
    for entry in fs::read_dir(&gateway.source).unwrap() {
        move_file(&mut database, &entry.unwrap().path()).await;
    }
}

async fn move_file(database: &mut SqliteConnection, path: &Path) {
    let about = fs::metadata(path).unwrap();
    let name = path.file_name().unwrap().as_bytes();
    for sql in [
        "UPDATE seen SET size_bytes = ?3, mtime_ns = ?4, inode = ?5, ctime_ns = ?6 WHERE path = ?1",
        "UPDATE payloads SET path = ?2, size_bytes = ?3, mtime_ns = ?4, inode = ?5, ctime_ns = ?6
          WHERE path = CAST('/srv/out/' || CAST(?1 AS TEXT) AS BLOB)",
    ] {
        let changed = sqlx::query(sql)
            .bind(name)
            .bind(path.as_os_str().as_bytes())
            .bind(about.len() as i64)
            .bind(about.mtime() * 1_000_000_000 + about.mtime_nsec())
            .bind(about.ino() as i64)
            .bind(about.ctime() * 1_000_000_000 + about.ctime_nsec())
            .execute(&mut *database)
            .await
            .unwrap();
        assert_eq!(changed.rows_affected(), 1, "{}", path.display());
    }
}
