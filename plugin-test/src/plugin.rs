//! A built plugin, and the host that it will find.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use instar_core::id::PluginId;
use instar_plugin::{
    Cause, Grant, Inspection, Installed, Kind, Limits, Means, OperatorSays, PluginError, Plugins, PoolChoice, Settings,
    Source, StoppedClock,
};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::answer::Failure;
use crate::double::host::HostDouble;
use crate::double::process::{ProcessDouble, ScriptedProcess};
use crate::double::secrets::SecretsDouble;
use crate::double::values::MemoryValues;
use crate::double::web::{Exchange, Reply, ScriptedWeb};
use crate::loaded::Loaded;

/// A component that could be installed, and what it will find.
#[derive(Debug, Clone)]
pub struct Plugin {
    pub(crate) component: Arc<Component>,
    pub(crate) found: Found,
}

#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) id: PluginId,
    bytes: Vec<u8>,
    pub(crate) seen: Inspection,
}

/// The host of a test.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Where native code is kept, which is compiled once.
    native_code: PathBuf,
    pub(crate) config: Map<String, Value>,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) http: Vec<Exchange>,
    /// What is answered when the script is over.
    pub(crate) otherwise: Option<Reply>,
    pub(crate) processes: Vec<ScriptedProcess>,
    pub(crate) host: HostDouble,
    /// What a job says that it takes.
    pub(crate) execute: Option<Value>,
    pub(crate) now: Timestamp,
    pub(crate) limits: Limits,
    /// It has no jobs, sessions, events, values and commands.
    pub(crate) is_bare: bool,
}

/// Why a component cannot be tested.
#[derive(Debug, thiserror::Error)]
pub enum PluginTestError {
    #[error("failed to read {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is not built: run `instar plugin build` first", .0.display())]
    NotBuilt(PathBuf),
    #[error("{} names no `id`", .0.display())]
    NoId(PathBuf),
    #[error("{} would not be loaded", path.display())]
    Unfit { path: PathBuf, source: PluginError },
}

/// What stands in a configuration or a job for the URL of the scripted network.
pub(crate) const WEB: &str = "{http}";

impl Plugin {
    /// A component, or the folder of a project: then what `instar plugin build` made there.
    ///
    /// # Errors
    /// When there is none, or it is one that no host would load.
    pub fn built(path: impl AsRef<Path>) -> Result<Self, PluginTestError> {
        let path = path.as_ref();
        let file = if path.is_dir() { of_project(path)? } else { path.to_owned() };
        let bytes = fs::read(&file).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => PluginTestError::NotBuilt(file.clone()),
            _ => PluginTestError::Io { path: file.clone(), source },
        })?;
        let mut seen = instar_plugin::inspect(&file.display().to_string(), &bytes);
        if let Some(source) = seen.problem.take() {
            return Err(PluginTestError::Unfit { path: file, source });
        }
        let id = seen.about.as_ref().and_then(|about| about.id.parse().ok());
        let id = id.ok_or_else(|| PluginTestError::NoId(file.clone()))?;
        Ok(Self { component: Arc::new(Component { id, bytes, seen }), found: Found::new(native_code_of(&file)) })
    }

    /// Its native code is kept in this folder; else in `target/instar` of its project.
    #[must_use]
    pub fn with_native_code_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.found.native_code = folder.into();
        self
    }

    /// As `plugins.<id>.config` would say; `{http}` in a text stands for the URL of the scripted network.
    ///
    /// # Panics
    /// When it is no object.
    #[must_use]
    pub fn with_config(mut self, config: Value) -> Self {
        let Value::Object(config) = config else { panic!("a configuration is an object, and this is none: {config}") };
        self.found.config = config;
        self
    }

    /// The value of a secret, which the plugin uses and never sees.
    #[must_use]
    pub fn with_secret(mut self, slot: &str, value: &str) -> Self {
        self.found.secrets.insert(slot.to_owned(), value.to_owned());
        self
    }

    /// The next request that must come, and its answer. Whatever host is asked, the scripted network answers.
    #[must_use]
    pub fn with_http(mut self, exchange: Exchange) -> Self {
        self.found.http.push(exchange);
        self
    }

    /// What every further request is answered; without it, one that no script expects is a problem.
    #[must_use]
    pub fn with_http_otherwise(mut self, reply: Reply) -> Self {
        self.found.otherwise = Some(reply);
        self
    }

    /// The next command that must be run, and how it ends; none of them runs.
    #[must_use]
    pub fn with_process(mut self, process: ScriptedProcess) -> Self {
        self.found.processes.push(process);
        self
    }

    /// Its jobs, sessions and events.
    #[must_use]
    pub fn with_host(mut self, host: HostDouble) -> Self {
        self.found.host = host;
        self
    }

    /// The `execute` object of a job that it takes: an attack goes on from there.
    #[must_use]
    pub fn with_execute(mut self, execute: Value) -> Self {
        self.found.execute = Some(execute);
        self
    }

    /// Other limits than a host has, such as shorter times.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.found.limits = limits;
        self
    }

    /// What both clocks show at first; else 2026-01-01T00:00:00Z.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.found.now = now;
        self
    }

    pub fn id(&self) -> &str {
        self.component.id.as_str()
    }

    /// What it is, by what it exports.
    pub fn kinds(&self) -> &[Kind] {
        &self.component.seen.kinds
    }

    /// Loads it, with all the rights that its manifest asks for.
    ///
    /// # Errors
    /// When it refuses its configuration, or the host refuses it.
    ///
    /// # Panics
    /// When no port of loopback is free for the scripted network.
    pub fn load(&self) -> Result<Loaded, Failure> {
        let web = ScriptedWeb::start(self.found.http.clone(), self.found.otherwise.clone());
        let web = web.expect("loopback has a free port");
        let host = Arc::new(self.found.host.clone());
        let clock = Arc::new(StoppedClock::at(self.found.now));
        let processes = Arc::new(ProcessDouble::new(self.found.processes.clone()));
        let mut settings = self.settings(&web, &host, &clock);
        settings.means.processes = (!self.found.is_bare).then(|| processes.clone() as _);
        let stats = settings.stats.clone();
        let plugins = self.component.load(settings).map_err(|error| Failure::of(&error))?;
        Ok(Loaded { component: self.component.clone(), plugins, web, host, processes, clock, stats })
    }

    fn settings(&self, web: &ScriptedWeb, host: &Arc<HostDouble>, clock: &Arc<StoppedClock>) -> Settings {
        let Component { id, seen, .. } = &*self.component;
        let mut settings = Settings::new(self.found.native_code.clone());
        settings.limits = self.found.limits.clone();
        let config = Value::Object(self.found.config.clone()).to_string().replace(WEB, web.url());
        settings.configs.insert(id.clone(), serde_json::from_str(&config).unwrap_or_default());
        settings.operator.insert(id.clone(), granted(seen, web.url()));
        settings.means = Means {
            secrets: Some(Arc::new(SecretsDouble(self.found.secrets.clone()))),
            blobs_dir: Some(self.found.native_code.join("blobs")),
            stopped_clock: Some(clock.clone()),
            ..Means::default()
        };
        if !self.found.is_bare {
            settings.means.values = Some(Arc::new(MemoryValues::default()));
            settings.means.jobs = Some(host.clone());
            settings.means.sessions = Some(host.clone());
            settings.means.events = Some(host.clone());
        }
        settings.pool = PoolChoice::OnDemand;
        settings
    }
}

impl Component {
    fn load(&self, settings: Settings) -> Result<Plugins, PluginError> {
        let what = Installed {
            id: self.id.clone(),
            kinds: self.seen.kinds.clone(),
            digest: self.seen.digest.clone(),
            path: PathBuf::new(),
        };
        let source = Source::installed(what, Some(self.bytes.clone()));
        let (plugins, problems) = Plugins::load(vec![source], settings, &mut |_| {})?;
        let is_of_cache =
            |error: &PluginError| matches!(error.cause, Cause::Cache { .. } | Cause::CacheMismatch { .. });
        match problems.into_iter().find(|error| !is_of_cache(error)) {
            Some(problem) => Err(problem),
            None => Ok(plugins),
        }
    }
}

/// All that it asks for, and the scripted network in the place of each host.
fn granted(seen: &Inspection, web: &str) -> OperatorSays {
    let grant = Grant { digest: format!("blake3:{}", seen.digest), allow: seen.asks.iter().cloned().collect() };
    let named = seen.hosts.iter().map(String::as_str).chain(["127.0.0.1"]);
    OperatorSays { grant: Some(grant), hosts: named.map(|host| (host.to_owned(), web.to_owned())).collect() }
}

impl Found {
    fn new(native_code: PathBuf) -> Self {
        Self {
            native_code,
            config: Map::new(),
            secrets: BTreeMap::new(),
            http: Vec::new(),
            otherwise: None,
            processes: Vec::new(),
            host: HostDouble::default(),
            execute: None,
            now: Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1_767_225_600),
            limits: Limits::default(),
            is_bare: false,
        }
    }
}

/// Where `instar plugin build` lays the component of a project.
fn of_project(folder: &Path) -> Result<PathBuf, PluginTestError> {
    let path = folder.join("plugin.toml");
    let text = fs::read_to_string(&path).map_err(|source| PluginTestError::Io { path: path.clone(), source })?;
    let manifest: toml::Table = text.parse().map_err(|_| PluginTestError::NoId(path.clone()))?;
    let id = manifest.get("id").and_then(toml::Value::as_str).ok_or(PluginTestError::NoId(path))?;
    Ok(folder.join("dist").join(format!("{id}.wasm")))
}

/// In the project that the component lies in, or where files of the moment lie.
fn native_code_of(file: &Path) -> PathBuf {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let project = file.ancestors().skip(1).find(|folder| folder.join("plugin.toml").is_file());
    project.map_or_else(|| std::env::temp_dir().join("instar-plugin-test"), |project| project.join("target/instar"))
}
