//! One file and one rule → the jobs it becomes, a refusal on record, or nothing; what `packetboat plan` shows is this.

use crate::{
    domain::{
        ArrivalDraft, Beginning, Copied, EndedJob, Errand, Escaped, JobDraft, Letter, Moment, Reason, Ref, Sighting,
        Wishes,
    },
    rules::{Action, EmptyFiles, Mail, Rule, Step, Upload, plan_here, plan_mail, plan_text},
    templates::{Condition, Destination, Facts, TemplateError},
};

/// What planning takes from around it: time and ids are arguments.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub arrived_at: Moment,
    /// Row of the rule's frozen text.
    pub rule_version: i64,
    /// Row of the rule's folder in the `seen` ledger.
    pub place: i64,
    /// This machine's name.
    pub host: &'a str,
    /// An operator paused the rule, beside its own `paused: true`.
    pub is_paused: bool,
    /// [`Ref::new`] wherever the arrival is kept.
    pub new_id: fn() -> Ref,
}

/// What a rule makes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// To be committed whole; without jobs it only remembers that the file was looked at.
    pub arrival: ArrivalDraft,
    /// Why there are no jobs; `None` when there are.
    pub unwanted: Option<Unwanted>,
}

/// Why a file becomes no job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unwanted {
    #[error("it is empty, and `empty_files` is `skip`")]
    Empty,
    #[error("the rule's `if` is not true of it")]
    Condition,
    #[error("no step's `if` is true of it")]
    EveryStep,
}

/// Plans. Pure: the same arguments give the same jobs, but for the ids.
///
/// A file that is wanted never vanishes: where a condition cannot be judged, a path cannot be made or a limit is
/// broken, the jobs it would have become are failed from the beginning and say why.
#[must_use]
pub fn plan(rule: &Rule, sighting: &Sighting, context: &Context<'_>) -> Planned {
    let planning = planning(rule, sighting, context);
    let mut letters = Vec::new();
    let (jobs, unwanted) = match planning.jobs(&mut letters) {
        Ok(jobs) if jobs.is_empty() => (jobs, Some(Unwanted::EveryStep)),
        Ok(jobs) => (jobs, None),
        Err(unwanted) => (Vec::new(), Some(unwanted)),
    };
    let arrival = ArrivalDraft {
        id: planning.arrival,
        rule: rule.name.clone(),
        rule_version: context.rule_version,
        place: context.place,
        sighting: sighting.clone(),
        arrived_at: context.arrived_at,
        letters,
        jobs,
        has_after: rule.has_after(),
    };
    Planned { arrival, unwanted }
}

fn planning<'a>(rule: &'a Rule, sighting: &'a Sighting, context: &'a Context<'a>) -> Planning<'a> {
    let arrival = (context.new_id)();
    Planning {
        rule,
        sighting,
        context,
        arrival,
        series: arrival,
        begins_at: context.arrived_at,
        ended: None,
        copies: &[],
    }
}

/// Why a job is failed from its beginning, in a sentence for the operator.
pub(super) type Refusal = String;

pub(super) struct Planning<'a> {
    pub rule: &'a Rule,
    pub sighting: &'a Sighting,
    pub context: &'a Context<'a>,
    pub arrival: Ref,
    /// What the letters of one planning are numbered under.
    pub series: Ref,
    /// When the jobs are due, and their deadline begins.
    pub begins_at: Moment,
    /// The job of `then` that decided, in what follows upon it.
    pub ended: Option<&'a EndedJob>,
    /// What is there of the arrival by now, in what follows upon it.
    pub copies: &'a [Copied],
}

impl Planning<'_> {
    fn jobs(&self, letters: &mut Vec<Letter>) -> Result<Vec<JobDraft>, Unwanted> {
        let is_empty = self.sighting.identity.size_bytes == 0;
        if is_empty && self.rule.when.empty_files == EmptyFiles::Skip {
            return Err(Unwanted::Empty);
        }
        let refusal = match self.is_true(self.rule.condition.as_ref()) {
            Ok(false) => return Err(Unwanted::Condition),
            Ok(true) => self.broken_limit(),
            Err(refusal) => Some(refusal),
        };
        Ok(self.rule.then.iter().flat_map(|step| self.step(step, refusal.as_ref(), letters)).collect())
    }

    pub(super) fn step(&self, step: &Step, refusal: Option<&Refusal>, letters: &mut Vec<Letter>) -> Vec<JobDraft> {
        let refusal = match (refusal, self.is_true(step.condition.as_ref())) {
            (_, Ok(false)) => return Vec::new(),
            (Some(refusal), _) => Some(refusal.clone()),
            (None, Err(refusal)) => Some(refusal),
            (None, Ok(true)) => None,
        };
        match &step.action {
            Action::Upload(upload) => {
                let text = upload.text.as_ref().map(|text| plan_text::text(self, text, letters));
                upload.to.iter().map(|server| self.upload(upload, server, text.as_ref(), refusal.clone())).collect()
            }
            Action::Mail(mail) => self.mail(mail, refusal, letters),
            Action::Manifest(manifest) => plan_text::manifest(self, manifest, refusal.as_ref(), letters),
            Action::Save(save) => vec![plan_here::save(self, save, refusal)],
            Action::Move(spot) => vec![plan_here::take_away(self, Some(spot), refusal)],
            Action::Delete => vec![plan_here::take_away(self, None, refusal)],
        }
    }

    fn upload(
        &self,
        upload: &Upload,
        server: &str,
        text: Option<&Result<usize, Refusal>>,
        refusal: Option<Refusal>,
    ) -> JobDraft {
        let refusal = refusal.or_else(|| text.and_then(|text| text.clone().err()));
        let text = text.and_then(|text| text.clone().ok());
        let id = (self.context.new_id)();
        let path = &upload.path;
        let target = path.render(&self.facts(Some(Destination { server, job: id })));
        let (target, refusal) = match target {
            Ok(target) => (Some(target), refusal),
            Err(error) => (None, refusal.or(Some(in_words("path", path.text(), &error)))),
        };
        self.job(id, server, Errand::Upload { target, text, wishes: wishes(self.rule, upload) }, refusal)
    }

    /// One letter, and a job for everybody it goes to; a mail that cannot be made is one job, failed.
    fn mail(&self, mail: &Mail, refusal: Option<Refusal>, letters: &mut Vec<Letter>) -> Vec<JobDraft> {
        let server = mail.via.first().map_or("", String::as_str);
        let wishes = plan_mail::wishes(self.rule, mail);
        let made = match refusal {
            Some(refusal) => Err(refusal),
            None => plan_mail::letter(self, mail, letters.len()),
        };
        let (letter, recipients) = match made {
            Ok(made) => made,
            Err(refusal) => {
                let errand = Errand::Send { recipient: String::new(), letter: None, wishes };
                return vec![self.job((self.context.new_id)(), server, errand, Some(refusal))];
            }
        };
        letters.push(letter);
        let number = Some(letters.len() - 1);
        let to = |recipient| {
            let errand = Errand::Send { recipient, letter: number, wishes: wishes.clone() };
            self.job((self.context.new_id)(), server, errand, None)
        };
        recipients.into_iter().map(to).collect()
    }

    pub(super) fn job(&self, id: Ref, server: &str, errand: Errand, refusal: Option<Refusal>) -> JobDraft {
        let Self { rule, sighting, context, begins_at, .. } = self;
        let beginning = match refusal {
            Some(refusal) => Beginning::Refused(Reason::Unplannable, refusal),
            None if rule.paused || context.is_paused => Beginning::Paused,
            None => Beginning::Ready,
        };
        JobDraft {
            id,
            server: server.to_owned(),
            errand,
            priority: rule.priority,
            rank: rule.rank(&sighting.path),
            due_at: *begins_at,
            expires_at: begins_at.plus(rule.deadline),
            is_in_order: rule.in_order,
            beginning,
        }
    }

    fn is_true(&self, condition: Option<&Condition>) -> Result<bool, Refusal> {
        let Some(condition) = condition else { return Ok(true) };
        condition.holds(&self.facts(None)).map_err(|error| in_words("if", condition.text(), &error))
    }

    fn broken_limit(&self) -> Option<Refusal> {
        let size = self.sighting.identity.size_bytes;
        let name = Escaped(&self.sighting.path);
        if size == 0 && self.rule.when.empty_files == EmptyFiles::Refuse {
            return Some(format!("{name} is empty, and the rule says `empty_files: refuse`"));
        }
        let limit = self.rule.limits.size.filter(|limit| size > *limit)?;
        Some(format!("{name} has {size} bytes, and the rule's `limits: size` is {limit}"))
    }

    pub(super) fn facts<'a>(&'a self, destination: Option<Destination<'a>>) -> Facts<'a> {
        Facts {
            arrived_at: self.context.arrived_at,
            time_zone: self.rule.time_zone,
            arrival: self.arrival,
            file: self.sighting,
            rule: &self.rule.name,
            about: self.rule.about.as_deref(),
            host: self.context.host,
            destination,
            ended: self.ended,
        }
    }
}

fn wishes(rule: &Rule, upload: &Upload) -> Wishes {
    Wishes {
        on_exists: upload.on_exists,
        proof: upload.proof,
        times: upload.times,
        resume: upload.resume,
        bandwidth: upload.bandwidth,
        retry: rule.retry,
        deadline: Some(rule.deadline),
        is_text: upload.text.is_some(),
    }
}

/// ``path `{{ file.ext }}/`: this value is empty (`| default("none", true)`)``
pub(super) fn in_words(key: &str, text: &str, error: &TemplateError) -> Refusal {
    let text = error.range.clone().and_then(|range| text.get(range)).filter(|part| !part.is_empty()).unwrap_or(text);
    let hint = error.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
    format!("{key} `{}`: {error}{hint}", Escaped(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Identity, Priority, Stage};
    use std::{fs, time::Duration};

    const ARRIVED: Moment = Moment(1_795_357_571_000); // 2026-11-22 15:26:11 in Berlin
    const HOUR: Duration = Duration::from_secs(3600);

    /// The rule that these lines make, read as a user's would be.
    fn rule(lines: &str) -> Rule {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir(folder.path().join("rules")).unwrap();
        let server =
            |name| format!("  {name}: {{ ftp: {{ host: ftp.example.com, user: acme, password: {{ env: P }} }} }}\n");
        write(
            "packetboat.yaml",
            &format!("storage: store\ntime_zone: Europe/Berlin\nservers:\n{}{}", server("offsite"), server("vault")),
        );
        write("rules/nightly.yaml", lines);
        let checked = crate::rules::check_with(&folder.path().join("packetboat.yaml"), &|_| Some("secret".into()));
        assert!(checked.loaded.is_some(), "{:#?}", checked.findings);
        checked.loaded.unwrap().1.rules.remove(0)
    }

    fn file(path: &[u8], size_bytes: u64) -> Sighting {
        let identity = Identity { size_bytes, mtime_ns: 1, inode: 1, ctime_ns: 1 };
        Sighting { folder: b"/srv/out".to_vec(), path: path.to_vec(), identity }
    }

    fn context() -> Context<'static> {
        let new_id = || Ref([3; 16]);
        Context { arrived_at: ARRIVED, rule_version: 4, place: 5, host: "gate", is_paused: false, new_id }
    }

    fn planned(lines: &str, path: &str, size_bytes: u64) -> Planned {
        plan(&rule(lines), &file(path.as_bytes(), size_bytes), &context())
    }

    /// `server:target beginning` of each job.
    fn jobs(planned: &Planned) -> Vec<String> {
        let show = |job: &JobDraft| {
            let target = job.errand.target().map_or_else(|| "?".to_owned(), ToString::to_string);
            match &job.beginning {
                Beginning::Refused(Reason::Unplannable, why) => format!("{}:{target} refused: {why}", job.server),
                beginning => format!("{}:{target} {beginning:?}", job.server),
            }
        };
        planned.arrival.jobs.iter().map(show).collect()
    }

    fn wished(job: &JobDraft) -> &Wishes {
        let Errand::Upload { wishes, .. } = &job.errand else { panic!("no upload") };
        wishes
    }

    const WATCH: &str = "when: { watch: { folder: /srv/out, recursive: true } }\n";

    #[test]
    fn every_server_of_every_step_gets_a_job_with_all_that_the_rule_wishes() {
        let rule = rule(&format!(
            "{WATCH}then:\n  - upload: {{ to: [offsite, vault], path: \"db/{{{{ arrived.year }}}}/\", proof: hash, bandwidth: 2MB/s }}\n  \
             - upload: {{ to: vault, path: \"{{{{ server.name }}}}/{{{{ file.path }}}}\" }}\n    if: file.ext == 'dump'\n\
             retry: {{ first_wait: 10s, longest_wait: 5m, attempts: 7 }}\ndeadline: 1h\npriority: high\norder: [\"*.index\", \"*.dump\"]\n",
        ));
        let planned = plan(&rule, &file(b"a/orders.dump", 10), &context());
        assert_eq!(
            jobs(&planned),
            ["offsite:db/2026/orders.dump Ready", "vault:db/2026/orders.dump Ready", "vault:vault/a/orders.dump Ready",]
        );
        assert_eq!(planned.unwanted, None);
        let ArrivalDraft { rule: name, rule_version, place, arrived_at, jobs, .. } = planned.arrival;
        assert_eq!((name.as_str(), rule_version, place, arrived_at), ("nightly", 4, 5, ARRIVED));
        let first = &jobs[0];
        assert_eq!((first.priority, first.rank), (Priority::High, 1));
        assert_eq!((first.due_at, first.expires_at), (ARRIVED, ARRIVED.plus(HOUR)));
        assert_eq!(wished(first).bandwidth.map(|rate| rate.0), Some(2_000_000));
        assert_eq!((wished(first).retry.attempts, wished(&jobs[2]).bandwidth), (Some(7), None));
    }

    #[test]
    fn what_is_not_wanted_is_remembered_and_makes_no_jobs() {
        let upload = "then:\n  - upload: { to: offsite }\n";
        for (lines, path, size_bytes, unwanted) in [
            (format!("{WATCH}{upload}"), "a.pdf", 1, None),
            (format!("{WATCH}{upload}"), "a.pdf", 0, Some(Unwanted::Empty)),
            (format!("{WATCH}if: file.ext == 'pdf'\n{upload}"), "a.pdf", 1, None),
            (format!("{WATCH}if: file.ext == 'pdf'\n{upload}"), "a.txt", 1, Some(Unwanted::Condition)),
            (format!("{WATCH}{upload}    if: file.ext == 'pdf'\n"), "a.txt", 1, Some(Unwanted::EveryStep)),
        ] {
            let planned = planned(&lines, path, size_bytes);
            assert_eq!(planned.unwanted, unwanted, "{lines}");
            assert_eq!(planned.arrival.jobs.is_empty(), unwanted.is_some(), "{lines}");
        }
    }

    #[test]
    fn what_is_wanted_and_cannot_be_done_is_refused_on_record() {
        let upload = "then:\n  - upload: { to: [offsite, vault], path: \"{{ file.ext }}/\" }\n";
        let refuse = "when: { watch: { folder: /srv/out, empty_files: refuse } }\n";
        let take = "when: { watch: { folder: /srv/out, empty_files: take } }\n";
        for (lines, path, size_bytes, wanted) in [
            (format!("{WATCH}{upload}limits: {{ size: 1kB }}\n"), "a.pdf", 1000, "offsite:pdf/a.pdf Ready"),
            (
                format!("{WATCH}{upload}limits: {{ size: 1kB }}\n"),
                "a.pdf",
                1001,
                "offsite:pdf/a.pdf refused: a.pdf has 1001 bytes, and the rule's `limits: size` is 1000",
            ),
            (
                format!("{refuse}{upload}"),
                "a.pdf",
                0,
                "offsite:pdf/a.pdf refused: a.pdf is empty, and the rule says `empty_files: refuse`",
            ),
            (format!("{take}{upload}"), "a.pdf", 0, "offsite:pdf/a.pdf Ready"),
            (
                format!("{WATCH}{upload}"),
                "README",
                1,
                "offsite:? refused: path `file.ext`: this value is empty, and no path can be made of that (give it something to be then: `| default(\"none\", true)`)",
            ),
            (
                format!("{WATCH}if: file.ext == 'pdf' or file.size > file.ext\n{upload}"),
                "a.txt",
                1,
                "offsite:txt/a.txt refused: if `file.size > file.ext`: a number cannot be compared with a text (put the number in quotes, or make the text a number: `arrived.hour | int`; a size is `size(\"20MB\")`)",
            ),
            (
                format!("{WATCH}{upload}    if: file.ext == 'pdf' or file.size > file.ext\n"),
                "a.txt",
                1,
                "offsite:txt/a.txt refused: if `file.size > file.ext`: a number cannot be compared with a text (put the number in quotes, or make the text a number: `arrived.hour | int`; a size is `size(\"20MB\")`)",
            ),
        ] {
            let planned = planned(&lines, path, size_bytes);
            assert_eq!(jobs(&planned), [wanted.to_owned(), wanted.replacen("offsite", "vault", 1)], "{lines}");
            assert_eq!(planned.unwanted, None, "{lines}");
        }
    }

    #[test]
    fn a_refusal_goes_before_a_pause_and_a_pause_leaves_the_order() {
        let upload = "then:\n  - upload: { to: offsite }\n";
        let in_order = rule(&format!("{WATCH}{upload}in_order: true\nlimits: {{ size: 10B }}\n"));
        let paused = rule(&format!("{WATCH}{upload}in_order: true\npaused: true\nlimits: {{ size: 10B }}\n"));
        let beginning = |rule: &Rule, size_bytes, is_paused| {
            let context = Context { is_paused, ..context() };
            let job = plan(rule, &file(b"a", size_bytes), &context).arrival.jobs.remove(0);
            assert!(job.is_in_order);
            match job.beginning {
                Beginning::Refused(..) => "refused",
                Beginning::Paused => "paused",
                Beginning::Ready => "ready",
            }
        };
        assert_eq!(beginning(&in_order, 1, false), "ready");
        assert_eq!(beginning(&in_order, 1, true), "paused");
        assert_eq!(beginning(&paused, 1, false), "paused");
        assert_eq!(beginning(&paused, 11, true), "refused");
    }

    #[test]
    fn a_name_that_is_no_utf8_is_planned_byte_for_byte() {
        let lines = format!("{WATCH}then:\n  - upload: {{ to: offsite, path: \"in/{{{{ file.folder }}}}/\" }}\n");
        let planned = plan(&rule(&lines), &file(b"caf\xe9/t\xffe", 1), &context());
        assert_eq!(planned.arrival.jobs[0].errand.target().unwrap().as_bytes(), b"in/caf\xe9/t\xffe");
    }

    #[test]
    fn a_size_in_a_condition_is_what_it_is_in_the_rule() {
        let rule = rule(&format!("{WATCH}then:\n  - upload: {{ to: offsite }}\n"));
        let (sighting, context) = (file(b"a", 1), context());
        let planning = planning(&rule, &sighting, &context);
        for number in ["", "0", "1", "20", "9223372036854775807", "9223372036854775808", "1.5", "-1", " 1", "1 "] {
            for unit in ["B", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "", "mb", "PB"] {
                let text = format!("{number}{unit}");
                let in_the_rule = crate::config::values::size(&text).ok();
                let condition =
                    Condition::parse(Stage::Then, &format!("size('{text}') == {}", in_the_rule.unwrap_or(0)));
                let agrees = condition.and_then(|condition| condition.holds(&planning.facts(None))).ok();
                assert_eq!(agrees, in_the_rule.map(|_| true), "{text}");
            }
        }
    }
}
