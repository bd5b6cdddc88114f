//! A project in which plugins are installed, changed and taken away.
//!
//! The command line and the API ask it alike; how a person says yes is theirs. Nothing of it waits for the network.

use std::collections::BTreeSet;
use std::path::PathBuf;

use instar_core::id::PluginId;
use instar_plugin::{PluginError, Settings, Source};
use jiff::Timestamp;

use super::{
    Candidate, Claims, Component, Entry, Fetched, InstallError, Line, LockFile, NoShadow, Place, PluginFolder,
    SharedComponents, Unfit, Untrusted, examine, judge, kept, lines, neighbours, try_out,
};
use crate::config::{Config, Project};
use crate::wiring;

#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) project: Project,
    pub(crate) config: Config,
    pub(crate) folder: PluginFolder,
    pub(crate) shared: SharedComponents,
    pub(super) bundled: Vec<Source>,
}

/// How the operator wants it to be installed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// The plugin that it must be.
    pub(crate) only: Option<PluginId>,
    /// Also an older version.
    pub(crate) downgrade: bool,
    /// The key that it must be signed with.
    pub(crate) signer: Option<String>,
}

/// What was looked at and may be installed, or is already.
#[derive(Debug)]
pub(crate) enum Offered {
    UpToDate(Box<Entry>),
    New(Box<Offer>),
}

/// What may be installed once the operator says yes to it.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) candidate: Candidate,
    pub(crate) before: Option<Entry>,
    pub(crate) signer: Option<String>,
    /// What the operator says yes to.
    pub(crate) lines: Vec<Line>,
    /// The rights that need no new yes.
    kept: BTreeSet<String>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SiteFault {
    #[error("no plugin `{0}` was installed here")]
    Unknown(PluginId),
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("{place} is a plugin `{found}` now, and not `{wanted}`")]
    AnotherPlugin { place: String, found: PluginId, wanted: PluginId },
    #[error("`{id}`: {source}")]
    Untrusted { id: PluginId, source: Untrusted },
    #[error(transparent)]
    Unloadable(PluginError),
    #[error("`{id}` does not ask for `{right}`; it asks for {}", listed(asks))]
    Unasked { id: PluginId, right: String, asks: BTreeSet<String> },
    #[error("`{id}` has no right `{right}`")]
    NotHeld { id: PluginId, right: String },
    #[error("`{0}` was installed once only, so there is nothing to go back to")]
    NothingBefore(PluginId),
    #[error("the component of {id} {version} is lost; install it again from {source_text}")]
    Lost { id: PluginId, version: String, source_text: String },
    #[error("{} is not what was installed: `instar plugin sync` fetches it again", .0.display())]
    Altered(PathBuf),
    #[error(transparent)]
    NoShadow(#[from] NoShadow),
    #[error(transparent)]
    Folder(#[from] InstallError),
}

impl Site {
    pub(crate) fn new(project: Project, config: Config, bundled: Vec<Source>) -> Self {
        let folder = PluginFolder::new(project.plugins_dir());
        Self { project, config, folder, shared: SharedComponents::of_user(), bundled }
    }

    pub(crate) fn lock(&self) -> Result<LockFile, SiteFault> {
        Ok(self.folder.read()?)
    }

    pub(crate) fn entry(&self, id: &PluginId) -> Result<Entry, SiteFault> {
        self.lock()?.entry(id).cloned().ok_or_else(|| SiteFault::Unknown(id.clone()))
    }

    /// Looks at what was fetched; nothing of it runs.
    pub(crate) fn look_at(&self, place: &Place, fetched: Fetched, wish: &Wish) -> Result<Offered, SiteFault> {
        let candidate = examine(&place.name(), place.text(), fetched.bytes)?;
        if let Some(wanted) = wish.only.clone().filter(|id| *id != candidate.id) {
            return Err(SiteFault::AnotherPlugin { place: place.text(), found: candidate.id, wanted });
        }
        let installed = self.lock()?;
        let before = installed.entry(&candidate.id).cloned();
        if let Some(entry) = before.clone().filter(|entry| entry.current.digest == candidate.digest()) {
            return Ok(Offered::UpToDate(Box::new(entry)));
        }
        candidate.check_place(&neighbours(&self.bundled, &self.project.plugins_dir(), &installed))?;
        if !wish.downgrade {
            candidate.check_version(before.as_ref())?;
        }
        let signer = self.signer(&candidate, fetched.signature.as_deref(), before.as_ref(), wish)?;
        // Of one that is lost nobody knows what it did, so that all is new.
        let former = before.as_ref().map(|entry| self.folder.component(&entry.current).unwrap_or_default());
        let former = former.map(|bytes| instar_plugin::inspect("", &bytes).wishes);
        let lines = lines(former.as_deref(), &candidate.seen.wishes);
        let kept = before.as_ref().map(|entry| kept(&entry.current.grants, &lines)).unwrap_or_default();
        Ok(Offered::New(Box::new(Offer { candidate, before, signer, lines, kept })))
    }

    /// Whose it is, if it may be anybody's.
    fn signer(
        &self,
        candidate: &Candidate,
        signature: Option<&str>,
        before: Option<&Entry>,
        wish: &Wish,
    ) -> Result<Option<String>, SiteFault> {
        let claims = Claims {
            signature,
            publisher: candidate.about.publisher.as_deref(),
            pinned: before.and_then(|entry| entry.current.signer.as_deref()),
            named: wish.signer.as_deref(),
            trusted: &self.config.plugin_trust.keys,
            required: self.config.plugin_trust.required,
        };
        let untrusted = |source| SiteFault::Untrusted { id: candidate.id.clone(), source };
        judge(&candidate.bytes, &claims).map_err(untrusted)
    }

    /// Compiles it, and asks it about its configuration, with all that it asks for: what it is granted is decided
    /// behind it. What could not be kept of its native code is told.
    pub(crate) fn try_offer(&self, offer: &Offer) -> Result<Option<PluginError>, SiteFault> {
        let Offer { candidate, .. } = offer;
        self.try_component(&candidate.id, &candidate.bytes, candidate.asks())
    }

    pub(crate) fn try_component(
        &self,
        id: &PluginId,
        bytes: &[u8],
        grants: BTreeSet<String>,
    ) -> Result<Option<PluginError>, SiteFault> {
        try_out(id, bytes, grants, self.settings()).map_err(SiteFault::Unloadable)
    }

    /// The operator said yes: it is granted what it asks for, and takes the place of what was there.
    pub(crate) fn accept(&self, offer: Offer) -> Result<Entry, SiteFault> {
        let Offer { candidate, before, signer, .. } = offer;
        let current = candidate.component(candidate.asks(), signer, Timestamp::now());
        let previous = before.as_ref().map(|entry| entry.current.clone());
        let entry = Entry { id: candidate.id.clone(), current, previous };
        self.change(&candidate.id, before.as_ref(), Some(entry.clone()), Some(&candidate.bytes))?;
        self.shared.keep(&entry.current, &candidate.bytes);
        Ok(entry)
    }

    /// The entry that was taken away.
    pub(crate) fn remove(&self, id: &PluginId) -> Result<Entry, SiteFault> {
        let entry = self.entry(id)?;
        self.change(id, Some(&entry), None, None)?;
        Ok(entry)
    }

    /// What was before is installed again, and what was installed is what was before.
    pub(crate) fn roll_back(&self, id: &PluginId) -> Result<Entry, SiteFault> {
        let entry = self.entry(id)?;
        let previous = entry.previous.clone().ok_or_else(|| SiteFault::NothingBefore(id.clone()))?;
        let bytes = self.folder.component(&previous).or_else(|| self.shared.find(&previous));
        let bytes = bytes.ok_or_else(|| SiteFault::Lost {
            id: id.clone(),
            version: previous.version.clone(),
            source_text: previous.source.clone(),
        })?;
        self.try_component(id, &bytes, previous.grants.clone())?;
        let current = Component { installed_at: Timestamp::now(), ..previous };
        let new = Entry { id: id.clone(), current, previous: Some(entry.current.clone()) };
        self.change(id, Some(&entry), Some(new.clone()), Some(&bytes))?;
        Ok(new)
    }

    /// Whether that changed something stands beside the entry.
    pub(crate) fn grant(&self, id: &PluginId, rights: &BTreeSet<String>) -> Result<(Entry, bool), SiteFault> {
        self.regrant(id, |grants, asks| {
            if let Some(right) = rights.difference(asks).next() {
                return Err(SiteFault::Unasked { id: id.clone(), right: right.clone(), asks: asks.clone() });
            }
            grants.extend(rights.iter().cloned());
            Ok(())
        })
    }

    /// Whether that changed something stands beside the entry.
    pub(crate) fn revoke(&self, id: &PluginId, rights: &BTreeSet<String>) -> Result<(Entry, bool), SiteFault> {
        self.regrant(id, |grants, _| match rights.iter().find(|right| !grants.remove(*right)) {
            Some(right) => Err(SiteFault::NotHeld { id: id.clone(), right: right.clone() }),
            None => Ok(()),
        })
    }

    fn regrant(
        &self,
        id: &PluginId,
        change: impl FnOnce(&mut BTreeSet<String>, &BTreeSet<String>) -> Result<(), SiteFault>,
    ) -> Result<(Entry, bool), SiteFault> {
        let entry = self.entry(id)?;
        let bytes = self.component(&entry.current)?;
        let asks = instar_plugin::inspect(id.as_str(), &bytes).asks.into_iter().collect();
        let mut new = entry.clone();
        change(&mut new.current.grants, &asks)?;
        self.change(id, Some(&entry), Some(new.clone()), None)?;
        let is_changed = new != entry;
        Ok((new, is_changed))
    }

    /// The bytes of what is installed.
    pub(crate) fn component(&self, component: &Component) -> Result<Vec<u8>, SiteFault> {
        self.folder.component(component).ok_or_else(|| SiteFault::Altered(self.folder.path(component)))
    }

    /// With the settings that a server would load it by.
    pub(crate) fn settings(&self) -> Settings {
        wiring::plugin_settings(self.project.cache_dir().join("plugins"), &self.config, &self.project.plugins_dir())
    }

    /// What a server would load.
    pub(crate) fn sources(&self) -> Vec<Source> {
        wiring::plugin_sources(self.bundled.clone(), &self.project.plugins_dir())
    }

    /// Lets go of a plugin that the host took out.
    pub(crate) fn end_quarantine(&self, id: &PluginId) -> Result<(), SiteFault> {
        self.folder.quarantine(&self.project.run_dir(), id, None)?;
        Ok(())
    }

    fn change(
        &self,
        id: &PluginId,
        expected: Option<&Entry>,
        entry: Option<Entry>,
        bytes: Option<&[u8]>,
    ) -> Result<(), SiteFault> {
        Ok(self.folder.change(&self.project.run_dir(), id, expected, entry, bytes)?)
    }
}

impl Offer {
    /// What it asks for and was neither granted before nor is now; an error if something is granted for which it does
    /// not ask.
    pub(crate) fn missing(&self, granted: &BTreeSet<String>) -> Result<BTreeSet<String>, SiteFault> {
        let (id, asks) = (&self.candidate.id, self.candidate.asks());
        if let Some(right) = granted.difference(&asks).next().cloned() {
            return Err(SiteFault::Unasked { id: id.clone(), right, asks });
        }
        Ok(asks.into_iter().filter(|right| !granted.contains(right) && !self.kept.contains(right)).collect())
    }
}

/// Rights in a sentence.
pub(crate) fn listed(rights: &BTreeSet<String>) -> String {
    let quoted: Vec<_> = rights.iter().map(|right| format!("`{right}`")).collect();
    if quoted.is_empty() { "nothing".to_owned() } else { quoted.join(", ") }
}
