//! A watched folder with its rule, its database, and a view of what arrived.

use crate::wait;
use packetboat::{
    clock::Clock,
    intake::Intake,
    rules::{self, Watching},
    sources::watch::{Handle, ScanReport, Status, WatchSource},
    store::Store,
};
use sha2::Digest;
use sqlx::{ConnectOptions, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Longest wait for anything; reached only when something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// Everything one story needs, in a folder that goes with it.
pub struct Boat {
    pub ground: tempfile::TempDir,
    rule: String,
    disk_free: u64,
}

impl Boat {
    /// With `keys` of `when: watch` beside the folder, as YAML in braces would have them.
    pub fn new(keys: &str) -> Self {
        let ground = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(ground.path().join("in")).unwrap();
        std::fs::create_dir_all(ground.path().join("rules")).unwrap();
        let watch = format!("{{ folder: {}, {keys} }}", ground.path().join("in").display());
        let rule = format!("when:\n  watch: {watch}\nthen:\n  - upload: {{ to: offsite }}\n");
        Self { ground, rule, disk_free: 0 }
    }

    pub fn with_disk_free(self, disk_free: u64) -> Self {
        Self { disk_free, ..self }
    }

    /// The watched folder, or what is below it.
    pub fn at(&self, path: impl AsRef<[u8]>) -> PathBuf {
        self.ground.path().join("in").join(OsStr::from_bytes(path.as_ref()))
    }

    pub fn write(&self, path: impl AsRef<[u8]>, bytes: &str) {
        std::fs::write(self.at(path), bytes).unwrap();
    }

    /// Waits until a file made now is younger than this one by more than the span, as the file system stamps them.
    pub fn until_older(&self, path: &str, span: Duration) {
        let changed = |path: &Path| {
            let facts = std::fs::metadata(path).unwrap();
            Duration::new(facts.ctime().try_into().unwrap(), facts.ctime_nsec().try_into().unwrap())
        };
        let due = changed(&self.at(path)) + span;
        let fresh = self.ground.path().join("fresh");
        wait::until("a fresh file is younger", PATIENCE, || {
            std::fs::write(&fresh, "").unwrap();
            changed(&fresh) > due
        });
    }

    pub fn rule(&self, name: &str) -> Watching {
        let packetboat = self.ground.path().join("packetboat.yaml");
        let server = "offsite: { ftp: { host: localhost, user: u, password: p } }";
        std::fs::write(&packetboat, format!("storage: storage\nservers:\n  {server}\n")).unwrap();
        std::fs::set_permissions(&packetboat, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::write(self.ground.path().join(format!("rules/{name}.yaml")), &self.rule).unwrap();
        let checked = rules::check(&packetboat);
        let (_, rules) = checked.loaded.unwrap_or_else(|| panic!("{:?}", checked.findings));
        Watching::of(Arc::new(rules.rules.into_iter().find(|rule| rule.name == name).unwrap())).unwrap()
    }

    /// Opens the database and starts the watch.
    pub async fn sail(&self) -> Voyage {
        let store = Store::open(&self.storage()).await.unwrap();
        self.sail_with(store, "dumps").await
    }

    pub async fn sail_with(&self, store: Store, name: &str) -> Voyage {
        self.sail_by(Clock::System, store, name).await
    }

    /// With a clock that the story moves.
    pub async fn sail_by(&self, clock: Clock, store: Store, name: &str) -> Voyage {
        let rule = self.rule(name);
        let cancel = CancellationToken::new();
        let intake = Intake::new(store.clone(), clock.clone(), "here".into(), &self.storage(), self.disk_free);
        let watch = WatchSource::start(rule, intake, clock, cancel.clone());
        Voyage { watch, store, cancel }
    }

    pub fn storage(&self) -> PathBuf {
        self.ground.path().join("storage")
    }

    /// A connection of the story's own.
    pub async fn db(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.storage().join("packetboat.db"));
        options.busy_timeout(PATIENCE).connect().await.unwrap()
    }

    /// How often each path arrived with jobs.
    pub async fn arrivals(&self) -> BTreeMap<Vec<u8>, i64> {
        let text = "SELECT name, count(*) AS times FROM arrivals GROUP BY name";
        let rows = sqlx::query(text).fetch_all(&mut self.db().await).await.unwrap();
        rows.iter().map(|row| (row.get("name"), row.get("times"))).collect()
    }

    /// The same as text, for short stories.
    pub async fn arrived(&self) -> String {
        let arrivals = self.arrivals().await;
        let words: Vec<_> = arrivals.iter().map(|(name, times)| format!("{}×{times}", name.escape_ascii())).collect();
        words.join(" ")
    }

    pub async fn count(&self, query: &'static str) -> i64 {
        sqlx::query(query).fetch_one(&mut self.db().await).await.unwrap().get(0)
    }

    /// As the worker does once a file was sent: the ledger learns its hash.
    pub async fn sent(&self, path: &str) {
        let sha256 = sha2::Sha256::digest(std::fs::read(self.at(path)).unwrap());
        let text = "UPDATE seen SET sha256 = ?1 WHERE path = ?2";
        sqlx::query(text).bind(&sha256[..]).bind(path.as_bytes()).execute(&mut self.db().await).await.unwrap();
    }
}

/// A running watch.
pub struct Voyage {
    pub watch: Handle,
    pub store: Store,
    cancel: CancellationToken,
}

impl Voyage {
    /// Waits until the watch says so.
    pub async fn until(&self, what: &str, is_so: impl FnMut(&Status) -> bool) -> Status {
        let mut states = self.watch.states();
        let waiting = tokio::time::timeout(PATIENCE, states.wait_for(is_so)).await;
        match waiting {
            Ok(status) => status.unwrap().clone(),
            Err(_) => panic!("waited {PATIENCE:?} in vain: {what}; it is {:?}", self.watch.status()),
        }
    }

    pub async fn until_known(&self, files: usize) {
        self.until(&format!("{files} files known"), |status| status.known >= files).await;
    }

    pub async fn scan(&self) -> ScanReport {
        tokio::time::timeout(PATIENCE, self.watch.scan_now()).await.expect("a scan ends").unwrap()
    }

    /// Scans, and waits until all that settles has settled.
    pub async fn settle(&self) -> ScanReport {
        let report = self.scan().await;
        let settled = tokio::time::timeout(PATIENCE, self.watch.settled_everything()).await;
        settled.unwrap_or_else(|_| panic!("never settled: {:?}", self.watch.status())).unwrap();
        report
    }

    /// Stops as the program does.
    pub async fn stop(self) {
        self.cancel.cancel();
        tokio::time::timeout(PATIENCE, self.watch.ended()).await.expect("the watch ends");
        self.store.close().await;
    }
}

/// `program arguments…`, which must succeed.
pub fn run(program: &str, arguments: &[&OsStr]) {
    let output = std::process::Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// `cp -p`: bytes and mtime.
pub fn copy_with_times(from: &Path, to: &Path) {
    run("cp", &["-p".as_ref(), from.as_os_str(), to.as_os_str()]);
}
