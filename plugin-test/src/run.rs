//! One run of an execute type: its state, step by step.

use std::time::Duration;

use instar_core::plan::{Action, End, EndCause, StepEvent, StepRequest};

use crate::answer::Failure;
use crate::loaded::{Loaded, answered};
use crate::wait::wait;

/// A run, with the state that the plugin left.
#[derive(Debug)]
pub struct Run<'a> {
    loaded: &'a Loaded,
    request: StepRequest,
    state: Vec<u8>,
    /// For what it asked to wait last.
    wait: Option<Duration>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(loaded: &'a Loaded, request: StepRequest) -> Self {
        Self { loaded, request, state: Vec::new(), wait: None }
    }

    /// The run was admitted: the first step of all runs.
    ///
    /// # Errors
    /// In the plugin's words, or by a fault of it; the same holds for all steps.
    pub fn start(&mut self) -> Result<Vec<Action>, Failure> {
        self.step(StepEvent::Requested(self.request.clone()))
    }

    /// The command that it launched ended after a second, with this status and these last lines of output.
    pub fn exited(&mut self, status: i32, output: &str) -> Result<Vec<Action>, Failure> {
        self.ended(End { cause: EndCause::Exit(status), duration_ms: 1000, tail: output.to_owned(), report: None })
    }

    /// The command that it launched ended so.
    pub fn ended(&mut self, end: End) -> Result<Vec<Action>, Failure> {
        self.loaded.pass(Duration::from_millis(end.duration_ms));
        self.step(StepEvent::Exited(end))
    }

    /// The program that it launched waits at its prompt.
    pub fn ready(&mut self) -> Result<Vec<Action>, Failure> {
        self.step(StepEvent::Ready)
    }

    /// The wait that it asked for is over; so much later it is.
    pub fn woke(&mut self) -> Result<Vec<Action>, Failure> {
        self.loaded.pass(self.wait.take().unwrap_or_default());
        self.step(StepEvent::Woke)
    }

    /// Hands over what happened, and keeps the state. After a failure the state is as it was.
    pub fn step(&mut self, event: StepEvent) -> Result<Vec<Action>, Failure> {
        let (loaded, state) = (self.loaded, self.state.clone());
        let (name, call) = (loaded.execute_type(), loaded.call());
        let result = answered(wait(loaded.plugins.step(&name, &call, state, vec![event])))?;
        self.state = result.state;
        self.wait = result.actions.iter().find_map(|action| match action {
            Action::Wait(millis) => Some(Duration::from_millis(*millis)),
            _ => None,
        });
        Ok(result.actions)
    }

    /// What the host keeps beside the run.
    pub fn state(&self) -> &[u8] {
        &self.state
    }

    /// As if the host had kept this; for what another version left, or what was spoilt.
    #[must_use]
    pub fn with_state(mut self, state: impl Into<Vec<u8>>) -> Self {
        self.state = state.into();
        self
    }
}
