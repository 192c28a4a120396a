//! Data connections, refusals, and what the server says of the bytes it has.

use super::{
    all,
    row::{Row, first, instead, row},
};
use crate::support::scripted_ftp::{Action::*, Lost, always, once};

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
        .after_deadlines(2)
        .says("asking again failed"),
        row("a byte short", first("STOR", KeepLess(1)), "deferred job damaged")
            .says("5000 bytes were sent and 4999 are there"),
        row("a byte too many", first("STOR", KeepMore), "deferred job damaged"),
        row("an empty file", first("STOR", KeepNothing), "deferred job damaged"),
        row("stored as text", first("STOR", KeepAsText), "deferred job damaged"),
    ]
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
