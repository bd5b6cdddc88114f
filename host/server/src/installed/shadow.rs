//! Another build of a guard that judges beside it: whether it may, and what it would get.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use instar_core::id::PluginId;
use instar_plugin::{Origin, Source};
use jiff::Timestamp;

use super::lock_file::Shadowing;
use super::{Candidate, Claims, Component, Fetched, LockFile, Place, Site, SiteFault, Untrusted, examine, judge};
use crate::config::PluginTrust;

/// The build that judges, beside which another one may be put.
#[derive(Debug, Clone)]
pub(crate) struct Judging {
    id: PluginId,
    /// BLAKE3 of its component, in hexadecimal.
    pub(crate) digest: String,
    pub(crate) version: String,
    /// What its shadow may have at most.
    pub(crate) grants: BTreeSet<String>,
    signer: Option<String>,
}

/// Why a build is not put beside a guard. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoShadow {
    #[error("no guard `{0}` is installed or bundled here")]
    Unknown(PluginId),
    #[error("{} was put there by hand: install it by `instar plugin install {}`, and a shadow can stand beside it", .0.display(), .0.display())]
    ByHand(PathBuf),
    #[error("`{0}` is no guard, and only guards run in shadow")]
    NoGuard(PluginId),
    #[error("{place} is a plugin `{is}`, and not `{wanted}`: a shadow has the id of the guard that it stands beside")]
    Other { place: String, is: PluginId, wanted: PluginId },
    #[error("{0} is what judges already, so that there is nothing to compare")]
    Same(String),
    #[error("{place} asks for {asks}, which `{id}` was not granted, and a shadow gets no more than it: it {words}")]
    Rights { place: String, id: PluginId, asks: String, words: String },
    #[error("`{id}`: {source}")]
    Untrusted { id: PluginId, source: Untrusted },
    #[error("no other build of `{0}` is in shadow")]
    Nobody(PluginId),
}

/// The build of this guard that judges now.
fn judging(id: &PluginId, bundled: &[Source], folder: &Path, installed: &LockFile) -> Result<Judging, NoShadow> {
    if let Some(entry) = installed.entry(id) {
        let Component { version, grants, signer, .. } = entry.current.clone();
        if !entry.current.kinds().iter().any(|kind| kind.is_guard()) {
            return Err(NoShadow::NoGuard(id.clone()));
        }
        let digest = entry.current.hex().to_owned();
        return Ok(Judging { id: id.clone(), digest, version, grants, signer });
    }
    let seen = |source: &Source| {
        let seen = instar_plugin::inspect("", &source.bytes);
        seen.about.as_ref().is_some_and(|about| about.id == id.as_str()).then_some(seen)
    };
    let Some(seen) = bundled.iter().find_map(seen) else {
        let by_hand = crate::wiring::plugin_files(folder).into_iter().find(|source| seen(source).is_some());
        return Err(match by_hand.map(|source| source.origin) {
            Some(Origin::File(path)) => NoShadow::ByHand(path),
            Some(Origin::Bundled { .. } | Origin::Installed(_)) | None => NoShadow::Unknown(id.clone()),
        });
    };
    if !seen.kinds.iter().any(|kind| kind.is_guard()) {
        return Err(NoShadow::NoGuard(id.clone()));
    }
    let version = seen.about.map(|about| about.version).unwrap_or_default();
    let grants = seen.asks.into_iter().collect();
    Ok(Judging { id: id.clone(), digest: seen.digest, version, grants, signer: None })
}

impl Judging {
    /// The component as it would stand in the lock.
    fn shadow(
        &self,
        candidate: &Candidate,
        signature: Option<&str>,
        trust: &PluginTrust,
        now: Timestamp,
    ) -> Result<Component, NoShadow> {
        let place = candidate.source.clone();
        if candidate.id != self.id {
            return Err(NoShadow::Other { place, is: candidate.id.clone(), wanted: self.id.clone() });
        }
        if !candidate.seen.kinds.iter().any(|kind| kind.is_guard()) {
            return Err(NoShadow::NoGuard(candidate.id.clone()));
        }
        if candidate.seen.digest == self.digest {
            return Err(NoShadow::Same(place));
        }
        let asks = candidate.asks();
        let more: Vec<&String> = asks.difference(&self.grants).collect();
        if !more.is_empty() {
            let is_of_them = |right: &str| more.iter().any(|more| *more == right);
            let wishes = candidate.seen.wishes.iter().filter(|wish| wish.right.is_some_and(is_of_them));
            let words = wishes.map(|wish| wish.words.as_str()).collect::<Vec<_>>().join("; ");
            let asks = more.iter().map(|right| format!("`{right}`")).collect::<Vec<_>>().join(", ");
            return Err(NoShadow::Rights { place, id: self.id.clone(), asks, words });
        }
        let claims = Claims {
            signature,
            publisher: candidate.about.publisher.as_deref(),
            pinned: self.signer.as_deref(),
            named: None,
            trusted: &trust.keys,
            required: trust.required,
        };
        let signer =
            judge(&candidate.bytes, &claims).map_err(|source| NoShadow::Untrusted { id: self.id.clone(), source })?;
        Ok(candidate.component(asks, signer, now))
    }
}

impl Site {
    /// The build of this guard that judges now.
    pub(crate) fn judging(&self, id: &PluginId) -> Result<Judging, SiteFault> {
        Ok(judging(id, &self.bundled, &self.project.plugins_dir(), &self.lock()?)?)
    }

    /// What was fetched judges beside the guard from now on, if it may and works.
    pub(crate) fn put_shadow(
        &self,
        id: &PluginId,
        place: &Place,
        fetched: Fetched,
    ) -> Result<(Component, Judging), SiteFault> {
        let candidate = examine(&place.name(), place.text(), fetched.bytes)?;
        let (installed, judging) = (self.lock()?, self.judging(id)?);
        let signature = fetched.signature.as_deref();
        let shadow = judging.shadow(&candidate, signature, &self.config.plugin_trust, Timestamp::now())?;
        self.try_component(id, &candidate.bytes, shadow.grants.clone())?;
        let (run_dir, new) = (self.project.run_dir(), Some((&shadow, candidate.bytes.as_slice())));
        self.folder.change_shadow(&run_dir, id, installed.shadow(id), new)?;
        self.shared.keep(&shadow, &candidate.bytes);
        Ok((shadow, judging))
    }

    /// What judged beside the guard, and no longer does.
    pub(crate) fn end_shadow(&self, id: &PluginId) -> Result<Component, SiteFault> {
        let shadow = self.shadow(id)?;
        self.folder.change_shadow(&self.project.run_dir(), id, Some(&shadow), None)?;
        Ok(shadow)
    }

    pub(crate) fn shadow(&self, id: &PluginId) -> Result<Component, SiteFault> {
        Ok(self.lock()?.shadow(id).cloned().ok_or_else(|| NoShadow::Nobody(id.clone()))?)
    }

    /// What stands beside guards, as it is to be loaded: each with no more than the build that judges has. Of a lock that
    /// cannot be read there is nothing.
    pub(crate) fn shadows(&self) -> Vec<ShadowSource> {
        let installed = self.lock().unwrap_or_default();
        let source = |shadowing: &Shadowing| {
            let component = &shadowing.component;
            let judging = judging(&shadowing.id, &self.bundled, &self.project.plugins_dir(), &installed);
            let grants = judging.as_ref().map(|judging| &component.grants & &judging.grants).unwrap_or_default();
            ShadowSource {
                id: shadowing.id.clone(),
                judging,
                source: self.folder.source(&shadowing.id, component),
                component: Component { grants, ..component.clone() },
            }
        };
        installed.shadows.iter().map(source).collect()
    }
}

/// One of [`Site::shadows`].
#[derive(Debug)]
pub(crate) struct ShadowSource {
    pub(crate) id: PluginId,
    pub(crate) judging: Result<Judging, NoShadow>,
    pub(crate) source: Source,
    pub(crate) component: Component,
}
