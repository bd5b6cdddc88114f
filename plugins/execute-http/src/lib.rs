//! The execute type `http`: a job that is a request, and perhaps the wait until what it began is done.
//!
//! No command runs. Each step asks once, within the hosts that the operator named, and then the run ends or waits.

mod ask;
mod config;
mod follow;
mod job;

#[cfg(test)]
mod tests;

use instar_plugin_sdk::execute::{Action, Beginning, Event, Finish, FinishVerdict, Reducer, Request, StepResult};
use instar_plugin_sdk::{CallCtx, Diagnostic, Failure, Plugin, register_execute};

use config::Config;
use follow::Followed;
use job::Job;

struct Http;

impl Plugin for Http {
    type Config = Config;

    fn validate(config: &Config) -> Vec<Diagnostic> {
        config.remarks()
    }
}

impl Reducer for Http {
    fn plan(_: &CallCtx, config: &Config, request: &Request) -> Result<Beginning, Failure> {
        let job = Job::read(&request.execute_json)?;
        let follows = if job.poll.is_some() { ", and asks until that is done" } else { "" };
        Ok(Beginning::Work(format!("asks {} {}{follows}", job.method, config.whole(&job.url)?)))
    }

    fn step(ctx: &CallCtx, config: &Config, state: Vec<u8>, events: Vec<Event>) -> Result<StepResult, Failure> {
        match events.into_iter().next() {
            Some(Event::Requested(request)) => begin(ctx, config, &request),
            Some(Event::Woke) => Followed::restored(&state)?.go_on(ctx),
            Some(Event::Ready | Event::Exited(_)) => Err(Failure::new("no-command", "this run launched no command")),
            None => Err(Failure::new("no-event", "a step needs an event")),
        }
    }
}

fn begin(ctx: &CallCtx, config: &Config, request: &Request) -> Result<StepResult, Failure> {
    let job = &Job::read(&request.execute_json)?;
    let url = config.whole(&job.url)?;
    let what = format!("{} {url}", job.method);
    let answer = match ask::ask(ctx, request, job, &url) {
        Ok(answer) => answer,
        Err(failure) => return Ok(end(FinishVerdict::Failed, format!("{what}: {}", failure.message))),
    };
    let said = format!("{what} answered {}", ask::told(&answer));
    if !job.expects(answer.status) {
        return Ok(end(FinishVerdict::Failed, said));
    }
    match &job.poll {
        None => Ok(end(FinishVerdict::Succeeded, said)),
        Some(poll) => match Followed::begun(ctx, job, poll, &url, &answer) {
            Ok(followed) => followed.wait(vec![Action::Progress(said)]),
            Err(failure) => Ok(end(FinishVerdict::Failed, format!("{}; {said}", failure.message))),
        },
    }
}

fn end(verdict: FinishVerdict, message: String) -> StepResult {
    StepResult { state: Vec::new(), actions: vec![Action::Finish(Finish { verdict, message })] }
}

register_execute!(Http);
