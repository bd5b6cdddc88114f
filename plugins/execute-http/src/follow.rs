//! What was begun is followed: asked again and again, until it is done, has failed, or takes too long.

use instar_plugin_sdk::execute::{Action, FinishVerdict, StepResult};
use instar_plugin_sdk::http::Response;
use instar_plugin_sdk::{CallCtx, Failure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::origin;
use crate::job::{Job, Poll};
use crate::{ask, end};

/// What is remembered between two looks.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Followed {
    url: String,
    token: bool,
    poll: Poll,
    since_ms: u64,
    looks: u32,
    /// What people were told last.
    last: String,
    /// How long to wait now.
    wait_ms: u64,
}

/// What a look showed.
enum Seen {
    Done(String),
    Failed(String),
    /// It goes on: where it stands, and when the other side wants to be asked again.
    GoesOn(String, Option<u64>),
}

impl Followed {
    pub(crate) fn begun(
        ctx: &CallCtx,
        job: &Job,
        poll: &Poll,
        asked: &str,
        answer: &Response,
    ) -> Result<Self, Failure> {
        let place = place(poll, answer)?;
        let url = place.map_or_else(|| Ok(asked.to_owned()), |place| absolute(asked, &place))?;
        let every = poll.every_seconds.max(1) * 1000;
        let wait_ms = retry_after(answer).map_or(every, |asked| asked.max(every));
        let (token, poll) = (job.token, poll.clone());
        Ok(Self { url, token, poll, since_ms: ctx.now_ms, looks: 0, last: String::new(), wait_ms })
    }

    pub(crate) fn restored(state: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(state)
            .map_err(|error| Failure::new("bad-state", format!("the state of the run cannot be read: {error}")))
    }

    pub(crate) fn wait(self, mut before: Vec<Action>) -> Result<StepResult, Failure> {
        before.push(Action::Wait(self.wait_ms));
        let state = serde_json::to_vec(&self).map_err(|error| Failure::new("bad-state", error.to_string()))?;
        Ok(StepResult { state, actions: before })
    }

    /// Looks once.
    pub(crate) fn go_on(mut self, ctx: &CallCtx) -> Result<StepResult, Failure> {
        self.looks += 1;
        let looks = if self.looks == 1 { "1 look".to_owned() } else { format!("{} looks", self.looks) };
        let (stands, asked) = match self.look() {
            Seen::Done(what) => return Ok(end(FinishVerdict::Succeeded, format!("{what}, after {looks}"))),
            Seen::Failed(what) => return Ok(end(FinishVerdict::Failed, format!("{what}, after {looks}"))),
            Seen::GoesOn(stands, asked) => (stands, asked),
        };
        let passed = ctx.now_ms.saturating_sub(self.since_ms) / 1000;
        if let Some(limit) = self.poll.for_seconds.filter(|limit| passed >= *limit) {
            let message = format!("not done after {limit} s and {looks}: {stands}");
            return Ok(end(FinishVerdict::Failed, message));
        }
        let every = self.poll.every_seconds.max(1) * 1000;
        self.wait_ms = asked.map_or(every, |asked| asked.max(every));
        let is_news = self.last != stands;
        self.last.clone_from(&stands);
        self.wait(is_news.then_some(Action::Progress(stands)).into_iter().collect())
    }

    fn look(&self) -> Seen {
        let answer = match ask::look(&self.url, self.token) {
            Ok(answer) => answer,
            Err(failure) if failure.retryable => {
                return Seen::GoesOn(format!("no answer: {}", failure.message), failure.retry_after_ms);
            }
            Err(failure) => return Seen::Failed(format!("GET {}: {}", self.url, failure.message)),
        };
        match answer.status {
            // It has too much to do, or is not well: that passes.
            408 | 425 | 429 | 500.. => Seen::GoesOn(format!("answered {}", answer.status), retry_after(&answer)),
            200..300 => self.read(&answer),
            _ => Seen::Failed(format!("GET {} answered {}", self.url, ask::told(&answer))),
        }
    }

    fn read(&self, answer: &Response) -> Seen {
        let Some(watch) = &self.poll.watch else {
            return match answer.status {
                202 => Seen::GoesOn("answered 202".to_owned(), retry_after(answer)),
                _ => Seen::Done(format!("GET {} answered {}", self.url, ask::told(answer))),
            };
        };
        let body: Value = answer.json().unwrap_or(Value::Null);
        let Some(value) = body.pointer(watch) else {
            return Seen::GoesOn(format!("the answer has no {watch}"), retry_after(answer));
        };
        let stands = format!("{watch} is {}", shown(value));
        let is_among = |values: &[Value]| values.iter().any(|expected| same(expected, value));
        if is_among(&self.poll.until) {
            Seen::Done(format!("{stands} ({})", ask::told(answer)))
        } else if is_among(&self.poll.fail_on) {
            Seen::Failed(format!("{stands} ({})", ask::told(answer)))
        } else {
            Seen::GoesOn(stands, retry_after(answer))
        }
    }
}

/// Where the first answer says that one may ask, if the job wants to know it from there.
fn place(poll: &Poll, answer: &Response) -> Result<Option<String>, Failure> {
    if let Some(name) = &poll.header {
        let found = answer.header(&name.to_ascii_lowercase());
        let missing = || Failure::new("no-place", format!("the answer has no header `{name}` to go on with"));
        return found.map(|place| Some(place.to_owned())).ok_or_else(missing);
    }
    if let Some(field) = &poll.field {
        let body: Value = answer.json().unwrap_or(Value::Null);
        let found = body.pointer(field).and_then(Value::as_str);
        let missing = || Failure::new("no-place", format!("the answer has no text at {field} to go on with"));
        return found.map(|place| Some(place.to_owned())).ok_or_else(missing);
    }
    Ok(poll.url.clone())
}

/// A path is one of the host that was asked.
fn absolute(asked: &str, place: &str) -> Result<String, Failure> {
    match (origin(place), origin(asked)) {
        (Some(_), _) => Ok(place.to_owned()),
        (None, Some(origin)) if place.starts_with('/') && !place.starts_with("//") => Ok(format!("{origin}{place}")),
        (None, _) => Err(Failure::new("no-place", format!("{place:?} is neither a URL nor a path to go on with"))),
    }
}

/// Seconds; a date is taken for none, and an hour for the longest.
fn retry_after(answer: &Response) -> Option<u64> {
    let seconds: u64 = answer.header("retry-after")?.trim().parse().ok()?;
    Some(seconds.min(3600) * 1000)
}

/// A job may write 3 or "3", true or "true".
fn same(expected: &Value, found: &Value) -> bool {
    expected == found || shown(expected) == shown(found)
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(100).collect()
}
