//! C: bindings are made of the contract here, clang compiles them with the plugin, and the module becomes a component
//! here, too, so that an author needs nothing but a compiler and its C library.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;
use wit_component::ComponentEncoder;

use super::super::build::BuildError;
use super::{WORLD, made_in, run};

const DEBIAN: &str = "apt-get install clang lld wasi-libc libclang-rt-dev-wasm32";

pub(super) fn compile(folder: &Path) -> Result<Vec<u8>, BuildError> {
    let made = made_in(folder)?;
    write_bindings(folder, &made)?;
    let module = made.join("plugin.module.wasm");
    let mut clang = Command::new("clang");
    clang.args(["--target=wasm32-wasi", "--sysroot=/usr", "-Os", "-std=c11", "-Wall", "-nostartfiles"]);
    // The plugin is called, and does not run by itself; a small stack keeps a fresh instance cheap.
    clang.args(["-Wl,--no-entry,--strip-all,--stack-first,-zstack-size=65536", "-Itarget", "-Isdk", "-o"]).arg(&module);
    clang.args(sources(folder, "src")?).args(sources(folder, "sdk")?);
    clang.args(["target/component.c", "target/component_component_type.o"]);
    match run(clang.current_dir(folder)) {
        Err(BuildError::NotRun { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Err(BuildError::NoToolchain { language: "C", help: format!("on Debian `{DEBIAN}`") });
        }
        ended => ended?,
    }
    let help = "it should have";
    let bytes = fs::read(&module).map_err(|_| BuildError::Nothing { program: "clang", path: module, help })?;
    let mut encoder = ComponentEncoder::default();
    let made = encoder.validate(true).module(&bytes).and_then(ComponentEncoder::encode);
    made.map_err(|error| BuildError::NoComponent(format!("{error:#}")))
}

/// `component.h`, `component.c` and the object file that carries the types of the world.
fn write_bindings(folder: &Path, made: &Path) -> Result<(), BuildError> {
    let wit = folder.join("wit");
    let failed = |why: &dyn std::fmt::Display| BuildError::Contract { folder: wit.clone(), why: format!("{why:#}") };
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(&wit).map_err(|error| failed(&error))?;
    let world = resolve.select_world(&[package], Some(WORLD)).map_err(|error| failed(&error))?;
    let mut files = Files::default();
    let mut generator = wit_bindgen_c::Opts::default().build();
    generator.generate(&mut resolve, world, &mut files).map_err(|error| failed(&error))?;
    for (name, bytes) in files.iter() {
        let path = made.join(name);
        // An unchanged header does not look changed to an editor.
        if fs::read(&path).is_ok_and(|before| before == bytes) {
            continue;
        }
        fs::write(&path, bytes).map_err(|source| BuildError::Io { path, source })?;
    }
    Ok(())
}

/// All that is C in a folder of the project.
fn sources(folder: &Path, within: &str) -> Result<Vec<PathBuf>, BuildError> {
    let path = folder.join(within);
    let entries = fs::read_dir(&path).map_err(|source| BuildError::Io { path, source })?;
    let mut sources: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
    sources.sort();
    Ok(sources)
}
