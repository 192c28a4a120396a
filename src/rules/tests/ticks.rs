//! A tick and a rule: the jobs it becomes.

use super::site::Site;
use crate::{
    domain::{Errand, Moment, Ref, Report, ReportLine, Stage, Times},
    rules::{Context, Fetched, Supply, check_with, plan_tick},
    templates::LONGEST_TEXT,
};
use std::{fs, time::Duration};

const PACKETBOAT_YAML: &str = "time_zone: Europe/Berlin\nmail: { from: gate@here.example }\nservers:
  offsite: { ftp: { host: 127.0.0.1, user: acme, password: { env: HOME } } }\n  main: { smtp: { host: 127.0.0.1 } }\n";

const RULE: &str = "when: { schedule: { at: \"0 7 * * *\", missed: skip } }
then:
  - mail: { to: [ann@there.example, bob@there.example], subject: \"{{ rule.name }}\", text: \"{{ arrived.iso }}\" }
  - upload: { to: offsite, path: \"{{ arrived.date }}/beat\", text: \"alive\" }
deadline: 1h
";

fn context(arrived_at: Moment) -> Context<'static> {
    Context {
        arrived_at,
        rule_version: 1,
        place: 1,
        host: "gate",
        is_paused: false,
        new_id: Ref::new,
        supply: Supply { content: &Fetched::Nothing, attachment: |_, path, _| Ok(path.to_vec()) },
    }
}

const LETTER: &str = "when: { schedule: { every: 7d } }
then:
  - mail:
      to: ann@there.example
      template: weekly
      data: { first: \"{{ report.days[0].rule }}\" }
      attach: \"/srv/sums/{{ arrived.date }}.csv\"
      idempotency_key: \"week {{ arrived.week }}\"
";

/// What mails have in rules of files they have here, as far as it needs no file.
#[test]
fn the_mail_of_a_tick_has_templates_data_attachments_and_a_key() {
    let site = Site::new(PACKETBOAT_YAML, &[("beat.yaml", LETTER.as_bytes())]);
    let folder = site.file().parent().unwrap().join("templates/weekly");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("subject.txt"), "From {{ report.since.date }}").unwrap();
    fs::write(folder.join("html.html"), "<p>{{ first }}</p>").unwrap();
    let checked = check_with(&site.file(), &super::site::variable);
    let (_, rules) = checked.loaded.unwrap_or_else(|| panic!("{}", site.shown()));
    let rule = &rules.rules[0];
    assert!(rule.tells_report());
    let at = Moment(1_795_413_600_000); // 2026-11-23
    let lines = vec![ReportLine { rule: "a<b".to_owned(), ..ReportLine::default() }];
    let report = Report { since: at, until: at, lines, is_well: true };
    let arrival = plan_tick(rule, &context(at), at, Some(&report)).arrival;
    let letter = &arrival.letters[0];
    let text = String::from_utf8_lossy(&letter.bytes).into_owned();
    for part in ["\r\nSubject: From 2026-11-23\r\n", "<p>a&lt;b</p>", "filename=\"2026-11-23.csv\""] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(letter.key.as_deref(), Some("week 48"));
}

const CONFIGURATION: &str = "when: { schedule: { every: 7d } }
then:
  - upload: { to: offsite, path: \"conf/\", file: \"/etc/{{ host }}.conf\" }
  - upload: { to: offsite, path: \"conf/{{ arrived.date }}\", file: \"/etc/{{ host }}.conf\" }
";

#[test]
fn a_file_of_this_machine_is_sent_as_it_is_at_the_moment() {
    let with = |text: &str| {
        let site = Site::new(PACKETBOAT_YAML, &[("beat.yaml", text.as_bytes())]);
        let checked = check_with(&site.file(), &super::site::variable);
        checked.loaded.map(|(_, rules)| rules).ok_or_else(|| site.shown())
    };
    let no_name = with(CONFIGURATION).unwrap_err();
    assert!(no_name.contains("this is a folder"), "{no_name}");
    let rules = with(&CONFIGURATION.replace("conf/\"", "conf/last\"")).unwrap();
    assert!(rules.rules[0].needs_files(crate::domain::Stage::Then));
    let at = Moment(1_795_413_600_000);
    let arrival = plan_tick(&rules.rules[0], &context(at), at, None).arrival;
    let sent: Vec<_> = arrival.letters.iter().map(|letter| String::from_utf8_lossy(&letter.bytes)).collect();
    assert_eq!(sent, ["gate.conf", "gate.conf"], "what lies below /etc, which is written out");
    assert!(arrival.jobs.iter().all(|job| !job.errand.is_of_file()));
    let none = |_: &std::path::Path, _: &[u8], _| Err("there is no such file".to_owned());
    let supply = Supply { content: &Fetched::Nothing, attachment: none };
    let context = Context { supply, ..context(at) };
    let jobs = plan_tick(&rules.rules[0], &context, at, None).arrival.jobs;
    let crate::domain::Beginning::Refused(_, why) = &jobs[0].beginning else { panic!("{jobs:?}") };
    assert_eq!(why, "/etc/gate.conf cannot be taken: there is no such file");
    for (file, says) in [("etc/x", "does not begin with `/`"), ("/etc/x, text: y", "`file` beside `text`")] {
        let shown = with(&CONFIGURATION.replace("\"/etc/{{ host }}.conf\"", file)).unwrap_err();
        assert!(shown.contains(says), "{shown}");
    }
}

const SAVES: &str = "when: { schedule: { every: 7d } }
then:
  - upload: { to: offsite, path: beat, text: \"sent\" }
  - save: { to: /srv/copies, path: \"{{ arrived.date }}/beat\", text: \"since {{ report.since.unix }}\" }
  - save: { to: /srv/copies, path: conf, file: \"/etc/{{ host }}.conf\", mode: \"0600\" }
";

#[test]
fn a_save_brings_a_text_or_a_file_as_an_upload_does() {
    let with = |text: &str| {
        let site = Site::new(PACKETBOAT_YAML, &[("beat.yaml", text.as_bytes())]);
        let checked = check_with(&site.file(), &super::site::variable);
        checked.loaded.map(|(_, rules)| rules).unwrap_or_else(|| panic!("{}", site.shown())).rules.remove(0)
    };
    let rule = with(SAVES);
    assert!(rule.tells_report() && rule.needs_files(Stage::Then));
    let at = Moment(1_795_413_600_000);
    let report = Report { since: at, until: at, lines: vec![], is_well: true };
    let arrival = plan_tick(&rule, &context(at), at, Some(&report)).arrival;
    let texts: Vec<_> = arrival.letters.iter().map(|letter| String::from_utf8_lossy(&letter.bytes)).collect();
    assert_eq!(texts, ["sent", "since 1795413600", "gate.conf"]);
    for (job, place, letter) in [(1, "srv/copies/2026-11-23/beat", 1), (2, "srv/copies/conf", 2)] {
        let Errand::Save { target, text, wishes } = &arrival.jobs[job].errand else { panic!("no save") };
        assert_eq!((target.as_ref().unwrap().to_string().as_str(), *text), (place, Some(letter)));
        assert_eq!((wishes.is_text, wishes.times), (true, Times::None));
        assert!(!arrival.jobs[job].errand.is_of_file());
    }
    let none = |_: &std::path::Path, _: &[u8], _| Err("there is no such file".to_owned());
    let supply = Supply { content: &Fetched::Nothing, attachment: none };
    let jobs = plan_tick(&rule, &Context { supply, ..context(at) }, at, Some(&report)).arrival.jobs;
    let crate::domain::Beginning::Refused(_, why) = &jobs[2].beginning else { panic!("{jobs:?}") };
    assert_eq!(why, "/etc/gate.conf cannot be taken: there is no such file");
    assert_eq!((jobs[2].errand.letter(), jobs[2].errand.is_of_file()), (None, false), "not the file in its place");

    let of_files =
        |own: &str| with(&format!("when: {{ watch: {{ folder: /tmp }} }}\nthen: [save: {{ to: /srv{own} }}]\n"));
    let plain = of_files("");
    assert_eq!((plain.sends_its_file(), plain.most_read(Stage::Then)), (true, None));
    let text = of_files(", text: \"{{ file.text() }}\"");
    assert_eq!((text.sends_its_file(), text.most_read(Stage::Then)), (false, Some(LONGEST_TEXT)));
}

/// What is meant for one moment and comes five hours later is of that moment, and begins now.
#[test]
fn a_late_tick_renders_its_moment_and_its_jobs_begin_now() {
    let site = Site::new(PACKETBOAT_YAML, &[("beat.yaml", RULE.as_bytes())]);
    let checked = check_with(&site.file(), &super::site::variable);
    let (_, rules) = checked.loaded.unwrap_or_else(|| panic!("{}", site.shown()));
    let rule = &rules.rules[0];
    let meant = Moment(1_795_413_600_000); // 2026-11-23 07:00 in Berlin
    let now = meant.plus(Duration::from_secs(5 * 3600));
    let arrival = plan_tick(rule, &context(meant), now, None).arrival;
    assert_eq!(arrival.arrived_at, meant);
    assert!(arrival.sighting.is_tick());
    let texts: Vec<_> =
        arrival.letters.iter().map(|letter| String::from_utf8_lossy(&letter.bytes).into_owned()).collect();
    assert!(texts[0].contains("\r\nDate: Mon, 23 Nov 2026 11:00:00 +0000\r\n"), "{}", texts[0]);
    assert!(texts[0].ends_with("\r\n\r\n2026-11-23T07:00:00+01:00\r\n"), "{}", texts[0]);
    assert_eq!(texts[1], "alive");
    assert_eq!(arrival.jobs.len(), 3);
    for job in &arrival.jobs {
        assert_eq!((job.due_at, job.expires_at), (now, now.plus(Duration::from_secs(3600))));
        assert!(!job.errand.is_of_file());
    }
    let Errand::Upload { target, text, .. } = &arrival.jobs[2].errand else { panic!("no upload") };
    assert_eq!((target.as_ref().unwrap().to_string().as_str(), *text), ("2026-11-23/beat", Some(1)));
}
