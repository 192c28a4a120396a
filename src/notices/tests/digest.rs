//! What a digest says of jobs that failed.

use super::*;

fn line(failed: u64) -> ReportLine {
    ReportLine { rule: "dumps".into(), failed, ..ReportLine::default() }
}

#[test]
fn that_jobs_failed_is_told_in_the_digest_of_that_time_while_some_are_failed_still() {
    let mut night = Night::new();
    night.fails(2, "refused");
    night.look();
    let (before, after) = (T0.minus(DAY), T0.plus(Duration::from_secs(1)));
    let incident = &night.incidents[0];
    for (what, failed, since, is_told) in [
        ("it happened in that time", 2, before, true),
        ("they were tried again, or cancelled", 0, before, false),
        ("it was told before", 2, after, false),
    ] {
        assert_eq!(super::is_told(incident, &[line(failed)], since), is_told, "{what}");
    }
    let other = ReportLine { rule: "logs".into(), ..line(1) };
    assert!(!super::is_told(incident, &[other], before), "another rule's");
    assert!(
        !super::is_told(&Incident { closed_at: Some(after), ..incident.clone() }, &[line(2)], before),
        "it is over"
    );
    let trouble = Incident { event: Event::Trouble, ..incident.clone() };
    assert!(super::is_told(&trouble, &[line(0)], after), "trouble lasts");
}

#[test]
fn jobs_that_failed_are_no_trouble_that_lasts() {
    let mut night = Night::new();
    night.fails(2, "refused");
    night.pass(3600);
    let (subject, text) =
        digest(&[line(2)], &[&night.incidents[0]], (T0.minus(DAY), night.now), ("gate", chrono_tz::UTC));
    assert_eq!(subject, "[packetboat gate] 0 jobs delivered, 2 jobs failed");
    let told = "\noffsite: jobs failed, the last at 2026-11-18 11:06:40 UTC: 553 no (refused)\n";
    assert!(text.contains(told) && !text.contains(" for 1 h"), "{text}");
}

#[test]
fn a_job_that_failed_again_is_one_job_as_it_is_now() {
    let mut night = Night::new();
    night.fails(2, "refused");
    night.pass(20);
    night.fails_again(Example { tries: 2, said: "552 full".into(), ..example() }, "refused");
    night.pass(20);
    let incident = &night.incidents[0];
    let jobs: Vec<_> = incident.examples.iter().map(|example| (&*example.job, example.tries, &*example.said)).collect();
    assert_eq!((incident.jobs, &jobs[..]), (2, &[("8f2z9m0q", 2, "552 full"), ("job1", 1, "553 no")][..]));
    assert_eq!(incident.last_at, T0.plus(Duration::from_secs(20)), "it lasts until then");
}
