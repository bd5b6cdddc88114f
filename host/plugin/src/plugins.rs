//! All loaded plugins. The calls stand in a file per kind: `execute`, `notify`, `guard`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use instar_core::id::PluginId;
use wasmtime::component::InstancePre;

use crate::audit::Kind;
use crate::call::Callee;
use crate::capability::rights::Rights;
use crate::error::{Cause, PluginError};
use crate::guard::question::Ear;
use crate::lane::{Allocation, Lane};
use crate::limits::{CallLimits, Limits};
use crate::load::{Loader, Origin, Quarantine, Settings, Source};
use crate::state::CallState;
use crate::stats::Counter;
use crate::wit::exports::{
    command_guard, execute, notifier, notifier_inbound, notifier_threads, outbound_guard, output_guard, run_guard,
    session_guard, tool_guard,
};

/// The plugins of a host. Nothing in here changes after [`Plugins::load`]; share it in an `Arc`.
#[derive(Debug)]
pub struct Plugins {
    pub(crate) infos: Vec<PluginInfo>,
    pub(crate) loaded: Vec<Loaded>,
    /// Guards that should judge and cannot. They deny.
    pub(crate) broken: Vec<BrokenGuard>,
    pub(crate) guard_lane: Option<Lane>,
    pub(crate) driver_lane: Option<Lane>,
    /// Hears what guards of `heard` say.
    pub(crate) ear: Option<Arc<dyn Ear>>,
    pub(crate) heard: BTreeSet<PluginId>,
    /// How long a call waits for a free instance.
    pub(crate) queue: Duration,
}

/// What can be told about a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginInfo {
    pub id: PluginId,
    pub version: String,
    pub description: String,
    /// What it is, read from its exports.
    pub kinds: Vec<Kind>,
    /// The name in jobs.json, if it is an execute type.
    pub execute_type: Option<String>,
    /// BLAKE3 of the component, in hexadecimal.
    pub digest: String,
    pub origin: Origin,
    /// The interfaces it asks the host for.
    pub imports: Vec<String>,
    /// The secrets that it can use.
    pub secrets: Vec<NamedSecret>,
    /// Whether it may be called; a disabled plugin is listed only.
    pub enabled: bool,
    /// Why it is not called any more.
    pub quarantine: Option<Quarantine>,
}

/// A secret that a plugin can use and never sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSecret {
    pub name: String,
    /// What it is, for the one who has to find it.
    pub label: String,
    /// The variable of the environment that is read when no value was set.
    pub env: Option<String>,
}

/// A plugin that can be called.
pub(crate) struct Loaded {
    pub id: PluginId,
    pub execute_type: Option<String>,
    pub config_json: Arc<str>,
    /// Somebody wrote a configuration, or put it there.
    pub is_set_up: bool,
    /// Guards have none.
    pub rights: Option<Arc<Rights>>,
    /// Those of all plugins, but for what it asks for.
    pub limits: Limits,
    pub counter: Arc<Counter>,
    pub guard: Option<GuardHalf>,
    pub driver: Option<DriverHalf>,
}

/// The part that the guard lane calls: which hook points the component exports.
pub(crate) struct GuardHalf {
    pub pre: InstancePre<CallState>,
    pub command: Option<command_guard::GuestIndices>,
    pub tool: Option<tool_guard::GuestIndices>,
    pub outbound: Option<outbound_guard::GuestIndices>,
    pub run: Option<run_guard::GuestIndices>,
    pub output: Option<output_guard::GuestIndices>,
    pub session: Option<session_guard::GuestIndices>,
}

/// The part that the driver lane calls.
pub(crate) struct DriverHalf {
    pub pre: InstancePre<CallState>,
    pub execute: Option<execute::GuestIndices>,
    pub notifier: Option<notifier::GuestIndices>,
    pub threads: Option<notifier_threads::GuestIndices>,
    pub inbound: Option<notifier_inbound::GuestIndices>,
}

/// A guard whose id and hook points are known, and that could not be loaded.
#[derive(Debug)]
pub(crate) struct BrokenGuard {
    pub id: PluginId,
    pub kinds: Vec<Kind>,
    pub code: &'static str,
}

impl Plugins {
    /// Loads what can be loaded. A plugin that cannot is reported and left out; a guard that cannot
    /// denies from then on. `on_compile` gets the name of each plugin that is about to be compiled,
    /// since that takes a while. Blocks; only an engine that cannot be set up is fatal.
    pub fn load(
        sources: Vec<Source>,
        settings: Settings,
        on_compile: &mut dyn FnMut(&str),
    ) -> Result<(Self, Vec<PluginError>), PluginError> {
        Loader::new(settings).load(sources, on_compile)
    }

    /// All plugins that were loaded or are disabled, in the order of their sources.
    pub fn list(&self) -> Vec<PluginInfo> {
        self.infos.clone()
    }

    /// How the instances of guards, and those of the other plugins, are allocated.
    /// `None` where no such plugin is loaded.
    pub fn allocation(&self) -> [Option<Allocation>; 2] {
        [&self.guard_lane, &self.driver_lane].map(|lane| lane.as_ref().map(|lane| lane.allocation.clone()))
    }

    pub(crate) fn callee<'a>(
        &'a self,
        plugin: &'a Loaded,
        lane: Option<&'a Lane>,
        pre: &'a InstancePre<CallState>,
        trace_id: &'a str,
        limits: CallLimits,
    ) -> Callee<'a> {
        Callee {
            lane: lane.expect("a plugin is loaded together with its lane"),
            pre,
            plugin: &plugin.id,
            config_json: &plugin.config_json,
            trace_id,
            rights: plugin.rights.as_ref(),
            depth: 0,
            counter: Some(&plugin.counter),
            limits,
            queue: self.queue,
        }
    }
}

impl Loaded {
    pub(crate) fn error(&self, cause: Cause) -> PluginError {
        PluginError::new(&self.id, cause)
    }
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("id", &self.id).field("execute_type", &self.execute_type).finish_non_exhaustive()
    }
}
