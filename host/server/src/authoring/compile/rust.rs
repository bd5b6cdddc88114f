//! Rust: the author's own compiler if it has the target, else Debian's.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::build::{BuildError, read};
use super::run;

const TARGET: &str = "wasm32-wasip2";
const DEBIAN: &str = "rustc-web cargo-web rust-web-src wasi-libc lld-22";
/// A small guest stack keeps a fresh instance cheap.
const SMALL_STACK: &str = "-C link-arg=-zstack-size=65536";

pub(super) fn compile(folder: &Path) -> Result<Vec<u8>, BuildError> {
    let text = read(folder, "Cargo.toml")?;
    let table = std::str::from_utf8(&text).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let name = table.as_ref().and_then(|table| table.get("package")?.get("name")?.as_str());
    let name = name.ok_or_else(|| BuildError::NoName(folder.join("Cargo.toml")))?.replace('-', "_");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| folder.join("target"), |set| folder.join(set));
    let (mut cargo, more) = toolchain()?;
    cargo.args(["build", "--lib", "--profile", "plugin", "--target", TARGET, "--target-dir"]).arg(&target).args(more);
    run(cargo.current_dir(folder))?;
    let path = target.join(TARGET).join("plugin").join(format!("{name}.wasm"));
    let help = "a plugin's Cargo.toml says `crate-type = [\"cdylib\"]`";
    fs::read(&path).map_err(|_| BuildError::Nothing { program: "cargo", path, help })
}

/// The compiler, and what it is to be told besides. Debian's builds the standard library along.
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
        let help = format!("`rustup target add {TARGET}` adds it, or on Debian `apt-get install {DEBIAN}`");
        return Err(BuildError::NoToolchain { language: "Rust", help });
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
