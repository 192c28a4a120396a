//! The end of a source while its producer is at it, and while we are killed: nothing that nobody sent is moved or deleted.

use crate::support::{
    check,
    endpoint::Endpoint,
    gateway::{AT_ONCE, Gateway},
    ledger::Ledger,
    servers::{ServerKind, ServerOptions},
    wait,
    walk::walk,
};
use packetboat::{
    delivery::here::{Earlier, TakeAway, earlier, go_on, take_away},
    domain::{Outcome, Ref, RemotePath},
    faults::at_points,
    streams::identity_of,
};
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::{fs::MetadataExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};
use tempfile::TempDir;

const SENT: &str = "the version that was sent";
const UNSENT: &str = "another that was not";

/// What a producer may do to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// A new one renamed over it.
    Replace,
    Rename,
    /// Opened, written to and closed.
    Append,
    /// The same, from the start.
    Rewrite,
    Delete,
}

const DEEDS: [Deed; 5] = [Deed::Replace, Deed::Rename, Deed::Append, Deed::Rewrite, Deed::Delete];

/// Where a source goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Deleted,
    Moved,
    MovedToAnotherFileSystem,
}

/// The points that a source comes to on its way there.
fn points(end: End) -> Vec<&'static str> {
    let copied = (end == End::MovedToAnotherFileSystem).then_some("here.copied");
    ["here.set_aside", "here.compared"].into_iter().chain(copied).chain(["here.taken_away"]).collect()
}

struct Scene {
    home: TempDir,
    elsewhere: TempDir,
    end: End,
}

impl Scene {
    fn new(end: End) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("watched")).unwrap();
        let elsewhere = match end {
            End::MovedToAnotherFileSystem => tempfile::tempdir_in("/dev/shm").unwrap(),
            End::Deleted | End::Moved => tempfile::tempdir().unwrap(),
        };
        let scene = Self { home, elsewhere, end };
        fs::write(scene.source(), SENT).unwrap();
        scene
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("watched")
    }

    fn source(&self) -> PathBuf {
        self.folder().join("a.txt")
    }

    fn task(&self) -> TakeAway {
        let target = self.elsewhere.path().join("sent/a.txt");
        let target = RemotePath::new(target.to_str().unwrap().trim_start_matches('/')).unwrap();
        TakeAway {
            job: Ref([7; 16]),
            folder: self.folder(),
            name: b"a.txt".to_vec(),
            expected: identity_of(&File::open(self.source()).unwrap()).unwrap(),
            to: (self.end != End::Deleted).then(|| (self.elsewhere.path().to_owned(), target)),
            done_file: None,
        }
    }

    /// A second name of the source, where no watch is: whoever writes by it need not have it open before.
    fn link(&self) -> PathBuf {
        let link = self.home.path().join("link");
        fs::hard_link(self.source(), &link).unwrap();
        link
    }

    /// What lies in the folder under names that a watch meets, and what was moved.
    fn texts(&self) -> (Vec<String>, Vec<String>) {
        (texts(&self.folder()), texts(self.elsewhere.path()))
    }
}

fn texts(folder: &Path) -> Vec<String> {
    let visible = walk(folder).into_keys().map(|name| String::from_utf8(name).unwrap());
    visible.filter(|name| !name.starts_with('.')).map(|name| fs::read_to_string(folder.join(name)).unwrap()).collect()
}

/// By the name that a watch meets; writing also by another, `handle`.
fn act(deed: Deed, path: &Path, handle: &Path) {
    let beside = |name| path.with_file_name(name);
    match deed {
        Deed::Replace => {
            fs::write(beside("new"), UNSENT).unwrap();
            fs::rename(beside("new"), path).unwrap();
        }
        Deed::Rename => _ = fs::rename(path, beside("renamed.txt")),
        Deed::Append | Deed::Rewrite => opened(deed, handle).write_all(UNSENT.as_bytes()).unwrap(),
        Deed::Delete => _ = fs::remove_file(path),
    }
}

fn opened(deed: Deed, path: &Path) -> File {
    OpenOptions::new().write(true).append(deed == Deed::Append).open(path).unwrap()
}

/// What the producer made is where a watch meets it, and what was taken is what was sent.
fn check(scene: &Scene, deed: Deed, has_acted: bool, outcome: &Outcome, case: &str) {
    let (here, moved) = scene.texts();
    let made = match deed {
        Deed::Replace => Some(UNSENT.to_owned()),
        Deed::Append => Some(format!("{SENT}{UNSENT}")),
        Deed::Rewrite => Some(format!("{UNSENT}{}", &SENT[UNSENT.len()..])),
        Deed::Rename | Deed::Delete => None,
    };
    if let Some(made) = made.filter(|_| has_acted) {
        assert!(here.contains(&made), "{case}: {here:?} {moved:?}");
    }
    assert!(moved.iter().all(|text| text == SENT), "{case}: {moved:?}");
    let is_taken = matches!(outcome, Outcome::TakenAway(_));
    let is_left = matches!(outcome, Outcome::SourceChanged(_) | Outcome::SourceUnclear(_));
    assert!(is_taken || is_left, "{case}: {outcome:?}");
    assert_eq!(is_taken && scene.end != End::Deleted, !moved.is_empty(), "{case}: {outcome:?}");
    let left = fs::read_dir(scene.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let aside: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with('.')).collect();
    assert!(aside.is_empty(), "{case}: {aside:?} is left");
}

#[test]
fn whatever_its_producer_does_at_each_point() {
    for end in [End::Deleted, End::Moved, End::MovedToAnotherFileSystem] {
        for deed in DEEDS {
            for point in points(end) {
                let (scene, case) = (Scene::new(end), format!("{end:?}, {deed:?} at {point}"));
                let (task, path) = (scene.task(), scene.source());
                let link = scene.link();
                let mut times = 0;
                let hook = move |at: &str| {
                    if at == point {
                        times += 1;
                        assert_eq!(times, 1, "{at} is come to once");
                        act(deed, &path, &link);
                    }
                };
                let outcome = at_points(hook, || take_away(&task));
                check(&scene, deed, true, &outcome, &case);
            }
        }
    }
}

/// The very file, not a copy of its bytes.
#[test]
fn a_version_that_nobody_sent_is_put_back_as_it_is() {
    for end in [End::Deleted, End::Moved, End::MovedToAnotherFileSystem] {
        let scene = Scene::new(end);
        let (task, path) = (scene.task(), scene.source());
        act(Deed::Replace, &path, &path);
        let made = fs::metadata(&path).unwrap().ino();
        let outcome = take_away(&task);
        check(&scene, Deed::Replace, true, &outcome, &format!("{end:?}"));
        assert_eq!(fs::metadata(&path).unwrap().ino(), made, "{end:?}");
    }
}

/// However long he has been silent, and whatever he is about to write.
#[test]
fn what_somebody_has_open_for_writing_is_left_until_he_closes_it() {
    for end in [End::Deleted, End::Moved, End::MovedToAnotherFileSystem] {
        let scene = Scene::new(end);
        let mut writer = opened(Deed::Append, &scene.source());
        let task = scene.task();
        let outcome = take_away(&task);
        assert_eq!(
            scene.task().expected,
            task.expected,
            "it was not even renamed: its watch would take it for another"
        );
        assert!(
            matches!(&outcome, Outcome::SourceUnclear(why) if why.said.contains("open for writing")),
            "{outcome:?}"
        );
        assert_eq!(scene.texts(), (vec![SENT.to_owned()], vec![]));
        writer.write_all(UNSENT.as_bytes()).unwrap();
        drop(writer);
        let outcome = take_away(&scene.task());
        assert!(matches!(outcome, Outcome::TakenAway(_)), "{outcome:?}");
        let moved = if end == End::Deleted { vec![] } else { vec![format!("{SENT}{UNSENT}")] };
        assert_eq!(scene.texts(), (vec![], moved));
    }
}

#[test]
fn what_cannot_go_where_it_should_is_not_touched() {
    for end in [End::Moved, End::MovedToAnotherFileSystem] {
        let scene = Scene::new(end);
        fs::write(scene.elsewhere.path().join("sent"), "no folder").unwrap();
        let task = scene.task();
        let outcome = take_away(&task);
        assert!(matches!(outcome, Outcome::Deferred(_)), "{outcome:?}");
        assert_eq!(scene.task().expected, task.expected, "to its inode and ctime");
    }
}

/// Two threads and no agreement.
#[test]
fn whatever_its_producer_does_at_two_hundred_random_times() {
    let seed = std::env::var("PACKETBOAT_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("PACKETBOAT_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for race in 0..200 {
        let end = [End::Deleted, End::Moved, End::MovedToAnotherFileSystem][random.usize(0..3)];
        let deed = DEEDS[random.usize(0..DEEDS.len())];
        let scene = Scene::new(end);
        let (task, path) = (scene.task(), scene.source());
        let start = Arc::new(Barrier::new(2));
        let [wait, hold] = [200_000, 50_000].map(|most| Duration::from_nanos(random.u64(0..most)));
        let producer = thread::spawn({
            let start = start.clone();
            move || {
                start.wait();
                spin(wait);
                act_where_it_lies(deed, &path, hold)
            }
        });
        start.wait();
        let outcome = take_away(&task);
        let has_written = producer.join().unwrap();
        check(&scene, deed, has_written, &outcome, &format!("race {race}: {end:?}, {deed:?}"));
    }
}

/// Whether he found it: who writes, opens it, takes his time, and writes.
fn act_where_it_lies(deed: Deed, path: &Path, hold: Duration) -> bool {
    if matches!(deed, Deed::Append | Deed::Rewrite) {
        let Ok(mut open) = OpenOptions::new().write(true).append(deed == Deed::Append).open(path) else { return false };
        spin(hold);
        open.write_all(UNSENT.as_bytes()).unwrap();
    } else {
        act(deed, path, path);
    }
    true
}

fn spin(span: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < span {
        std::hint::spin_loop();
    }
}

#[test]
fn what_was_cut_off_is_finished_or_undone() {
    for end in [End::Deleted, End::Moved, End::MovedToAnotherFileSystem] {
        for point in points(end) {
            let (scene, case) = (Scene::new(end), format!("{end:?}, died at {point}"));
            let task = scene.task();
            let died = {
                let task = task.clone();
                let hook = move |at: &str| assert!(at != point, "as if it died here");
                thread::spawn(move || at_points(hook, || take_away(&task))).join()
            };
            assert!(died.is_err(), "{case}");
            let outcome = match (earlier(&task), point) {
                (Earlier::Missing(outcome), "here.taken_away") => outcome,
                (Earlier::SetAside, "here.set_aside" | "here.compared" | "here.copied") => go_on(&task),
                (earlier, _) => panic!("{case}: {earlier:?}"),
            };
            assert!(matches!(outcome, Outcome::TakenAway(_)), "{case}: {outcome:?}");
            let moved = if end == End::Deleted { vec![] } else { vec![SENT.to_owned()] };
            assert_eq!(scene.texts(), (vec![], moved), "{case}");
        }
        let (scene, task) = {
            let scene = Scene::new(end);
            let task = scene.task();
            (scene, task)
        };
        assert!(matches!(earlier(&task), Earlier::Nothing), "it lies there untouched");
        assert_eq!(scene.texts().0, [SENT]);
    }
}

/// Another file system gives no inode to know the copy by: of the same name, size and time, but other bytes, it is another's.
#[test]
fn a_file_just_like_the_copy_is_not_taken_for_it() {
    let scene = Scene::new(End::MovedToAnotherFileSystem);
    let task = scene.task();
    let dead = task.clone();
    let died = thread::spawn(move || at_points(|at| assert!(at != "here.compared"), || take_away(&dead))).join();
    assert!(died.is_err());
    let theirs = scene.elsewhere.path().join("sent/a.txt");
    let time = UNIX_EPOCH + Duration::from_nanos(task.expected.mtime_ns.unsigned_abs());
    let text = SENT.replace("sent", "lost");
    fs::write(&theirs, &text).unwrap();
    File::options().write(true).open(&theirs).unwrap().set_modified(time).unwrap();
    let outcome = go_on(&task);
    assert!(matches!(&outcome, Outcome::TakenAway(away) if away.said().ends_with("/sent/a-2.txt")), "{outcome:?}");
    assert_eq!(scene.texts(), (vec![], vec![SENT.to_owned(), text]));
}

#[test]
fn a_version_that_was_set_aside_by_a_try_that_died_and_was_written_to_since_is_put_back() {
    let scene = Scene::new(End::Deleted);
    let task = scene.task();
    let link = scene.link();
    let dead = task.clone();
    let died = thread::spawn(move || at_points(|at| assert!(at != "here.set_aside"), || take_away(&dead))).join();
    assert!(died.is_err());
    act(Deed::Append, &scene.source(), &link);
    assert!(matches!(earlier(&task), Earlier::SetAside));
    assert!(matches!(go_on(&task), Outcome::SourceChanged(_)));
    assert_eq!(scene.texts().0, [format!("{SENT}{UNSENT}")]);
}

#[test]
fn a_source_that_a_try_moved_before_it_died_is_moved_though_another_file_has_its_name_by_now() {
    let scene = Scene::new(End::Moved);
    let task = scene.task();
    let dead = task.clone();
    let died = thread::spawn(move || at_points(|at| assert!(at != "here.taken_away"), || take_away(&dead))).join();
    assert!(died.is_err());
    fs::write(scene.source(), UNSENT).unwrap();
    let earlier = earlier(&task);
    assert!(matches!(earlier, Earlier::Ended(Outcome::TakenAway(_))), "{earlier:?}");
    assert_eq!(scene.texts(), (vec![UNSENT.to_owned()], vec![SENT.to_owned()]));
}

/// Else the job that is tried again would find no file, and the file would go to failed/.
#[tokio::test]
async fn what_a_death_set_aside_is_put_back_for_whoever_needs_it_again() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    fs::write(server.root.join("a.txt"), "theirs").unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    let rule = "then: [{ upload: { to: offsite, on_exists: fail } }]\nafter: [{ move: sent/ }]\nafter_failure: [{ move: failed/ }]
retry: { first_wait: 1s, longest_wait: 1s }";
    gateway.rule("files", "", AT_ONCE, rule);
    gateway.file("a.txt", SENT);
    let killed = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", "here.set_aside:1").status().unwrap();
    assert_eq!(killed.signal(), Some(9));
    fs::remove_file(server.root.join("a.txt")).unwrap();
    assert_eq!(gateway.code("retry --state failed"), 0);
    wait::until("it is sent and moved", Duration::from_secs(60), || {
        gateway.code("once");
        gateway.source.join("sent/a.txt").exists()
    });
    assert_eq!(fs::read_to_string(server.root.join("a.txt")).unwrap(), SENT);
    assert!(!gateway.source.join("failed/a.txt").exists());
}

/// Neither is it hidden until its job would be tried again anyway, nor copied twice.
#[tokio::test]
async fn what_a_death_set_aside_is_finished_by_the_next_start() {
    for point in ["here.set_aside", "here.copied"] {
        let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
        let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
        let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
        let rule = "then: [{ upload: { to: offsite } }]\nafter: [{ move: ELSEWHERE/sent/ }]\nretry: { first_wait: 1h }";
        gateway.rule("files", "", AT_ONCE, &rule.replace("ELSEWHERE", elsewhere.path().to_str().unwrap()));
        gateway.file("a.txt", SENT);
        let killed = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", point).status().unwrap();
        assert_eq!(killed.signal(), Some(9), "{point}");
        assert!(!gateway.source.join("a.txt").exists(), "{point}");
        assert_eq!(gateway.code("once"), 0, "{point}");
        assert!(walk(&gateway.source).is_empty(), "{point}");
        assert_eq!(texts(elsewhere.path()), [SENT], "{point}");
    }
}

/// Its own name may be taken by then.
#[tokio::test]
async fn what_a_death_set_aside_and_nobody_ends_any_more_is_put_back() {
    let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
    let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
    gateway.rule("files", "", AT_ONCE, "then: [{ upload: { to: offsite } }]\nafter: [delete]");
    gateway.file("a.txt", SENT);
    let killed = gateway.command(&["once"]).env("PACKETBOAT_KILL_AT", "here.set_aside:1").status().unwrap();
    assert_eq!(killed.signal(), Some(9));
    assert_eq!(gateway.run(&["cancel", "--rule", "files"]).status.code(), Some(0));
    assert!(!gateway.source.join("a.txt").exists());
    gateway.file("a.txt", UNSENT);
    wait::until("all is sent and deleted", Duration::from_secs(60), || {
        gateway.code("once") == 0 && walk(&gateway.source).is_empty()
    });
    assert_eq!(fs::read_to_string(server.root.join("a.txt")).unwrap(), UNSENT);
    assert_eq!(fs::read_to_string(server.root.join("a-2.txt")).unwrap(), SENT);
}

/// The whole program, killed at each point of what follows upon a delivery: in the end every file is over there, and moved.
#[tokio::test]
async fn killed_at_each_point() {
    for point in [
        "worker.after_follow_up",
        "worker.after_claim",
        "here.before_rename",
        "here.set_aside",
        "here.compared",
        "here.taken_away",
        "worker.after_delivery",
        "worker.before_settle",
        "worker.after_settle",
    ] {
        for time in [1, 12] {
            let server = ServerKind::Embedded.start(ServerOptions::default()).unwrap();
            let gateway = Gateway::with(&[("offsite", &Endpoint::from(&server))]);
            let archive = gateway.config.with_file_name("archive");
            let rule = format!(
                "then: [{{ upload: {{ to: offsite }} }}]\nafter:\n  - save: {{ to: {} }}\n  - move: \"sent/{{{{ file.path }}}}\"\n\
                 retry: {{ first_wait: 1s, longest_wait: 1s }}",
                archive.display()
            );
            gateway.rule("files", "", AT_ONCE, &rule);
            gateway.fill(12, |number| number * 997);
            let sources = walk(&gateway.source);
            let status = gateway
                .command(&["once"])
                .env("PACKETBOAT_KILL_AT", format!("{point}:{time}"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            let was_killed = status.signal() == Some(9);
            assert!(was_killed || time > 1, "{point} was never reached");
            let mut ledger = Ledger::open(&gateway).await;
            let serving = gateway.serve();
            ledger.until("it serves", "SELECT count(*) FROM sessions", |sessions| sessions == 2).await;
            ledger
                .until("all has ended", "SELECT count(*) FROM arrivals WHERE after <> 'done'", |left| left == 0)
                .await;
            ledger.until("no job is open", "SELECT count(*) FROM jobs WHERE ended_at IS NULL", |left| left == 0).await;
            assert!(serving.stop().success());
            let case = format!("{point}:{time}");
            let states = check::states(&gateway).await;
            assert_eq!(states.keys().collect::<Vec<_>>(), ["delivered"], "{case}: {states:?}");
            assert_eq!(walk(&gateway.source.join("sent")), sources, "{case}");
            assert_eq!(walk(&gateway.source).len(), sources.len(), "{case}: something is left");
            assert_eq!(walk(&archive), sources, "{case}");
            assert_eq!(walk(&server.root), sources, "{case}");
        }
    }
}
