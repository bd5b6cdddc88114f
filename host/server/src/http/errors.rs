//! Answers that are no success: one JSON object with one sentence, and never what is inside the host.

use std::any::Any;

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use instar_api::ErrorBody;
use instar_core::id::IdError;
use instar_engine::AskError;
use instar_session::{SessionError, TmuxError};
use instar_store::StoreError;
use jiff::Timestamp;

use super::view;
use crate::jobs::{ChangeError, EditError};

/// Why a request was not answered with what it asked for.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Box<ErrorBody>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, body: Box::new(ErrorBody { error: sentence.into(), ..ErrorBody::default() }), header: None }
    }

    pub(crate) fn bad_request(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, sentence)
    }

    pub(crate) fn unauthorized(sentence: impl Into<String>) -> Self {
        let header = Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        Self { header, ..Self::new(StatusCode::UNAUTHORIZED, sentence) }
    }

    pub(crate) fn forbidden(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, sentence)
    }

    pub(crate) fn not_found(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, sentence)
    }

    pub(crate) fn conflict(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, sentence)
    }

    pub(crate) fn too_large(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, sentence)
    }

    pub(crate) fn unprocessable(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, sentence)
    }

    pub(crate) fn unavailable(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, sentence)
    }

    /// What went wrong, for those who are not answered by HTTP.
    pub(super) fn sentence(&self) -> &str {
        &self.body.error
    }

    pub(crate) fn timeout(limit_ms: u64) -> Self {
        let mut error = Self::new(StatusCode::REQUEST_TIMEOUT, "Request timeout");
        error.body.timeout_ms = Some(limit_ms);
        error
    }

    pub(crate) fn too_many(sentence: impl Into<String>, retry_after_ms: u64) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, sentence);
        error.body.retry_after_ms = Some(retry_after_ms);
        error.header = Some((RETRY_AFTER, HeaderValue::from(retry_after_ms.div_ceil(1000))));
        error
    }

    /// A fault of ours: the log gets the details, the caller the time to find them by.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "a request failed");
        Self::unexplained()
    }

    fn unexplained() -> Self {
        let mut error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");
        error.body.timestamp = Some(view::time(Timestamp::now()));
        error
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&*self.body)).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// A text that is no identity.
impl From<IdError> for ApiError {
    fn from(error: IdError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::UnknownJob(_)
            | AskError::UnknownSession(_)
            | AskError::UnknownItem(_)
            | AskError::NothingKept(_) => Self::not_found(error.to_string()),
            AskError::NameTaken(_)
            | AskError::Ended(_)
            | AskError::SwitchedOff
            | AskError::NothingToTune(_)
            | AskError::TooManyItems
            | AskError::Unreadable(_)
            | AskError::Busy(..) => Self::conflict(error.to_string()),
            AskError::NoPlace { .. } | AskError::NotStarted(..) | AskError::NotRead(_) => {
                Self::unavailable(error.to_string())
            }
            AskError::TooManyMessages(_) => Self::too_many(error.to_string(), 1_000),
            AskError::NotOpened(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
            AskError::ShuttingDown => Self::unavailable(error.to_string()),
            AskError::NotRecorded(source) => {
                tracing::error!(error = &*source as &dyn std::error::Error, "a wish could not be recorded");
                Self::unavailable(format!("the wish could not be recorded, and nothing was changed: {}", why(&source)))
            }
        }
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        let sentence = error.to_string();
        match error {
            ChangeError::Edit(EditError::Unknown(_)) => Self::not_found(sentence),
            ChangeError::Edit(EditError::Invalid(_) | EditError::Renamed(_)) => Self::unprocessable(sentence),
            ChangeError::Edit(_) => Self::conflict(sentence),
            ChangeError::Io { .. } | ChangeError::Locked(_) | ChangeError::Restless(_) => Self::unavailable(sentence),
            ChangeError::Broken(_) => Self::internal(&error),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            tracing::warn!(error = &error as &dyn std::error::Error, "the records could not be read");
            return Self::unavailable(format!("the records cannot be read just now: {}", why(&error)));
        }
        Self::internal(&error)
    }
}

/// What a caller may know of a fault of the store, and can do something about.
fn why(error: &StoreError) -> &'static str {
    match error {
        StoreError::Full { .. } => "no space is left on its disk",
        StoreError::Busy { .. } => "another program keeps its database locked",
        _ => "see the log of the server",
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        match &error {
            SessionError::Unknown(_) => Self::not_found(error.to_string()),
            SessionError::NotRunning(_)
            | SessionError::NameTaken(_)
            | SessionError::NotLive(_)
            | SessionError::NoTerminal(_) => Self::conflict(error.to_string()),
            SessionError::Tmux(TmuxError::Slow { .. } | TmuxError::Run { .. }) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "tmux does not do its work");
                Self::unavailable(error.to_string())
            }
            SessionError::Input(refused) => Self::unprocessable(refused.to_string()),
            SessionError::Tmux(_) | SessionError::Folder(_) | SessionError::Signal { .. } | SessionError::Undead(_) => {
                Self::internal(&error)
            }
        }
    }
}

pub(super) async fn unknown_route(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(200).collect();
    ApiError::not_found(format!("there is nothing at {path}"))
}

/// axum adds the `Allow` header.
pub(super) async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(200).collect();
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not possible on {path}"))
}

/// A handler panicked. The panic itself is in the log already.
pub(super) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request made its handler panic");
    ApiError::unexplained().into_response()
}
