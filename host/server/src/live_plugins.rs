//! The plugins of a running server. What changes in the folder of plugins or in the settings is taken up at once.

mod beside;
mod change;
mod log;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use instar_core::attention::{ItemStatus, Urgency, Wanted};
use instar_core::id::PluginId;
use instar_engine::{AskError, Engine};
use instar_plugin::{Live, Means, PluginStats, Quarantine, Source, StatsBook, Trip};
use jiff::Timestamp;

pub(crate) use self::change::{ChangeFault, Changed, InstallWish};
use crate::config::{Config, Project};
use crate::guards::{GuardDesk, Home};
use crate::installed::PluginFolder;
use crate::shadow::{self, Queue, Shadows};
use crate::watch_file;
use crate::wiring;

/// What is loaded, and how to load it again.
#[derive(Debug)]
pub(crate) struct LivePlugins {
    project: Project,
    bundled: Vec<Source>,
    means: Means,
    live: Live,
    stats: Arc<StatsBook>,
    list: RwLock<Arc<instar_api::Plugins>>,
    /// Stands for all that the loaded ones were made of. It is held while they are made anew.
    mark: tokio::sync::Mutex<String>,
    /// The settings that were in force last.
    config: Mutex<Arc<Config>>,
    questions: Arc<Queue>,
    shadows: Arc<Shadows>,
}

impl LivePlugins {
    pub(crate) async fn load(
        project: &Project,
        config: &Config,
        bundled: Vec<Source>,
        means: Means,
    ) -> anyhow::Result<Self> {
        let mark = wiring::plugins_mark(project, config, &bundled);
        let stats = Arc::<StatsBook>::default();
        let (questions, heard) = shadow::queue();
        let (ear, stats_of) = (questions.clone(), stats.clone());
        let loaded = wiring::load_plugins(project, config, bundled.clone(), means.clone(), stats_of, ear).await?;
        let (plugins, list) = loaded;
        let live = Live::new(plugins);
        let desk = GuardDesk::new(live.clone(), Home::of(project), config.clone());
        let shadows = Arc::new(Shadows::new(project.shadows_dir(), questions.clone(), heard, desk));
        let plugins = Self {
            project: project.clone(),
            bundled,
            means,
            live,
            stats,
            list: RwLock::new(Arc::new(list)),
            mark: tokio::sync::Mutex::new(mark),
            config: Mutex::new(Arc::new(config.clone())),
            questions,
            shadows,
        };
        plugins.load_shadows(config).await;
        Ok(plugins)
    }

    pub(crate) fn live(&self) -> Live {
        self.live.clone()
    }

    pub(crate) fn list(&self) -> Arc<instar_api::Plugins> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a plugin has been doing; `None` for one that was never loaded.
    pub(crate) fn stats(&self, plugin: &PluginId) -> Option<PluginStats> {
        self.stats.told(plugin)
    }

    /// A guard was called in a process of its own, and may have given no verdict.
    pub(crate) fn note_hook(&self, guard: &str, took_us: u64, fault: Option<&str>) {
        if let Ok(guard) = guard.parse() {
            self.stats.note_elsewhere(&guard, Duration::from_micros(took_us), fault);
        }
    }

    /// Loads all anew if something changed. Settings that cannot be read leave those that are in force.
    async fn reload(&self, engine: &Engine) -> Result<(), AskError> {
        let mut mark = self.mark.lock().await;
        let config = self.settings();
        let bundled = self.bundled.clone();
        let marking = {
            let (project, config, bundled) = (self.project.clone(), config.clone(), bundled.clone());
            tokio::task::spawn_blocking(move || wiring::plugins_mark(&project, &config, &bundled))
        };
        let Ok(new_mark) = marking.await else { return Ok(()) };
        if *mark == new_mark {
            return Ok(());
        }
        let (means, stats, ear) = (self.means.clone(), self.stats.clone(), self.questions.clone());
        let loaded = wiring::load_plugins(&self.project, &config, bundled, means, stats, ear).await;
        let (plugins, list) = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                tracing::error!("the plugins could not be loaded anew, and stay as they are: {error:#}");
                return Ok(());
            }
        };
        engine.replace_plugins(plugins).await?;
        self.load_shadows(&config).await;
        tracing::info!(plugins = list.plugins.len(), problems = list.problems.len(), "the plugins changed");
        self.forget_faults(&list);
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(list);
        *mark = new_mark;
        self.close_items(engine).await
    }

    /// Of those that are another version than before, or were enabled or disabled.
    fn forget_faults(&self, list: &instar_api::Plugins) {
        let before = self.list();
        for plugin in &list.plugins {
            let same = before.plugins.iter().find(|before| before.id == plugin.id);
            let is_as_before = same.is_some_and(|it| (&it.digest, it.enabled) == (&plugin.digest, plugin.enabled));
            if let (false, Ok(id)) = (is_as_before, plugin.id.parse()) {
                self.stats.begin_anew(&id);
            }
        }
    }

    fn settings(&self) -> Arc<Config> {
        let mut kept = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        match Config::load(&self.project) {
            Ok(config) => *kept = Arc::new(config),
            Err(error) => tracing::warn!(%error, "the settings of plugins stay as they were"),
        }
        kept.clone()
    }
}

/// Takes those out that give no answer too often, and lets people know.
pub(crate) async fn quarantine(plugins: Arc<LivePlugins>, engine: Engine) {
    loop {
        for trip in plugins.stats.tripped().await {
            if let Err(error) = plugins.take_out(&trip, &engine).await {
                tracing::error!(plugin = %trip.plugin, "a plugin that gives no answer stays in use: {error:#}");
            }
        }
    }
}

impl LivePlugins {
    async fn take_out(&self, trip: &Trip, engine: &Engine) -> anyhow::Result<()> {
        let (id, faults, code) = (&trip.plugin, trip.faults, trip.code.to_owned());
        let Some(loaded) = self.list().plugins.iter().find(|plugin| plugin.id == id.as_str()).cloned() else {
            return Ok(());
        };
        tracing::warn!(plugin = %id, faults, code, "a plugin gave no answer too often, and is not called any more");
        let quarantine = Quarantine { digest: loaded.digest, faults, code: code.clone(), since: Timestamp::now() };
        let folder = PluginFolder::new(self.project.plugins_dir());
        let (run_dir, of) = (self.project.run_dir(), id.clone());
        tokio::task::spawn_blocking(move || folder.quarantine(&run_dir, &of, Some(quarantine))).await??;
        self.reload(engine).await?;
        let wanted = Wanted {
            id: item_of(id.as_str()),
            title: format!("Plugin {id} is in quarantine"),
            summary: format!("It gave no answer {faults} times in a row, the last time by `{code}`."),
            description: Some(format!(
                "It is not called any more; if it is a guard, it denies. `instar plugin stats {id}` shows what it did, \
                 `instar plugin enable {id}` lets it be called again, and another version is called again by itself."
            )),
            category: "plugins".to_owned(),
            priority: Urgency::High,
            source_context: None,
        };
        engine.raise_attention(wanted).await?;
        Ok(())
    }

    /// What somebody enabled again needs no attention.
    async fn close_items(&self, engine: &Engine) -> Result<(), AskError> {
        for plugin in self.list().plugins.iter().filter(|plugin| plugin.quarantine.is_none()) {
            let id = item_of(&plugin.id);
            let is_open = engine.view().state().attention_item(&id).is_some_and(|item| !item.status.is_closed());
            if is_open {
                engine.turn_attention(id, ItemStatus::Done, "host".to_owned()).await?;
            }
        }
        Ok(())
    }
}

fn item_of(plugin: &str) -> String {
    format!("plugin-quarantined:{plugin}")
}

/// Follows the folder of plugins, in which the lock of what is installed, what is in quarantine and what people put there
/// by hand lie, and the settings.
pub(crate) async fn watch(plugins: Arc<LivePlugins>, engine: Engine) {
    let folder = plugins.project.plugins_dir();
    let settings = plugins.project.config_file();
    let reread = || plugins.reload(&engine);
    tokio::join!(watch_file::watch_folder(&folder, reread), watch_file::watch(&settings, reread));
}
