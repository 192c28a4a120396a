//! The message and its envelope, byte for byte.

use super::sent;
use crate::support::{
    scripted_smtp::Script,
    smtp_client::{MESSAGE, THREE, delivered, mail, to, told, trouble_of},
    walk::sha256,
};
use packetboat::{
    domain::{Outcome, Proof},
    smtp::client::{Mail, Notify, Recipient, Returning},
};

const ONE: [Recipient<'static>; 1] = [to("ada@there.example")];

fn script() -> Script {
    Script::with([])
}

#[track_caller]
fn refused(outcomes: &[Outcome], why: &str) {
    for outcome in outcomes {
        assert_eq!(told(outcome), "failed job refused");
        assert_eq!(trouble_of(outcome).unwrap().said, why);
    }
}

#[tokio::test]
async fn a_message_arrives_byte_for_byte() {
    let long = [b"Subject: long\r\n\r\n".as_slice(), &b".a line that begins with a dot\r\n".repeat(9000)].concat();
    for message in [MESSAGE, b".", b".\r\n", b"..\r\n", b"\r\n", b"\r\n\r\n", b"no end", &long] {
        let (outcomes, messages, _) = sent(script(), &mail(&ONE, message)).await;
        let end: &[u8] = if message.ends_with(b"\r\n") { b"" } else { b"\r\n" };
        delivered(outcomes);
        assert_eq!(messages.len(), 1);
        assert!(messages[0].bytes == [message, end].concat(), "{:?}", String::from_utf8_lossy(&messages[0].bytes));
    }
}

#[tokio::test]
async fn a_delivery_says_what_was_reached() {
    let (outcomes, messages, dialogue) = sent(script(), &mail(&THREE, MESSAGE)).await;
    assert_eq!(dialogue[1], format!("MAIL FROM:<me@here.example> SIZE={}", MESSAGE.len()));
    assert_eq!(messages[0].recipients, ["<ada@there.example>", "<bob@there.example>", "<cyd@there.example>"]);
    for delivered in delivered(outcomes) {
        assert_eq!(delivered.proof, Proof::Accepted);
        assert_eq!(delivered.reply, "250 2.0.0 Ok: queued as 1");
        assert_eq!((delivered.size_bytes, delivered.sent_bytes), (MESSAGE.len() as u64, MESSAGE.len() as u64));
        assert_eq!(delivered.sha256.0, sha256(MESSAGE));
        assert_eq!((delivered.remote_path, delivered.tls, delivered.litter), (None, None, None));
    }
}

#[tokio::test]
async fn nobody_may_be_the_sender() {
    let (outcomes, messages, _) = sent(script().without(&["SIZE"]), &Mail { from: None, ..mail(&ONE, MESSAGE) }).await;
    delivered(outcomes);
    assert_eq!(messages[0].from, "<>");
}

#[tokio::test]
async fn what_is_too_large_is_not_sent() {
    let message = vec![b'x'; 2000];
    let (outcomes, _, dialogue) = sent(script().without(&["SIZE"]).and("size 2001"), &mail(&THREE, &message)).await;
    refused(&outcomes, "the message has 2002 bytes, and the server takes 2001");
    assert_eq!(dialogue, ["EHLO gateway.example"]);
    for fits in ["SIZE 2002", "SIZE 0", "SIZE"] {
        let (outcomes, ..) = sent(script().without(&["SIZE"]).and(fits), &mail(&THREE, &message)).await;
        delivered(outcomes);
    }
}

#[tokio::test]
async fn eight_bits_need_a_relay_that_takes_them() {
    let mail = mail(&ONE, "Subject: x\r\n\r\nGrüße\r\n".as_bytes());
    let (outcomes, messages, _) = sent(script(), &mail).await;
    delivered(outcomes);
    assert_eq!(messages[0].from, "<me@here.example> SIZE=23 BODY=8BITMIME");
    assert_eq!(messages[0].bytes, mail.message);
    let (outcomes, _, dialogue) = sent(script().without(&["8BITMIME"]), &mail).await;
    refused(&outcomes, "the message has bytes outside ASCII, and the server does not offer 8BITMIME");
    assert_eq!(dialogue.len(), 1);
}

#[tokio::test]
async fn an_address_outside_ascii_needs_a_relay_that_takes_it() {
    let recipients = [to("ada@there.example"), to("grün@there.example")];
    let mail = mail(&recipients, MESSAGE);
    let (outcomes, messages, _) = sent(script(), &mail).await;
    delivered(outcomes);
    assert!(messages[0].from.ends_with(" SMTPUTF8"), "{messages:?}");
    assert_eq!(messages[0].recipients[1], "<grün@there.example>");
    let (outcomes, messages, _) = sent(script().without(&["SMTPUTF8"]), &mail).await;
    assert_eq!(told(&outcomes[0]), "delivered accepted");
    refused(&outcomes[1..], "grün@there.example is not ASCII, and the server does not offer SMTPUTF8");
    assert_eq!(messages[0].recipients, ["<ada@there.example>"]);
}

#[tokio::test]
async fn a_header_outside_ascii_needs_a_relay_that_takes_it_whoever_is_to_have_the_message() {
    let mail = mail(&ONE, "To: ada@there.example, grün@there.example\r\n\r\nHello\r\n".as_bytes());
    let (outcomes, messages, _) = sent(script(), &mail).await;
    delivered(outcomes);
    assert!(messages[0].from.ends_with(" SMTPUTF8"), "{messages:?}");
    let (outcomes, messages, dialogue) = sent(script().without(&["SMTPUTF8"]), &mail).await;
    refused(&outcomes, "`To` of the message is not ASCII, and the server does not offer SMTPUTF8");
    assert_eq!((messages.len(), dialogue.len()), (0, 1));
}

#[tokio::test]
async fn a_delivery_status_is_asked_for_where_that_is_known() {
    let recipients = [Recipient { notify: Some(Notify::OfFailure), original: Some("a+b@old.example"), ..ONE[0] }];
    let mail = Mail { envelope_id: Some("job=1"), returning: Some(Returning::Headers), ..mail(&recipients, MESSAGE) };
    let (outcomes, messages, _) = sent(script().without(&["SIZE"]), &mail).await;
    delivered(outcomes);
    assert_eq!(messages[0].from, "<me@here.example> RET=HDRS ENVID=job+3D1");
    assert_eq!(messages[0].recipients, ["<ada@there.example> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb@old.example"]);
    let (outcomes, messages, _) = sent(script().without(&["SIZE", "DSN"]), &mail).await;
    delivered(outcomes);
    assert_eq!(
        (messages[0].from.as_str(), messages[0].recipients[0].as_str()),
        ("<me@here.example>", "<ada@there.example>")
    );
}

#[tokio::test]
async fn nothing_that_could_become_another_message_goes_out() {
    for message in [
        "x\r\n.\nMAIL FROM:<evil@x>\r\n",
        "x\n.\r\nMAIL",
        "x\n.\n",
        "x\r.\r",
        "x\r\n.\r",
        "x\n.\r",
        "x\r\n.\r\r\n",
        "x\ry",
        "\n",
        "",
    ] {
        let (outcomes, _, dialogue) = sent(script(), &mail(&THREE, message.as_bytes())).await;
        assert_eq!(outcomes.iter().map(told).collect::<Vec<_>>(), ["failed job refused"; 3], "{message:?}");
        assert_eq!(dialogue.len(), 1, "{dialogue:?}");
    }
    let recipients = ["a@b>\r\nRCPT TO:<evil@x", "a@b\n", "\"a\0b\"@c", "a@b"].map(to);
    let (outcomes, messages, dialogue) = sent(script(), &mail(&recipients, MESSAGE)).await;
    assert_eq!(
        outcomes.iter().map(told).collect::<Vec<_>>(),
        ["failed job refused", "failed job refused", "failed job refused", "delivered accepted"]
    );
    assert_eq!(messages[0].recipients, ["<a@b>"]);
    assert_eq!(dialogue.iter().filter(|line| line.starts_with("RCPT")).count(), 1);
    let from = Mail { from: Some("me@here.example> SIZE=1\r\nRSET"), ..mail(&ONE, MESSAGE) };
    let (outcomes, _, dialogue) = sent(script(), &from).await;
    assert_eq!((told(&outcomes[0]).as_str(), dialogue.len()), ("failed job refused", 1));
    let (outcomes, _, dialogue) = sent(script(), &mail(&[], MESSAGE)).await;
    assert_eq!((outcomes.len(), dialogue.len()), (0, 1));
}
