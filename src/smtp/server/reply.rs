//! What a server answers (RFC 5321 section 4.2, RFC 2034).

use std::fmt;

/// One reply of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    /// RFC 3463; none before a greeting and in a challenge.
    enhanced: &'static str,
    text: String,
}

/// Bytes of a reply's text: RFC 5321 section 4.5.3.1.5 has 512 for the whole line.
const LONGEST: usize = 480;

impl Reply {
    /// `text` may come from anywhere: what is no printable ASCII goes out as `?`.
    #[must_use]
    pub fn new(code: u16, enhanced: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        let text = text.chars().map(|letter| if matches!(letter, ' '..='~') { letter } else { '?' });
        Self { code, enhanced, text: text.take(LONGEST).collect() }
    }

    /// Whether it refuses.
    #[must_use]
    pub fn is_no(&self) -> bool {
        self.code >= 400
    }
}

/// With its CRLF.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.enhanced {
            "" => write!(f, "{} {}\r\n", self.code, self.text),
            enhanced => write!(f, "{} {enhanced} {}\r\n", self.code, self.text),
        }
    }
}
