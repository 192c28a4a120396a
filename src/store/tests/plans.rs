//! The hot queries seek: what they cost does not grow with what has ended.

use super::*;
use sqlx::Row;

async fn plan(desk: &Desk, sql: &str) -> Vec<String> {
    let text = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = sqlx::query(text).fetch_all(desk.store.readers()).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

#[tokio::test]
async fn no_hot_query_reads_all_jobs() {
    let desk = Desk::new().await;
    for (name, sql, index) in [
        ("claim", claim::CLAIM, "jobs_due"),
        ("claim mates", claim::CLAIM_MATES, "jobs_parcel"),
        ("next due", queue::NEXT_DUE, "jobs_due"),
        ("settle", settle::MOVE_JOBS, "PRIMARY KEY"),
        ("supersede what changed", settle::SUPERSEDE_CHANGED, "PRIMARY KEY"),
        ("remember hashes", settle::REMEMBER_HASHES, "PRIMARY KEY"),
        ("arrive, what comes first", new_jobs::INSERT_JOBS, "jobs_target"),
        ("arrive, what comes first in order", new_jobs::INSERT_JOBS, "jobs_in_order"),
        ("supersede", arrive::SUPERSEDE, "payloads_in_place"),
        ("supersede, its jobs", arrive::SUPERSEDE, "jobs_payload"),
        ("promote", settle::PROMOTE, "jobs_waiting"),
        ("what comes first", settle::PROMOTE, "jobs_target"),
        ("what comes first in order", settle::PROMOTE, "jobs_in_order"),
        ("expire", tidy::EXPIRE, "jobs_expiring"),
        ("purge", tidy::PURGE, "jobs_ended"),
        ("purge, its arrivals", tidy::ARRIVALS, "jobs_arrival"),
        ("purge, its messages", tidy::MESSAGES, "arrivals_message"),
        ("purge, its payloads", tidy::PAYLOADS, "jobs_payload"),
        ("bodies that are not needed any more", tidy::BODIES, "jobs_payload"),
        ("rules with ended jobs", tidy::RULES, "jobs_ended"),
        ("job by typed id", read::BY_TYPED_ID, "jobs_typed"),
        ("receipt of a job", read::RECEIPT_OF, "receipts_rule"),
        ("last delivered and today", read::DELIVERED, "receipts_rule"),
        ("failed lately", read::FAILED, "jobs_ended"),
        ("standing of a job", operate_jobs::STANDING, "jobs_target"),
        ("held by a pause", operate_pause::HELD_BY_PAUSE, "jobs_held"),
        ("whether a newer one waits", sameness::NEWER, "jobs_target"),
        ("whether it is there already", operate_move::LOOK, "jobs_target"),
        ("mails of a relay in trouble", fail_over::FAIL_OVER, "jobs_due"),
        ("notices of a relay that is no more", fail_over::MOVE_NOTICES, "jobs_due"),
        ("whether one of a rule is failed", incidents::HAS_FAILED, "jobs_ended"),
        ("what a job was made of, by its letters", originals::ORIGINAL, "jobs_typed"),
        ("what a job was made of", originals::ORIGINAL, "jobs_payload"),
        ("its last delivery", incidents::LAST_DELIVERY, "jobs_ended"),
        ("a digest", report::REPORT, "jobs_ended"),
        ("a digest, what was delivered", report::DELIVERED, "receipts_rule"),
        ("what became of it in a run", read::ENDS, "receipts_rule"),
        ("how often a job was tried", after::WORD, "attempts_1"),
        ("hurry what waits here", tidy::HURRY_HERE, "jobs_due"),
        ("what is ripe", after::RIPE, "arrivals_ripe"),
        ("how its jobs ended", after::ENDS, "jobs_arrival"),
        ("the job that decided", after::WORD, "jobs_arrival"),
        ("the receipt of that job", after::WORD, "receipts_rule"),
        ("what is there of it", after::COPIES, "receipts_rule"),
        ("begin a step", after::BEGIN, "PRIMARY KEY"),
        ("whether a message is known", crate::store::messages::KNOWN_MESSAGES, "messages_ref"),
        ("a message by its key", message_keys::BY_KEY, "PRIMARY KEY"),
        ("messages by their keys", message_keys::HOLDERS, "PRIMARY KEY"),
        ("whether keys are old", message_keys::ARE_OLD, "message_keys_taken"),
        ("keys that are old", message_keys::FORGET_KEYS, "message_keys_taken"),
        ("a token", tokens::BY_HASH, "tokens_sha256"),
        ("a message", read::MESSAGE, "messages_ref"),
        ("its attempts", read::ATTEMPTS, "arrivals_message"),
        ("its attempts, by its jobs", read::ATTEMPTS, "jobs_arrival"),
        ("senders who are owed a warning", sender_reports::OWED_WARNINGS, "jobs_expiring"),
        ("who failed of a message", sender_reports::FAILED_MAILS, "jobs_owed"),
        ("who waits of a message", sender_reports::LATE_MAILS, "jobs_arrival"),
        ("they have been told", sender_reports::REPORT_LATE, "arrivals_message"),
        ("a mail that came back", bounced::FAIL, "jobs_typed"),
        ("addresses that no mail is sent to", suppressions::CONSULT, "PRIMARY KEY"),
        ("ripen", after::RIPEN, "jobs_arrival"),
        ("ripen by jobs", after::RIPEN_BY, "jobs_arrival"),
        ("who needs a source", take_away::NEEDS_SOURCE, "jobs_payload"),
        ("who needs a source by the same path", take_away::NEEDS_SOURCE, "payloads_in_place"),
        ("who needs a source by another", take_away::NEEDS_SOURCE, "payloads_file"),
        ("who will need a source", take_away::NEEDS_SOURCE, "arrivals_after"),
        ("whether these bytes were sent", sameness::SENT, "receipts_rule"),
        ("taken away", take_away::MARK_TAKEN, "PRIMARY KEY"),
        ("where a source was moved", take_away::MOVED, "payloads_in_place"),
        ("its new place", take_away::REMEMBER_PLACE, "PRIMARY KEY"),
        ("its end", take_away::FORGET_PLACE, "PRIMARY KEY"),
        ("who still needs it, arriving", new_jobs::INSERT_JOBS, "jobs_payload"),
        ("who still needs it, promoting", settle::PROMOTE, "jobs_payload"),
    ] {
        let plan = plan(&desk, sql).await;
        for step in &plan {
            let table = step.strip_prefix("SCAN ").and_then(|scan| scan.split(' ').next());
            let reads_all = matches!(
                table,
                Some("jobs" | "j" | "o" | "t" | "receipts" | "arrivals" | "payloads" | "p" | "m" | "seen")
            );
            assert!(!reads_all, "{name}: {plan:#?}");
        }
        assert!(plan.iter().any(|step| step.contains(index)), "{name} without {index}: {plan:#?}");
    }
}

#[tokio::test]
async fn counting_what_is_open_reads_the_indexes_of_what_is_open() {
    let desk = Desk::new().await;
    for ((sql, _), index) in read::OPEN.into_iter().zip(["jobs_waiting", "jobs_due", "jobs_running", "jobs_held"]) {
        let plan = plan(&desk, sql).await;
        assert!(plan[0].contains(index), "{sql}: {plan:#?}");
    }
    let plan = plan(&desk, incidents::UNTOLD).await;
    assert!(plan[0].contains("jobs_untold"), "{plan:#?}");
    let plan = self::plan(&desk, sender_reports::OWED_FAILURES).await;
    assert!(plan[0].contains("jobs_owed"), "{plan:#?}");
    let plan = self::plan(&desk, turned_away::TURNED_AWAY).await;
    assert!(plan[0].contains("turned_away_untold"), "{plan:#?}");
    let plan = self::plan(&desk, incidents::ASIDE).await;
    assert!(
        ["jobs_due", "jobs_waiting", "jobs_ended"].iter().all(|index| plan.iter().any(|step| step.contains(index)))
    );
}

#[tokio::test]
async fn what_is_late_is_found_without_sorting_what_waits() {
    let desk = Desk::new().await;
    for (sql, indexes) in [(lateness::QUEUED, &["jobs_due"][..]), (lateness::OTHERS, &["jobs_waiting", "jobs_running"])]
    {
        let plan = plan(&desk, sql).await;
        assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{plan:#?}");
        assert!(indexes.iter().all(|index| plan.iter().any(|step| step.contains(index))), "{plan:#?}");
    }
}
