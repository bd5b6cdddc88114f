//! From bytes to plugins that can be called. One plugin after the other, in the order of the sources.

mod one;

pub(crate) use one::check_execute_name;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use instar_core::id::PluginId;
use jiff::Timestamp;

use crate::audit::Kind;
use crate::cache::Cache;
use crate::capability::http::Client;
use crate::capability::rights::Means;
use crate::error::{Cause, PluginError};
use crate::grants::OperatorSays;
use crate::guard::question::Ear;
use crate::lane::{Lane, LaneKind, PoolChoice};
use crate::limits::Limits;
use crate::plugins::{BrokenGuard, Loaded, PluginInfo, Plugins};
use crate::stats::StatsBook;

/// A component that should be loaded.
#[derive(Clone)]
pub struct Source {
    pub origin: Origin,
    pub bytes: Cow<'static, [u8]>,
    /// BLAKE3 of the bytes, in hex.
    pub digest: Cow<'static, str>,
    /// What travels with it, so that a cache that was deleted is filled without compiling.
    pub native: &'static [Native],
}

/// Native code of a component, as [`Settings::cache_dir`] of another host kept it.
#[derive(Clone, Copy)]
pub struct Native {
    /// For which version and settings of wasmtime, and for which processor: the end of the file's name there.
    pub engine: &'static str,
    pub code: &'static [u8],
}

impl Source {
    /// One that travels in the host's own binary, which knows its digest.
    pub fn bundled(name: &str, bytes: &'static [u8], digest: &'static str, native: &'static [Native]) -> Self {
        Self { origin: Origin::Bundled { name: name.to_owned() }, bytes: bytes.into(), digest: digest.into(), native }
    }

    /// What was installed: it must have exactly these bytes. `None` where they cannot be read.
    pub fn installed(what: Installed, bytes: Option<Vec<u8>>) -> Self {
        let bytes = bytes.unwrap_or_default();
        let digest = blake3::hash(&bytes).to_hex().to_string().into();
        Self { origin: Origin::Installed(what), bytes: bytes.into(), digest, native: &[] }
    }

    /// What was read of a file.
    pub fn file(path: PathBuf, bytes: Vec<u8>) -> Self {
        let digest = blake3::hash(&bytes).to_hex().to_string().into();
        Self { origin: Origin::File(path), bytes: bytes.into(), digest, native: &[] }
    }
}

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It travels in the host's own binary.
    Bundled {
        name: String,
    },
    File(PathBuf),
    /// It was installed.
    Installed(Installed),
}

/// What was written down of a component when it was installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    pub id: PluginId,
    /// What it is: a guard that is lost must not be missed silently.
    pub kinds: Vec<Kind>,
    /// BLAKE3 of the component, in hexadecimal.
    pub digest: String,
    pub path: PathBuf,
}

/// What the operator says about plugins, and where native code is kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// For native code; made and closed to other users when it is needed.
    pub cache_dir: PathBuf,
    /// So many bytes of native code that is not loaded may stay there; none means all. For those that load everything.
    pub spare_code: Option<u64>,
    pub limits: Limits,
    /// Configurations: JSON objects. A plugin without one gets `{}`.
    pub configs: BTreeMap<PluginId, serde_json::Value>,
    /// Plugins that are listed only.
    pub disabled: BTreeSet<PluginId>,
    /// Plugins that gave no answer too often, and are listed only; of guards each denies.
    pub quarantined: BTreeMap<PluginId, Quarantine>,
    /// Grants, and what stands for a host.
    pub operator: BTreeMap<PluginId, OperatorSays>,
    /// What the host has for plugins to use.
    pub means: Means,
    /// Where calls are counted; it may outlive these plugins.
    pub stats: Arc<StatsBook>,
    /// Hears what the guards of `heard` are asked and say.
    pub ear: Option<Arc<dyn Ear>>,
    pub heard: BTreeSet<PluginId>,
    pub pool: PoolChoice,
    /// Only plugins of one of these kinds are loaded; empty means all.
    pub only: Vec<Kind>,
    pub trial: Trial,
}

/// Why a plugin is not called any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// BLAKE3 of the component, in hexadecimal: another version is called again.
    pub digest: String,
    /// So many calls in a row had no answer.
    pub faults: u32,
    /// The code of the last one.
    pub code: String,
    pub since: Timestamp,
}

/// When a plugin is tried out: an instance is made that must have the contract's types and accept its configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trial {
    /// At each loading.
    #[default]
    Always,
    /// Once for each component and configuration, since a trial takes as long as a call. For short processes.
    Once,
}

impl Settings {
    /// The settings of somebody who says nothing about plugins.
    pub fn new(cache_dir: PathBuf) -> Self {
        Self {
            cache_dir,
            spare_code: None,
            limits: Limits::default(),
            configs: BTreeMap::new(),
            disabled: BTreeSet::new(),
            quarantined: BTreeMap::new(),
            operator: BTreeMap::new(),
            means: Means::default(),
            stats: Arc::default(),
            ear: None,
            heard: BTreeSet::new(),
            pool: PoolChoice::default(),
            only: Vec::new(),
            trial: Trial::default(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled { name } => write!(f, "{name} (bundled)"),
            Self::File(path) => path.display().fmt(f),
            Self::Installed(what) => write!(f, "{} (installed)", what.path.display()),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("origin", &self.origin).field("bytes", &self.bytes.len()).finish()
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Native").field("engine", &self.engine).field("code", &self.code.len()).finish()
    }
}

/// What is gathered while plugins are loaded.
pub(crate) struct Loader {
    settings: Settings,
    cache: Cache,
    client: Arc<Client>,
    plugins: Plugins,
    problems: Vec<PluginError>,
}

impl Loader {
    pub(crate) fn new(settings: Settings) -> Self {
        let plugins = Plugins {
            infos: Vec::new(),
            loaded: Vec::new(),
            broken: Vec::new(),
            guard_lane: None,
            driver_lane: None,
            ear: settings.ear.clone(),
            heard: settings.heard.clone(),
            queue: settings.limits.queue,
        };
        Self {
            cache: Cache::new(settings.cache_dir.clone()),
            client: Arc::default(),
            settings,
            plugins,
            problems: Vec::new(),
        }
    }

    pub(crate) fn load(
        mut self,
        sources: Vec<Source>,
        on_compile: &mut dyn FnMut(&str),
    ) -> Result<(Plugins, Vec<PluginError>), PluginError> {
        for source in sources {
            match self.load_one(&source, on_compile) {
                Ok(()) => {}
                Err(fatal) if matches!(fatal.cause, Cause::Engine(_)) => return Err(fatal),
                Err(problem) => self.report(problem),
            }
        }
        if let Some(most) = self.settings.spare_code {
            self.cache.remove_spare(most);
        }
        Ok((self.plugins, self.problems))
    }

    fn report(&mut self, problem: PluginError) {
        tracing::warn!(plugin = %problem.plugin, code = problem.code(), cause = %problem.cause, "a plugin has a problem");
        self.problems.push(problem);
    }

    fn add(&mut self, info: PluginInfo, loaded: Option<Loaded>) {
        self.plugins.infos.push(info);
        self.plugins.loaded.extend(loaded);
    }

    /// A guard that is known and cannot be loaded must not be missed silently.
    fn add_broken(&mut self, info: &PluginInfo, cause: &Cause) {
        self.add_broken_kinds(&info.id, &info.kinds, cause);
    }

    fn add_broken_kinds(&mut self, id: &PluginId, kinds: &[Kind], cause: &Cause) {
        let kinds: Vec<_> = kinds.iter().copied().filter(|kind| kind.is_guard()).collect();
        if !kinds.is_empty() {
            self.plugins.broken.push(BrokenGuard { id: id.clone(), kinds, code: cause.code() });
        }
    }

    /// The lane of this kind, set up when the first plugin needs it.
    fn lane(&mut self, kind: LaneKind) -> Result<&Lane, Cause> {
        let lane = match kind {
            LaneKind::Guard => &mut self.plugins.guard_lane,
            LaneKind::Driver => &mut self.plugins.driver_lane,
        };
        match lane {
            Some(lane) => Ok(lane),
            None => Ok(lane.insert(Lane::new(kind, self.settings.pool)?)),
        }
    }
}
