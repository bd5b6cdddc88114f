//! Builds the host: every part is made here and handed down as an argument.

pub(crate) mod lock;
mod plugins;
mod predecessor;
mod predecessor_talk;

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use instar_core::state::Limits;
use instar_engine::{AgentEnv, Approver, ContextFiles, Desk, Engine, Helper, Parts, RunningLoop};
use instar_plugin::{Means, Secrets, Values};
use instar_session::Sessions;
use instar_store::Store;
use jiff::Timestamp;

use crate::config::{Config, IntelligenceConfig, Project};
use crate::context_files;
use crate::ears::ProjectEars;
use crate::guards::{Approvals, GuardDesk, Home};
use crate::helper_program::{HelperProgram, Way};
use crate::jobs::JobsFolder;
use crate::live_plugins::LivePlugins;
use crate::plugin_reach::Reach;
use crate::plugin_values::{PassingValues, StoredValues};
use crate::quota_file::QuotaFile;
use crate::secrets_file::SecretsFile;
use crate::session_tokens::SessionTokens;
use crate::steps::StepFiles;
use crate::users_file;
use crate::watch_jobs::JobsReader;
use lock::{Role, RoleLock};

/// A running host, still without its network.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) engine: Engine,
    pub(crate) running: RunningLoop,
    pub(crate) jobs: Arc<JobsReader>,
    pub(crate) plugins: Arc<LivePlugins>,
    pub(crate) guards: GuardDesk,
    pub(crate) quota: Arc<QuotaFile>,
    pub(crate) steps: Arc<StepFiles>,
    pub(crate) store: Store,
    pub(crate) session_tokens: SessionTokens,
}

/// The version that the API and the log show.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Makes this process the project's server: its folders are there, and nobody else holds them.
pub(crate) fn claim(project: &Project) -> anyhow::Result<RoleLock> {
    make_folders(project)?;
    Ok(RoleLock::acquire(&project.lock_file(), Role::Server)?)
}

/// The folders of the host, for this user alone.
pub(crate) fn make_folders(project: &Project) -> anyhow::Result<()> {
    let instar_dir = project.instar_dir();
    let make =
        |result: io::Result<()>, path: &Path| result.with_context(|| format!("failed to make {}", path.display()));
    make(std::fs::create_dir_all(&instar_dir), &instar_dir)?;
    let own = [project.run_dir(), project.state_dir(), project.cache_dir(), project.tmp_dir(), project.logs_dir()];
    for folder in own {
        make(private_folder(&folder), &folder)?;
    }
    let plugins = project.plugins_dir();
    make(std::fs::create_dir_all(&plugins), &plugins)?;
    Ok(())
}

/// Opens all that the host owns, and starts its loop: from here on jobs run. `url` is where their programs find it.
pub(crate) async fn build(
    project: &Project,
    config: &Config,
    bundled: Vec<instar_plugin::Source>,
    url: &str,
) -> anyhow::Result<Host> {
    let store = Store::open(&project.database()).await?;
    predecessor::import(project, config, &store).await?;
    let sessions = Sessions::open(session_settings(project, config)?).await?;
    clear_downloads(&project.blobs_dir());
    clear_notes(&project.tmp_dir());
    let reach = Arc::new(Reach::default());
    let secrets = SecretsFile::new(project.secrets_file());
    let means = Means {
        secrets: Some(Arc::new(secrets.clone())),
        jobs: Some(reach.clone()),
        sessions: Some(reach.clone()),
        events: Some(reach.clone()),
        processes: Some(reach.clone()),
        ..means(project, Some(&store))
    };
    // A keyring that waits for its password keeps nobody from starting, or from ending.
    let asked_early = secrets.clone();
    std::thread::spawn(move || asked_early.warm());
    let plugins = Arc::new(LivePlugins::load(project, config, bundled, means).await?);
    let session_tokens = SessionTokens::open(&project.session_key())
        .with_context(|| format!("failed to make {}", project.session_key().display()))?;
    let jobs = Arc::new(JobsReader::new(JobsFolder::of(config, project)));
    let quota = Arc::new(QuotaFile::new(config.quota.file.clone()));
    let guards = GuardDesk::new(plugins.live(), Home::of(project), config.clone());
    let steps = StepFiles::open(project.steps_dir(), guards.clone(), secrets);
    let steps = steps.with_context(|| format!("failed to make {}", project.steps_dir().display()))?;
    let steps = Arc::new(steps);
    let parts = Parts {
        store: store.clone(),
        sessions,
        plugins: plugins.live(),
        limits: limits(config),
        retention: config.retention,
        agent_env: agent_env(url.to_owned(), session_tokens.clone()),
        context_files: {
            let project = project.clone();
            ContextFiles::new(move |name| context_files::read(&project, name))
        },
        supervisor: supervisor(project, config),
        desk: desk(project, config)?,
        ears: Arc::new(ProjectEars::new(project.clone())),
        steps: steps.clone(),
        zone: config.scheduler.zone(),
        version: VERSION.to_owned(),
        jobs: jobs.first().await,
        quota: quota.read().await,
        users: users_file::first(&project.users_file()),
    };
    let (engine, running) = instar_engine::start(parts).await?;
    reach.open(engine.clone(), guards.clone());
    Ok(Host { engine, running, jobs, plugins, guards, quota, steps, store, session_tokens })
}

/// What a server of this project would load, and what it could not; nothing of it runs.
pub(crate) async fn look_at_plugins(
    project: &Project,
    config: &Config,
    bundled: Vec<instar_plugin::Source>,
) -> anyhow::Result<instar_api::Plugins> {
    Ok(plugins::load(project, config, bundled, means(project, None), Arc::default(), None).await?.1)
}

/// The plugins as a server of this project would load them, for a process that is none.
pub(crate) async fn plugins_without_server(
    project: &Project,
    config: &Config,
    bundled: Vec<instar_plugin::Source>,
    secrets: Arc<dyn Secrets>,
) -> anyhow::Result<instar_plugin::Plugins> {
    // What plugins keep is in the database; one that cannot be opened is no reason to tell nobody.
    let store = match Store::open(&project.database()).await {
        Ok(store) => Some(store),
        Err(error) => {
            tracing::warn!(%error, "plugins keep no values");
            None
        }
    };
    let means = Means { secrets: Some(secrets), ..means(project, store.as_ref()) };
    Ok(plugins::load(project, config, bundled, means, Arc::default(), None).await?.0)
}

/// The plugins for a process that only listens. What they keep passes with it, so that the database is the server's.
pub(crate) async fn plugins_that_listen(
    project: &Project,
    config: &Config,
    bundled: Vec<instar_plugin::Source>,
) -> anyhow::Result<instar_plugin::Plugins> {
    let means = Means { values: Some(Arc::new(PassingValues::default())), ..means(project, None) };
    Ok(plugins::load(project, config, bundled, means, Arc::default(), None).await?.0)
}

/// The components that a server of this project would try to load; those that cannot be read are left out.
pub(crate) fn plugin_sources(bundled: Vec<instar_plugin::Source>, folder: &Path) -> Vec<instar_plugin::Source> {
    plugins::sources(bundled, folder, &|_| true).0
}

/// The same for one who needs some kinds alone: of what is installed, no other is read.
pub(crate) fn plugin_sources_of(
    bundled: Vec<instar_plugin::Source>,
    folder: &Path,
    kinds: &[instar_plugin::Kind],
) -> Vec<instar_plugin::Source> {
    plugins::sources(bundled, folder, &|found| found.iter().any(|kind| kinds.contains(kind))).0
}

/// Loads the plugins of a server, and says what became of each.
pub(crate) async fn load_plugins(
    project: &Project,
    config: &Config,
    bundled: Vec<instar_plugin::Source>,
    means: Means,
    stats: Arc<instar_plugin::StatsBook>,
    ear: Arc<dyn instar_plugin::Ear>,
) -> anyhow::Result<(instar_plugin::Plugins, instar_api::Plugins)> {
    plugins::load(project, config, bundled, means, stats, Some(ear)).await
}

/// Changes with all that the plugins of a server are made of: their bytes, settings and grants.
pub(crate) fn plugins_mark(project: &Project, config: &Config, bundled: &[instar_plugin::Source]) -> String {
    plugins::mark(project, config, bundled)
}

/// The components that people put beside the bundled ones; those that cannot be read are left out.
pub(crate) fn plugin_files(folder: &Path) -> Vec<instar_plugin::Source> {
    plugins::hand_placed(folder, &mut Vec::new())
}

/// What the schema of a plugin has against its configuration; nothing where it brings none, or is not there.
pub(crate) fn config_refusals(
    bundled: Vec<instar_plugin::Source>,
    folder: &Path,
    id: &instar_core::id::PluginId,
    config: &serde_json::Map<String, serde_json::Value>,
) -> Result<Vec<instar_plugin::ConfigRefusal>, instar_plugin::PluginError> {
    let config = serde_json::Value::Object(config.clone());
    for source in plugin_sources(bundled, folder) {
        if let Some(refusals) = instar_plugin::config_refusals(id.as_str(), &source.bytes, &config)? {
            return Ok(refusals);
        }
    }
    Ok(Vec::new())
}

/// What the operator says about plugins. `native_code` is the folder of compiled ones, `folder` that of the others.
pub(crate) fn plugin_settings(native_code: PathBuf, config: &Config, folder: &Path) -> instar_plugin::Settings {
    plugins::settings(native_code, config, folder)
}

/// The bytes of one component's file.
pub(crate) fn read_component(path: &Path) -> io::Result<Vec<u8>> {
    plugins::read(path)
}

/// What a notifier downloaded for a process that ended before it took it over.
fn clear_downloads(folder: &Path) {
    const KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|found| found.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > KEPT)
            && let Err(error) = std::fs::remove_file(entry.path())
        {
            tracing::warn!(%error, "{} could not be removed", entry.path().display());
        }
    }
}

/// Long messages, histories and files of people, which their sessions have read long ago.
fn clear_notes(folder: &Path) {
    const KEPT: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 60 * 60);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_ours = ["msg-", "history-", "files-"].iter().any(|kind| name.to_string_lossy().starts_with(kind));
        let found = entry.metadata().ok();
        let age = found.as_ref().and_then(|found| found.modified().ok()?.elapsed().ok());
        if !is_ours || age.is_none_or(|age| age < KEPT) {
            continue;
        }
        let is_folder = found.is_some_and(|found| found.is_dir());
        let removed =
            if is_folder { std::fs::remove_dir_all(entry.path()) } else { std::fs::remove_file(entry.path()) };
        if let Err(error) = removed {
            tracing::warn!(%error, "{} could not be removed", entry.path().display());
        }
    }
}

/// What notifiers may be given to use.
fn means(project: &Project, store: Option<&Store>) -> Means {
    Means {
        values: store.map(|store| Arc::new(StoredValues(store.clone())) as Arc<dyn Values>),
        secrets: Some(Arc::new(SecretsFile::new(project.secrets_file()))),
        blobs_dir: Some(project.blobs_dir()),
        ..Means::default()
    }
}

/// How the program of a session, or a gate, calls this host: in its own name, and as long as it lives.
fn agent_env(url: String, tokens: SessionTokens) -> AgentEnv {
    let with_token = move |token| BTreeMap::from([("INSTAR_URL".into(), url.clone()), ("INSTAR_TOKEN".into(), token)]);
    let (gate_tokens, for_gate) = (tokens.clone(), with_token.clone());
    AgentEnv::new(
        move |session| with_token(tokens.token(session.id)),
        move |run| for_gate(gate_tokens.gate_token(*run)),
    )
}

fn supervisor(project: &Project, config: &Config) -> Helper {
    let IntelligenceConfig { command, timeout } = config.intelligence.clone();
    helper(project, config, "intelligence.command", command, Way::Stdin, timeout)
}

/// How long a program may take to hear what is said in a voice message.
const TRANSCRIBE_LIMIT: Duration = Duration::from_secs(120);

fn transcriber(project: &Project, config: &Config) -> Option<Helper> {
    let command = config.transcribe.clone();
    let asked = !command.is_empty();
    asked.then(|| helper(project, config, "conversations.transcribe", command, Way::Argument, TRANSCRIBE_LIMIT))
}

fn helper(
    project: &Project,
    config: &Config,
    setting: &'static str,
    command: Vec<String>,
    way: Way,
    limit: Duration,
) -> Helper {
    let env = instar_session::allowed(&host_environment(), &config.sessions.pass_env);
    let program = HelperProgram::new(setting, command, way, limit, project.dir().to_owned(), env);
    Helper::new(move |question| {
        let program = program.clone();
        Box::pin(async move { program.ask(&question).await })
    })
}

fn limits(config: &Config) -> Limits {
    Limits {
        scheduling: config.scheduler.enabled,
        max_parallel_jobs: config.scheduler.max_parallel_jobs,
        max_sessions: config.sessions.max_sessions,
        default_timeout_ms: config.sessions.default_timeout_ms,
        idle_timeout: config.sessions.idle_timeout,
        admission: config.admission.clone(),
        pause_after_failures: config.scheduler.pause_after_failures,
        conversations: config.conversations.clone(),
    }
}

fn desk(project: &Project, config: &Config) -> anyhow::Result<Desk> {
    let program = std::env::current_exe().context("failed to find out which program this is")?;
    Ok(Desk {
        tmp: project.tmp_dir(),
        protected: config.sessions.protected.clone(),
        version: VERSION.to_owned(),
        program: program.display().to_string(),
        approver: {
            let approvals = Approvals::new(Home::of(project).approvals());
            Approver::new(move |id, hash, yes| {
                approvals.answer(id, hash, yes, Timestamp::now()).map_err(|error| error.to_string())
            })
        },
        transcriber: transcriber(project, config),
    })
}

fn session_settings(project: &Project, config: &Config) -> anyhow::Result<instar_session::Settings> {
    Ok(instar_session::Settings {
        project: project.folder_name(),
        project_dir: project.dir().to_owned(),
        instar_dir: project.instar_dir(),
        runner: std::env::current_exe().context("failed to find out which program this is")?,
        tmux: config.sessions.tmux_path.clone(),
        protected: config.sessions.protected.clone(),
        pass_env: config.sessions.pass_env.clone(),
        host_env: host_environment(),
        output_cap: instar_session::Settings::OUTPUT_CAP,
        stop_grace: instar_session::Settings::STOP_GRACE,
    })
}

/// A variable that is not UTF-8 cannot be passed on by name.
pub(crate) fn host_environment() -> BTreeMap<String, String> {
    std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?))).collect()
}

/// Makes a folder for this user alone, or closes one that is open to others.
fn private_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = std::fs::metadata(path)?;
            if !found.is_dir() {
                return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder"));
            }
            if found.permissions().mode() & 0o077 == 0 {
                return Ok(());
            }
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
        }
        made => made,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_private_also_when_they_were_not() {
        let dir = tempfile::tempdir().unwrap();
        let project = Project::at(dir.path()).unwrap();
        std::fs::create_dir_all(project.state_dir()).unwrap();
        std::fs::set_permissions(project.state_dir(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let _lock = claim(&project).unwrap();
        for folder in [project.run_dir(), project.state_dir(), project.cache_dir(), project.tmp_dir()] {
            assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "{}", folder.display());
        }
    }

    #[test]
    fn what_stands_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let project = Project::at(dir.path()).unwrap();
        std::fs::create_dir(project.instar_dir()).unwrap();
        std::fs::write(project.run_dir(), "").unwrap();
        let error = format!("{:#}", claim(&project).unwrap_err());
        assert!(error.contains(".instar/run") && error.contains("not a folder"), "{error}");
    }

    #[test]
    fn a_second_server_on_one_folder_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let project = Project::at(dir.path()).unwrap();
        let _lock = claim(&project).unwrap();
        let error = claim(&project).unwrap_err().to_string();
        assert!(error.contains("already running"), "{error}");
    }
}
