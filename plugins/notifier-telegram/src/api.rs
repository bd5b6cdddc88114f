//! Calls of the Bot API. The token never is here: the host puts it into the path.
//!
//! Only what is read of an answer has a type, and all of that is optional where Telegram may leave it out: whole
//! types of the API would make an answer unreadable for a field that nobody needs.

use instar_plugin_sdk::Failure;
use instar_plugin_sdk::http::{self, FetchError, Part, Request, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The secret of the manifest.
pub(crate) const TOKEN: &str = "token";
/// An operator who runs a Bot API server sends requests for this host there, in the host's configuration.
pub(crate) const TELEGRAM: &str = "https://api.telegram.org";
const CALL_TIMEOUT_MS: u32 = 15_000;
/// Where Telegram does not say how long to wait.
const USUAL_WAIT_SECONDS: u64 = 5;

/// Why a call has no result.
#[derive(Debug)]
pub(crate) enum Trouble {
    Refused(Refusal),
    Unanswered(FetchError),
}

/// What Telegram said instead of a result.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    error_code: u16,
    description: String,
    parameters: Parameters,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

#[derive(Deserialize)]
struct Success<T> {
    result: T,
}

/// Asks with parameters in JSON.
pub(crate) fn call<T: DeserializeOwned>(method: &str, parameters: &Value) -> Result<T, Trouble> {
    read(http::fetch(&request(method).json(parameters).timeout_ms(CALL_TIMEOUT_MS)))
}

/// Asks what changes nothing, so that it may be asked again.
pub(crate) fn look_up<T: DeserializeOwned>(method: &str, parameters: &Value) -> Result<T, Failure> {
    call(method, parameters).map_err(|trouble| match trouble {
        Trouble::Unanswered(error) => error.failure,
        refused => refused.into(),
    })
}

/// Asks with a form, which may hold a file; it may take as long as the whole call.
pub(crate) fn call_with_file<T: DeserializeOwned>(method: &str, form: Vec<Part>) -> Result<T, Trouble> {
    read(http::fetch(&request(method).form(form)))
}

pub(crate) fn request(method: &str) -> Request {
    Request::post(format!("{TELEGRAM}/bot{{{TOKEN}}}/{method}")).credential(TOKEN)
}

fn read<T: DeserializeOwned>(answer: Result<Response, FetchError>) -> Result<T, Trouble> {
    let response = answer.map_err(Trouble::Unanswered)?;
    if !response.is_success() {
        return Err(Trouble::Refused(Refusal::of(&response)));
    }
    // It was accepted, whatever can be made of the answer.
    response.json::<Success<T>>().map(|success| success.result).map_err(|failure| {
        let failure = Failure::new("bad-answer", failure.message).retryable();
        Trouble::Unanswered(FetchError { failure, sent: true })
    })
}

impl Refusal {
    /// A gateway in between may answer with anything; then the status says all.
    pub(crate) fn of(response: &Response) -> Self {
        let refusal: Self = serde_json::from_slice(&response.body).unwrap_or_default();
        Self { error_code: response.status, ..refusal }
    }

    fn says(&self, words: &[&str]) -> bool {
        let description = self.description.to_ascii_lowercase();
        self.error_code == 400 && words.iter().any(|word| description.contains(word))
    }
}

impl Trouble {
    pub(crate) fn says(&self, words: &[&str]) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.says(words))
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(refusal) => refusal.into(),
            Trouble::Unanswered(error) if error.sent => {
                // Telegram knows no key that would tell a second attempt from a second message.
                let message = format!("Telegram may have accepted it all the same: {}", error.failure.message);
                Self::new("maybe-sent", message).retryable()
            }
            Trouble::Unanswered(error) => error.failure,
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let said = &refusal.description;
        match refusal.error_code {
            401 | 404 => Self::new("unauthorized", "Telegram does not know this bot: its token is wrong or revoked"),
            403 => Self::new("forbidden", format!("the bot may not write there: {said}")),
            409 => Self::new("other-poller", format!("somebody else asks for this bot's updates: {said}"))
                .retry_after_ms(USUAL_WAIT_SECONDS * 1000),
            413 => Self::new("too-large", "Telegram does not take a file of this size"),
            429 => {
                let seconds = refusal.parameters.retry_after.unwrap_or(USUAL_WAIT_SECONDS);
                let message = format!("Telegram wants {seconds} seconds of silence");
                Self::new("rate-limited", message).retry_after_ms(seconds.saturating_mul(1000))
            }
            500.. => {
                let status = refusal.error_code;
                Self::new("unavailable", format!("Telegram answered with status {status}: {said}")).retryable()
            }
            _ => refused(&refusal),
        }
    }
}

/// A request that Telegram understood and did not want. The code names what a host can act upon.
fn refused(refusal: &Refusal) -> Failure {
    let said = &refusal.description;
    if let Some(chat) = refusal.parameters.migrate_to_chat_id {
        return Failure::new("chat-moved", format!("the group became a supergroup: set `chatId` to {chat}"));
    }
    let known: [(&str, &[&str]); 7] = [
        ("thread-gone", &["message thread not found", "topic_deleted", "topic_id_invalid"]),
        ("thread-closed", &["topic_closed"]),
        ("no-threads", &["the chat is not a forum", "channel_forum_missing"]),
        ("no-rights", &["not enough rights", "chat_admin_required", "have no rights"]),
        ("chat-not-found", &["chat not found"]),
        ("message-gone", &["message to edit not found", "message can't be edited", "message to react not found"]),
        ("too-large", &["file is too big", "message is too long"]),
    ];
    let code = known.iter().find(|(_, words)| refusal.says(words)).map_or("refused", |(code, _)| code);
    Failure::new(code, format!("Telegram refused: {said}"))
}
