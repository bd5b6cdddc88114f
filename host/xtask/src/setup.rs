//! What a fresh machine lacks: the wasm target, tmux, Python. Each is looked for first, and what is done is said.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::shell;

pub(crate) const TARGET: &str = "wasm32-wasip2";
const RUSTUP_LIMIT: Duration = Duration::from_secs(120);

/// Which compiler builds the components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The one that builds the host; it has the wasm target.
    Rustup,
    /// Debian's packages, which build the standard library along with the components.
    Debian,
}

const DEBIAN_PACKAGES: [&str; 5] = ["rustc-web", "cargo-web", "rust-web-src", "wasi-libc", "lld-22"];

/// Finds or installs a compiler for components.
pub(crate) fn ensure_target() -> Result<Toolchain> {
    if has_target() {
        return Ok(Toolchain::Rustup);
    }
    println!("── the target {TARGET} is missing: rustup target add {TARGET}");
    let mut rustup = shell::program("rustup");
    rustup.args(["target", "add", TARGET]);
    let ended_well = matches!(shell::status_within(&mut rustup, RUSTUP_LIMIT), Ok(Some(status)) if status.success());
    if ended_well && has_target() {
        return Ok(Toolchain::Rustup);
    }
    println!("   rustup gave no target; trying Debian's packages: {}", DEBIAN_PACKAGES.join(" "));
    if debian_is_complete() {
        return Ok(Toolchain::Debian);
    }
    apt_install(&DEBIAN_PACKAGES)
        .with_context(|| format!("the target {TARGET} is needed; install it with `rustup target add {TARGET}`"))?;
    if !debian_is_complete() {
        bail!("Debian's packages are installed, but {} lacks the wasm sources", DEBIAN_PACKAGES.join(" "));
    }
    Ok(Toolchain::Debian)
}

pub(crate) fn ensure_tmux() -> Result<()> {
    if shell::on_path("tmux").is_some() {
        return Ok(());
    }
    println!("── tmux is missing");
    apt_install(&["tmux"]).context("tmux is needed: `apt-get install tmux`, or your system's way to install it")
}

/// A Python that can make environments; Debian keeps that in a package of its own.
pub(crate) fn ensure_python() -> Result<()> {
    if shell::succeeds(shell::program("python3").args(["-c", "import ensurepip, venv"])) {
        return Ok(());
    }
    println!("── python3 or its venv is missing");
    apt_install(&["python3-venv"]).context("python3 with venv is needed: `apt-get install python3-venv`")
}

fn has_target() -> bool {
    let mut rustc = shell::program(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let folder = shell::output(rustc.args(["--print", "target-libdir", "--target", TARGET]));
    folder.is_some_and(|folder| Path::new(folder.trim()).is_dir())
}

fn debian_is_complete() -> bool {
    Path::new("/usr/lib/wasm32-wasi").is_dir()
        && Path::new("/usr/lib/llvm-22/bin").is_dir()
        && Path::new("/usr/bin/cargo").is_file()
}

/// Installs by apt as root or with a sudo that asks no password; else names the command.
fn apt_install(packages: &[&str]) -> Result<()> {
    let by_hand = format!("apt-get install {}", packages.join(" "));
    let is_root = shell::output(shell::program("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    let has_sudo = !is_root && shell::succeeds(shell::program("sudo").args(["-n", "true"]));
    if shell::on_path("apt-get").is_none() || !(is_root || has_sudo) {
        bail!("run this as root, then try again: {by_hand}");
    }
    let apt = |arguments: &[&str]| {
        let mut command = if is_root { shell::program("apt-get") } else { sudo() };
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        command
    };
    shell::step("apt-get update", &mut apt(&["update", "-q"]))?;
    let mut install = vec!["install", "-q", "-y", "--no-install-recommends"];
    install.extend(packages);
    shell::step(&by_hand, &mut apt(&install))
}

fn sudo() -> Command {
    let mut command = shell::program("sudo");
    command.args(["-n", "--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
    command
}
