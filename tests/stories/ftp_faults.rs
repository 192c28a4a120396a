//! What an upload makes of a server that lies, hangs, hurries or hangs up: a row for each fault.
//!
//! Each row names the outcome, whether the connection is kept, whether a temporary name stays, and some of the message. What is
//! true of every row is checked for every row: nothing but a whole file under a final name, no litter that is not reported,
//! an end within the deadlines, and the password in no message.

use crate::support::{
    certificates::Shown,
    ftp_client::{PATIENCE, settings, upload_of},
    scripted_ftp::{
        Action::{self, *},
        Fault, Lost, RenameOver, Resumption, Script, ScriptedFtp, always, once,
    },
    servers::Tls,
};
use packetboat::{
    config::TlsVersion,
    delivery::ftp::{Upload, connect, upload},
    domain::{Outcome, ProofWish, Resume, Trouble, Whose},
    ftp::client::Profile,
};
use std::{
    io::ErrorKind,
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// What is at the target before, where the row wants something there.
const OLDER: &[u8] = b"an older version";

/// The connection afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    Kept,
    Dropped,
}
use Connection::{Dropped, Kept};

/// Temporary names afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Litter {
    Clean,
    Reported,
}
use Litter::{Clean, Reported};

struct Row {
    name: &'static str,
    script: Script,
    change: fn(&mut Upload),
    tls_max: TlsVersion,
    is_there: bool,
    bytes: usize,
    /// `delivered size` or `deferred server busy`.
    expected: &'static str,
    connection: Connection,
    litter: Litter,
    /// In the message or, for a delivery, in the dialogue.
    says: &'static str,
}

fn row(name: &'static str, faults: impl Into<Vec<Fault>>, expected: &'static str) -> Row {
    Row {
        name,
        script: Script::with(faults),
        change: |_| {},
        tls_max: TlsVersion::V1_2,
        is_there: false,
        bytes: 5_000,
        expected,
        connection: Kept,
        litter: Clean,
        says: "",
    }
}

impl Row {
    fn dropped(self) -> Self {
        Self { connection: Dropped, ..self }
    }

    fn litter(self) -> Self {
        Self { litter: Reported, ..self }
    }

    fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    fn over(self) -> Self {
        Self { is_there: true, ..self }
    }

    fn bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    fn wanting(self, change: fn(&mut Upload)) -> Self {
        Self { change, ..self }
    }

    fn script(self, change: impl FnOnce(Script) -> Script) -> Self {
        Self { script: change(self.script), ..self }
    }

    fn tls(self) -> Self {
        self.script(|script| Script { tls: Tls::Explicit, ..script })
    }

    fn tls_1_3(self) -> Self {
        Self { tls_max: TlsVersion::V1_3, ..self.tls() }
    }

    fn shows(self, certificate: Shown) -> Self {
        self.tls().script(|script| Script { certificate, ..script })
    }

    fn without(self, features: &[&'static str]) -> Self {
        self.script(|script| script.without(features))
    }

    fn and(self, features: &[&'static str]) -> Self {
        self.script(|script| script.and(features))
    }

    fn refusing_to_rename_over(self) -> Self {
        self.over().script(|script| Script { rename_over: RenameOver::Refused, ..script })
    }
}

fn instead(verb: &'static str, words: &'static str) -> [Fault; 1] {
    [always(verb, Instead(words))]
}

fn first(verb: &'static str, action: Action) -> [Fault; 1] {
    [once(verb, 1, action)]
}

/// Before any file is sent.
fn on_the_way_in() -> Vec<Row> {
    let raw = |words: &[u8]| first("CONNECT", InsteadRaw(words.to_vec()));
    vec![
        row("421 as a greeting", first("CONNECT", Bye("421 Too many users")), "deferred server busy")
            .says("421 Too many"),
        row(
            "530 as a greeting",
            first("CONNECT", Bye("530 Maximum number of clients reached")),
            "deferred server busy",
        ),
        row("120 as a greeting", first("CONNECT", Bye("120 Ready in 5 minutes")), "deferred server busy"),
        row("500 as a greeting", first("CONNECT", Bye("500 OOPS: child died")), "deferred server connect").says("OOPS"),
        row("no greeting", first("CONNECT", Hang), "deferred server connect").says("no answer for 0.7 s"),
        row("closed for a greeting", first("CONNECT", Close), "deferred server connect"),
        row("reset for a greeting", first("CONNECT", Reset), "deferred server connect"),
        row("a greeting without end", first("CONNECT", EndlessLine), "deferred server connect"),
        row("a greeting of lines without end", first("CONNECT", EndlessMultiline), "deferred server connect"),
        row("another protocol", raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "deferred server connect").says("not FTP"),
        row("a greeting byte by byte", first("CONNECT", Dribble), "delivered size"),
        row("a greeting that ends in LF", first("CONNECT", LineFeedOnly), "delivered size"),
        row("two greetings in one packet", first("CONNECT", Twice), "deferred server session"),
        row("no more connections", [], "deferred server busy").script(|script| Script { connections: 0, ..script }),
        row("421 to USER", first("USER", Bye("421 Later")), "deferred server busy"),
        row("no answer to USER", first("USER", Hang), "deferred server connect"),
        row("530 to PASS", instead("PASS", "530 Login incorrect"), "deferred server login").says("530 Login incorrect"),
        row("530 to PASS, for the crowd", instead("PASS", "530 Too many connections"), "deferred server busy"),
        row("421 to PASS", first("PASS", Bye("421 Too busy")), "deferred server busy"),
        row("an account wanted", instead("PASS", "332 And the account?"), "deferred server login").says("332"),
        row("no answer to PASS", first("PASS", Hang), "deferred server connect"),
        row("closed at PASS", first("PASS", Close), "deferred server connect"),
        row("FEAT unknown", instead("FEAT", "500 What?"), "delivered size"),
        row("no answer to FEAT", first("FEAT", Hang), "deferred server connect"),
        row("FEAT without end", first("FEAT", EndlessMultiline), "deferred server connect"),
        row(
            "FEAT with bytes that are not text",
            first("FEAT", InsteadRaw(b"211-\xff\r\n S\xe9\r\n211 \xfe\r\n".to_vec())),
            "delivered size",
        ),
        row("TYPE refused", instead("TYPE", "500 What?"), "deferred server session"),
        row("OPTS UTF8 refused", instead("OPTS", "501 No"), "delivered size"),
    ]
}

fn on_the_way_in_with_tls() -> Vec<Row> {
    let injected = b"230 Logged in\r\n".to_vec();
    vec![
        row("AUTH unknown", instead("AUTH", "500 What?"), "deferred server tls").tls().says("500 What?"),
        row("AUTH refused", instead("AUTH", "534 Not allowed"), "deferred server tls").tls(),
        row("no answer to AUTH", first("AUTH", Hang), "deferred server connect").tls(),
        row("bytes before TLS", first("AUTH", InjectBeforeTls(injected)), "deferred server tls")
            .tls()
            .says("in the middle"),
        row("garbage for TLS", first("AUTH", GarbageForTls), "deferred server tls").tls(),
        row("PBSZ refused", instead("PBSZ", "500 What?"), "deferred server tls").tls(),
        row("PROT refused", instead("PROT", "536 Not that"), "deferred server tls").tls(),
        row("a certificate for another name", [], "deferred server tls")
            .shows(Shown::WrongName)
            .says("elsewhere.example"),
        row("an unknown authority", [], "deferred server tls").shows(Shown::UnknownAuthority).says("`ca_file`"),
        row("an expired certificate", [], "deferred server tls").shows(Shown::Expired).says("expired on 1999-12-31"),
        row("a self-signed certificate", [], "deferred server tls").shows(Shown::SelfSigned).says("pin_sha256: "),
        row("a good certificate", [], "delivered size").tls().says("PROT P"),
        row("garbage for TLS on the data connection", first("STOR", GarbageForDataTls), "deferred server tls")
            .tls()
            .dropped()
            .litter(),
    ]
}

fn data_connections() -> Vec<Row> {
    vec![
        row("EPSV unknown", [], "delivered size").without(&["EPSV"]).says("PASV"),
        row("nobody listens after EPSV", first("EPSV", NoListener), "delivered size").says("PASV"),
        row("nobody listens at all", [always("EPSV", NoListener), always("PASV", NoListener)], "deferred server data"),
        row("EPSV with port 99999", instead("EPSV", "229 Here (|||99999|)"), "delivered size").says("PASV"),
        row("EPSV with port 0", instead("EPSV", "229 Here (|||0|)"), "delivered size").says("PASV"),
        row("EPSV without a port", instead("EPSV", "229 Somewhere"), "delivered size").says("PASV"),
        row("no answer to EPSV", first("EPSV", Hang), "deferred server session").dropped().litter(),
        row("421 to EPSV", first("EPSV", Bye("421 Idle too long")), "deferred server busy").dropped().litter(),
        row("PASV with impossible octets", instead("PASV", "227 Here (999,0,0,1,1,1)"), "deferred server data")
            .without(&["EPSV"]),
        row(
            "both refused",
            [always("EPSV", Instead("500 OOPS")), always("PASV", Instead("500 OOPS"))],
            "deferred server data",
        ),
        row("425 to STOR", instead("STOR", "425 Cannot open"), "deferred job data"),
        row("522 to STOR", instead("STOR", "522 Reuse the session"), "deferred server tls"),
        row("the data connection is never accepted", first("STOR", NeverAccept), "deferred job data"),
        row("it takes nothing more", first("STOR", StallAfter(1000)), "deferred job data")
            .dropped()
            .litter()
            .bytes(30_000_000),
        row("it takes nothing more of a small file", first("STOR", StallAfter(1000)), "deferred job data"),
        row("the data connection is closed", first("STOR", CloseDataAfter(1000)), "deferred job data").bytes(9_000_000),
        row("the data connection is reset", first("STOR", ResetDataAfter(1000)), "deferred job data")
            .bytes(9_000_000)
            .says("426"),
        row("the cable is pulled", first("STOR", CutAfter(1000)), "deferred job data")
            .dropped()
            .litter()
            .bytes(9_000_000),
        row("the cable is pulled early", first("STOR", CutAfter(0)), "deferred job data")
            .dropped()
            .litter()
            .bytes(9_000_000),
    ]
}

fn refusals() -> Vec<Row> {
    vec![
        row("450 to STOR", instead("STOR", "450 Busy"), "deferred job refused_now").says("450 Busy"),
        row("451 to STOR", instead("STOR", "451 Local trouble"), "deferred job refused_now"),
        row("452 to STOR", instead("STOR", "452 No space"), "deferred job full"),
        row("552 to STOR", instead("STOR", "552 Quota exceeded"), "deferred job full"),
        row("550 to STOR", instead("STOR", "550 Permission denied"), "failed job refused")
            .says("550 Permission denied"),
        row("550 to STOR that tells the password", instead("STOR", "550 b0at is no good"), "failed job refused")
            .says("550 ******* is no good"),
        row("nonsense to SIZE that tells the password", instead("SIZE", "350 b0at"), "unknown job session")
            .dropped()
            .litter()
            .says("*******"),
        row("530 that tells the password", instead("PASS", "530 b0at is wrong"), "deferred server login")
            .says("530 ******* is wrong"),
        row("550 to STOR, for the disk", instead("STOR", "550 Not enough space on the disk"), "deferred job full"),
        row(
            "550 to STOR, for a lock",
            instead("STOR", "550 It is being used by another process"),
            "deferred job refused_now",
        ),
        row("553 to STOR", instead("STOR", "553 Name not allowed"), "failed job refused"),
        row("500 to STOR", instead("STOR", "500 What?"), "failed job refused"),
        row("502 to STOR", instead("STOR", "502 Read only"), "failed job refused"),
        row("530 to STOR", instead("STOR", "530 Please log in"), "deferred server login"),
        row("421 to STOR", first("STOR", Bye("421 Going down")), "deferred server busy").dropped().litter(),
        row(
            "MKD refused, STOR too",
            [always("MKD", Instead("550 Denied")), always("STOR", Instead("553 No such folder"))],
            "failed job refused",
        )
        .says("MKD in: 550 Denied"),
        row("421 to MKD", first("MKD", Bye("421 Enough")), "deferred server busy").dropped(),
        row("closed at STOR", first("STOR", Close), "deferred server session").dropped().litter(),
        row("reset at STOR", first("STOR", Reset), "deferred server session").dropped().litter(),
        row("no answer to STOR", first("STOR", Hang), "deferred server session").dropped().litter(),
        row("an endless line to STOR", first("STOR", EndlessLine), "deferred server session").dropped().litter(),
    ]
}

fn verdicts() -> Vec<Row> {
    vec![
        row("426 after a whole file", first("STOR", Say("426 Closed unclean")), "delivered size"),
        row("451 after a whole file", first("STOR", Say("451 Cannot flush")), "deferred job refused_now"),
        row("452 after a whole file", first("STOR", Say("452 Disk full")), "deferred job full"),
        row("552 after a whole file", first("STOR", Say("552 Quota exceeded")), "deferred job full"),
        row("550 after a whole file", first("STOR", Say("550 Rejected by the scanner")), "failed job refused"),
        row("250 for 226", first("STOR", Say("250 Fine")), "delivered size"),
        row("200 for 226", first("STOR", Say("200 Fine")), "delivered size"),
        row("150 twice", first("STOR", Before(b"150 Go on\r\n".to_vec())), "delivered size"),
        row("226 before the data", first("STOR", EarlyEnd), "delivered size"),
        row("226 twice", first("STOR", Twice), "delivered size"),
        row("226 byte by byte", first("STOR", Dribble), "delivered size"),
        row("226 that ends in LF", first("STOR", LineFeedOnly), "delivered size"),
        row("226 too late", first("STOR", Late), "delivered size"),
        row("226 lost, closed", first("STOR", Lose(Lost::ThenClose)), "delivered size"),
        row("226 lost, reset", first("STOR", Lose(Lost::ThenReset)), "delivered size"),
        row("226 never", first("STOR", Lose(Lost::ThenHang)), "delivered size"),
        row(
            "226 never, and then nobody",
            [once("STOR", 1, Lose(Lost::ThenHang)), once("CONNECT", 2, Hang)],
            "unknown job session",
        )
        .dropped()
        .litter()
        .says("asking again failed"),
        row("a byte short", first("STOR", KeepLess(1)), "deferred job damaged")
            .says("5000 bytes were sent and 4999 are there"),
        row("a byte too many", first("STOR", KeepMore), "deferred job damaged"),
        row("an empty file", first("STOR", KeepNothing), "deferred job damaged"),
        row("stored as text", first("STOR", KeepAsText), "deferred job damaged"),
    ]
}

fn proofs() -> Vec<Row> {
    let read_back: fn(&mut Upload) = |upload| upload.wishes.proof = ProofWish::ReadBack;
    let hash: fn(&mut Upload) = |upload| upload.wishes.proof = ProofWish::Hash;
    vec![
        row("SIZE lies", instead("SIZE", "213 7"), "deferred job damaged"),
        row("SIZE talks", instead("SIZE", "213 large"), "deferred job session"),
        row("no answer to SIZE", first("SIZE", Hang), "delivered size"),
        row("never an answer to SIZE", [always("SIZE", Hang)], "unknown job session").dropped().litter(),
        row("SIZE lost", first("SIZE", Lose(Lost::ThenReset)), "delivered size"),
        row("421 to SIZE", first("SIZE", Bye("421 Idle too long")), "delivered size"),
        row("SIZE twice", first("SIZE", Twice), "delivered size"),
        row("no SIZE", [], "delivered size").without(&["SIZE"]).says("MLST"),
        row("no SIZE, no MLST", [], "delivered size").without(&["SIZE", "MLST"]).says("LIST"),
        row("no SIZE, no MLST, no LIST", instead("LIST", "502 No"), "delivered read_back").without(&["SIZE", "MLST"]),
        row(
            "nothing that proves",
            [always("LIST", Instead("502 No")), always("RETR", Instead("550 No"))],
            "deferred job damaged",
        )
        .without(&["SIZE", "MLST"])
        .says("cannot be proven"),
        row("HASH", [], "delivered hash").and(&["HASH"]).says("HASH"),
        row("XSHA256", [], "delivered xsha256").and(&["XSHA256"]),
        row("XSHA1", [], "delivered xsha1").and(&["XSHA1"]),
        row("XMD5", [], "delivered xmd5").and(&["XMD5", "XCRC"]),
        row("XCRC", [], "delivered xcrc").and(&["XCRC"]),
        row("HASH refused after all", instead("HASH", "504 Not today"), "delivered size").and(&["HASH"]),
        row(
            "HASH of other bytes",
            instead("HASH", "213 SHA-256 0-1 0000000000000000000000000000000000000000000000000000000000000000 x"),
            "delivered read_back",
        )
        .and(&["HASH"]),
        row("HASH finds the damage", first("STOR", KeepMore), "deferred job damaged").and(&["HASH"]),
        row("no answer to HASH", first("HASH", Hang), "delivered size").and(&["HASH"]),
        row("a hash wanted, none offered", [], "delivered read_back").wanting(hash).says("RETR"),
        row("read back", [], "delivered read_back").wanting(read_back),
        row("read back, other bytes", first("RETR", Serve(b"other".to_vec())), "deferred job damaged")
            .wanting(read_back),
        row("read back, cut", first("RETR", CutAfter(10)), "delivered read_back").wanting(read_back),
        row("read back, silent", first("RETR", StallAfter(10)), "delivered read_back").wanting(read_back),
        row("read back, cut short without TLS's goodbye", [always("RETR", NoCloseNotify)], "unknown job session")
            .tls()
            .wanting(read_back)
            .dropped()
            .litter(),
        row("no MFMT", [], "delivered size").without(&["MFMT"]),
        row("MFMT refused", instead("MFMT", "550 Not yours"), "delivered size"),
        row("no answer to MFMT", first("MFMT", Hang), "delivered size"),
    ]
}

fn names() -> Vec<Row> {
    let resume: fn(&mut Upload) = |upload| upload.wishes.resume = Resume::Always;
    vec![
        row("over an older file", [], "delivered size").over(),
        row("450 to RNFR", instead("RNFR", "450 Busy"), "deferred job refused_now"),
        row("550 to RNFR", instead("RNFR", "550 Where?"), "failed job refused"),
        row("553 to RNTO", instead("RNTO", "553 Not that name"), "failed job refused"),
        row("553 to RNTO over an older file", instead("RNTO", "553 Not that name"), "failed job refused").over(),
        row("250 to RNTO, and nothing done", instead("RNTO", "250 Done"), "deferred job damaged")
            .says("still has its temporary name"),
        row("250 to RNTO over an older file, and nothing done", instead("RNTO", "250 Done"), "deferred job damaged")
            .over(),
        row("451 to RNTO", instead("RNTO", "451 Later"), "deferred job refused_now"),
        row("RNTO lost, closed", first("RNTO", Lose(Lost::ThenClose)), "delivered size"),
        row("RNTO lost over an older file", first("RNTO", Lose(Lost::ThenReset)), "delivered size").over(),
        row("RNTO done, never an answer", first("RNTO", Lose(Lost::ThenHang)), "delivered size"),
        row("RNTO not done, never an answer", first("RNTO", Hang), "delivered size"),
        row("never an answer to RNTO", [always("RNTO", Hang)], "unknown job session").dropped().litter(),
        row("250 to RNTO too late", first("RNTO", Late), "delivered size"),
        row("no renaming over", [], "delivered size").refusing_to_rename_over(),
        row("no renaming over, aside lost", [once("RNTO", 2, Lose(Lost::ThenClose))], "delivered size")
            .refusing_to_rename_over(),
        row("no renaming over, final lost", [once("RNTO", 3, Lose(Lost::ThenReset))], "delivered size")
            .refusing_to_rename_over(),
        row("no renaming over, final refused", [once("RNTO", 3, Instead("550 No"))], "failed job refused")
            .refusing_to_rename_over(),
        row("no renaming over, aside refused", [once("RNTO", 2, Instead("550 No"))], "failed job refused")
            .refusing_to_rename_over(),
        row("no renaming over, DELE lost", first("DELE", Lose(Lost::ThenClose)), "delivered size")
            .refusing_to_rename_over(),
        row("DELE refused", [always("STOR", KeepLess(1)), always("DELE", Instead("550 No"))], "deferred job damaged")
            .litter(),
        row("cut, to be resumed", first("STOR", CloseDataAfter(1000)), "deferred job data")
            .bytes(9_000_000)
            .wanting(resume)
            .litter(),
    ]
}

fn tls_1_3() -> Vec<Row> {
    let required = |tickets| move |script: Script| Script { resumption: Resumption::Required, tickets, ..script };
    vec![
        row("TLS 1.3, resumption wanted, no tickets", [], "delivered size").tls_1_3().script(required(0)),
        row("TLS 1.3, resumption wanted, one ticket", [], "delivered size").tls_1_3().script(required(1)),
        row("TLS 1.3, resumption wanted, two tickets", [], "delivered size").tls_1_3().script(required(2)),
        row("TLS 1.2, resumption wanted", [], "delivered size").tls().script(required(2)),
        row("TLS 1.3", [], "delivered size").tls_1_3(),
        row("TLS 1.3, 226 lost", first("STOR", Lose(Lost::ThenReset)), "delivered size").tls_1_3(),
    ]
}

async fn all(rows: Vec<Row>) {
    let mut trials = JoinSet::new();
    for row in rows {
        trials.spawn(async move {
            let name = row.name;
            (name, tokio::time::timeout(Duration::from_secs(20), tried(row)).await)
        });
    }
    let mut wrong = String::new();
    while let Some(trial) = trials.join_next().await {
        match trial.unwrap() {
            (_, Ok(Ok(()))) => {}
            (name, Ok(Err(why))) => wrong += &format!("\n{name}: {why}"),
            (name, Err(_)) => wrong += &format!("\n{name}: it never ended"),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

async fn tried(row: Row) -> Result<(), String> {
    let line = b"a line of text\n";
    let mut bytes = line.repeat(row.bytes / line.len() + 1);
    bytes.truncate(row.bytes);
    let mut request = upload_of(&bytes, "in/file.txt");
    (row.change)(&mut request);
    let tls = row.script.tls;
    let server = ScriptedFtp::start(row.script.clone());
    if row.is_there {
        server.put("in/file.txt", OLDER);
    }
    let settings = Arc::new(packetboat::config::FtpServer { tls_max: row.tls_max, ..settings(&server, tls) });
    let profile = Arc::new(Profile::default());

    let begun = Instant::now();
    let (outcome, connection) = match connect(&settings, &profile).await {
        Err(trouble) => (Outcome::Deferred(trouble), row.connection),
        Ok(mut session) => {
            let outcome = upload(&mut session, &request).await;
            (outcome, if session.is_usable() { Kept } else { Dropped })
        }
    };
    let took = begun.elapsed();

    let dialogue = server.dialogue().join("\n");
    let told = told(&outcome);
    let trouble = trouble_of(&outcome);
    let said = trouble.map_or_else(|| dialogue.clone(), |trouble| trouble.said.clone());
    let litter = if trouble.is_some_and(|trouble| trouble.litter.is_some()) { Reported } else { Clean };
    let seen = (told.as_str(), connection, litter);
    if seen != (row.expected, row.connection, row.litter) || !said.contains(row.says) {
        return Err(format!(
            "{seen:?}, said {said:?}, expected {:?} {:?}",
            (row.expected, row.connection, row.litter),
            row.says
        ));
    }
    always_true(&server, &row, &bytes, litter, &outcome)?;
    if took > PATIENCE * 3 + Duration::from_secs(2) {
        return Err(format!("took {took:?}"));
    }
    if said.contains(server.password) && trouble.is_some() {
        return Err("the password is in the message".to_owned());
    }
    Ok(())
}

/// The promises that no fault excuses.
fn always_true(server: &ScriptedFtp, row: &Row, bytes: &[u8], litter: Litter, outcome: &Outcome) -> Result<(), String> {
    let files = server.files();
    let there = files.get(&b"in/file.txt"[..]).map(Vec::as_slice);
    let is_delivered = matches!(outcome, Outcome::Delivered(_));
    let is_whole = match there {
        Some(there) => there == bytes || (!is_delivered && row.is_there && there == OLDER),
        // Between two renames the older one may be aside, when nobody could be asked.
        None => !is_delivered && (!row.is_there || matches!(outcome, Outcome::Unknown(_))),
    };
    if !is_whole {
        return Err(format!("under the final name: {:?} bytes", there.map(<[u8]>::len)));
    }
    let temporary: Vec<_> = files.keys().filter(|name| name.starts_with(b"in/.pb-")).collect();
    if litter == Clean && !temporary.is_empty() {
        return Err(format!("left: {temporary:?}"));
    }
    if server.commands().iter().any(|command| command.verb == "DELE" && !command.argument.starts_with(b"in/.pb-")) {
        return Err("it deleted what is not ours".to_owned());
    }
    Ok(())
}

fn told(outcome: &Outcome) -> String {
    let (word, trouble) = match outcome {
        Outcome::Delivered(delivered) => return format!("delivered {}", delivered.proof.word()),
        Outcome::Deferred(trouble) => ("deferred", trouble),
        Outcome::Failed(trouble) => ("failed", trouble),
        Outcome::Unknown(trouble) => ("unknown", trouble),
        Outcome::Returned => return "returned".to_owned(),
        Outcome::SourceChanged(_) | Outcome::SourceUnclear(_) => return "source changed".to_owned(),
    };
    let whose = if trouble.whose == Whose::Server { "server" } else { "job" };
    format!("{word} {whose} {}", trouble.kind.word())
}

fn trouble_of(outcome: &Outcome) -> Option<&Trouble> {
    match outcome {
        Outcome::Deferred(trouble) | Outcome::Failed(trouble) | Outcome::Unknown(trouble) => Some(trouble),
        Outcome::Delivered(_) | Outcome::Returned | Outcome::SourceChanged(_) | Outcome::SourceUnclear(_) => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connecting() {
    all(on_the_way_in()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connecting_with_tls() {
    all(on_the_way_in_with_tls()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_and_filling_data_connections() {
    all(data_connections()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusing() {
    all(refusals()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn judging_what_was_sent() {
    all(verdicts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proving() {
    all(proofs()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn naming() {
    all(names()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resuming_tls_1_3() {
    all(tls_1_3()).await;
}

/// Bytes injected before TLS, or TLS refused: nobody hears the password.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_never_leaves_without_tls() {
    for action in [Instead("500 What?"), Instead("534 No"), InjectBeforeTls(b"230 In\r\n".to_vec()), GarbageForTls] {
        let script = Script { tls: Tls::Explicit, ..Script::with([always("AUTH", action)]) };
        let server = ScriptedFtp::start(script);
        assert!(connect(&Arc::new(settings(&server, Tls::Explicit)), &Arc::default()).await.is_err());
        assert_eq!(server.dialogue(), ["AUTH TLS"]);
    }
}

/// A server cannot send our data connections to somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn data_goes_to_the_server_and_nowhere_else() {
    let canary = TcpListener::bind("127.0.0.2:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let port = canary.local_addr().unwrap().port();
    let elsewhere = format!("227 Over there (127,0,0,2,{},{})", port >> 8, port & 0xff);
    let server = ScriptedFtp::start(Script::with([always("PASV", InsteadSay(elsewhere))]).without(&["EPSV"]));
    let mut session = connect(&Arc::new(settings(&server, Tls::None)), &Arc::default()).await.unwrap();
    let outcome = upload(&mut session, &upload_of(b"secret", "x")).await;
    assert_eq!(told(&outcome), "deferred server data");
    assert_eq!(canary.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}
