//! Python, by componentize-py, which pip fetches with the first build into an environment of the project.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::build::BuildError;
use super::{WORLD, made_in, run};

const ENVIRONMENT: &str = ".venv";

pub(super) fn compile(folder: &Path) -> Result<Vec<u8>, BuildError> {
    let environment = folder.join(ENVIRONMENT);
    let componentize = environment.join("bin/componentize-py");
    if !componentize.is_file() {
        run(Command::new("python3").args(["-m", "venv", ENVIRONMENT]).current_dir(folder))?;
        let mut pip = Command::new(environment.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"]);
        run(pip.current_dir(folder))?;
    }
    made_in(folder)?;
    // What is not there cannot be asked for: every system interface of the language is replaced by one that traps.
    let mut made = Command::new(&componentize);
    made.args(["--quiet", "--wit-path", "wit", "--world", WORLD, "componentize", "plugin"]);
    made.args(["--python-path", "src", "--stub-wasi", "--output", "target/plugin.wasm"]);
    // Other packages of the environment travel along where the plugin imports them.
    run(made.env("VIRTUAL_ENV", &environment).current_dir(folder))?;
    let path = folder.join("target/plugin.wasm");
    let help = "src/plugin.py is the plugin";
    fs::read(&path).map_err(|_| BuildError::Nothing { program: "componentize-py", path, help })
}
