//! What an operator changes of plugins through the API: the same as `instar plugin`, `config` and `secret` do, and it is
//! live with the answer. Consent is what the request names: nothing is granted that it does not say.

use std::collections::BTreeSet;

use instar_core::id::PluginId;
use instar_engine::Engine;
use instar_plugin::{PoolChoice, Source};
use serde_json::{Map, Value};

use super::LivePlugins;
use crate::cli;
use crate::installed::{Entry, InstallError, NoShadow, Offer, Offered, Place, Site, SiteFault, Wish, fetch, listed};
use crate::secrets_file::SecretsFile;

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

impl LivePlugins {
    pub(crate) async fn install(&self, engine: &Engine, wish: InstallWish) -> Result<Changed, ChangeFault> {
        let InstallWish { from, grants, signer, downgrade } = wish;
        self.bring(engine, &from, grants, Wish { only: None, downgrade, signer }).await
    }

    /// From where it came.
    pub(crate) async fn upgrade(
        &self,
        engine: &Engine,
        id: PluginId,
        grants: BTreeSet<String>,
    ) -> Result<Changed, ChangeFault> {
        let of = id.clone();
        let from = self.on_site(engine, move |site| Ok(site.entry(&of)?.current.source)).await?;
        self.bring(engine, &from, grants, Wish { only: Some(id), downgrade: false, signer: None }).await
    }

    async fn bring(
        &self,
        engine: &Engine,
        from: &str,
        grants: BTreeSet<String>,
        wish: Wish,
    ) -> Result<Changed, ChangeFault> {
        let place = Place::parse(from).map_err(|error| refused(&chain(&error)))?;
        let fetched = fetch(&place).await.map_err(|error| refused(&chain(&error)))?;
        self.on_site(engine, move |site| match site.look_at(&place, fetched, &wish)? {
            Offered::UpToDate(entry) => Ok(Changed { entry: *entry, is_new: false }),
            Offered::New(offer) => {
                check_consent(&offer, &grants)?;
                site.try_offer(&offer)?;
                Ok(Changed { entry: site.accept(*offer)?, is_new: true })
            }
        })
        .await
    }

    pub(crate) async fn grant(
        &self,
        engine: &Engine,
        id: PluginId,
        rights: BTreeSet<String>,
    ) -> Result<Changed, ChangeFault> {
        let granted = self.on_site(engine, move |site| Ok(site.grant(&id, &rights)?)).await;
        granted.map(|(entry, is_new)| Changed { entry, is_new })
    }

    pub(crate) async fn revoke(
        &self,
        engine: &Engine,
        id: PluginId,
        rights: BTreeSet<String>,
    ) -> Result<Changed, ChangeFault> {
        let revoked = self.on_site(engine, move |site| Ok(site.revoke(&id, &rights)?)).await;
        revoked.map(|(entry, is_new)| Changed { entry, is_new })
    }

    /// The entry that was taken away.
    pub(crate) async fn remove(&self, engine: &Engine, id: PluginId) -> Result<Changed, ChangeFault> {
        self.on_site(engine, move |site| Ok(Changed { entry: site.remove(&id)?, is_new: true })).await
    }

    pub(crate) async fn roll_back(&self, engine: &Engine, id: PluginId) -> Result<Changed, ChangeFault> {
        self.on_site(engine, move |site| Ok(Changed { entry: site.roll_back(&id)?, is_new: true })).await
    }

    /// Also of a bundled plugin, and of one in quarantine.
    pub(crate) async fn switch(&self, engine: &Engine, id: PluginId, enabled: bool) -> Result<(), ChangeFault> {
        self.check_known(&id)?;
        self.on_site(engine, move |site| {
            store(site, &format!("plugins.{id}.enabled"), &enabled.into())?;
            if enabled {
                site.end_quarantine(&id)?;
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
            try_config(site, &id, &config)?;
            store(site, &format!("plugins.{id}.config"), &config)
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
    pub(super) async fn on_site<T: Send + 'static>(
        &self,
        engine: &Engine,
        change: impl FnOnce(&Site) -> Result<T, ChangeFault> + Send + 'static,
    ) -> Result<T, ChangeFault> {
        let site = Site::new(self.project.clone(), (*self.settings()).clone(), self.bundled.clone());
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

/// Asks the plugin itself, as it would be loaded with it.
fn try_config(site: &Site, id: &PluginId, config: &Value) -> Result<(), ChangeFault> {
    let mut settings = site.settings();
    settings.pool = PoolChoice::OnDemand;
    settings.configs.insert(id.clone(), config.clone());
    settings.disabled.remove(id);
    let of_it =
        |source: &Source| instar_plugin::inspect("", &source.bytes).about.is_some_and(|about| about.id == id.as_str());
    let own: Vec<_> = site.sources().into_iter().filter(of_it).collect();
    let loaded = instar_plugin::Plugins::load(own, settings, &mut |_| {});
    let (_, problems) = loaded.map_err(|error| not_now(&error.to_string()))?;
    match problems.iter().find(|problem| problem.code() == "bad-config") {
        Some(problem) => Err(refused(&problem.to_string())),
        None => Ok(()),
    }
}

fn store(site: &Site, name: &str, value: &Value) -> Result<(), ChangeFault> {
    cli::store_setting(&site.project, name, value).map(drop).map_err(|failure| refused(failure.sentence()))
}

/// What it asks for and nobody granted must be named, in words that say what that is.
fn check_consent(offer: &Offer, granted: &BTreeSet<String>) -> Result<(), ChangeFault> {
    let missing = offer.missing(granted)?;
    if missing.is_empty() {
        return Ok(());
    }
    let wishes = offer.candidate.seen.wishes.iter();
    let words = wishes.filter(|wish| wish.right.is_some_and(|right| missing.contains(right)));
    let words: Vec<_> = words.map(|wish| wish.words.clone()).collect();
    let (id, missing) = (&offer.candidate.id, listed(&missing));
    Err(refused(&format!("`{id}` asks for {missing}, which `grants` does not name: it {}", words.join("; "))))
}

impl From<SiteFault> for ChangeFault {
    fn from(fault: SiteFault) -> Self {
        let sentence = fault.to_string();
        match fault {
            SiteFault::Unknown(_) | SiteFault::NoShadow(NoShadow::Unknown(_) | NoShadow::Nobody(_)) => {
                Self::Unknown(sentence)
            }
            SiteFault::Folder(InstallError::Io { .. } | InstallError::Lock { .. }) => Self::NotNow(sentence),
            _ => refused(&sentence),
        }
    }
}

pub(super) fn refused(sentence: &str) -> ChangeFault {
    ChangeFault::Refused(sentence.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn not_now(sentence: &str) -> ChangeFault {
    ChangeFault::NotNow(sentence.to_owned())
}

pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
