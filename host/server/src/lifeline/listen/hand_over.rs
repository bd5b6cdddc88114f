//! What was heard goes to the server, in its order, and goes nowhere else before the server has it.

use std::time::Duration;

use hyper::StatusCode;
use instar_api::{InboundKept, paths};

use super::Listener;
use crate::lifeline::ask;
use crate::serve;

/// How long a server may take to record what it takes over.
const LIMIT: Duration = Duration::from_secs(60);
/// How long to wait for a server that is not there.
const BETWEEN: Duration = Duration::from_millis(500);
/// It is looked for what was kept before this process began, and for what was put back.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// What a server made of an offer.
enum Made {
    Taken,
    /// It will never be able to read it.
    Unreadable,
    /// It is not there, or wants it later.
    Nothing(String),
}

pub(super) async fn hand_over(listener: &Listener) {
    let mut known = None;
    loop {
        let number = match listener.heard.numbers() {
            Ok(numbers) => numbers.first().copied(),
            Err(error) => {
                tracing::warn!(%error, "what was heard cannot be listed");
                None
            }
        };
        let Some(number) = number else {
            let _ = tokio::time::timeout(LOOK_EVERY, listener.kept.notified()).await;
            continue;
        };
        let settled = match offer(listener, number).await {
            Made::Taken => {
                known = None;
                listener.heard.remove(number)
            }
            Made::Unreadable => {
                tracing::error!("what {} heard under {number} cannot be read, and is set aside", listener.notifier);
                listener.heard.set_aside(number)
            }
            Made::Nothing(why) => {
                if known.as_ref() != Some(&why) {
                    tracing::info!("what {} heard waits for the server: {why}", listener.notifier);
                    known = Some(why);
                }
                tokio::time::sleep(BETWEEN).await;
                continue;
            }
        };
        if let Err(error) = settled {
            tracing::warn!(%error, "what was heard under {number} cannot be put away");
            tokio::time::sleep(BETWEEN).await;
        }
    }
}

async fn offer(listener: &Listener, number: u64) -> Made {
    let body = InboundKept { notifier: listener.notifier.to_string(), number };
    let body = serde_json::to_vec(&body).expect("plain fields become JSON");
    let socket = serve::recorded_socket(&listener.project);
    match tokio::time::timeout(LIMIT, ask::post(&socket, paths::INTERNAL_INBOUND, body)).await {
        Ok(Ok(answer)) if answer.status.is_success() => Made::Taken,
        Ok(Ok(answer)) if answer.status == StatusCode::CONFLICT => Made::Unreadable,
        Ok(Ok(answer)) => Made::Nothing(format!("it answered with {}", answer.status)),
        Ok(Err(error)) => Made::Nothing(error.to_string()),
        Err(_) => Made::Nothing(format!("it did not answer in {} s", LIMIT.as_secs())),
    }
}
