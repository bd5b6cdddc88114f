//! The house: which crate may use which, and that ARCHITECTURE.md tells the truth about names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const CORE: &str = "instar-core";
/// Tests may use these.
const HARNESSES: [&str; 2] = ["instar-tests", "instar-plugin-test"];

/// The arrows that are allowed; dev-dependencies on the harnesses are allowed to all of host.
fn allowed() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        (CORE, &[] as &[_]),
        ("instar-api", &[]),
        ("instar-plugin-sdk", &[]),
        ("xtask", &[]),
        ("instar-store", &[CORE]),
        ("instar-session", &[CORE]),
        ("instar-plugin", &[CORE]),
        ("instar-shell", &[CORE]),
        ("instar-messaging", &[CORE]),
        ("instar-engine", &[CORE, "instar-store", "instar-session", "instar-plugin", "instar-messaging"]),
        (
            "instar",
            &[
                CORE,
                "instar-api",
                "instar-engine",
                "instar-store",
                "instar-session",
                "instar-plugin",
                "instar-plugin-test",
                "instar-shell",
            ],
        ),
        ("instar-plugin-test", &[CORE, "instar-plugin", "instar-shell"]),
        ("instar-tests", &["instar-api"]),
    ])
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata can be run");
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

#[test]
fn crates_use_only_what_the_house_allows() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let ours: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let allowed = allowed();
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let folder = package["manifest_path"].as_str().expect("a path");
        let is_guest = folder.contains("/plugins/") || folder.contains("/tests/components/");
        let may_use: &[&str] = match allowed.get(name) {
            Some(may_use) => may_use,
            None if is_guest => &["instar-plugin-sdk"],
            None => panic!("crate `{name}` has no room in the house"),
        };
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let used = dependency["name"].as_str().expect("a name");
            let is_harness = HARNESSES.contains(&used) && dependency["kind"] == "dev";
            if ours.contains(used) && !is_harness {
                assert!(may_use.contains(&used), "`{name}` must not use `{used}`");
            }
        }
    }
}

#[test]
fn paths_and_functions_that_the_architecture_names_exist() {
    let text = fs::read_to_string(root().join("host/ARCHITECTURE.md")).expect("host/ARCHITECTURE.md can be read");
    let mut checked = 0;
    for (file, function) in named_places(&text) {
        let source = fs::read_to_string(root().join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        checked += 1;
        if let Some(function) = function {
            let is_there = ["fn ", "struct ", "enum ", "trait ", "type ", "mod ", "macro_rules! "]
                .iter()
                .any(|keyword| source.contains(&format!("{keyword}{function}")));
            assert!(is_there, "{file} has no `{function}`");
        }
    }
    assert!(checked >= 12, "only {checked} places are named");
}

/// Places stand as `host/engine/src/act.rs` or `host/engine/src/act.rs::start`.
fn named_places(text: &str) -> Vec<(String, Option<String>)> {
    let quoted = text.split('`').skip(1).step_by(2);
    let places = quoted.filter_map(|place| {
        let (file, function) = match place.split_once("::") {
            Some((file, function)) => (file, Some(function.to_owned())),
            None => (place, None),
        };
        let is_path = file.contains('/')
            && !file.contains(' ')
            && !file.starts_with(['.', '/'])
            && Path::new(file).extension().is_some();
        is_path.then(|| (file.to_owned(), function))
    });
    places.collect()
}
