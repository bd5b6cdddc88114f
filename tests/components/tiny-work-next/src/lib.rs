//! Another build of `tiny-work`: it goes on in the same way, and keeps its count under another key at the end.

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
    waits: u32,
    wait_ms: u64,
    url: String,
}

impl Plugin for Work {
    type Config = Config;
}

impl Reducer for Work {
    fn plan(_: &CallCtx, _: &Config, _: &Request) -> Result<Beginning, Failure> {
        Ok(Beginning::Work(format!("it has a key: {}", secrets::exists("key"))))
    }

    /// Its state is of another form than that of `tiny-work`.
    fn step(_: &CallCtx, _: &Config, state: Vec<u8>, events: Vec<Event>) -> Result<StepResult, Failure> {
        let (count, execute) = match events.into_iter().next() {
            Some(Event::Requested(request)) => (0, request.execute_json),
            Some(Event::Woke) => {
                let text = String::from_utf8_lossy(&state).into_owned();
                let (count, execute) = text.split_once('|').ok_or_else(|| Failure::new("odd", "no state of mine"))?;
                (count.parse::<u32>().unwrap_or(0) + 1, execute.to_owned())
            }
            Some(Event::Ready | Event::Exited(_)) | None => return Err(Failure::new("odd", "nothing was launched")),
        };
        let job: Execute =
            serde_json::from_str(&execute).map_err(|error| Failure::new("bad-execute", error.to_string()))?;
        let answer = String::from_utf8_lossy(&http::fetch(&http::Request::get(&job.url))?.body).into_owned();
        if count < job.waits {
            let progress = Action::Progress(format!("step {count} was answered {answer}"));
            let state = format!("{count}|{execute}").into_bytes();
            return Ok(StepResult { state, actions: vec![progress, Action::Wait(job.wait_ms)] });
        }
        let kept = kv::set("total", &[1]).is_ok();
        let message = format!("{answer} at last, kept {kept}, clock {}", clock::now_ms() > 0);
        let finish = Finish { verdict: FinishVerdict::Succeeded, message };
        Ok(StepResult { state: Vec::new(), actions: vec![Action::Finish(finish)] })
    }
}

register_execute!(Work);
