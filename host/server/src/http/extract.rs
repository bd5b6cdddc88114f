//! What a request carries, read strictly: identities of the path, numbers of the query, JSON of the body.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::errors::ApiError;
use super::limits;

/// The one variable part of a path, decoded.
#[derive(Debug)]
pub(super) struct PathText(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(text)| Self(text)).map_err(|_| ApiError::bad_request("the path is not well-formed"))
    }
}

/// The two variable parts of a path, decoded.
#[derive(Debug)]
pub(super) struct PathPair(pub(super) String, pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for PathPair {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let pair = path.map(|Path((first, second))| Self(first, second));
        pair.map_err(|_| ApiError::bad_request("the path is not well-formed"))
    }
}

/// The query, each parameter once. Unknown ones are ignored.
#[derive(Debug)]
pub(super) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        query.map(|Query(pairs)| Self(pairs)).map_err(|_| ApiError::bad_request("the query is not well-formed"))
    }
}

impl Params {
    /// The query as one text, to tell one question from another.
    pub(super) fn as_asked(&self) -> String {
        let pairs: Vec<_> = self.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
        pairs.join("&")
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(ApiError::bad_request(format!("`{name}` is given twice"))),
        }
    }

    /// A whole number; one that is out of range is taken as the nearest that is not.
    pub(super) fn count(&self, name: &str, default: u32, least: u32, most: u32) -> Result<u32, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ApiError::bad_request(format!("`{name}` must be a whole number")));
        }
        // What does not fit is larger than any limit of ours.
        let value = if is_negative { 0 } else { digits.parse().unwrap_or(u32::MAX) };
        Ok(value.clamp(least, most))
    }
}

/// The body as a JSON object; no body is an empty one.
#[derive(Debug)]
pub(super) struct JsonObject(pub(super) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = is_json(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        if !is_json {
            let sentence = "the body must be JSON, and its `Content-Type` must be application/json";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence));
        }
        let malformed = |error| ApiError::bad_request(format!("the body is not valid JSON: {error}"));
        match serde_json::from_slice(&bytes).map_err(malformed)? {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(ApiError::unprocessable("the body must be a JSON object")),
        }
    }
}

impl JsonObject {
    /// A member of this type; absent and `null` are the same. `expected` completes "must be …".
    pub(super) fn take<T: serde::de::DeserializeOwned>(
        &mut self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, ApiError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value)
                .map(Some)
                .map_err(|_| ApiError::unprocessable(format!("`{name}` must be {expected}"))),
        }
    }
}

fn unreadable(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return limits::too_large();
    }
    ApiError::bad_request("the body could not be read")
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Whether the caller would rather have plain text than JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PrefersText(pub(super) bool);

impl<S: Send + Sync> FromRequestParts<S> for PrefersText {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(prefers_text(&parts.headers)))
    }
}

fn prefers_text(headers: &HeaderMap) -> bool {
    let accepted: Vec<&str> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .collect();
    weight(&accepted, "text", "plain") > weight(&accepted, "application", "json")
}

/// How much a media type is wanted: the most exact range of the list counts.
fn weight(accepted: &[&str], kind: &str, subtype: &str) -> f32 {
    let mut best = (0, 0.0);
    for range in accepted {
        let mut parts = range.split(';').map(str::trim);
        let exactness = match parts.next().unwrap_or_default().to_ascii_lowercase().split_once('/') {
            Some((a, b)) if a == kind && b == subtype => 3,
            Some((a, "*")) if a == kind => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |text| text.parse().unwrap_or(0.0));
        if exactness > best.0 {
            best = (exactness, quality);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Params(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    #[track_caller]
    fn check(query: &str, expected: Option<u32>) {
        assert_eq!(params(query).count("lines", 100, 1, 10_000).ok(), expected, "{query:?}");
    }

    #[test]
    fn numbers_out_of_range_are_clamped_and_other_texts_refused() {
        check("", Some(100));
        check("lines=5", Some(5));
        check("lines=0", Some(1));
        check("lines=-7", Some(1));
        check("lines=99999", Some(10_000));
        check("lines=99999999999999999999999", Some(10_000));
        for wrong in ["lines=", "lines=x", "lines=12abc", "lines=1.5", "lines=+1", "lines=-", "lines=1&lines=2"] {
            check(wrong, None);
        }
    }

    #[track_caller]
    fn check_accept(accept: &str, expected: bool) {
        let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
        assert_eq!(prefers_text(&headers), expected, "{accept:?}");
    }

    #[test]
    fn plain_text_has_to_be_preferred() {
        check_accept("text/plain", true);
        check_accept("text/*", true);
        check_accept("TEXT/PLAIN; q=0.9, application/json;q=0.5", true);
        check_accept("text/plain;q=0.5, */*;q=0.1", true);
        check_accept("*/*", false);
        check_accept("application/json, text/plain", false);
        check_accept("text/plain;q=0, */*", false);
        check_accept("text/html", false);
        assert!(!prefers_text(&HeaderMap::new()));
    }

    #[test]
    fn only_json_is_json() {
        for (value, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/jsonp", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]);
            assert_eq!(is_json(&headers), expected, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
