//! Calls of execute types, found by the name that stands in jobs.json.

use instar_core::id::PluginId;
use instar_core::plan::{Action, Beginning as Planned, End, StepEvent, StepRequest, StepResult};
use serde::{Deserialize, Serialize};

use crate::call::Callee;
use crate::capability::tape::Tape;
use crate::error::{Cause, PluginError};
use crate::launch;
use crate::plugins::{Loaded, Plugins};
use crate::text;
use crate::turns::Turns;
use crate::wit::exports::execute::{self, Beginning, Event, GuestIndices, Request};
use crate::wit::since_v0_1::CallContext;

/// An execute type may begin with another, and that with a third; more is a circle.
const MOST_DELEGATIONS: usize = 4;

/// The plugin of an execute type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executor {
    pub id: PluginId,
    pub version: String,
    /// BLAKE3 of the component, in hexadecimal.
    pub digest: String,
    /// The configuration that it was called with.
    pub config_json: String,
}

impl Plugins {
    /// The names that a job may use as its execute type.
    pub fn execute_types(&self) -> Vec<&str> {
        self.loaded.iter().filter_map(|plugin| plugin.execute_type.as_deref()).collect()
    }

    /// Who is behind the name of an execute type.
    pub fn executor(&self, name: &str) -> Option<Executor> {
        let (plugin, _) = self.execute_type(name).ok()?;
        let info = self.infos.iter().find(|info| info.id == plugin.id)?;
        Some(Executor {
            id: info.id.clone(),
            version: info.version.clone(),
            digest: info.digest.clone(),
            config_json: plugin.config_json.to_string(),
        })
    }

    /// What the first step would begin with, delegates followed to their end. Changes nothing.
    pub async fn plan(
        &self,
        execute_type: &str,
        call: &CallContext,
        request: &StepRequest,
    ) -> Result<Planned, PluginError> {
        let (mut name, mut request) = (execute_type.to_owned(), request.clone());
        for _ in 0..MOST_DELEGATIONS {
            match self.beginning(&name, call, &request).await? {
                Beginning::Launch(launch) => return Ok(Planned::Launch(launch.into())),
                Beginning::Work(what) => return Ok(Planned::Work(text::clean(&what))),
                Beginning::Delegate(delegate) => {
                    (name, request) = (delegate.execute_type, delegate.request.into());
                }
            }
        }
        Err(PluginError::new(execute_type, Cause::DelegatesTooDeep(MOST_DELEGATIONS)))
    }

    async fn beginning(
        &self,
        execute_type: &str,
        call: &CallContext,
        request: &StepRequest,
    ) -> Result<Beginning, PluginError> {
        let (plugin, indices) = self.execute_type(execute_type)?;
        let planned = async {
            let input = request_bytes(request) + call.context.len();
            let mut live = self.thinker(plugin, &call.trace_id).start_async(input).await?;
            let request = with_context(request.into(), call);
            let limit = live.left();
            let outcome = tokio::time::timeout(limit, async {
                let guest = indices.load(&mut live.store, &live.instance)?;
                guest.call_plan(&mut live.store, &call.into(), &plugin.config_json, &request).await
            })
            .await;
            let beginning = live.settle_async(outcome)?.map_err(|failure| Cause::PluginFailed(failure.into()))?;
            if let Beginning::Launch(launch) = &beginning {
                launch::check(launch)?;
            }
            Ok(beginning)
        };
        planned.await.map_err(|cause| plugin.error(cause))
    }

    /// One step of a run. Of another execute type that it delegates to comes back the launch that this begins with; one
    /// that begins with none works itself, in steps of its own, and its end is told to who delegated.
    ///
    /// The context of the call is put into every request, so that no execute type that delegates loses or forges it.
    pub async fn step(
        &self,
        execute_type: &str,
        call: &CallContext,
        state: Vec<u8>,
        events: Vec<StepEvent>,
    ) -> Result<StepResult, PluginError> {
        self.step_by(&Tape::default(), execute_type, call, state, events).await
    }

    /// The same; what it asks of the host goes by this tape.
    pub async fn step_by(
        &self,
        tape: &Tape,
        execute_type: &str,
        call: &CallContext,
        state: Vec<u8>,
        events: Vec<StepEvent>,
    ) -> Result<StepResult, PluginError> {
        let mut turns = Turns::read(execute_type, call.now, state).map_err(|it| PluginError::new(execute_type, it))?;
        let (name, state, events) = turns.take(events);
        let result = self.step_of(tape, &name, call, state, events).await?;
        turns.keep(result.state);
        let mut actions = Vec::with_capacity(result.actions.len());
        for asked in result.actions {
            let action = match asked {
                execute::Action::Delegate(delegate) => {
                    let (name, request) = (delegate.execute_type, delegate.request.into());
                    self.begun(call, name, request, &mut turns).await?
                }
                execute::Action::Finish(finish) => {
                    let message = text::clean(&finish.message);
                    let finish = Action::from(finish);
                    if let Action::Finish { verdict, .. } = finish
                        && turns.hand_back(call.now, verdict, &message)
                    {
                        actions.push(Action::Progress(message));
                        Action::HandOver
                    } else {
                        finish
                    }
                }
                execute::Action::Launch(launch) => Action::Launch(launch.into()),
                execute::Action::Progress(text) => Action::Progress(text::clean(&text)),
                execute::Action::SendText(text) => Action::SendText(text),
                execute::Action::NoteUsage(usage) => Action::NoteUsage(usage.into()),
                execute::Action::Wait(millis) => Action::Wait(millis),
            };
            let is_last = matches!(action, Action::Finish { .. } | Action::HandOver);
            actions.push(action);
            if is_last {
                break;
            }
        }
        Ok(StepResult { state: turns.written(), actions })
    }

    async fn step_of(
        &self,
        tape: &Tape,
        execute_type: &str,
        call: &CallContext,
        state: Vec<u8>,
        events: Vec<StepEvent>,
    ) -> Result<execute::StepResult, PluginError> {
        let (plugin, indices) = self.execute_type(execute_type)?;
        let stepped = async {
            let input = state.len() + events.iter().map(event_bytes).sum::<usize>() + call.context.len();
            let mut live = self.worker(plugin, call).start_async(input).await?;
            live.store.data_mut().tape = tape.clone();
            let events: Vec<Event> = events.into_iter().map(|event| told(event.into(), call)).collect();
            let limit = live.left();
            let outcome = tokio::time::timeout(limit, async {
                let guest = indices.load(&mut live.store, &live.instance)?;
                guest.call_step(&mut live.store, &call.into(), &plugin.config_json, &state, &events).await
            })
            .await;
            let result = live.settle_async(outcome)?.map_err(|failure| Cause::PluginFailed(failure.into()))?;
            launch::check_step(&result)?;
            Ok(result)
        };
        stepped.await.map_err(|cause| plugin.error(cause))
    }

    /// A step of another execute type is a command, whose end is told to who delegated; or that other one has its turn.
    async fn begun(
        &self,
        call: &CallContext,
        execute_type: String,
        request: StepRequest,
        turns: &mut Turns,
    ) -> Result<Action, PluginError> {
        match self.plan(&execute_type, call, &request).await? {
            Planned::Launch(launch) => Ok(Action::Launch(launch)),
            Planned::Work(_) if turns.depth() > MOST_DELEGATIONS => {
                Err(PluginError::new(&execute_type, Cause::DelegatesTooDeep(MOST_DELEGATIONS)))
            }
            Planned::Work(_) => {
                turns.hand_over(execute_type, call.now, StepEvent::Requested(request));
                Ok(Action::HandOver)
            }
        }
    }

    /// The state that another version of the plugin left, for this version.
    pub async fn migrate_state(
        &self,
        execute_type: &str,
        from_version: &str,
        state: Vec<u8>,
    ) -> Result<Vec<u8>, PluginError> {
        let (plugin, indices) = self.execute_type(execute_type)?;
        let migrated = async {
            let mut live = self.thinker(plugin, "").start_async(state.len()).await?;
            let limit = live.left();
            let outcome = tokio::time::timeout(limit, async {
                let guest = indices.load(&mut live.store, &live.instance)?;
                guest.call_migrate_state(&mut live.store, from_version, &state).await
            })
            .await;
            live.settle_async(outcome)?.map_err(|failure| Cause::PluginFailed(failure.into()))
        };
        migrated.await.map_err(|cause| plugin.error(cause))
    }

    fn execute_type(&self, name: &str) -> Result<(&Loaded, &GuestIndices), PluginError> {
        let found = self.loaded.iter().find_map(|plugin| {
            let indices = plugin.driver.as_ref()?.execute.as_ref()?;
            (plugin.execute_type.as_deref() == Some(name)).then_some((plugin, indices))
        });
        found.ok_or_else(|| PluginError::new(name, Cause::UnknownExecuteType(text::clean(name))))
    }

    /// For a step: with its rights, and with the time that they take.
    fn worker<'a>(&'a self, plugin: &'a Loaded, call: &'a CallContext) -> Callee<'a> {
        let driver = plugin.driver.as_ref().expect("an execute type has a driver half");
        let works = plugin.rights.as_ref().is_some_and(|rights| rights.are_any());
        let limits = if works { plugin.limits.work } else { plugin.limits.execute };
        let callee = self.callee(plugin, self.driver_lane.as_ref(), &driver.pre, &call.trace_id, limits);
        Callee { depth: call.depth, ..callee }
    }

    /// For what must neither ask nor change anything, whatever the plugin may do.
    fn thinker<'a>(&'a self, plugin: &'a Loaded, trace_id: &'a str) -> Callee<'a> {
        let driver = plugin.driver.as_ref().expect("an execute type has a driver half");
        let callee = self.callee(plugin, self.driver_lane.as_ref(), &driver.pre, trace_id, plugin.limits.execute);
        Callee { rights: None, ..callee }
    }
}

fn told(event: Event, call: &CallContext) -> Event {
    match event {
        Event::Requested(request) => Event::Requested(with_context(request, call)),
        event @ (Event::Ready | Event::Woke | Event::Exited(_)) => event,
    }
}

fn with_context(request: Request, call: &CallContext) -> Request {
    Request { context: call.context.clone(), ..request }
}

fn request_bytes(request: &StepRequest) -> usize {
    let previous = request.previous.as_ref().map_or(0, end_bytes);
    request.execute_json.len() + request.model.len() + previous
}

fn event_bytes(event: &StepEvent) -> usize {
    match event {
        StepEvent::Requested(request) => request_bytes(request),
        StepEvent::Ready | StepEvent::Woke => 0,
        StepEvent::Exited(end) => end_bytes(end),
    }
}

fn end_bytes(end: &End) -> usize {
    end.tail.len() + end.report.as_ref().map_or(0, String::len)
}
