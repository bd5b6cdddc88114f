//! Building the plugins: compile for wasm, put the manifest into the component, lay it where the host finds it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::setup::{TARGET, Toolchain};
use crate::shell;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// What ships: `plugins/*`.
    Plugins,
    /// And what tests load: `tests/components/*`.
    All,
}

/// One crate that becomes a component.
struct Crate {
    name: String,
    manifest: PathBuf,
    /// The folder that receives the component.
    destination: PathBuf,
}

const MANIFEST_SECTION: &str = "instar:manifest";

pub(crate) fn build(toolchain: &Toolchain, set: Set) -> Result<()> {
    let mut crates = crates_in("plugins", "plugins")?;
    if set == Set::All {
        crates.extend(crates_in("tests/components", "components")?);
    }
    let mut cargo = cargo_for(*toolchain);
    cargo.args(["build", "--quiet", "--profile", "plugin", "--target", TARGET]);
    for each in &crates {
        cargo.args(["--package", &each.name]);
    }
    shell::step(&format!("build {} components ({toolchain:?})", crates.len()), &mut cargo)?;
    for each in &crates {
        lay_out(each).with_context(|| format!("component `{}`", each.name))?;
    }
    remove_strays(&crates)
}

/// The names of the plugins that ship.
pub(crate) fn plugin_names() -> Result<Vec<String>> {
    Ok(crates_in("plugins", "plugins")?.into_iter().map(|each| each.name).collect())
}

fn crates_in(folder: &str, destination: &str) -> Result<Vec<Crate>> {
    let folder = shell::root().join(folder);
    let mut crates = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))? {
        let entry = entry?;
        let manifest = entry.path().join("plugin.toml");
        if manifest.is_file() {
            let name = entry.file_name().to_string_lossy().into_owned();
            crates.push(Crate { name, manifest, destination: shell::target_dir().join(destination) });
        }
    }
    crates.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(crates)
}

fn cargo_for(toolchain: Toolchain) -> Command {
    match toolchain {
        Toolchain::Rustup => shell::cargo(),
        Toolchain::Debian => {
            let mut cargo = shell::program("/usr/bin/cargo");
            let path = std::env::var("PATH").unwrap_or_default();
            cargo
                .env("RUSTC_BOOTSTRAP", "1")
                .env("PATH", format!("/usr/lib/llvm-22/bin:/usr/bin:{path}"))
                .env("RUSTFLAGS", "-L native=/usr/lib/wasm32-wasi -C link-arg=-zstack-size=65536")
                .arg("-Zbuild-std=std,panic_abort");
            cargo
        }
    }
}

fn lay_out(each: &Crate) -> Result<()> {
    let file_name = format!("{}.wasm", each.name.replace('-', "_"));
    let built = shell::target_dir().join(TARGET).join("plugin").join(file_name);
    let mut component = fs::read(&built).with_context(|| format!("failed to read {}", built.display()))?;
    let manifest = fs::read(&each.manifest).with_context(|| format!("failed to read {}", each.manifest.display()))?;
    append_section(&mut component, MANIFEST_SECTION, &manifest);
    fs::create_dir_all(&each.destination)?;
    let destination = each.destination.join(format!("{}.wasm", each.name));
    // An unchanged file keeps its time, so that the host is not built anew for nothing.
    if fs::read(&destination).is_ok_and(|before| before == component) {
        return Ok(());
    }
    fs::write(&destination, component).with_context(|| format!("failed to write {}", destination.display()))
}

/// Components of crates that no longer exist would still be embedded.
fn remove_strays(crates: &[Crate]) -> Result<()> {
    let folders: std::collections::BTreeSet<&Path> = crates.iter().map(|each| each.destination.as_path()).collect();
    for folder in folders {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let known =
                crates.iter().any(|each| each.destination == folder && path.file_stem() == Some(each.name.as_ref()));
            if !known {
                fs::remove_file(&path).with_context(|| format!("failed to remove {}", path.display()))?;
            }
        }
    }
    if crates.is_empty() {
        bail!("there is no crate with a plugin.toml");
    }
    Ok(())
}

/// A custom section at the end of a wasm binary: id 0, size, name, content.
fn append_section(binary: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut section = Vec::new();
    push_leb128(&mut section, name.len());
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(content);
    binary.push(0);
    push_leb128(binary, section.len());
    binary.extend_from_slice(&section);
}

fn push_leb128(bytes: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7f).expect("seven bits fit a byte");
        value >>= 7;
        if value == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_sizes_are_written_in_leb128() {
        let mut binary = Vec::new();
        append_section(&mut binary, "n", &[7; 200]);
        assert_eq!(&binary[..5], &[0, 0xca, 0x01, 1, b'n']);
        assert_eq!(binary.len(), 3 + 2 + 200);
    }
}
