//! Logs: lines on stderr, by RUST_LOG. A library that would write passwords into them is shut off at every level.

use crate::domain::Escaped;
use tracing::{Level, Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer,
    field::MakeExt,
    filter::{FilterExt, filter_fn},
    fmt::{MakeWriter, format::debug_fn},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

/// What is logged where RUST_LOG does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// A verb that answers and ends: only what went wrong.
    Quiet,
    /// A process that serves: one line for each outcome.
    Serving,
    /// `-v`: the protocol dialogue too.
    Loud,
}

/// Sends logs to stderr from here on. Called twice, the first stands.
pub fn init(verbosity: Verbosity, ansi: Ansi) {
    let wanted = std::env::var("RUST_LOG").ok();
    let layer = layer(verbosity, wanted.as_deref(), std::io::stderr, ansi);
    let _ = tracing_subscriber::registry().with(layer).try_init(); // somebody was first: theirs stands
}

/// Whether lines are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ansi {
    Yes,
    No,
}

fn layer<S, W>(verbosity: Verbosity, wanted: Option<&str>, out: W, ansi: Ansi) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static + Send + Sync,
{
    let default = match verbosity {
        Verbosity::Quiet => "warn,sqlx=error", // where it warns, of a statement that took a second, nobody can do anything
        Verbosity::Serving => "warn,sqlx=error,packetboat=info",
        Verbosity::Loud => "warn,sqlx=error,packetboat=debug",
    };
    let wanted = wanted.filter(|wanted| !wanted.trim().is_empty()).unwrap_or(default);
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).parse_lossy(wanted);
    // what comes from outside stands in fields too
    let fields = debug_fn(|out, field, value| {
        let shown = format!("{value:?}");
        match field.name() {
            "message" => write!(out, "{}", Escaped(shown.as_bytes())),
            name => write!(out, "{name}={}", Escaped(shown.as_bytes())),
        }
    });
    tracing_subscriber::fmt::layer()
        .fmt_fields(fields.delimited(" "))
        .with_writer(out)
        .with_ansi(matches!(ansi, Ansi::Yes))
        .with_filter(filter.and(filter_fn(may_be_logged)))
}

/// Whatever RUST_LOG says: suppaftp writes commands at TRACE, `PASS` among them; TLS and SQL libraries, at DEBUG, keys of
/// sessions and values of rows. (The text of a statement holds no values.)
fn may_be_logged(event: &Metadata<'_>) -> bool {
    match event.target().split("::").next().unwrap_or_default() {
        "suppaftp" => false,
        "sqlx" if event.target() == "sqlx::query" => true,
        "rustls" | "tokio_rustls" | "sqlx" | "libunftp" => *event.level() <= Level::WARN,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(verbosity: Verbosity, wanted: Option<&str>) -> String {
        let page = Page::default();
        let writer = page.clone();
        let layer = layer(verbosity, wanted, move || writer.clone(), Ansi::No);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::error!(target: "suppaftp::sync_ftp", "PASS sesame");
            tracing::trace!(target: "suppaftp::tokio", "PASS sesame");
            tracing::debug!(target: "rustls::client", "secret of a session");
            tracing::trace!(target: "sqlx::sqlite::connection", "secret of a row");
            tracing::debug!(target: "sqlx::query", "a statement");
            tracing::warn!(target: "rustls::client", "a warning of rustls");
            tracing::info!(target: "packetboat::worker", "an outcome");
            tracing::debug!(target: "packetboat::ftp", "a dialogue");
            tracing::warn!(target: "packetboat::ftp", said = %"421 \r\u{1b}[2J\u{202e}", "hostile \u{1b}[2J name");
        });
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn no_wish_brings_a_password_or_a_key_into_the_log() {
        for wanted in ["trace", "suppaftp=trace", "suppaftp::sync_ftp=trace,rustls::client=trace", "off,suppaftp=error"]
        {
            let log = logged(Verbosity::Loud, Some(wanted));
            assert!(!log.contains("sesame") && !log.contains("secret"), "{wanted}: {log}");
        }
    }

    #[test]
    fn statements_are_logged_where_they_are_asked_for() {
        assert!(logged(Verbosity::Quiet, Some("warn,sqlx::query=debug")).contains("a statement"));
        assert!(!logged(Verbosity::Loud, None).contains("a statement"));
    }

    #[test]
    fn what_is_logged_follows_the_verb_unless_rust_log_says_otherwise() {
        for (verbosity, wanted, outcome, dialogue) in [
            (Verbosity::Quiet, None, false, false),
            (Verbosity::Serving, None, true, false),
            (Verbosity::Serving, Some(" "), true, false),
            (Verbosity::Loud, None, true, true),
            (Verbosity::Loud, Some("error"), false, false),
            (Verbosity::Quiet, Some("packetboat::ftp=debug"), false, true),
        ] {
            let log = logged(verbosity, wanted);
            assert_eq!((log.contains("outcome"), log.contains("dialogue")), (outcome, dialogue), "{wanted:?}: {log}");
            assert!(!log.contains(['\u{1b}', '\r', '\u{202e}']), "{log}");
        }
    }
}
