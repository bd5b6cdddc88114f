//! Execute types: how a job runs.
//!
//! [`ExecuteType`] is for the common case, one command whose end decides. [`Reducer`] is the whole
//! contract, for runs of several steps.

use crate::bindings::execute::exports::instar::plugin::execute::Guest;
pub use crate::bindings::execute::exports::instar::plugin::execute::{
    Action, Beginning, Delegate, End, EndCause, Event, Finish, FinishVerdict, Launch, Marks, Request, Stdin,
    StepResult, Usage,
};
use crate::register::Export;
use crate::{CallCtx, Failure, Plugin, config};

/// A job that is one command. Register it with [`register_execute!`](crate::register_execute).
pub trait ExecuteType: Plugin {
    /// The command for this request.
    fn launch(ctx: &CallCtx, config: &Self::Config, request: &Request) -> Result<Launch, Failure>;

    /// How the run went. Status 0 is success, unless you say otherwise.
    fn judge(_ctx: &CallCtx, _config: &Self::Config, end: &End) -> Finish {
        judge_by_status(end)
    }
}

/// A job of any shape: takes what happened, answers what to do and what to remember.
/// Register it with [`register_execute!`](crate::register_execute), too.
pub trait Reducer: Plugin {
    /// What the first step would begin with.
    fn plan(ctx: &CallCtx, config: &Self::Config, request: &Request) -> Result<Beginning, Failure>;

    /// The next step. The first one of a run gets an empty state.
    fn step(ctx: &CallCtx, config: &Self::Config, state: Vec<u8>, events: Vec<Event>) -> Result<StepResult, Failure>;

    /// State of another version for this one. Taken as it is, unless you say otherwise.
    fn migrate_state(_from_version: &str, state: Vec<u8>) -> Result<Vec<u8>, Failure> {
        Ok(state)
    }
}

impl<T: ExecuteType> Reducer for T {
    fn plan(ctx: &CallCtx, config: &Self::Config, request: &Request) -> Result<Beginning, Failure> {
        T::launch(ctx, config, request).map(Beginning::Launch)
    }

    fn step(ctx: &CallCtx, config: &Self::Config, state: Vec<u8>, events: Vec<Event>) -> Result<StepResult, Failure> {
        let mut actions = Vec::new();
        for event in events {
            match event {
                Event::Requested(request) => actions.push(Action::Launch(T::launch(ctx, config, &request)?)),
                Event::Ready | Event::Woke => {}
                Event::Exited(end) => actions.push(Action::Finish(T::judge(ctx, config, &end))),
            }
        }
        Ok(StepResult { state, actions })
    }
}

/// Status 0 succeeded, everything else failed.
pub fn judge_by_status(end: &End) -> Finish {
    let failed = |message: String| Finish { verdict: FinishVerdict::Failed, message };
    match &end.cause {
        EndCause::Exit(0) => {
            Finish { verdict: FinishVerdict::Succeeded, message: "the command ended with status 0".to_owned() }
        }
        EndCause::Exit(status) => failed(format!("the command ended with status {status}")),
        EndCause::Signal(name) => failed(format!("the command was ended by {name}")),
        EndCause::Killed => failed("the command was stopped".to_owned()),
        EndCause::NotStarted(reason) => failed(format!("the command could not be started: {reason}")),
        EndCause::Lost => failed("the command is gone, and nothing tells how it ended".to_owned()),
    }
}

impl Launch {
    /// A command in the project's directory that reads what people type into its session.
    pub fn new<W: Into<String>>(argv: impl IntoIterator<Item = W>) -> Self {
        let argv = argv.into_iter().map(Into::into).collect();
        Self { argv, env: Vec::new(), cwd: None, stdin: Stdin::Typed, shown: None }
    }

    /// The command draws on a screen and talks with people; the marks tell when it waits for them.
    pub fn in_terminal(self, marks: Marks) -> Self {
        Self { stdin: Stdin::Terminal(marks), ..self }
    }

    /// The command prints one JSON object: people see the text in this field of it, `exited` brings the rest.
    pub fn showing(self, field: impl Into<String>) -> Self {
        Self { shown: Some(field.into()), ..self }
    }

    /// The command reads these bytes, and then the end of its input.
    pub fn with_input(self, bytes: impl Into<Vec<u8>>) -> Self {
        Self { stdin: Stdin::Bytes(bytes.into()), ..self }
    }
}

impl Delegate {
    /// The execute type `execute_type` with this `execute` object of a job, and the model of `request`.
    pub fn new(execute_type: impl Into<String>, execute_json: impl Into<String>, request: &Request) -> Self {
        let request = Request {
            execute_json: execute_json.into(),
            model: request.model.clone(),
            previous: request.previous.clone(),
            context: request.context.clone(),
        };
        Self { execute_type: execute_type.into(), request }
    }
}

impl<T: Reducer> Guest for Export<T> {
    fn plan(ctx: CallCtx, config_json: String, request: Request) -> Result<Beginning, Failure> {
        T::plan(&ctx, &config::parse::<T>(&config_json), &request)
    }

    fn step(ctx: CallCtx, config_json: String, state: Vec<u8>, events: Vec<Event>) -> Result<StepResult, Failure> {
        T::step(&ctx, &config::parse::<T>(&config_json), state, events)
    }

    fn migrate_state(from_version: String, state: Vec<u8>) -> Result<Vec<u8>, Failure> {
        T::migrate_state(&from_version, state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NoConfig, Origin};

    struct Echo;

    impl Plugin for Echo {
        type Config = NoConfig;
    }

    impl ExecuteType for Echo {
        fn launch(_: &CallCtx, _: &NoConfig, request: &Request) -> Result<Launch, Failure> {
            match request.model.as_str() {
                "" => Err(Failure::new("no-model", "which model?")),
                model => Ok(Launch::new(["echo", model])),
            }
        }
    }

    fn step(event: Event) -> Result<StepResult, Failure> {
        let ctx = CallCtx { origin: Origin::Cron, trace_id: String::new(), job: None, session: None, now_ms: 0 };
        <Export<Echo> as Guest>::step(ctx, "{}".to_owned(), b"kept".to_vec(), vec![event])
    }

    fn requested(model: &str) -> Event {
        Event::Requested(Request {
            execute_json: "{}".to_owned(),
            model: model.to_owned(),
            previous: None,
            context: String::new(),
        })
    }

    #[test]
    fn a_request_is_answered_with_a_launch_and_the_state_is_kept() {
        let result = step(requested("m")).unwrap();
        assert_eq!(result.actions, [Action::Launch(Launch::new(["echo", "m"]))]);
        assert_eq!(result.state, b"kept");
        assert_eq!(step(requested("")).unwrap_err().code, "no-model");
    }

    #[test]
    fn only_status_0_succeeds() {
        let verdict = |cause: EndCause| {
            let end = End { cause, duration_ms: 1, tail: String::new(), report: None };
            match step(Event::Exited(end)).unwrap().actions.remove(0) {
                Action::Finish(finish) => finish.verdict,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(verdict(EndCause::Exit(0)), FinishVerdict::Succeeded);
        for cause in [EndCause::Exit(1), EndCause::Signal("SIGSEGV".to_owned()), EndCause::Killed, EndCause::Lost] {
            assert_eq!(verdict(cause), FinishVerdict::Failed);
        }
    }
}
