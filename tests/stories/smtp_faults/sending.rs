//! One message: sender, recipients, DATA, the message, its end, and what follows.

use super::{
    all,
    row::{Row, first, row, second},
};
use crate::support::scripted_smtp::{Action::*, Lost::*, Script, once};

/// More than all the buffers between us and it.
const LARGE: usize = 9_000_000;

fn senders() -> Vec<Row> {
    let at = |name, action, expected| row(name, first("MAIL", action), expected);
    vec![
        at("450 to MAIL", Instead("450 4.1.8 Later"), "deferred job refused_now").says("450 4.1.8 Later"),
        at("452 to MAIL", Instead("452 4.3.1 No room"), "deferred job full"),
        at("503 to MAIL", Instead("503 5.5.1 Nested"), "deferred job session"),
        at("530 to MAIL", Instead("530 5.7.0 Authentication required"), "deferred server login"),
        at("530 to MAIL, for TLS", Instead("530 5.7.0 Must issue a STARTTLS command first"), "deferred server tls"),
        at("550 to MAIL", Instead("550 5.7.1 Not from you"), "failed job refused").says("550 5.7.1 Not from you"),
        at("552 to MAIL", Instead("552 5.3.4 Too large"), "failed job refused"),
        at("550 to MAIL, not in UTF-8", InsteadRaw(b"550 5.7.1 caf\xe9\r\n"), "failed job refused").says("caf\u{fffd}"),
        at("421 to MAIL", Bye("421 4.3.2 Going down"), "deferred server busy").dropped(),
        at("no answer to MAIL", Hang, "deferred server session").dropped().says("MAIL: no answer for 0.7 s"),
        at("closed at MAIL", Close, "deferred server session").dropped(),
        at("reset at MAIL", Reset, "deferred server session").dropped(),
        at("MAIL accepted, and closed", Lose(ThenClose), "deferred server session").dropped(),
        at("MAIL without end", EndlessLine, "deferred server session").dropped(),
        at("MAIL of lines without end", EndlessMultiline, "deferred server session").dropped(),
        at("garbage to MAIL", InsteadRaw(b"what\r\n"), "deferred server session").dropped().says("what"),
        at("354 to MAIL", Instead("354 Go on"), "deferred server session").dropped(),
        at("MAIL twice", Twice, "deferred server session").dropped(),
        at("an answer before MAIL's", Before(b"250 Ok\r\n"), "deferred server session").dropped(),
        at("MAIL byte by byte", Dribble, "delivered accepted"),
        at("MAIL that ends in LF", LineFeedOnly, "delivered accepted"),
        at("MAIL without words", NoWords, "delivered accepted"),
    ]
}

fn recipients() -> Vec<Row> {
    let second = |name, action, expected| row(name, second("RCPT", action), expected);
    let each = |actions: [_; 3]| {
        let faults = (1..).zip(actions).map(|(n, words)| once("RCPT", n, Instead(words)));
        faults.collect::<Vec<_>>()
    };
    const NO: &str = "550 5.1.1 No such user";
    vec![
        second("550 to one", Instead(NO), "delivered accepted / failed job refused / delivered accepted").says(NO),
        second(
            "450 to one",
            Instead("450 4.2.0 Later"),
            "delivered accepted / deferred job refused_now / delivered accepted",
        ),
        row(
            "452 from the second on",
            [once("RCPT", 2, Instead("452 4.5.3 Too many")), once("RCPT", 3, Instead("452 4.5.3 Too many"))],
            "delivered accepted / deferred job refused_now / deferred job refused_now",
        ),
        second(
            "552 to one",
            Instead("552 Too many"),
            "delivered accepted / deferred job refused_now / delivered accepted",
        ),
        second("421 to one", Bye("421 4.3.2 Going down"), "deferred server busy").dropped(),
        second("no answer to one", Hang, "deferred server session").dropped().says("RCPT: no answer for 0.7 s"),
        second("closed at one", Close, "deferred server session").dropped(),
        second("reset at one", Reset, "deferred server session").dropped(),
        second("RCPT without end", EndlessLine, "deferred server session").dropped(),
        second("garbage to one", InsteadRaw(b"what\r\n"), "deferred server session").dropped(),
        second("RCPT twice", Twice, "deferred server session").dropped(),
        second("RCPT byte by byte", Dribble, "delivered accepted"),
        second("251 to one", Say("251 2.1.5 I will forward"), "delivered accepted"),
        // whose the 550 was is open
        row(
            "an answer too many, and 550 to one",
            [once("MAIL", 1, Twice), once("RCPT", 2, Instead(NO))],
            "deferred server session",
        )
        .dropped(),
        row(
            "an answer too many, and 550 to the last",
            [once("MAIL", 1, Twice), once("RCPT", 3, Instead(NO))],
            "deferred server session",
        )
        .dropped(),
        row(
            "an answer missing, and 550 to one",
            [once("RCPT", 1, InsteadRaw(b"")), once("RCPT", 2, Instead(NO))],
            "deferred server session",
        )
        .dropped(),
        row("550 to all", each([NO; 3]), "failed job refused").says(NO),
        row(
            "each its own",
            each([NO, "450 4.2.0 Later", "452 4.5.3 Too many"]),
            "failed job refused / deferred job refused_now / deferred job refused_now",
        ),
        row("550 to all, and 354", each([NO; 3]), "failed job refused")
            .script(|script| Script { takes_data_for_nobody: true, ..script }),
        row("550 to the sender, and 354", first("MAIL", Instead("550 5.7.1 Not from you")), "failed job refused")
            .script(|script| Script { takes_data_for_nobody: true, ..script })
            .says("550 5.7.1 Not from you"),
        row(
            "550 to one, and closed at the next",
            [once("RCPT", 1, Instead(NO)), once("RCPT", 2, Close)],
            "failed job refused / deferred server session / deferred server session",
        )
        .dropped(),
        row(
            "550 to the sender, and closed",
            [once("MAIL", 1, Instead("550 5.7.1 Not from you")), once("RCPT", 1, Close)],
            "failed job refused",
        )
        .together()
        .dropped(),
        row(
            "550 to one, and the answer is lost",
            [once("RCPT", 2, Instead(NO)), once("DOT", 1, Lose(ThenClose))],
            "unknown job session / failed job refused / unknown job session",
        )
        .dropped(),
    ]
}

fn data() -> Vec<Row> {
    let at = |name, action, expected| row(name, first("DATA", action), expected);
    vec![
        at("451 to DATA", Instead("451 4.3.0 Later"), "deferred job refused_now").says("451 4.3.0 Later"),
        at("554 to DATA", Instead("554 5.3.0 No"), "failed job refused"),
        at("421 to DATA", Bye("421 4.3.2 Going down"), "deferred server busy").dropped(),
        at("250 to DATA", Instead("250 Ok"), "deferred server session").dropped(),
        at("no answer to DATA", Hang, "deferred server session").dropped().says("DATA: no answer for 0.7 s"),
        at("closed at DATA", Close, "deferred server session").dropped(),
        at("reset at DATA", Reset, "deferred server session").dropped(),
        at("DATA without end", EndlessLine, "deferred server session").dropped(),
        at("garbage to DATA", InsteadRaw(b"what\r\n"), "deferred server session").dropped(),
        at("354 twice", Twice, "deferred server session").dropped(),
        at("an answer before DATA's", Before(b"250 Ok\r\n"), "deferred server session").dropped(),
        at("354 byte by byte", Dribble, "delivered accepted"),
        at("354 without words", NoWords, "delivered accepted"),
    ]
}

fn messages() -> Vec<Row> {
    // How the commands went out is over by then.
    let at = |name, action, expected| row(name, first("BODY", action), expected).together().dropped();
    vec![
        at("it takes nothing more", StallAfter(1000), "deferred job data")
            .bytes(LARGE)
            .says("the message: no answer for 0.7 s"),
        at("the cable is pulled", ResetAfter(1000), "deferred job data").bytes(LARGE),
        at("552 in the middle, and closed", ByeAfter(1000, "552 5.3.4 Too large"), "failed job refused")
            .bytes(LARGE)
            .says("552 5.3.4"),
        at("451 in the middle, and closed", ByeAfter(1000, "451 4.3.0 Later"), "deferred job refused_now").bytes(LARGE),
        at("421 in the middle, and closed", ByeAfter(1000, "421 4.3.2 Going down"), "deferred server busy")
            .bytes(LARGE),
        at("552 in the middle, and then nothing", NoAfter(1000, "552 5.3.4 Too large"), "failed job refused")
            .bytes(LARGE)
            .says("552 5.3.4"),
        at("250 in the middle, and closed", ByeAfter(1000, "250 2.0.0 Ok"), "deferred job data").bytes(LARGE),
        at("it takes nothing more of a small one", StallAfter(0), "unknown job session"),
    ]
}

fn verdicts() -> Vec<Row> {
    let at = |name, action, expected| row(name, first("DOT", action), expected);
    vec![
        at("250", Say("250 2.0.0 Ok: queued as 4F"), "delivered accepted").says("250 2.0.0 Ok: queued as 4F"),
        at("250 byte by byte", Dribble, "delivered accepted"),
        at("250 that ends in LF", LineFeedOnly, "delivered accepted"),
        at("250 without words", NoWords, "delivered accepted"),
        at("250 twice", Twice, "delivered accepted"),
        at("451 after the message", Instead("451 4.3.0 Later"), "deferred job refused_now").says("451 4.3.0 Later"),
        at("452 after the message", Instead("452 4.3.1 No room"), "deferred job full"),
        at("552 after the message", Instead("552 5.3.4 Too large"), "failed job refused"),
        at("554 after the message", Instead("554 5.7.1 Spam"), "failed job refused").says("554 5.7.1 Spam"),
        at("421 after the message", Bye("421 4.3.2 Going down"), "deferred server busy").dropped(),
        at("the answer lost, closed", Lose(ThenClose), "unknown job session")
            .dropped()
            .says("the message: the server closed"),
        at("the answer lost, reset", Lose(ThenReset), "unknown job session").dropped(),
        at("the answer lost, silence", Lose(ThenHang), "unknown job session")
            .dropped()
            .says("the message: no answer for 0.7 s"),
        at("closed after the message", Close, "unknown job session").dropped(),
        at("354 after the message", Instead("354 Go on"), "unknown job session").dropped(),
        at("garbage after the message", InsteadRaw(b"what\r\n"), "unknown job session").dropped().says("what"),
        at("an answer without end", EndlessLine, "unknown job session").dropped(),
        at("an answer of lines without end", EndlessMultiline, "unknown job session").dropped(),
    ]
}

fn partings() -> Vec<Row> {
    let refused_once = |action| [once("DATA", 1, Instead("451 4.3.0 Later")), once("RSET", 1, action)];
    vec![
        row("no answer to QUIT", first("QUIT", Hang), "delivered accepted").after_deadlines(3),
        row("closed at QUIT", first("QUIT", Close), "delivered accepted"),
        row("500 to QUIT", first("QUIT", Instead("500 What?")), "delivered accepted"),
        row("no answer to RSET", refused_once(Hang), "deferred job refused_now").dropped(),
        row("closed at RSET", refused_once(Close), "deferred job refused_now").dropped(),
        row("421 to RSET", refused_once(Bye("421 4.4.2 Idle")), "deferred job refused_now").dropped(),
        row("354 to RSET", refused_once(Instead("354 Go on")), "deferred server session").dropped(),
        row("500 to RSET", refused_once(Instead("500 What?")), "deferred server session").dropped(),
        // The second message finds its connection dead, and that is nobody's fault.
        row("no answer to the second MAIL", second("MAIL", Hang), "delivered accepted").after_deadlines(2),
        row("closed at the second MAIL", second("MAIL", Close), "delivered accepted"),
        row("reset at the second MAIL", second("MAIL", Reset), "delivered accepted"),
        row("421 to the second MAIL", second("MAIL", Bye("421 4.4.2 Idle")), "delivered accepted"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn naming_the_sender() {
    all(senders()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn naming_the_recipients() {
    all(recipients()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_to_begin() {
    all(data()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_the_message() {
    all(messages()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hearing_the_verdict() {
    all(verdicts()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going_on_and_parting() {
    all(partings()).await;
}
