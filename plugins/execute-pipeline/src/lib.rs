//! The execute type `pipeline`: steps of other execute types, one after the other, each told how the one before ended.
//!
//! What a step does is the business of its execute type; this one only keeps the place. The place is the state that
//! the host stores with every step, so a run goes on at the right step after a crash.

use instar_plugin_sdk::agent;
use instar_plugin_sdk::execute::{
    Action, Beginning, Delegate, End, Event, Finish, FinishVerdict, Reducer, Request, StepResult, Usage,
};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// More is a program, not a pipeline.
const MOST_STEPS: usize = 100;
/// Of the last line of a step that failed, in characters.
const LONGEST_REASON: usize = 200;

struct Pipeline;

/// The job's `execute` object.
#[derive(Debug, Deserialize)]
struct Execute {
    steps: Vec<Step>,
}

/// One step: an `execute` object like that of a job, and what its failure means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    #[serde(rename = "type")]
    execute_type: String,
    #[serde(default)]
    on_failure: OnFailure,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnFailure {
    /// The run ends as failed.
    #[default]
    Stop,
    /// The next step is told, and the run goes on.
    Continue,
}

/// What the host keeps between steps.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    steps: Vec<Step>,
    model: String,
    /// The step that runs, from 0.
    at: usize,
    /// The steps that failed and were passed over, from 1.
    passed_over: Vec<usize>,
    /// What the steps took that have ended.
    #[serde(default)]
    took: Took,
}

/// Numbers of all steps together.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Took {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cost_micro_usd: Option<u64>,
}

impl Took {
    /// Adds what a step took, and tells what that makes; `None` when the step told nothing.
    fn add(&mut self, end: &End) -> Option<Usage> {
        let step = agent::usage(end)?;
        let sum = |all: &mut Option<u64>, one: Option<u64>| {
            *all = [*all, one].into_iter().flatten().reduce(u64::saturating_add);
            *all
        };
        Some(Usage {
            input_tokens: sum(&mut self.input_tokens, step.input_tokens),
            output_tokens: sum(&mut self.output_tokens, step.output_tokens),
            cost_micro_usd: sum(&mut self.cost_micro_usd, step.cost_micro_usd),
            ..step
        })
    }
}

impl Plugin for Pipeline {
    type Config = NoConfig;
}

impl Reducer for Pipeline {
    fn plan(_: &CallCtx, _: &NoConfig, request: &Request) -> Result<Beginning, Failure> {
        Place::first(request)?.delegate(None).map(Beginning::Delegate)
    }

    fn step(_: &CallCtx, _: &NoConfig, state: Vec<u8>, events: Vec<Event>) -> Result<StepResult, Failure> {
        match events.into_iter().next() {
            Some(Event::Requested(request)) => Place::first(&request)?.begin(request.previous),
            // A step that talks with people: its program has the floor.
            Some(Event::Ready | Event::Woke) => Ok(StepResult { state, actions: Vec::new() }),
            Some(Event::Exited(end)) => {
                let mut place = Place::restored(&state)?;
                let usage = place.took.add(&end).map(Action::NoteUsage);
                let mut result = place.go_on(end)?;
                result.actions.splice(..0, usage);
                Ok(result)
            }
            None => Err(Failure::new("no-event", "a step needs an event")),
        }
    }
}

impl Place {
    fn first(request: &Request) -> Result<Self, Failure> {
        let execute: Execute = serde_json::from_str(&request.execute_json)
            .map_err(|error| Failure::new("bad-execute", format!("the job's `execute` cannot be read: {error}")))?;
        if !(1..=MOST_STEPS).contains(&execute.steps.len()) {
            return Err(Failure::new("no-steps", format!("`execute.steps` must be a list of 1 to {MOST_STEPS} steps")));
        }
        Ok(Self {
            steps: execute.steps,
            model: request.model.clone(),
            at: 0,
            passed_over: Vec::new(),
            took: Took::default(),
        })
    }

    fn restored(state: &[u8]) -> Result<Self, Failure> {
        let place: Self = serde_json::from_slice(state)
            .map_err(|error| Failure::new("bad-state", format!("the state of the run cannot be read: {error}")))?;
        if place.at >= place.steps.len() {
            return Err(Failure::new("bad-state", "the state of the run names a step that is not there"));
        }
        Ok(place)
    }

    fn begin(self, previous: Option<End>) -> Result<StepResult, Failure> {
        let progress = format!("step {} of {}: {}", self.at + 1, self.steps.len(), self.steps[self.at].execute_type);
        let delegate = self.delegate(previous)?;
        let state = serde_json::to_vec(&self).map_err(|error| Failure::new("bad-state", error.to_string()))?;
        Ok(StepResult { state, actions: vec![Action::Progress(progress), Action::Delegate(delegate)] })
    }

    fn go_on(mut self, end: End) -> Result<StepResult, Failure> {
        let failed = agent::judge(&end).verdict != FinishVerdict::Succeeded;
        if failed && self.steps[self.at].on_failure == OnFailure::Stop {
            let last = end.tail.lines().rev().map(str::trim).find(|line| !line.is_empty());
            let why: String = last.map(|line| format!(": {line}")).unwrap_or_default();
            let why: String = why.chars().take(LONGEST_REASON).collect();
            let message = format!("step {} of {} failed{why}", self.at + 1, self.steps.len());
            return Ok(finish(FinishVerdict::Failed, message));
        }
        if failed {
            self.passed_over.push(self.at + 1);
        }
        self.at += 1;
        if self.at == self.steps.len() {
            return Ok(finish(FinishVerdict::Succeeded, self.summary()));
        }
        self.begin(Some(end))
    }

    fn delegate(&self, previous: Option<End>) -> Result<Delegate, Failure> {
        let step = &self.steps[self.at];
        if step.execute_type == "pipeline" {
            return Err(Failure::new("nested", "a pipeline cannot be a step of a pipeline"));
        }
        let mut execute = step.rest.clone();
        execute.insert("type".to_owned(), Value::from(step.execute_type.as_str()));
        let model = execute.remove("model").and_then(|model| model.as_str().map(str::to_owned));
        let request = Request {
            execute_json: Value::Object(execute).to_string(),
            model: model.unwrap_or_else(|| self.model.clone()),
            previous,
            context: String::new(),
        };
        Ok(Delegate { execute_type: step.execute_type.clone(), request })
    }

    fn summary(&self) -> String {
        match self.passed_over.as_slice() {
            [] => format!("all {} steps succeeded", self.steps.len()),
            steps => format!("{} steps, of which failed and were passed over: {steps:?}", self.steps.len()),
        }
    }
}

fn finish(verdict: FinishVerdict, message: String) -> StepResult {
    StepResult { state: Vec::new(), actions: vec![Action::Finish(Finish { verdict, message })] }
}

register_execute!(Pipeline);

#[cfg(test)]
mod tests;
