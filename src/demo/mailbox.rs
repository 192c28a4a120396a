//! The demo's relay, and everybody's mailbox: what it takes is shown.

use crate::{
    demo::DemoError,
    domain::Escaped,
    smtp::server::{Received, Sink},
};
use mail_parser::MessageParser;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// A relay that delivers to the screen.
#[derive(Debug)]
pub(super) struct Mailbox {
    relay: Sink,
    _shown: AbortOnDropHandle<()>,
}

impl Mailbox {
    pub(super) async fn open() -> Result<Self, DemoError> {
        let (sender, mut received) = mpsc::unbounded_channel();
        let relay = Sink::start(sender).await.map_err(DemoError::Relay)?;
        let shown = tokio::spawn(async move {
            while let Some(mail) = received.recv().await {
                println!("{}", show(&mail));
            }
        });
        Ok(Self { relay, _shown: AbortOnDropHandle::new(shown) })
    }

    pub(super) fn port(&self) -> u16 {
        self.relay.address.port()
    }
}

/// The mail as a person would read it, a bar beside it.
fn show(mail: &Received) -> String {
    let message = MessageParser::default().parse(&mail.message);
    let subject = message.as_ref().and_then(|message| message.subject()).unwrap_or_default();
    let text = message.as_ref().and_then(|message| message.body_text(0)).unwrap_or_default();
    let mut shown = format!("  | Mail to {}: {}", mail.recipients.join(", "), Escaped(subject.as_bytes()));
    for line in text.lines() {
        shown.push_str(&format!("\n  |   {}", Escaped(line.as_bytes())));
    }
    shown
}
