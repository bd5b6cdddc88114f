//! Which plugins there are: those that travel in the binary, then the operator's own.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use instar_api::PluginProblem;
use instar_plugin::{Ear, Kind, Limits, Means, Plugins, Settings, Source, StatsBook};

use crate::config::{Config, Project};
use crate::http;
use crate::installed::PluginFolder;

/// Of native code that is not loaded, so many bytes stay: some hundred plugins.
const SPARE_CODE: u64 = 256 << 20;

/// Loads what can be loaded; what cannot is reported, and the host goes on without it.
pub(super) async fn load(
    project: &Project,
    config: &Config,
    bundled: Vec<Source>,
    means: Means,
    stats: Arc<StatsBook>,
    ear: Option<Arc<dyn Ear>>,
) -> anyhow::Result<(Plugins, instar_api::Plugins)> {
    let spare_code = Some(SPARE_CODE);
    let settings = Settings {
        means,
        stats,
        ear,
        spare_code,
        ..settings(project.cache_dir().join("plugins"), config, &project.plugins_dir())
    };
    settings.stats.trip_after(config.quarantine_after);
    let folder = project.plugins_dir();
    let loading = tokio::task::spawn_blocking(move || {
        let (sources, mut problems) = sources(bundled, &folder, &|_| true);
        let mut on_compile = |name: &str| tracing::info!(plugin = name, "compiling, once for this version");
        let (plugins, errors) = Plugins::load(sources, settings, &mut on_compile)?;
        problems.extend(errors.iter().map(http::plugin_problem));
        Ok::<_, instar_plugin::PluginError>((plugins, problems))
    });
    let (plugins, problems) = loading.await.context("loading the plugins was interrupted")??;
    let list = http::plugin_list(&plugins, problems);
    for id in config.plugins.keys() {
        if !list.plugins.iter().any(|plugin| plugin.id == id.as_str()) {
            tracing::warn!("`plugins.{id}` in {} names no plugin that is there", project.config_file().display());
        }
    }
    Ok((plugins, list))
}

/// What the operator says in the settings, and in the lock of what is installed.
pub(super) fn settings(native_code: PathBuf, config: &Config, folder: &Path) -> Settings {
    let mut settings = Settings::new(native_code);
    for (id, plugin) in &config.plugins {
        if !plugin.enabled {
            settings.disabled.insert(id.clone());
        }
        settings.operator.insert(id.clone(), plugin.operator.clone());
        settings.configs.insert(id.clone(), serde_json::Value::Object(plugin.config.clone()));
    }
    let folder = PluginFolder::new(folder.to_owned());
    settings.quarantined = folder.quarantined();
    // Of a lock that cannot be read, nothing is loaded.
    let installed = folder.read().unwrap_or_default();
    settings.heard = installed.shadows.into_iter().map(|shadow| shadow.id).collect();
    for entry in installed.plugins {
        settings.operator.entry(entry.id).or_default().grant = Some(entry.current.grant());
    }
    settings
}

/// Stands for all that [`load`] would load.
pub(super) fn mark(project: &Project, config: &Config, bundled: &[Source]) -> String {
    let folder = project.plugins_dir();
    let settings = settings(PathBuf::new(), config, &folder);
    let (sources, problems) = sources(bundled.to_vec(), &folder, &|_| true);
    let mut hasher = blake3::Hasher::new();
    let digests: Vec<_> = sources.iter().map(|source| (&source.origin, &source.digest)).collect();
    let said = (&settings.configs, &settings.disabled, &settings.operator, &settings.quarantined);
    let shadows = PluginFolder::new(folder).read().unwrap_or_default().shadows;
    hasher.update(format!("{digests:?} {problems:?} {said:?} {shadows:?}").as_bytes());
    hasher.finalize().to_hex().to_string()
}

pub(super) fn sources(
    bundled: Vec<Source>,
    folder: &Path,
    wants: &dyn Fn(&[Kind]) -> bool,
) -> (Vec<Source>, Vec<PluginProblem>) {
    let (mut sources, mut problems) = (bundled, Vec::new());
    sources.extend(hand_placed(folder, &mut problems));
    let installed = PluginFolder::new(folder.to_owned());
    match installed.read() {
        Ok(lock) => sources.extend(installed.sources(&lock, wants)),
        Err(error) => {
            tracing::warn!(%error, "what is installed cannot be loaded");
            // What cannot be told may be a guard: a hook finds a component of which nothing is known.
            sources.push(Source::file(installed.lock_path(), Vec::new()));
            let (plugin, code) = ("instar.lock".to_owned(), "unreadable".to_owned());
            problems.push(PluginProblem { plugin, code, message: error.to_string() });
        }
    }
    (sources, problems)
}

/// What people put beside the bundled ones.
pub(super) fn hand_placed(folder: &Path, problems: &mut Vec<PluginProblem>) -> Vec<Source> {
    let mut sources = Vec::new();
    let files = files(folder).unwrap_or_else(|error| {
        problems.push(unreadable(folder, &error));
        Vec::new()
    });
    for path in files {
        match read(&path) {
            Ok(bytes) => sources.push(Source::file(path, bytes)),
            Err(error) => problems.push(unreadable(&path, &error)),
        }
    }
    sources
}

/// Every `*.wasm`, by name; none when the folder is not there.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// No more than what is refused as too large anyway.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(Limits::default().component_bytes as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> PluginProblem {
    tracing::warn!(%error, "{} could not be read", path.display());
    let plugin = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    PluginProblem { plugin, code: "unreadable".to_owned(), message: format!("could not be read: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wasm_file_of_the_folder_is_a_source_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.wasm", "a.wasm", "notes.txt"] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(dir.path().join("c.wasm")).unwrap();
        let (sources, problems) = sources(Vec::new(), dir.path(), &|_| true);
        let own: Vec<_> =
            sources.iter().filter(|source| matches!(source.origin, instar_plugin::Origin::File(_))).collect();
        assert_eq!(own.len(), 2, "{own:?}");
        assert!(own[0].origin.to_string().ends_with("a.wasm"));
        assert_eq!((problems.len(), problems[0].plugin.as_str()), (1, "c.wasm"));
    }

    #[test]
    fn no_folder_is_no_problem() {
        let dir = tempfile::tempdir().unwrap();
        assert!(sources(Vec::new(), &dir.path().join("plugins"), &|_| true).1.is_empty());
    }
}
