//! Answers on their way out.

use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{self, HeaderName, HeaderValue},
};
use serde::Serialize;

/// What is answered.
#[derive(Debug)]
pub(super) struct Answer(Response<Full<Bytes>>);

impl Answer {
    /// A value as JSON.
    pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(mut bytes) => {
                bytes.push(b'\n');
                Self::new(status, "application/json", bytes)
            }
            Err(why) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", why.to_string()),
        }
    }

    pub(super) fn text(text: &'static str) -> Self {
        Self::new(StatusCode::OK, "text/plain", text)
    }

    fn new(status: StatusCode, kind: &'static str, bytes: impl Into<Bytes>) -> Self {
        let mut response = Response::new(Full::new(bytes.into()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Self(response)
    }

    pub(super) fn of_type(mut self, kind: &'static str) -> Self {
        self.0.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        self
    }

    pub(super) fn with(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.0.headers_mut().insert(name, value);
        }
        self
    }

    pub(super) fn status(&self) -> StatusCode {
        self.0.status()
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        self.0
    }
}
