//! One call: a fresh instance within its limits, and the reading of what went wrong in it.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use instar_core::id::PluginId;
use tokio::time::error::Elapsed;
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::capability::rights::Rights;
use crate::error::Cause;
use crate::gate::Place;
use crate::lane::Lane;
use crate::limits::CallLimits;
use crate::state::{CallState, Exceeded, Left};
use crate::stats::Counter;
use crate::text;
use crate::ticker::Armed;

/// Everything that an instance is made of.
pub(crate) struct Callee<'a> {
    pub lane: &'a Lane,
    pub pre: &'a InstancePre<CallState>,
    pub plugin: &'a PluginId,
    pub config_json: &'a Arc<str>,
    pub trace_id: &'a str,
    pub rights: Option<&'a Arc<Rights>>,
    /// As in the call's context.
    pub depth: u32,
    /// None where a call is not worth counting.
    pub counter: Option<&'a Arc<Counter>>,
    pub limits: CallLimits,
    /// How long to wait for a free instance.
    pub queue: Duration,
}

/// An instance during its one call. The place in the pool is given back last.
pub(crate) struct Live {
    pub store: Store<CallState>,
    pub instance: Instance,
    deadline: Instant,
    begun: Instant,
    counter: Option<Arc<Counter>>,
    _armed: Armed,
    _place: Place,
}

#[derive(Clone, Copy)]
enum Mode {
    Blocking,
    Async,
}

impl Callee<'_> {
    /// For a thread that may block.
    pub(crate) fn start(&self, input_bytes: usize) -> Result<Live, Cause> {
        self.check_input(input_bytes)?;
        let place = self.lane.gate.enter_blocking(self.queue)?;
        let (mut store, deadline, armed) = self.store(Mode::Blocking);
        let instance = self.pre.instantiate(&mut store).map_err(|error| at_start(&error, store.data()));
        Ok(self.live(store, self.counted(instance, deadline)?, deadline, armed, place))
    }

    /// For a look at a plugin that has no rights, so that nothing of it waits.
    pub(crate) fn start_at_once(&self, input_bytes: usize) -> Result<Live, Cause> {
        self.check_input(input_bytes)?;
        let place = self.lane.gate.enter_blocking(self.queue)?;
        let (mut store, deadline, armed) = self.store(Mode::Blocking);
        let started = at_once(self.pre.instantiate_async(&mut store));
        let instance = started.map_err(|error| at_start(&error, store.data()));
        Ok(self.live(store, self.counted(instance, deadline)?, deadline, armed, place))
    }

    pub(crate) async fn start_async(&self, input_bytes: usize) -> Result<Live, Cause> {
        self.check_input(input_bytes)?;
        let place = self.lane.gate.enter(self.queue).await?;
        let (mut store, deadline, armed) = self.store(Mode::Async);
        let outcome = tokio::time::timeout(self.limits.wall, self.pre.instantiate_async(&mut store)).await;
        let instance = match outcome {
            Ok(started) => started.map_err(|error| at_start(&error, store.data())),
            Err(_) => Err(store.data().cause(Exceeded::Time)),
        };
        Ok(self.live(store, self.counted(instance, deadline)?, deadline, armed, place))
    }

    /// An instance that could not be made is a call that failed.
    fn counted(&self, instance: Result<Instance, Cause>, deadline: Instant) -> Result<Instance, Cause> {
        if let (Err(cause), Some(counter)) = (&instance, self.counter) {
            let left = deadline.saturating_duration_since(Instant::now());
            counter.note_call(self.limits.wall.saturating_sub(left), Some(cause));
        }
        instance
    }

    fn live(&self, store: Store<CallState>, instance: Instance, deadline: Instant, armed: Armed, place: Place) -> Live {
        let begun = deadline.checked_sub(self.limits.wall).unwrap_or(deadline);
        Live { store, instance, deadline, begun, counter: self.counter.cloned(), _armed: armed, _place: place }
    }

    fn check_input(&self, bytes: usize) -> Result<(), Cause> {
        let limit = self.limits.input_bytes;
        if bytes > limit { Err(Cause::InputTooLarge { bytes, limit }) } else { Ok(()) }
    }

    fn store(&self, mode: Mode) -> (Store<CallState>, Instant, Armed) {
        let armed = self.lane.ticker.arm();
        let deadline = Instant::now() + self.limits.wall;
        let mut state =
            CallState::new(self.plugin.clone(), self.trace_id.to_owned(), Arc::clone(self.config_json), self.limits);
        state.rights = self.rights.cloned();
        state.depth = self.depth;
        state.deadline = Some(deadline);
        let mut store = Store::new(&self.lane.engine, state);
        store.limiter(|state| state);
        store.set_hostcall_fuel(self.limits.output_bytes);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| match mode {
            _ if Instant::now() >= deadline => Err(Exceeded::Time.into()),
            Mode::Blocking => Ok(UpdateDeadline::Continue(1)),
            Mode::Async => Ok(UpdateDeadline::Yield(1)),
        });
        (store, deadline, armed)
    }
}

impl Live {
    /// How much of the time is left.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The answer, or why there is none. The instance ends here.
    pub(crate) fn settle<T>(self, outcome: wasmtime::Result<T>) -> Result<T, Cause> {
        let settled = outcome.map_err(|error| cause(&error, self.store.data()).unwrap_or_else(|| unusable(&error)));
        self.count(settled)
    }

    fn count<T>(&self, settled: Result<T, Cause>) -> Result<T, Cause> {
        if let Some(counter) = &self.counter {
            counter.note_call(self.begun.elapsed(), settled.as_ref().err());
        }
        settled
    }

    /// The same for a call that was awaited for [`Live::left`] at most.
    pub(crate) fn settle_async<T>(self, outcome: Result<wasmtime::Result<T>, Elapsed>) -> Result<T, Cause> {
        match outcome {
            Ok(outcome) => self.settle(outcome),
            Err(_) => self.count(Err(self.store.data().cause(Exceeded::Time))),
        }
    }
}

/// Carries out what has nothing to wait for. A component that may call asynchronous functions of the host is never
/// called otherwise, also where it calls none.
pub(crate) fn at_once<T>(call: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(wasmtime::Error::msg("it waits for the host, and may not")),
    }
}

/// What an error means, as far as the host or the machine raised it.
fn cause(error: &wasmtime::Error, state: &CallState) -> Option<Cause> {
    if let Some(exceeded) = error.downcast_ref::<Exceeded>() {
        return Some(state.cause(*exceeded));
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return Some(Cause::Trap(with_stderr(&trap.to_string(), state)));
    }
    if error.is::<Left>() {
        return Some(Cause::Trap(with_stderr("it called `exit`", state)));
    }
    // wasmtime keeps the types of these errors to itself; a test notices when their words change.
    if says(error, "too much data is being copied") {
        return Some(Cause::OutputTooLarge { limit: state.limits.output_bytes });
    }
    says(error, "resource limit exceeded").then(|| Cause::InstanceLimit(text::clean(&error.to_string())))
}

fn says(error: &wasmtime::Error, words: &str) -> bool {
    error.chain().any(|link| link.to_string().contains(words))
}

/// Before a guest has answered anything, whatever fails is a trap.
fn at_start(error: &wasmtime::Error, state: &CallState) -> Cause {
    cause(error, state).unwrap_or_else(|| Cause::Trap(with_stderr(&format!("{error:#}"), state)))
}

/// What remains are answers that are not of the contract's form, such as text that is not UTF-8.
fn unusable(error: &wasmtime::Error) -> Cause {
    Cause::InvalidOutput(text::clean(&format!("{error:#}")))
}

/// A panic explains itself on standard error.
fn with_stderr(what: &str, state: &CallState) -> String {
    let stderr = state.stderr();
    if stderr.is_empty() { what.to_owned() } else { text::clean(&format!("{stderr} ({what})")) }
}

#[cfg(test)]
mod tests {
    use wasmtime::component::Component;

    use super::*;
    use crate::lane::{LaneKind, PoolChoice};
    use crate::limits::{CORE_INSTANCES, Limits};
    use crate::load::Source;

    /// An empty core module, instantiated this often.
    fn component_of(instances: usize) -> Vec<u8> {
        let module = b"\x01\x08\0asm\x01\0\0\0";
        let count = u8::try_from(instances).unwrap();
        let [low, high] = [1 + 3 * instances, (1 + 3 * instances) >> 7].map(|size| u8::try_from(size & 0x7f).unwrap());
        let section = [2, low | 0x80, high, count];
        let instantiate_first = [0, 0, 0].repeat(instances);
        [b"\0asm\x0d\0\x01\0".as_slice(), module, &section, &instantiate_first].concat()
    }

    #[test]
    fn a_component_of_too_many_instances_does_not_start() {
        let lane = Lane::new(LaneKind::Guard, PoolChoice::OnDemand).unwrap();
        let start = |instances| {
            let component = Component::from_binary(&lane.engine, &component_of(instances)).unwrap();
            let callee = Callee {
                lane: &lane,
                pre: &lane.linker.instantiate_pre(&component).unwrap(),
                plugin: &"p".parse().unwrap(),
                config_json: &"{}".into(),
                trace_id: "",
                rights: None,
                depth: 0,
                counter: None,
                limits: Limits::default().guard,
                queue: Duration::from_secs(1),
            };
            callee.start(0).map(drop).map_err(|cause| cause.code())
        };
        assert_eq!(start(CORE_INSTANCES), Ok(()));
        assert_eq!(start(CORE_INSTANCES + 1), Err("instance-limit"));
    }

    #[test]
    fn a_pool_refuses_it_before_that() {
        let scratch = tempfile::tempdir().unwrap();
        let cache = crate::cache::Cache::new(scratch.path().to_owned());
        let lane = Lane::new(LaneKind::Guard, PoolChoice::Pooled { instances: 1 }).unwrap();
        let load = |instances: usize| {
            let source = Source::file("some.wasm".into(), component_of(instances));
            let loaded = cache.load(&lane.engine, &source, &mut || {});
            loaded.map(drop).map_err(|cause| cause.code())
        };
        assert_eq!(load(CORE_INSTANCES), Ok(()));
        assert_eq!(load(CORE_INSTANCES + 1), Err("instance-limit"));
    }
}
