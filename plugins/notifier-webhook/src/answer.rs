//! What an answer means for a delivery: done, later, or never.

use instar_plugin_sdk::Failure;
use instar_plugin_sdk::http::{FetchError, Response};
use serde::Deserialize;
use serde_json::Value;

use crate::service::Service;

/// Where nobody says how long to wait.
const USUAL_WAIT_MS: u64 = 30_000;
/// In characters: what is shown of a refusal.
const LONGEST_EXCERPT: usize = 200;

/// What the other side calls the message; empty where it says nothing of the kind.
pub(crate) fn read(service: Service<'_>, answer: Result<Response, FetchError>) -> Result<String, Failure> {
    let response = answer.map_err(|error| unanswered(service, error))?;
    if response.is_success() {
        return Ok(id_in(&response));
    }
    let (shown, status) = (service.shown(), response.status);
    let said = excerpt(&response.body);
    match status {
        429 => {
            let wait = wait_ms(&response).unwrap_or(USUAL_WAIT_MS);
            let message = format!("{shown} wants {} seconds of silence", wait.div_ceil(1000));
            Err(Failure::new("rate-limited", message).retry_after_ms(wait))
        }
        408 | 425 | 500.. => {
            let failure = Failure::new("unavailable", format!("{shown} answered with status {status}: {said}"));
            Err(match wait_ms(&response) {
                Some(wait) => failure.retry_after_ms(wait),
                None => failure.retryable(),
            })
        }
        300..=399 => {
            Err(Failure::new("moved", format!("{shown} answered with status {status}, and nobody follows it")))
        }
        401 | 403 | 404 => {
            let message = format!("{shown} does not know this webhook (status {status}): {said}");
            Err(Failure::new("unauthorized", message))
        }
        _ => Err(Failure::new("refused", format!("{shown} refused it with status {status}: {said}"))),
    }
}

/// Only the operator knows where a name in `.invalid` leads.
fn unanswered(service: Service<'_>, error: FetchError) -> Failure {
    let failure = error.failure;
    let Some(host) = service.stand_in().filter(|_| failure.code == "dns") else {
        return if error.sent {
            let message = format!("{} may have accepted it all the same: {}", service.shown(), failure.message);
            Failure::new("maybe-sent", message).retryable()
        } else {
            failure
        };
    };
    let how = format!("name your server: `plugins.notifier-webhook.http.hosts` {{\"{host}\": \"https://…\"}}");
    Failure::new("no-server", how)
}

/// In seconds: a header that all know, or Discord's more exact word in the body.
fn wait_ms(response: &Response) -> Option<u64> {
    #[derive(Deserialize)]
    struct Limited {
        retry_after: f64,
    }
    let exact = serde_json::from_slice::<Limited>(&response.body).ok().map(|limited| limited.retry_after);
    let header = || response.header("retry-after").and_then(|text| text.trim().parse::<f64>().ok());
    let seconds = exact.or_else(header).filter(|seconds| seconds.is_finite() && *seconds >= 0.0)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is neither negative nor large")]
    let ms = (seconds.min(86_400.0) * 1000.0).ceil() as u64;
    Some(ms)
}

fn id_in(response: &Response) -> String {
    match response.json::<Value>().ok().and_then(|mut value| value.get_mut("id").map(Value::take)) {
        Some(Value::String(id)) => id,
        Some(Value::Number(id)) => id.to_string(),
        _ => String::new(),
    }
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = words.chars().take(LONGEST_EXCERPT).collect();
    if shown.is_empty() { "without a word".to_owned() } else { shown }
}
