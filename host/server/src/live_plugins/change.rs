//! What an operator changes of plugins through the API: the same as `instar plugin`, `config` and `secret` do, and it is
//! live with the answer. Consent is what the request names: nothing is granted that it does not say.

use std::collections::BTreeSet;

use instar_core::id::PluginId;
use instar_engine::Engine;
use instar_plugin::{Settings, Source};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::LivePlugins;
use crate::cli;
use crate::config::{Config, Project};
use crate::installed::{
    Candidate, Claims, Component, Entry, Fetched, InstallError, LockFile, Place, PluginFolder, SharedComponents,
    examine, fetch, judge, kept, lines, neighbours, try_out,
};
use crate::secrets_file::SecretsFile;
use crate::wiring;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeFault {
    #[error("{0}")]
    Unknown(String),
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    NotNow(String),
}

/// What is to be installed, and with what.
#[derive(Debug, Clone)]
pub(crate) struct InstallWish {
    pub(crate) from: String,
    pub(crate) grants: BTreeSet<String>,
    pub(crate) signer: Option<String>,
    pub(crate) downgrade: bool,
}

/// What stands in the lock now, and whether that is new.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) entry: Entry,
    pub(crate) is_new: bool,
}

/// Where the change happens; nothing of it waits for the network.
struct Site {
    project: Project,
    config: Config,
    bundled: Vec<Source>,
    folder: PluginFolder,
}

impl LivePlugins {
    pub(crate) async fn install(&self, engine: &Engine, wish: InstallWish) -> Result<Changed, ChangeFault> {
        let place = Place::parse(&wish.from).map_err(|error| refused(&chain(&error)))?;
        let fetched = fetch(&place).await.map_err(|error| refused(&chain(&error)))?;
        self.on_site(engine, move |site| site.install(&place, fetched, &wish, None)).await
    }

    /// From where it came.
    pub(crate) async fn upgrade(
        &self,
        engine: &Engine,
        id: PluginId,
        grants: BTreeSet<String>,
    ) -> Result<Changed, ChangeFault> {
        let of = id.clone();
        let from = self.on_site(engine, move |site| Ok(site.entry(&of)?.1.current.source)).await?;
        let place = Place::parse(&from).map_err(|error| refused(&chain(&error)))?;
        let fetched = fetch(&place).await.map_err(|error| refused(&chain(&error)))?;
        let wish = InstallWish { from, grants, signer: None, downgrade: false };
        self.on_site(engine, move |site| site.install(&place, fetched, &wish, Some(&id))).await
    }

    pub(crate) async fn grant(
        &self,
        engine: &Engine,
        id: PluginId,
        rights: BTreeSet<String>,
    ) -> Result<Changed, ChangeFault> {
        self.on_site(engine, move |site| {
            site.regrant(&id, |grants, asks| match rights.iter().find(|right| !asks.contains(*right)) {
                Some(right) => {
                    Err(refused(&format!("`{id}` does not ask for `{right}`; it asks for {}", listed(asks))))
                }
                None => {
                    grants.extend(rights.iter().cloned());
                    Ok(())
                }
            })
        })
        .await
    }

    pub(crate) async fn revoke(
        &self,
        engine: &Engine,
        id: PluginId,
        rights: BTreeSet<String>,
    ) -> Result<Changed, ChangeFault> {
        self.on_site(engine, move |site| {
            site.regrant(&id, |grants, _| match rights.iter().find(|right| !grants.remove(*right)) {
                Some(right) => Err(refused(&format!("`{id}` has no right `{right}`"))),
                None => Ok(()),
            })
        })
        .await
    }

    /// The entry that was taken away.
    pub(crate) async fn remove(&self, engine: &Engine, id: PluginId) -> Result<Changed, ChangeFault> {
        self.on_site(engine, move |site| {
            let (_, entry) = site.entry(&id)?;
            site.change(&id, Some(&entry), None, None)?;
            Ok(Changed { entry, is_new: true })
        })
        .await
    }

    pub(crate) async fn roll_back(&self, engine: &Engine, id: PluginId) -> Result<Changed, ChangeFault> {
        self.on_site(engine, move |site| site.roll_back(&id)).await
    }

    /// Also of a bundled plugin, and of one in quarantine.
    pub(crate) async fn switch(&self, engine: &Engine, id: PluginId, enabled: bool) -> Result<(), ChangeFault> {
        self.check_known(&id)?;
        self.on_site(engine, move |site| {
            site.store(&format!("plugins.{id}.enabled"), &enabled.into())?;
            if enabled {
                site.folder.quarantine(&site.project.run_dir(), &id, None).map_err(failed)?;
            }
            Ok(())
        })
        .await
    }

    /// The plugin's configuration as the settings have it.
    pub(crate) fn config_of(&self, id: &PluginId) -> Result<Map<String, Value>, ChangeFault> {
        self.check_known(id)?;
        Ok(self.settings().plugins.get(id).map(|plugin| plugin.config.clone()).unwrap_or_default())
    }

    /// A configuration that the plugin would not accept is not written.
    pub(crate) async fn set_config(
        &self,
        engine: &Engine,
        id: PluginId,
        config: Map<String, Value>,
    ) -> Result<(), ChangeFault> {
        self.check_known(&id)?;
        self.on_site(engine, move |site| {
            let config = Value::Object(config);
            site.try_config(&id, &config)?;
            site.store(&format!("plugins.{id}.config"), &config)
        })
        .await
    }

    /// Slot, label, and whether it has a value.
    pub(crate) fn secrets_of(&self, id: &PluginId) -> Result<Vec<(String, String, bool)>, ChangeFault> {
        let slots = self.slots(id)?;
        let names = self.secrets_file().names().map_err(|error| not_now(&chain(&error)))?;
        let has_value = |slot: &str| names.iter().any(|name| *name == format!("{id}/{slot}"));
        Ok(slots.into_iter().map(|(slot, label)| (slot.clone(), label, has_value(&slot))).collect())
    }

    pub(crate) fn set_secret(&self, id: &PluginId, slot: &str, value: Option<&str>) -> Result<(), ChangeFault> {
        if !self.slots(id)?.iter().any(|(known, _)| known == slot) {
            return Err(ChangeFault::Unknown(format!("the manifest of `{id}` names no secret `{slot}`")));
        }
        let (file, name) = (self.secrets_file(), format!("{id}/{slot}"));
        let done = match value {
            Some(value) => file.set(&name, value),
            None => file.remove(&name).map(drop),
        };
        done.map_err(|error| not_now(&chain(&error)))
    }

    /// The last lines of the host's log that are the plugin's, oldest first.
    pub(crate) async fn log_of(&self, id: &PluginId, lines: usize) -> Result<Vec<String>, ChangeFault> {
        self.check_known(id)?;
        let (path, field) = (self.project.log_file(), format!("plugin={id}"));
        let reading = tokio::task::spawn_blocking(move || super::log::tail(&path, &field, lines));
        let read = reading.await.map_err(|error| not_now(&error.to_string()))?;
        read.map_err(|error| not_now(&format!("the log cannot be read: {error}")))
    }

    /// Settings and lock are read anew, and what changed is live before this answers.
    async fn on_site<T: Send + 'static>(
        &self,
        engine: &Engine,
        change: impl FnOnce(&Site) -> Result<T, ChangeFault> + Send + 'static,
    ) -> Result<T, ChangeFault> {
        let site = Site {
            project: self.project.clone(),
            config: (*self.settings()).clone(),
            bundled: self.bundled.clone(),
            folder: PluginFolder::new(self.project.plugins_dir()),
        };
        let changed = tokio::task::spawn_blocking(move || change(&site)).await;
        let changed = changed.map_err(|error| not_now(&error.to_string()))??;
        self.reload(engine).await.map_err(|error| not_now(&error.to_string()))?;
        Ok(changed)
    }

    fn check_known(&self, id: &PluginId) -> Result<(), ChangeFault> {
        let list = self.list();
        let is_known = list.plugins.iter().any(|plugin| plugin.id == id.as_str())
            || list.problems.iter().any(|problem| problem.plugin == id.as_str());
        if is_known { Ok(()) } else { Err(ChangeFault::Unknown(format!("there is no plugin `{id}`"))) }
    }

    fn slots(&self, id: &PluginId) -> Result<Vec<(String, String)>, ChangeFault> {
        let plugins = self.live.now().list();
        let found = plugins.into_iter().find(|plugin| plugin.id == *id);
        let found = found.ok_or_else(|| ChangeFault::Unknown(format!("no plugin `{id}` is loaded")))?;
        Ok(found.secrets.into_iter().map(|slot| (slot.name, slot.label)).collect())
    }

    fn secrets_file(&self) -> SecretsFile {
        SecretsFile::new(self.project.secrets_file())
    }
}

impl Site {
    /// Everything until the rename of the lock only looks.
    fn install(
        &self,
        place: &Place,
        fetched: Fetched,
        wish: &InstallWish,
        only: Option<&PluginId>,
    ) -> Result<Changed, ChangeFault> {
        let unfit = |error: crate::installed::Unfit| refused(&error.to_string());
        let candidate = examine(&place.name(), place.text(), fetched.bytes).map_err(unfit)?;
        if let Some(id) = only.filter(|id| **id != candidate.id) {
            return Err(refused(&format!("{} is a plugin `{}` now, and not `{id}`", place.text(), candidate.id)));
        }
        let installed = self.lock()?;
        let before = installed.entry(&candidate.id).cloned();
        if let Some(entry) = before.clone().filter(|entry| entry.current.digest == candidate.digest()) {
            return Ok(Changed { entry, is_new: false });
        }
        let plugins_dir = self.project.plugins_dir();
        candidate.check_place(&neighbours(&self.bundled, &plugins_dir, &installed)).map_err(unfit)?;
        if !wish.downgrade {
            candidate.check_version(before.as_ref()).map_err(unfit)?;
        }
        let claims = Claims {
            signature: fetched.signature.as_deref(),
            publisher: candidate.about.publisher.as_deref(),
            pinned: before.as_ref().and_then(|entry| entry.current.signer.as_deref()),
            named: wish.signer.as_deref(),
            trusted: &self.config.plugin_trust.keys,
            required: self.config.plugin_trust.required,
        };
        let signer = judge(&candidate.bytes, &claims).map_err(|error| refused(&error.to_string()))?;
        let granted_before = before.as_ref().map(|entry| entry.current.grants.clone()).unwrap_or_default();
        let former = before.as_ref().map(|entry| self.folder.component(&entry.current).unwrap_or_default());
        let former = former.map(|bytes| instar_plugin::inspect("", &bytes).wishes);
        let kept = kept(&granted_before, &lines(former.as_deref(), &candidate.seen.wishes));
        check_consent(&candidate, &kept, &wish.grants)?;
        let tried = try_out(&candidate.id, &candidate.bytes, candidate.asks(), self.plugin_settings());
        tried.map_err(|error| refused(&error.to_string()))?;
        let current = candidate.component(candidate.asks(), signer, Timestamp::now());
        let previous = before.as_ref().map(|entry| entry.current.clone());
        let entry = Entry { id: candidate.id.clone(), current, previous };
        self.change(&candidate.id, before.as_ref(), Some(entry.clone()), Some(&candidate.bytes))?;
        SharedComponents::of_user().keep(&entry.current, &candidate.bytes);
        Ok(Changed { entry, is_new: true })
    }

    fn regrant(
        &self,
        id: &PluginId,
        change: impl FnOnce(&mut BTreeSet<String>, &BTreeSet<String>) -> Result<(), ChangeFault>,
    ) -> Result<Changed, ChangeFault> {
        let (_, entry) = self.entry(id)?;
        let bytes = self.component(&entry.current)?;
        let asks = instar_plugin::inspect(id.as_str(), &bytes).asks.into_iter().collect();
        let mut new = entry.clone();
        change(&mut new.current.grants, &asks)?;
        self.change(id, Some(&entry), Some(new.clone()), None)?;
        Ok(Changed { is_new: new != entry, entry: new })
    }

    fn roll_back(&self, id: &PluginId) -> Result<Changed, ChangeFault> {
        let (_, entry) = self.entry(id)?;
        let none = || refused(&format!("`{id}` was installed once only, so there is nothing to go back to"));
        let previous = entry.previous.clone().ok_or_else(none)?;
        let bytes = self.folder.component(&previous).or_else(|| SharedComponents::of_user().find(&previous));
        let bytes = bytes.ok_or_else(|| refused(&format!("the component of {id} {} is lost", previous.version)))?;
        let tried = try_out(id, &bytes, previous.grants.clone(), self.plugin_settings());
        tried.map_err(|error| refused(&error.to_string()))?;
        let current = Component { installed_at: Timestamp::now(), ..previous };
        let new = Entry { id: id.clone(), current, previous: Some(entry.current.clone()) };
        self.change(id, Some(&entry), Some(new.clone()), Some(&bytes))?;
        Ok(Changed { entry: new, is_new: true })
    }

    /// Asks the plugin itself, as it would be loaded with it.
    fn try_config(&self, id: &PluginId, config: &Value) -> Result<(), ChangeFault> {
        let mut settings = self.plugin_settings();
        settings.configs.insert(id.clone(), config.clone());
        settings.disabled.remove(id);
        let sources = wiring::plugin_sources(self.bundled.clone(), &self.project.plugins_dir());
        let of_it = |source: &Source| {
            instar_plugin::inspect("", &source.bytes).about.is_some_and(|about| about.id == id.as_str())
        };
        let own: Vec<_> = sources.into_iter().filter(of_it).collect();
        let loaded = instar_plugin::Plugins::load(own, settings, &mut |_| {});
        let (_, problems) = loaded.map_err(|error| not_now(&error.to_string()))?;
        match problems.iter().find(|problem| problem.code() == "bad-config") {
            Some(problem) => Err(refused(&problem.to_string())),
            None => Ok(()),
        }
    }

    fn store(&self, name: &str, value: &Value) -> Result<(), ChangeFault> {
        cli::store_setting(&self.project, name, value).map_err(|failure| refused(failure.sentence()))
    }

    fn lock(&self) -> Result<LockFile, ChangeFault> {
        self.folder.read().map_err(failed)
    }

    fn entry(&self, id: &PluginId) -> Result<(LockFile, Entry), ChangeFault> {
        let lock = self.lock()?;
        let entry = lock.entry(id).cloned();
        let entry = entry.ok_or_else(|| ChangeFault::Unknown(format!("no plugin `{id}` was installed here")))?;
        Ok((lock, entry))
    }

    fn component(&self, component: &Component) -> Result<Vec<u8>, ChangeFault> {
        let path = self.folder.path(component);
        let altered =
            || refused(&format!("{} is not what was installed: `instar plugin sync` fetches it", path.display()));
        self.folder.component(component).ok_or_else(altered)
    }

    fn change(
        &self,
        id: &PluginId,
        expected: Option<&Entry>,
        entry: Option<Entry>,
        bytes: Option<&[u8]>,
    ) -> Result<(), ChangeFault> {
        self.folder.change(&self.project.run_dir(), id, expected, entry, bytes).map_err(failed)
    }

    fn plugin_settings(&self) -> Settings {
        let mut settings = wiring::plugin_settings(
            self.project.cache_dir().join("plugins"),
            &self.config,
            &self.project.plugins_dir(),
        );
        settings.pool = instar_plugin::PoolChoice::OnDemand;
        settings
    }
}

/// What it asks for and nobody granted must be named, in words that say what that is.
fn check_consent(
    candidate: &Candidate,
    before: &BTreeSet<String>,
    granted: &BTreeSet<String>,
) -> Result<(), ChangeFault> {
    let (id, asks) = (&candidate.id, candidate.asks());
    if let Some(unasked) = granted.difference(&asks).next() {
        return Err(refused(&format!("`{id}` does not ask for `{unasked}`; it asks for {}", listed(&asks))));
    }
    let missing: BTreeSet<String> =
        asks.iter().filter(|right| !granted.contains(*right) && !before.contains(*right)).cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let words = candidate.seen.wishes.iter().filter(|wish| wish.right.is_some_and(|right| missing.contains(right)));
    let words: Vec<_> = words.map(|wish| wish.words.clone()).collect();
    let sentence =
        format!("`{id}` asks for {}, which `grants` does not name: it {}", listed(&missing), words.join("; "));
    Err(refused(&sentence))
}

fn listed(rights: &BTreeSet<String>) -> String {
    let quoted: Vec<_> = rights.iter().map(|right| format!("`{right}`")).collect();
    if quoted.is_empty() { "nothing".to_owned() } else { quoted.join(", ") }
}

fn refused(sentence: &str) -> ChangeFault {
    ChangeFault::Refused(sentence.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn not_now(sentence: &str) -> ChangeFault {
    ChangeFault::NotNow(sentence.to_owned())
}

fn failed(error: InstallError) -> ChangeFault {
    match error {
        InstallError::Changed(_) | InstallError::Busy => ChangeFault::Refused(error.to_string()),
        InstallError::Io { .. } | InstallError::Lock { .. } => ChangeFault::NotNow(error.to_string()),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
