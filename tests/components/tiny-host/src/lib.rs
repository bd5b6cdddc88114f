//! An execute type that does with jobs, sessions and events what its job says, and ends with what it was answered.

use instar_plugin_sdk::execute::{Action, Beginning, Event, Finish, FinishVerdict, Reducer, Request, StepResult};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, events, jobs, register_execute, sessions};
use serde::Deserialize;

struct Host;

/// The job's `execute` object.
#[derive(Debug, Deserialize)]
struct Execute {
    #[serde(rename = "do")]
    deeds: Vec<Deed>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Deed {
    Jobs,
    Job(String),
    Trigger(String),
    Sessions,
    Output(String),
    Send(String, String),
    Newest,
    Since(u64),
    Emit(String, String),
}

impl Plugin for Host {
    type Config = NoConfig;
}

impl Reducer for Host {
    fn plan(_: &CallCtx, _: &NoConfig, request: &Request) -> Result<Beginning, Failure> {
        Ok(Beginning::Work(done(&request.execute_json)?))
    }

    fn step(_: &CallCtx, _: &NoConfig, _: Vec<u8>, events: Vec<Event>) -> Result<StepResult, Failure> {
        let Some(Event::Requested(request)) = events.into_iter().next() else {
            return Err(Failure::new("odd", "it asked for nothing else"));
        };
        let finish = Finish { verdict: FinishVerdict::Succeeded, message: done(&request.execute_json)? };
        Ok(StepResult { state: Vec::new(), actions: vec![Action::Finish(finish)] })
    }
}

fn done(execute_json: &str) -> Result<String, Failure> {
    let execute: Execute =
        serde_json::from_str(execute_json).map_err(|error| Failure::new("bad-execute", error.to_string()))?;
    let answers: Vec<String> =
        execute.deeds.into_iter().map(|deed| carry_out(deed).unwrap_or_else(|failure| failure.code)).collect();
    Ok(answers.join("; "))
}

fn carry_out(deed: Deed) -> Result<String, Failure> {
    Ok(match deed {
        Deed::Jobs => jobs::list()?.into_iter().map(|job| job.slug).collect::<Vec<_>>().join(","),
        Deed::Job(slug) => jobs::get(&slug)?.map_or_else(|| "none".to_owned(), |job| job.execute_type),
        Deed::Trigger(slug) => match jobs::trigger(&slug, "because\nof this")? {
            jobs::Triggered::Begun(_) => "begun".to_owned(),
            jobs::Triggered::Queued(_) => "queued".to_owned(),
            jobs::Triggered::Skipped(reason) => format!("skipped {reason}"),
        },
        Deed::Sessions => sessions::list(10)?.into_iter().map(|it| it.status).collect::<Vec<_>>().join(","),
        Deed::Output(session) => sessions::output(&session, 1)?,
        Deed::Send(session, text) => {
            sessions::send(&session, &text)?;
            "sent".to_owned()
        }
        Deed::Newest => (events::newest()? > 0).to_string(),
        Deed::Since(after) => events::since(after, 3)?.into_iter().map(|it| it.kind).collect::<Vec<_>>().join(","),
        Deed::Emit(name, metadata) => {
            events::emit(&name, "something\nhappened", &metadata)?;
            "noted".to_owned()
        }
    })
}

register_execute!(Host);
