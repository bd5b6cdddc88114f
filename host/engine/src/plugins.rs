//! Plugins that are replaced while the host runs: what the loop hears of it, and which ones a run keeps.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use instar_core::decide::What;
use instar_core::event::{LoadedPlugins, PluginVersion};
use instar_core::id::{PluginId, RunId};
use instar_core::run::Run;
use instar_plugin::Plugins;

use crate::act::World;
use crate::ask::{AskError, Engine};

/// What the loop wants to know of the plugins.
pub(crate) fn loaded(plugins: &Plugins) -> LoadedPlugins {
    let notifiers = plugins.notifiers();
    let those = |can: fn(&Plugins, &PluginId) -> bool| {
        notifiers.iter().filter(|notifier| can(plugins, notifier)).cloned().collect::<Vec<_>>()
    };
    let (hearing, threaded) = (those(Plugins::hears), those(Plugins::has_threads));
    let enabled = plugins.list().into_iter().filter(|info| info.enabled);
    let plugins = enabled.map(|info| PluginVersion { id: info.id, version: info.version }).collect();
    LoadedPlugins { plugins, notifiers, hearing, threaded }
}

impl Engine {
    /// From now on these plugins are called; what is under way ends on the former ones.
    pub async fn replace_plugins(&self, plugins: Plugins) -> Result<(), AskError> {
        let loaded = loaded(&plugins);
        self.plugins.replace(plugins);
        self.ask(What::PluginsChanged(loaded)).await.map(|_| ())
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
