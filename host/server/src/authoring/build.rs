//! From the sources of a plugin to the one file that is installed: compile, put the manifest inside, look at it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use instar_core::id::PluginId;
use instar_plugin::{Inspection, PluginError};

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
    #[error(
        "there is no Rust here that builds for {TARGET}: `rustup target add {TARGET}` adds it, or on Debian `apt-get install {DEBIAN}`"
    )]
    NoToolchain,
    #[error("failed to run {program}")]
    NotRun { program: String, source: io::Error },
    #[error("{0} failed; what it said stands above")]
    Failed(String),
    #[error("{program} made no {}; a plugin's Cargo.toml says `crate-type = [\"cdylib\"]`", path.display())]
    Nothing { program: String, path: PathBuf },
    #[error("what was built would not be loaded: {0}")]
    Unfit(#[source] PluginError),
}

const TARGET: &str = "wasm32-wasip2";
const DEBIAN: &str = "rustc-web cargo-web rust-web-src wasi-libc lld-22";
/// A small guest stack keeps a fresh instance cheap.
const SMALL_STACK: &str = "-C link-arg=-zstack-size=65536";

/// Builds the project in this folder into `dist/<id>.wasm`. What the compiler says goes to standard error.
pub(crate) fn build(folder: &Path) -> Result<Built, BuildError> {
    let manifest_path = folder.join("plugin.toml");
    let manifest = read(folder, "plugin.toml")?;
    let id = id_of(&manifest).ok_or(BuildError::NoId(manifest_path))?;
    let component = compile(folder)?;
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

fn read(folder: &Path, file: &'static str) -> Result<Vec<u8>, BuildError> {
    let path = folder.join(file);
    fs::read(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => BuildError::NoProject { folder: folder.to_owned(), file },
        _ => BuildError::Io { path, source },
    })
}

fn compile(folder: &Path) -> Result<Vec<u8>, BuildError> {
    let is_rust = folder.join("Cargo.toml").exists();
    if !is_rust && folder.join("package.json").exists() { compile_js(folder) } else { compile_rust(folder) }
}

/// By componentize-js, which npm fetches with the first build.
fn compile_js(folder: &Path) -> Result<Vec<u8>, BuildError> {
    if !folder.join("node_modules/@bytecodealliance/componentize-js").is_dir() {
        run(Command::new("npm").args(["install", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder))?;
    }
    run(Command::new("node").arg("sdk/build.mjs").current_dir(folder))?;
    let path = folder.join("target/plugin.wasm");
    fs::read(&path).map_err(|_| BuildError::Nothing { program: "node".to_owned(), path })
}

fn compile_rust(folder: &Path) -> Result<Vec<u8>, BuildError> {
    let text = read(folder, "Cargo.toml")?;
    let table = std::str::from_utf8(&text).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let name = table.as_ref().and_then(|table| table.get("package")?.get("name")?.as_str());
    let name = name.ok_or_else(|| BuildError::NoName(folder.join("Cargo.toml")))?.replace('-', "_");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| folder.join("target"), |set| folder.join(set));
    let (mut cargo, more) = toolchain()?;
    cargo.args(["build", "--lib", "--profile", "plugin", "--target", TARGET, "--target-dir"]).arg(&target).args(more);
    run(cargo.current_dir(folder))?;
    let path = target.join(TARGET).join("plugin").join(format!("{name}.wasm"));
    fs::read(&path).map_err(|_| BuildError::Nothing { program: "cargo".to_owned(), path })
}

fn run(command: &mut Command) -> Result<(), BuildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    // Standard output is for what the command line says.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    match status.map_err(|source| BuildError::NotRun { program: program.clone(), source })? {
        status if status.success() => Ok(()),
        _ => Err(BuildError::Failed(program)),
    }
}

/// The author's own compiler if it has the target, else Debian's, which builds the standard library along; and what
/// it is to be told besides.
fn toolchain() -> Result<(Command, Option<&'static str>), BuildError> {
    let variable = |name: &str, usual: &str| std::env::var_os(name).unwrap_or_else(|| usual.into());
    if has_target(variable("RUSTC", "rustc")) {
        let mut cargo = Command::new(variable("CARGO", "cargo"));
        cargo.env("RUSTFLAGS", flags(SMALL_STACK));
        return Ok((cargo, None));
    }
    let is_debian =
        ["/usr/lib/wasm32-wasi", "/usr/lib/llvm-22/bin", "/usr/bin/cargo"].iter().all(|path| Path::new(path).exists());
    if !is_debian {
        return Err(BuildError::NoToolchain);
    }
    let mut path = OsString::from("/usr/lib/llvm-22/bin:/usr/bin:");
    path.push(variable("PATH", "/bin"));
    let mut cargo = Command::new("/usr/bin/cargo");
    cargo.env("RUSTC_BOOTSTRAP", "1").env("PATH", path);
    cargo.env("RUSTFLAGS", flags(&format!("-L native=/usr/lib/wasm32-wasi {SMALL_STACK}")));
    Ok((cargo, Some("-Zbuild-std=std,panic_abort")))
}

/// What the author set stays.
fn flags(ours: &str) -> OsString {
    let mut flags = std::env::var_os("RUSTFLAGS").unwrap_or_default();
    flags.push(" ");
    flags.push(ours);
    flags
}

fn has_target(rustc: OsString) -> bool {
    let asked = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    asked.is_ok_and(|asked| Path::new(String::from_utf8_lossy(&asked.stdout).trim()).is_dir())
}
