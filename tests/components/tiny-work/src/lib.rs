//! An execute type that launches nothing: at each step it asks a URL, counts, and waits as often as the job says.
//! Its preview asks the same, and tells what it was refused.

use instar_plugin_sdk::execute::{Action, Beginning, Event, Finish, FinishVerdict, Reducer, Request, StepResult};
use instar_plugin_sdk::{CallCtx, Failure, Plugin, clock, http, kv, register_execute, secrets};
use serde::Deserialize;

struct Work;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    urls: Vec<String>,
}

/// The job's `execute` object.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Execute {
    /// How often it waits.
    waits: u32,
    wait_ms: u64,
    /// What is asked at each step; nothing otherwise.
    url: Option<String>,
}

impl Plugin for Work {
    type Config = Config;
}

impl Reducer for Work {
    fn plan(_: &CallCtx, config: &Config, _: &Request) -> Result<Beginning, Failure> {
        let asked = http::fetch(&http::Request::get(config.urls.first().cloned().unwrap_or_default()));
        let kept = kv::set("count", b"1");
        let signed = secrets::hmac_sha256("key", b"x");
        let codes = [
            asked.map_or_else(|error| error.failure.code, |_| "asked".to_owned()),
            kept.map_or_else(|failure| failure.code, |_| "kept".to_owned()),
            signed.map_or_else(|failure| failure.code, |_| "signed".to_owned()),
            clock::now_ms().to_string(),
        ];
        Ok(Beginning::Work(codes.join(" ")))
    }

    fn step(_: &CallCtx, _: &Config, state: Vec<u8>, events: Vec<Event>) -> Result<StepResult, Failure> {
        let (count, execute) = match events.into_iter().next() {
            Some(Event::Requested(request)) => (0, request.execute_json.into_bytes()),
            Some(Event::Woke) => (state.first().copied().unwrap_or(0) + 1, state.get(1..).unwrap_or_default().to_vec()),
            Some(Event::Ready | Event::Exited(_)) | None => return Err(Failure::new("odd", "nothing was launched")),
        };
        let job: Execute =
            serde_json::from_slice(&execute).map_err(|error| Failure::new("bad-execute", error.to_string()))?;
        let answer = match &job.url {
            Some(url) => String::from_utf8_lossy(&http::fetch(&http::Request::get(url))?.body).into_owned(),
            None => "nothing".to_owned(),
        };
        if u32::from(count) < job.waits {
            let state = [vec![count], execute].concat();
            let progress = Action::Progress(format!("step {count} was answered {answer}"));
            return Ok(StepResult { state, actions: vec![progress, Action::Wait(job.wait_ms)] });
        }
        let revision = if job.url.is_some() { kv::set("count", &[count])? } else { 0 };
        let message = format!("{answer} after {count} waits, revision {revision}, clock {}", clock::now_ms() > 0);
        let finish = Finish { verdict: FinishVerdict::Succeeded, message };
        Ok(StepResult { state: Vec::new(), actions: vec![Action::Finish(finish)] })
    }
}

register_execute!(Work);
