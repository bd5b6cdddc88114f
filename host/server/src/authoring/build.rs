//! From the sources of a plugin to the one file that is installed: compile, put the manifest inside, look at it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use instar_core::id::PluginId;
use instar_plugin::{Inspection, PluginError};

use super::compile::compile;
use crate::disk::{self, Mode};

/// A component that could be installed.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) id: PluginId,
    pub(crate) path: PathBuf,
    pub(crate) seen: Inspection,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error("{} holds no plugin: it has no {file}", folder.display())]
    NoProject { folder: PathBuf, file: &'static str },
    #[error("failed to read or write {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} has no `[package]` with a `name`", .0.display())]
    NoName(PathBuf),
    #[error("{} has no `id` of a plugin", .0.display())]
    NoId(PathBuf),
    #[error("{} holds no sources that can be built: a plugin has a Cargo.toml, package.json, requirements.txt or src/plugin.c", .0.display())]
    NoSources(PathBuf),
    #[error("there is nothing here that builds {language} for plugins: {help}")]
    NoToolchain { language: &'static str, help: String },
    #[error("failed to run {program}")]
    NotRun { program: String, source: io::Error },
    #[error("{0} failed; what it said stands above")]
    Failed(String),
    #[error("{program} made no {}; {help}", path.display())]
    Nothing { program: &'static str, path: PathBuf, help: &'static str },
    #[error("the contract of the plugin in {} cannot be read: {why}", folder.display())]
    Contract { folder: PathBuf, why: String },
    #[error("what was compiled cannot be made a component: {0}")]
    NoComponent(String),
    #[error("what was built would not be loaded: {0}")]
    Unfit(#[source] PluginError),
}

/// Builds the project in this folder into `dist/<id>.wasm`. What the compiler says goes to standard error.
pub(crate) fn build(folder: &Path) -> Result<Built, BuildError> {
    let manifest_path = folder.join("plugin.toml");
    let manifest = read(folder, "plugin.toml")?;
    let id = id_of(&manifest).ok_or(BuildError::NoId(manifest_path))?;
    let component = compile(folder)?;
    instar_plugin::check_contract(id.as_str(), &manifest, &component).map_err(BuildError::Unfit)?;
    let component = instar_plugin::with_manifest(&component, &manifest);
    let mut seen = instar_plugin::inspect(id.as_str(), &component);
    if let Some(problem) = seen.problem.take() {
        return Err(BuildError::Unfit(problem));
    }
    let path = folder.join("dist").join(format!("{id}.wasm"));
    let failed = |source| BuildError::Io { path: path.clone(), source };
    disk::create_folder(&folder.join("dist"), Mode::Usual).map_err(failed)?;
    disk::write(&path, &component, Mode::Usual).map_err(failed)?;
    Ok(Built { id, path, seen })
}

fn id_of(manifest: &[u8]) -> Option<PluginId> {
    let table: toml::Table = toml::from_str(std::str::from_utf8(manifest).ok()?).ok()?;
    table.get("id")?.as_str()?.parse().ok()
}

pub(super) fn read(folder: &Path, file: &'static str) -> Result<Vec<u8>, BuildError> {
    let path = folder.join(file);
    fs::read(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => BuildError::NoProject { folder: folder.to_owned(), file },
        _ => BuildError::Io { path, source },
    })
}
