//! JavaScript, by componentize-js, which npm fetches with the first build.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::build::BuildError;
use super::run;

pub(super) fn compile(folder: &Path) -> Result<Vec<u8>, BuildError> {
    if !folder.join("node_modules/@bytecodealliance/componentize-js").is_dir() {
        run(Command::new("npm").args(["install", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder))?;
    }
    run(Command::new("node").arg("sdk/build.mjs").current_dir(folder))?;
    let path = folder.join("target/plugin.wasm");
    fs::read(&path).map_err(|_| BuildError::Nothing { program: "node", path, help: "sdk/build.mjs writes it" })
}
