//! Where the components are, and how most tests load them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use instar_core::plan::{Beginning, Launch, StepRequest};
use instar_plugin::{Asker, CallContext, Grant, OperatorSays, PluginError, Plugins, Settings, Source};
use jiff::Timestamp;

/// A component by the name of its crate.
#[track_caller]
pub(crate) fn source(name: &str) -> Source {
    let path = folder_of(name).join(format!("{name}.wasm"));
    match fs::read(&path) {
        Ok(bytes) => Source::file(path, bytes),
        Err(error) => panic!("{}: {error}; run `cargo xtask components`", path.display()),
    }
}

fn folder_of(name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    match std::env::var_os("INSTAR_COMPONENTS") {
        _ if name.starts_with("execute-") || name.starts_with("guard-") => target.join("plugins"),
        Some(folder) => folder.into(),
        None => target.join("components"),
    }
}

/// Native code is shared by all tests, so that each component is compiled once. Time is generous, since
/// test machines are busy; a test about time lowers it.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("native"));
    settings.limits.guard.wall = Duration::from_secs(10);
    settings.limits.execute.wall = Duration::from_secs(10);
    settings.limits.work.wall = Duration::from_secs(20);
    settings.limits.validate.wall = Duration::from_secs(10);
    settings.limits.queue = Duration::from_secs(60);
    settings
}

/// With every right for the bytes of this component.
pub(crate) fn granted(name: &str) -> Settings {
    let mut settings = settings();
    grant(&mut settings, name, &source(name), &instar_plugin::RIGHTS);
    settings
}

/// Lets these bytes have these rights.
pub(crate) fn grant(settings: &mut Settings, name: &str, source: &Source, rights: &[&str]) {
    let allow = rights.iter().map(|right| (*right).to_owned()).collect();
    let grant = Grant { digest: format!("blake3:{}", source.digest), allow };
    let says = OperatorSays { grant: Some(grant), ..OperatorSays::default() };
    settings.operator.insert(name.parse().expect("crates are named like plugins"), says);
}

/// The same component with more at the end of its manifest.
#[track_caller]
pub(crate) fn asking(name: &str, more: &str) -> Source {
    let plain = source(name);
    let manifest = instar_plugin::manifest_of(&plain.bytes).expect("it carries one");
    let section = instar_plugin::with_manifest(&[], &manifest);
    let code = plain.bytes.strip_suffix(section.as_slice()).expect("the manifest stands at the end");
    let manifest = [manifest.as_slice(), b"\n", more.as_bytes()].concat();
    Source::file(format!("{name}.wasm").into(), instar_plugin::with_manifest(code, &manifest))
}

#[track_caller]
pub(crate) fn try_load(names: &[&str], settings: Settings) -> (Plugins, Vec<PluginError>) {
    let sources = names.iter().map(|name| source(name)).collect();
    Plugins::load(sources, settings, &mut |_| {}).expect("an engine can be set up")
}

#[track_caller]
pub(crate) fn load_with(names: &[&str], settings: Settings) -> Plugins {
    let (plugins, problems) = try_load(names, settings);
    assert!(problems.is_empty(), "{problems:?}");
    plugins
}

#[track_caller]
pub(crate) fn load(names: &[&str]) -> Plugins {
    load_with(names, settings())
}

pub(crate) fn call() -> CallContext {
    CallContext::new(Asker::Cron, Timestamp::UNIX_EPOCH)
}

/// The command that something begins with.
#[track_caller]
pub(crate) fn launch_of(beginning: Beginning) -> Launch {
    match beginning {
        Beginning::Launch(launch) => launch,
        Beginning::Work(what) => panic!("it launches nothing: {what}"),
    }
}

pub(crate) fn request(execute_json: &str) -> StepRequest {
    StepRequest { execute_json: execute_json.to_owned(), model: "opus".to_owned(), previous: None }
}
