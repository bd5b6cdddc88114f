//! Requests to the hosts that the manifest names (`[capability.http]`).
//!
//! ```ignore
//! let request = Request::post("https://api.example.org/{token}/send").credential("token").json(&message);
//! let response = http::fetch(&request)?;
//! ```
//!
//! In native tests [`double::answer_http`](crate::double::answer_http) answers.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;
#[cfg(target_family = "wasm")]
use crate::bindings::words::instar::plugin::http as host;
pub use crate::bindings::words::instar::plugin::http::{Body, Content, FetchError, Part, Request, Response};
#[cfg(not(target_family = "wasm"))]
use crate::double::http as host;

/// Asks, and reads the whole answer. An answer of any status is no error.
pub fn fetch(request: &Request) -> Result<Response, FetchError> {
    host::fetch(request)
}

/// Asks, and keeps the body of a successful answer as a file; the second is its handle.
pub fn download(request: &Request) -> Result<(Response, String), FetchError> {
    host::download(request)
}

impl Request {
    /// A request without a body. `{name}` in the path stands for a credential whose place the path is.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A request whose body is yet to come.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// Any method.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Body::Empty,
            timeout_ms: None,
            credentials: Vec::new(),
        }
    }

    /// One more header; its name in lower case.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// A secret of the manifest that the host puts where the manifest says.
    pub fn credential(mut self, name: impl Into<String>) -> Self {
        self.credentials.push(name.into());
        self
    }

    /// How long it may take; at most until the call's own deadline.
    pub fn timeout_ms(self, timeout: u32) -> Self {
        Self { timeout_ms: Some(timeout), ..self }
    }

    /// The value as JSON.
    pub fn json(self, value: &impl Serialize) -> Self {
        let bytes = serde_json::to_vec(value).expect("a body has text keys and no failing parts");
        Self { body: Body::Bytes(bytes), ..self }.header("content-type", "application/json")
    }

    /// `multipart/form-data`, which the host encodes.
    pub fn form(self, parts: Vec<Part>) -> Self {
        Self { body: Body::Form(parts), ..self }
    }
}

impl Part {
    /// A field with text.
    pub fn text(name: impl Into<String>, value: impl Into<String>) -> Self {
        let content = Content::Bytes(value.into().into_bytes());
        Self { name: name.into(), filename: None, mime: None, content }
    }

    /// A file that the host keeps, by its handle.
    pub fn blob(
        name: impl Into<String>,
        filename: impl Into<String>,
        mime: impl Into<String>,
        handle: impl Into<String>,
    ) -> Self {
        let content = Content::Blob(handle.into());
        Self { name: name.into(), filename: Some(filename.into()), mime: Some(mime.into()), content }
    }
}

impl Response {
    /// Whether the status is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of that name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body, read as JSON. One that is nested more than 48 deep fails: reading it could take more stack than a
    /// plugin has.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        if depth(&self.body) > DEEPEST {
            return Err(Failure::new("bad-answer", format!("the answer is nested more than {DEEPEST} deep")));
        }
        serde_json::from_slice(&self.body).map_err(|error| Failure::new("bad-answer", error.to_string()))
    }
}

/// Half of the stack that a plugin is built with goes that far.
const DEEPEST: usize = 48;

/// How deep the lists and objects of a JSON text are nested at most.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut is_escaped) = (0_usize, 0, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// What did not get an answer fails as it is; what was certainly not sent may be tried again if the host says so.
impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        error.failure
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn answer(body: &str) -> Response {
        Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn what_is_nested_too_deep_is_not_read() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(answer(&nested(DEEPEST)).json::<Value>().is_ok());
        let failure = answer(&nested(DEEPEST + 1)).json::<Value>().unwrap_err();
        assert_eq!((failure.code.as_str(), failure.retryable), ("bad-answer", false));
    }

    #[test]
    fn brackets_in_texts_are_not_nested() {
        assert_eq!(depth(br#"{"a\"[[[": "[[\\", "b": [1]}"#), 2);
        assert_eq!(depth(b"]]]["), 1);
    }
}
