//! One conversation: connected, logged in, in the server's folder.

/// A logged-in control connection. `Send`; one command at a time.
#[derive(Debug)]
pub struct Session {}

impl Session {
    /// Whether another command may follow: nothing timed out, broke, or was cancelled halfway.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        unimplemented!()
    }

    /// Says goodbye, briefly, and hangs up. Dropping a session hangs up without a word.
    pub async fn quit(self) {
        unimplemented!()
    }
}
