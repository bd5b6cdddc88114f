//! The details of how runs ended.

use serde_json::{Value, json};

use super::merge;
use crate::event::RunFinished;
use crate::plan::{End, EndCause};

impl RunFinished {
    pub(super) fn details(&self) -> Value {
        let mut details = json!({
            "result": self.outcome.last_result(),
            "trigger": self.trigger,
            "session": self.session.as_ref().map(|session| &session.name),
            "consecutiveFailures": self.consecutive_failures,
            "attempt": self.trigger.attempt(),
            "retryAt": self.retry_at,
        });
        merge(&mut details, json!(self.outcome));
        if let Some(message) = &self.message {
            merge(&mut details, json!({ "message": message }));
        }
        if let Some(end) = &self.end {
            merge(&mut details, end_details(end));
        }
        details
    }
}

/// Exit status, duration and output, under the names that the API uses everywhere.
pub(super) fn end_details(end: &End) -> Value {
    let (status, signal) = match &end.cause {
        EndCause::Exit(status) => (Some(*status), None),
        EndCause::Signal(signal) => (None, Some(signal.as_str())),
        EndCause::Killed | EndCause::NotStarted(_) | EndCause::Lost => (None, None),
    };
    json!({ "exitStatus": status, "signal": signal, "durationMs": end.duration_ms, "tail": end.tail })
}
