//! Embeds the components that `cargo xtask` built: the bundled plugins travel in the binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::{env, fmt::Write as _};

fn main() {
    let manifest_dir = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = manifest_dir.ancestors().nth(2).expect("host/server lies two folders below the root").to_owned();
    let plugins = root.join("target/plugins");
    println!("cargo:rerun-if-changed={}", plugins.display());
    let native = root.join("target/native");
    println!("cargo:rerun-if-changed={}", native.display());
    let components = files_in(&plugins, "wasm");
    let native = files_in(&native, "cwasm");
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    assert!(
        !(components.is_empty() && is_release),
        "there are no components in {}: run `cargo xtask components` first",
        plugins.display()
    );
    link_for_a_fast_start();
    if components.is_empty() {
        println!("cargo:warning=no bundled plugins: run `cargo xtask components` first");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("bundled.rs");
    fs::write(&out, table(&components, &native)).expect("OUT_DIR can be written");
    fs::write(out.with_file_name("sdk.rs"), sdk(&root)).expect("OUT_DIR can be written");
}

/// What authors of plugins get with each project: the SDK, the contract, and the versions of their workspace.
fn sdk(root: &Path) -> String {
    let mut files = vec![root.join("plugin-sdk/Cargo.toml")];
    let sources = root.join("plugin-sdk/src");
    files.extend(files_in(&sources, "rs"));
    files.extend(folders_in(&sources).iter().flat_map(|folder| files_in(folder, "rs")));
    files.extend(files_in(&root.join("wit"), "wit"));
    let mut table = format!("const WORKSPACE: &str = include_str!({:?});\n", root.join("Cargo.toml"));
    table.push_str("const SDK: &[(&str, &str)] = &[\n");
    for file in files {
        println!("cargo:rerun-if-changed={}", file.display());
        let name = file.strip_prefix(root).expect("it lies below the root").display().to_string();
        writeln!(table, "    ({name:?}, include_str!({file:?})),").expect("a String takes all");
    }
    table.push_str("];\n");
    table
}

/// A hook and the wrapper of a session are processes of a few milliseconds, of which the system's linker took a good
/// part to fit a program that may lie anywhere: fifty thousand addresses to write, and the pages with them to copy.
/// One that lies where it was linked needs none of that. Its libraries, heap, stacks and the code of plugins still
/// lie anywhere.
fn link_for_a_fast_start() {
    let of_target = |name: &str| env::var(name).unwrap_or_default();
    if (of_target("CARGO_CFG_TARGET_OS"), of_target("CARGO_CFG_TARGET_ENV")) == ("linux".into(), "gnu".into()) {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}

fn files_in(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    paths
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    paths.sort();
    paths
}

/// Each component, and what of the native code belongs to it: `DIGEST-ENGINE.cwasm`, as the cache of a host names it.
fn table(components: &[PathBuf], native: &[PathBuf]) -> String {
    let mut table = String::from("vec![\n");
    for path in components {
        let name = stem(path);
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let digest = blake3::hash(&bytes).to_hex();
        write!(table, "    Source::bundled({name:?}, include_bytes!({path:?}), {:?}, &[", digest.as_str())
            .expect("a String takes all");
        for code in native {
            if let Some((_, engine)) = stem(code).split_once('-').filter(|(of, _)| *of == digest.as_str()) {
                write!(table, "instar_plugin::Native {{ engine: {engine:?}, code: include_bytes!({code:?}) }}, ")
                    .expect("a String takes all");
            }
        }
        table.push_str("]),\n");
    }
    table.push_str("]\n");
    table
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).expect("the build names its files in ASCII")
}
