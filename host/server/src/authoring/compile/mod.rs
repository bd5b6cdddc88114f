//! From sources to a component without its manifest: one file for each language.

mod c;
mod js;
mod python;
mod rust;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::build::BuildError;

/// The world that a project in any other language than Rust writes down in `wit/plugin.wit`.
const WORLD: &str = "component";

/// By the language that the folder is written in.
pub(super) fn compile(folder: &Path) -> Result<Vec<u8>, BuildError> {
    let has = |file: &str| folder.join(file).exists();
    if has("Cargo.toml") {
        rust::compile(folder)
    } else if has("package.json") {
        js::compile(folder)
    } else if has("requirements.txt") {
        python::compile(folder)
    } else if has("src/plugin.c") {
        c::compile(folder)
    } else {
        Err(BuildError::NoSources(folder.to_owned()))
    }
}

/// Standard output is for what the command line says, so what the program says there goes nowhere.
fn run(command: &mut Command) -> Result<(), BuildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    match status.map_err(|source| BuildError::NotRun { program: program.clone(), source })? {
        status if status.success() => Ok(()),
        _ => Err(BuildError::Failed(program)),
    }
}

/// The folder for what is made on the way.
fn made_in(folder: &Path) -> Result<PathBuf, BuildError> {
    let path = folder.join("target");
    fs::create_dir_all(&path).map_err(|source| BuildError::Io { path: path.clone(), source })?;
    Ok(path)
}
