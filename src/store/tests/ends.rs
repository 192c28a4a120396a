//! Who still needs a source that is about to be moved or deleted.

use super::*;

/// The first of two jobs as the end of its source; who else needs that?
async fn who_needs_the_first(desk: &Desk) -> Option<String> {
    let ending = desk.claim(2).await.remove(0);
    desk.raw("UPDATE jobs SET action = 'after' WHERE id = 1").await;
    desk.raw("UPDATE jobs SET state = 'queued' WHERE id <> 1").await;
    desk.store.needs_source(&ending).await.unwrap()
}

#[tokio::test]
async fn a_source_is_needed_by_whoever_knows_the_file_by_whatever_path_and_ctime() {
    let own = Identity { size_bytes: 4, mtime_ns: 5, inode: 6, ctime_ns: 7 };
    for (folder, path, identity, is_needed) in [
        ("/src", "a", own, true),
        ("/link", "a", own, true),
        ("/", "src/a", own, true),
        ("/link", "a", Identity { ctime_ns: 8, ..own }, true),
        ("/src", "a", Identity { ctime_ns: 8, inode: 9, ..own }, true),
        ("/src", "a", Identity { mtime_ns: 8, ..own }, false),
        ("/src", "a", Identity { size_bytes: 8, ..own }, false),
        ("/link", "a", Identity { inode: 8, ..own }, false),
    ] {
        let desk = Desk::new().await;
        let mut drafts = [desk.draft("a", 1), desk.draft("b", 1)];
        drafts[0].sighting.identity = own;
        drafts[1].sighting = Sighting { folder: folder.into(), path: path.into(), identity };
        drafts[1].place = desk.store.place("others", folder.as_bytes(), NOW).await.unwrap().id;
        drafts[1].rule = "others".into();
        desk.arrive(drafts.to_vec()).await;
        desk.raw("UPDATE jobs SET rule = 'dumps'").await; // so that one queue has both
        let needs = who_needs_the_first(&desk).await;
        assert_eq!(needs.is_some(), is_needed, "{folder} {path} {identity:?}");
    }
}

/// It comes again just as it was: `cp -p` of what was moved.
#[tokio::test]
async fn a_rule_has_not_met_what_was_gone_since() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    let has_met = async |version| desk.store.has_met("dumps", b"/src", b"a", &identity(version)).await.unwrap();
    assert!(has_met(1).await && !has_met(2).await);
    desk.store.mark_gone(desk.place, vec![b"a".to_vec()], NOW).await.unwrap();
    assert!(!has_met(1).await);
    desk.arrive(vec![desk.draft("a", 1)]).await;
    assert!(has_met(1).await);
}
