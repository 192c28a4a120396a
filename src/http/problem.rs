//! What is wrong with a request, as programs and people read it (RFC 9457).

use crate::{domain::Escaped, http::answer::Answer, rules::Fault};
use hyper::{
    StatusCode,
    header::{self, HeaderName},
};
use serde::Serialize;

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    /// The reason phrase of its status.
    title: &'static str,
    status: u16,
    detail: String,
    /// Each mistake of a message request, with its JSON pointer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    #[serde(skip)]
    beside: Option<Box<(HeaderName, String)>>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let detail = Escaped(detail.into().as_bytes()).to_string();
        let title = status.canonical_reason().unwrap_or("Refused");
        Self { title, status: status.as_u16(), detail, errors: Vec::new(), beside: None }
    }

    /// A message that is none, or that no rule takes.
    pub(super) fn unfit(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// A message request with these mistakes.
    pub(super) fn faulty(errors: Vec<Fault>) -> Self {
        let detail = match &errors[..] {
            [one] => one.detail.clone(),
            many => format!("{} mistakes in this request", many.len()),
        };
        Self { errors, ..Self::unfit(detail) }
    }

    /// Come again.
    pub(super) fn later(detail: impl Into<String>, seconds: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).with(header::RETRY_AFTER, seconds.to_string())
    }

    pub(super) fn with(self, name: HeaderName, value: impl Into<String>) -> Self {
        Self { beside: Some(Box::new((name, value.into()))), ..self }
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let answer = Self::json(status, &problem).of_type("application/problem+json");
        match problem.beside.map(|beside| *beside) {
            Some((name, value)) => answer.with(name, value),
            None => answer,
        }
    }
}
