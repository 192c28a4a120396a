//! Pauses: what a paused rule has open is held and goes on in order; a paused server's lane stays shut.

use super::*;

#[tokio::test]
async fn a_paused_rule_holds_what_waits_what_arrives_and_what_comes_back() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("running", 1), desk.draft("waits", 1)]).await;
    let running = desk.claim(1).await.remove(0);
    assert_eq!(desk.store.pause_rule("dumps", NOW).await.unwrap(), 1);
    desk.arrive(vec![desk.draft("arrives", 1)]).await;
    desk.settle(running, JobState::Queued).await;
    let states: Vec<_> = desk.states().await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["held"; 3]);
    assert!(desk.claim(9).await.is_empty());
    assert_eq!(desk.store.paused_rules().await.unwrap()[0].rule, "dumps");
}

#[tokio::test]
async fn a_job_cut_short_by_a_crash_stays_with_its_paused_rule() {
    let desk = Desk::new().await;
    desk.arrive(vec![desk.draft("a", 1)]).await;
    desk.claim(1).await;
    desk.store.pause_rule("dumps", NOW).await.unwrap();
    let desk = desk.restart().await;
    assert_eq!(desk.states().await[0].1, "held");
}

#[tokio::test]
async fn a_resumed_rule_goes_on_in_order_and_leaves_what_the_operator_held() {
    let desk = Desk::new().await;
    for path in ["first", "second", "by hand"] {
        let mut draft = desk.draft(path, 1);
        if path != "by hand" {
            draft.jobs[0].errand = to("t");
        }
        desk.arrive(vec![draft]).await;
    }
    let by_hand = Which::Filter(JobFilter { name: Some("by hand".into()), ..JobFilter::default() });
    desk.store.operate(&by_hand, super::operation(JobVerb::Hold, Rehearsal::No, NOW)).await.unwrap();
    desk.store.pause_rule("dumps", NOW).await.unwrap();
    assert_eq!(desk.store.pause_rule("dumps", NOW).await.unwrap(), 0, "twice is once");
    let refused = desk.store.operate(&by_hand, super::operation(JobVerb::Release, Rehearsal::No, NOW)).await.unwrap();
    assert_eq!(refused.left_alone.into_keys().collect::<Vec<_>>(), [LeftAlone::RulePaused]);
    assert_eq!(desk.store.resume_rule("dumps").await.unwrap(), 2);
    assert_eq!(desk.store.resume_rule("dumps").await.unwrap(), 0, "twice is once");
    let states: Vec<_> = desk.states().await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["queued", "waiting", "held"]);
    assert!(desk.store.paused_rules().await.unwrap().is_empty());
    desk.arrive(vec![desk.draft("new", 1)]).await;
    assert_eq!(desk.states().await[3].1, "queued");
}

#[tokio::test]
async fn a_long_pause_ends_in_chunks() {
    let desk = Desk::new().await;
    desk.store.pause_rule("dumps", NOW).await.unwrap();
    desk.arrive((0..1000).map(|n| desk.draft(&format!("f{n}"), 1)).collect()).await;
    assert_eq!(desk.store.resume_rule("dumps").await.unwrap(), 1000);
    assert!(desk.store.paused_rules().await.unwrap().is_empty());
    assert_eq!(desk.claim(2000).await.len(), 1000);
}

#[tokio::test]
async fn a_paused_server_is_shut_until_resumed_and_trouble_keeps_its_back_off() {
    let desk = Desk::new().await;
    let lane = |state| LaneRow {
        server: "offsite".into(),
        state,
        since: NOW,
        kind: Some("connect".into()),
        said: Some("refused".into()),
        retry_at: Some(NOW),
        failures: 3,
        learned_limit: Some(2),
    };
    desk.store.remember_lane(lane(LaneState::Closed)).await.unwrap();
    desk.store.resume_server("offsite", NOW).await.unwrap();
    assert_eq!(desk.store.lanes().await.unwrap(), [lane(LaneState::Closed)]);
    desk.store.pause_server("offsite", Moment(5)).await.unwrap();
    desk.store.pause_server("offsite", Moment(9)).await.unwrap();
    assert_eq!(desk.store.lanes().await.unwrap()[0].since, Moment(5), "since the first pause");
    desk.store.resume_server("offsite", NOW).await.unwrap();
    let open = LaneRow { kind: None, said: None, retry_at: None, failures: 0, ..lane(LaneState::Open) };
    assert_eq!(desk.store.lanes().await.unwrap(), [open]);
}
