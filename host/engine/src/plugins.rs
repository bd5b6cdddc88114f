//! Plugins that are replaced while the host runs: what the loop hears of it, and which ones a run keeps.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use instar_core::decide::What;
use instar_core::event::PluginVersion;
use instar_core::id::{PluginId, RunId};
use instar_core::run::Run;
use instar_plugin::Plugins;

use crate::act::World;
use crate::ask::{AskError, Engine};

/// What the loop wants to know of the plugins.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) plugins: Vec<PluginVersion>,
    pub(crate) notifiers: Vec<PluginId>,
    pub(crate) hearing: Vec<PluginId>,
    pub(crate) threaded: Vec<PluginId>,
}

impl Loaded {
    pub(crate) fn of(plugins: &Plugins) -> Self {
        let notifiers = plugins.notifiers();
        let hearing = notifiers.iter().filter(|notifier| plugins.hears(notifier)).cloned().collect();
        let threaded = notifiers.iter().filter(|notifier| plugins.has_threads(notifier)).cloned().collect();
        let enabled = plugins.list().into_iter().filter(|info| info.enabled);
        let plugins = enabled.map(|info| PluginVersion { id: info.id, version: info.version }).collect();
        Self { plugins, notifiers, hearing, threaded }
    }
}

impl Engine {
    /// From now on these plugins are called; what is under way ends on the former ones.
    pub async fn replace_plugins(&self, plugins: Plugins) -> Result<(), AskError> {
        let Loaded { plugins: versions, notifiers, hearing, threaded } = Loaded::of(&plugins);
        self.plugins.replace(plugins);
        self.ask(What::PluginsChanged { plugins: versions, notifiers, hearing, threaded }).await.map(|_| ())
    }
}

/// A run keeps the plugins that it began with, since its state is theirs.
#[derive(Debug, Default)]
pub(crate) struct KeptPlugins(Mutex<BTreeMap<RunId, Arc<Plugins>>>);

impl World {
    /// The plugins that step this run. After a restart of the host, they are those of today.
    pub(crate) fn plugins_of(&self, run: &Run, is_first_step: bool) -> Arc<Plugins> {
        let mut kept = self.kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_first_step {
            let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
            kept.retain(|id, _| view.state().run(*id).is_some());
            kept.insert(run.id, self.plugins.now());
        }
        kept.get(&run.id).cloned().unwrap_or_else(|| self.plugins.now())
    }
}
