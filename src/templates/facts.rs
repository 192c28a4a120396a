//! What a template may know of an arrival, and the sample arrival that `check` renders with.

use crate::{
    domain::{
        Arriving, Door, EndedJob, EndedReceipt, Identity, Instructions, JobState, Message, MessageFacts, Moment,
        Person, Ref, Report, ReportLine, Sha256, Sighting, Stage,
    },
    templates::{Beside, Known, carrier, message, moment::ZonedMoment},
};
use chrono_tz::Tz;
use minijinja::Value;
use std::{collections::BTreeMap, sync::LazyLock};

/// Everything that names in a template stand for. Values only: the same facts always render the same.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Frozen, so that a retry tomorrow renders what today's try did.
    pub arrived_at: Moment,
    /// The rule's.
    pub time_zone: Tz,
    pub arrival: Ref,
    pub file: &'a Sighting,
    pub rule: &'a str,
    pub about: Option<&'a str>,
    /// This machine's name.
    pub host: &'a str,
    /// Known in paths only.
    pub destination: Option<Destination<'a>>,
    /// The job of `then` that decided, in what follows upon it.
    pub ended: Option<&'a EndedJob>,
    /// Known in mails only.
    pub beside: Beside<'a>,
    /// Known in the texts of a schedule's `then` only.
    pub report: Option<&'a Report>,
    /// Of a rule that takes mail.
    pub message: Option<&'a Message>,
}

/// The job a path is rendered for.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    pub server: &'a str,
    pub job: Ref,
}

impl Facts<'_> {
    /// The file's name without its folder.
    pub(super) fn file_name(&self) -> &[u8] {
        split_path(&self.file.path).1
    }

    pub(super) fn to_value(self) -> Value {
        let mut names = BTreeMap::from([
            ("arrived", self.moment(self.arrived_at)),
            ("arrival", map([("id", self.arrival.to_string().into())])),
            ("file", self.file_value()), // of a tick no template may name it
            ("rule", map([("name", self.rule.into()), ("about", self.about.unwrap_or("").into())])),
            ("host", self.host.into()),
        ]);
        names.extend(self.report.map(|report| ("report", self.report_value(report))));
        names.extend(self.message.map(|message| ("mail", message::value(message))));
        if let Some(job) = self.ended {
            names.insert("job", self.job_value(job));
            names.extend(job.receipt.as_ref().map(|receipt| ("receipt", self.receipt_value(receipt))));
        }
        if let Some(destination) = self.destination {
            names.insert("server", map([("name", destination.server.into())]));
            names.insert("job", map([("id", destination.job.to_string().into())]));
        }
        names.extend(self.beside.row.map(|row| ("row", row.value())));
        if self.beside.data.is_empty() {
            return Value::from(names);
        }
        let data = self.beside.data.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        Value::from(
            names.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(data).collect::<BTreeMap<_, _>>(),
        )
    }

    fn file_value(&self) -> Value {
        let (folder, name) = split_path(&self.file.path);
        let (stem, ext) = split_name(name);
        let text = |bytes| Value::from(carrier::to_text(bytes));
        // "Safe" is how a value says that it was parsed as a path: only such a one may bring a `/` (see path.rs).
        let path = |bytes| Value::from_safe_string(carrier::to_text(bytes));
        let mut file = BTreeMap::from([
            ("name", text(name)),
            ("stem", text(stem)),
            ("ext", text(ext)),
            ("path", path(&self.file.path)),
            ("folder", path(folder)),
            ("size", self.file.identity.size_bytes.into()),
            ("modified", self.moment(Moment(self.file.identity.mtime_ns.div_euclid(1_000_000)))),
        ]);
        file.extend(self.beside.content.map(|content| ("text", content.text())));
        Value::from(file)
    }

    fn job_value(&self, job: &EndedJob) -> Value {
        map([
            ("id", job.id.to_string().into()),
            ("state", job.state.word().into()),
            ("attempts", job.tries.into()),
            ("to", job.recipient.as_ref().unwrap_or(&job.server).as_str().into()),
            ("path", carrier::to_text(job.target.as_deref().unwrap_or_default()).into()),
            ("reply", job.said.as_str().into()),
        ])
    }

    fn receipt_value(&self, receipt: &EndedReceipt) -> Value {
        map([
            ("path", carrier::to_text(receipt.path.as_deref().unwrap_or_default()).into()),
            ("size", receipt.size_bytes.into()),
            ("sha256", receipt.sha256.to_string().into()),
            ("proof", receipt.proof.as_str().into()),
            ("reply", receipt.reply.as_str().into()),
            ("delivered", self.moment(receipt.delivered_at)),
        ])
    }

    fn report_value(&self, report: &Report) -> Value {
        let moment = |moment: Option<Moment>| moment.map_or(Value::from(()), |moment| self.moment(moment));
        let line = |line: &ReportLine| {
            map([
                ("rule", line.rule.as_str().into()),
                ("delivered", line.delivered.into()),
                ("failed", line.failed.into()),
                ("waiting", line.waiting.into()),
                ("bytes", line.bytes.into()),
                ("last", moment(line.last_delivered)),
                ("expected", moment(line.expected)),
            ])
        };
        map([
            ("days", report.lines.iter().map(line).collect()),
            ("all_is_well", report.is_well.into()),
            ("since", self.moment(report.since)),
            ("until", self.moment(report.until)),
        ])
    }

    fn moment(&self, moment: Moment) -> Value {
        Value::from_object(ZonedMoment::new(moment, self.time_zone))
    }
}

/// `orders/2026/invoice.pdf`, 1.2 MB, modified at 03:00 and arrived at 03:15 UTC on a day of 2026.
pub(super) fn sample<'a>(known: impl Into<Known<'a>>, destination: Option<Destination<'a>>) -> Facts<'a> {
    let Known { stage, arriving, .. } = known.into();
    static FILE: LazyLock<Sighting> = LazyLock::new(|| Sighting {
        folder: b"/srv/sample".to_vec(),
        path: b"orders/2026/invoice.pdf".to_vec(),
        identity: Identity {
            size_bytes: 1_234_567,
            mtime_ns: 1_795_316_400_000_000_000,
            inode: 1,
            ctime_ns: 1_795_316_400_000_000_000,
        },
    });
    static TICK: LazyLock<Sighting> = LazyLock::new(|| Sighting::tick(SAMPLED));
    static MAIL: LazyLock<Sighting> = LazyLock::new(|| Sighting::message(&MESSAGE.facts.subject, 4));
    Facts {
        arrived_at: SAMPLED,
        time_zone: Tz::UTC,
        arrival: Ref([7; 16]),
        file: match arriving {
            Arriving::File => &FILE,
            Arriving::Tick => &TICK,
            Arriving::Mail => &MAIL,
        },
        rule: "sample",
        about: Some("A sample"),
        host: "localhost",
        destination,
        ended: match stage {
            Stage::Then => None,
            Stage::After => Some(&DELIVERED),
            Stage::Failure => Some(&FAILED),
        },
        beside: Beside::default(),
        report: (arriving == Arriving::Tick && stage == Stage::Then).then_some(&REPORT),
        message: (arriving == Arriving::Mail).then_some(&MESSAGE),
    }
}

const SAMPLED: Moment = Moment(1_795_317_300_000);

/// Of a rule that delivered, and of one that did nothing yet.
static REPORT: LazyLock<Report> = LazyLock::new(|| Report {
    since: Moment(SAMPLED.0 - 7 * 86_400_000),
    until: SAMPLED,
    lines: vec![
        ReportLine {
            rule: "sample".to_owned(),
            delivered: 7,
            bytes: 1_234_567,
            failed: 1,
            waiting: 2,
            last_delivered: Some(SAMPLED),
            expected: Some(SAMPLED),
            ..ReportLine::default()
        },
        ReportLine { rule: "idle".to_owned(), ..ReportLine::default() },
    ],
    is_well: false,
});

static DELIVERED: LazyLock<EndedJob> = LazyLock::new(|| EndedJob {
    state: JobState::Delivered,
    said: "226 Transfer complete.".to_owned(),
    receipt: Some(EndedReceipt {
        path: Some(b"in/invoice.pdf".to_vec()),
        size_bytes: 1_234_567,
        sha256: Sha256([7; 32]),
        proof: "size".to_owned(),
        reply: "226 Transfer complete.".to_owned(),
        delivered_at: Moment(1_795_317_301_000),
    }),
    ..FAILED.clone()
});

static FAILED: LazyLock<EndedJob> = LazyLock::new(|| EndedJob {
    id: Ref([7; 16]),
    state: JobState::Failed,
    server: "offsite".to_owned(),
    target: Some(b"in/invoice.pdf".to_vec()),
    recipient: None,
    tries: 1,
    said: "553 Permission denied.".to_owned(),
    receipt: None,
});

static MESSAGE: LazyLock<Message> = LazyLock::new(|| {
    let person = |name: &str, address: &str| Person { name: name.to_owned(), address: address.to_owned() };
    Message {
        id: Ref([7; 16]),
        door: Door::Submission,
        account: Some("sample".to_owned()),
        received_at: SAMPLED,
        sender: Some("shop@example.com".to_owned()),
        recipients: vec!["ann@example.org".to_owned()],
        bytes: b"\r\n\r\n".to_vec(),
        facts: MessageFacts {
            from: person("The shop", "shop@example.com"),
            to: vec![person("Ann", "ann@example.org")],
            subject: "Order 7719".to_owned(),
            id: "7719@example.com".to_owned(),
            headers: BTreeMap::from([("subject".to_owned(), "Order 7719".to_owned())]),
            attachments: vec!["invoice.pdf".to_owned()],
            received_count: 1,
            ..MessageFacts::default()
        },
        instructions: Instructions { tags: vec!["shop".to_owned()], ..Instructions::default() },
    }
});

/// Folder and name: `a/b/c.txt` → `a/b`, `c.txt`.
pub(super) fn split_path(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}

/// Stem and extension: `a.tar.gz` → `a.tar`, `gz`; a dot in front makes no extension.
pub(super) fn split_name(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().rposition(|byte| *byte == b'.') {
        None | Some(0) => (name, b""),
        Some(dot) => (&name[..dot], &name[dot + 1..]),
    }
}

pub(super) fn map<const N: usize>(entries: [(&'static str, Value); N]) -> Value {
    Value::from(BTreeMap::from(entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart_as_people_expect() {
        for (name, stem, ext) in [
            ("a.pdf", "a", "pdf"),
            ("a.tar.gz", "a.tar", "gz"),
            ("README", "README", ""),
            (".bashrc", ".bashrc", ""),
            (".a.txt", ".a", "txt"),
            ("a.", "a", ""),
        ] {
            assert_eq!(split_name(name.as_bytes()), (stem.as_bytes(), ext.as_bytes()), "{name}");
        }
        assert_eq!(split_path(b"a/b/c"), (&b"a/b"[..], &b"c"[..]));
        assert_eq!(split_path(b"c"), (&b""[..], &b"c"[..]));
    }
}
