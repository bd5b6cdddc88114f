//! What is loaded, what is not, and what is said about it.

use std::collections::BTreeMap;

use instar_core::verdict::Verdict;
use instar_plugin::{Allocation, Cause, Kind, PluginError, Plugins, PoolChoice, Settings, Source};
use serde_json::json;

use crate::support::{call, load, load_with, settings, source, try_load};

/// The only problem that there is, with nothing loaded.
#[track_caller]
fn problem(source: Source) -> PluginError {
    let (plugins, mut problems) =
        Plugins::load(vec![source], settings(), &mut |_| {}).expect("an engine can be set up");
    assert_eq!(plugins.list(), []);
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

fn file(name: &str, bytes: impl Into<Vec<u8>>) -> Source {
    Source::file(name.into(), bytes.into())
}

/// A component with this manifest instead of its own, which is its last section.
fn with_manifest(name: &str, manifest: &str) -> Source {
    const NAME: &[u8] = b"\x0finstar:manifest";
    let mut source = source(name);
    let bytes = source.bytes.to_mut();
    let own = bytes.windows(NAME.len()).rposition(|window| window == NAME).expect("it has a manifest");
    // Before its name stand the section's id, which is 0, and its size in one or two bytes.
    bytes.truncate(if bytes[own - 2] == 0 { own - 2 } else { own - 3 });
    bytes.extend(section(&[NAME, manifest.as_bytes()].concat()));
    source
}

fn section(content: &[u8]) -> Vec<u8> {
    let size = u16::try_from(content.len()).expect("a small section");
    assert!(size < 1 << 14, "two bytes hold 14 bits");
    [&[0, (size & 0x7f) as u8 | 0x80, (size >> 7) as u8], content].concat()
}

#[test]
fn a_plugin_is_what_it_exports() {
    let plugins = load(&["tiny-two-kinds", "tiny-run-guard", "tiny-notifier", "execute-prompt", "tiny-command-guard"]);
    let kinds: Vec<_> = plugins.list().into_iter().map(|info| (info.id.to_string(), info.kinds)).collect();
    let expected = [
        ("tiny-two-kinds", vec![Kind::Notifier, Kind::RunGuard]),
        ("tiny-run-guard", vec![Kind::RunGuard]),
        ("tiny-notifier", vec![Kind::Notifier]),
        ("execute-prompt", vec![Kind::Execute]),
        ("tiny-command-guard", vec![Kind::CommandGuard]),
    ];
    assert_eq!(kinds, expected.map(|(id, kinds)| (id.to_owned(), kinds)));
    assert_eq!(plugins.execute_types(), ["prompt"]);
    assert!(plugins.has_run_guards());
}

#[test]
fn a_plugin_of_one_kind_imports_nothing_of_the_others() {
    let plugins = load(&["tiny-run-guard", "execute-prompt"]);
    for info in plugins.list() {
        let mut ours: Vec<_> = info.imports.iter().filter_map(|name| name.strip_prefix("instar:plugin/")).collect();
        ours.sort_unstable();
        let expected: &[&str] = match info.id.as_str() {
            // The rules that a plugin may list are told in the types of guards, which are no right.
            "execute-prompt" => &["guard-types@0.1.0", "types@0.1.0"],
            _ => &["config@0.1.0", "guard-types@0.1.0", "types@0.1.0"],
        };
        assert_eq!(ours, expected, "{}", info.id);
    }
}

#[test]
fn what_can_be_told_about_a_plugin_is_told() {
    let [info] = load(&["execute-script"]).list().try_into().unwrap();
    assert_eq!((info.version.as_str(), info.execute_type.as_deref()), ("0.1.0", Some("script")));
    assert_eq!(info.digest, blake3::hash(&source("execute-script").bytes).to_hex().as_str());
    assert!(info.description.contains("script"));
}

#[test]
fn what_is_no_plugin_is_reported_under_its_file_name() {
    let garbage = problem(file("/plugins/notes.wasm", b"hello".as_slice()));
    assert_eq!((garbage.plugin.as_str(), garbage.code()), ("notes.wasm", "not-a-component"));
    let module = problem(file("module.wasm", b"\0asm\x01\0\0\0".as_slice()));
    assert_eq!(module.code(), "not-a-component");
    let bare = problem(file("bare.wasm", b"\0asm\x0d\0\x01\0".as_slice()));
    assert_eq!(bare.code(), "no-manifest");
}

#[test]
fn a_component_of_no_kind_is_refused() {
    let manifest = "manifest = 1\nid = \"empty\"\nversion = \"1.0.0\"\n";
    let manifest = section(&[b"\x0finstar:manifest", manifest.as_bytes()].concat());
    let bytes = [b"\0asm\x0d\0\x01\0".as_slice(), &manifest].concat();
    let problem = problem(file("empty.wasm", bytes));
    assert_eq!((problem.plugin.as_str(), problem.code()), ("empty", "unknown-kind"));
}

#[test]
fn imports_beyond_the_baseline_are_refused_by_name() {
    for (name, interface) in [("bad-imports-files", "wasi:filesystem/"), ("bad-imports-clock", "wasi:clocks/")] {
        let problem = problem(source(name));
        assert_eq!(problem.code(), "import-denied");
        let Cause::ImportDenied(imports) = &problem.cause else { panic!("{problem}") };
        assert!(imports.iter().any(|import| import.starts_with(interface)), "{problem}");
        assert!(imports.iter().all(|import| !import.starts_with("wasi:io/")), "{problem}");
    }
}

#[test]
fn a_manifest_that_does_not_fit_the_exports_is_refused() {
    let manifest = |extra: &str| format!("manifest = 1\nid = \"p\"\nversion = \"1.0.0\"\n{extra}\n");
    let code = |name: &str, extra: &str| problem(with_manifest(name, &manifest(extra))).code();
    assert_eq!(code("execute-prompt", ""), "bad-manifest");
    assert_eq!(code("tiny-run-guard", "execute-type = \"x\""), "bad-manifest");
    assert_eq!(code("tiny-notifier", "colour = \"red\""), "bad-manifest");
}

#[test]
fn the_first_of_two_plugins_stays() {
    let (plugins, problems) = try_load(&["tiny-notifier", "tiny-notifier", "tiny-run-guard"], settings());
    assert_eq!(plugins.list().len(), 2);
    assert_eq!(problems[0].code(), "duplicate-plugin");

    let other = "manifest = 1\nid = \"other\"\nversion = \"1.0.0\"\nexecute-type = \"prompt\"\n";
    let sources = vec![source("execute-prompt"), with_manifest("execute-script", other)];
    let (plugins, problems) = Plugins::load(sources, settings(), &mut |_| {}).unwrap();
    assert_eq!(plugins.execute_types(), ["prompt"]);
    assert_eq!((problems[0].plugin.as_str(), problems[0].code()), ("other", "duplicate-execute-type"));
}

#[test]
fn a_disabled_plugin_is_listed_and_never_called() {
    let mut settings = settings();
    settings.disabled.insert("tiny-run-guard".parse().unwrap());
    let plugins = load_with(&["tiny-run-guard"], settings);
    assert!(!plugins.list()[0].enabled);
    assert!(!plugins.has_run_guards());
    assert_eq!(plugins.allocation(), [None, None]);
}

#[test]
fn a_configuration_is_checked_by_the_plugin_itself() {
    let with = |config: serde_json::Value| Settings {
        configs: BTreeMap::from([("execute-prompt".parse().unwrap(), config)]),
        ..settings()
    };
    load_with(&["execute-prompt"], with(json!({ "command": "/opt/claude" })));
    let code_and_text = |config| {
        let (_, problems) = try_load(&["execute-prompt"], with(config));
        (problems[0].code(), problems[0].to_string())
    };
    let (code, text) = code_and_text(json!({ "comand": "claude" }));
    assert_eq!(code, "bad-config");
    assert!(text.contains("comand"), "{text}");
    let (_, text) = code_and_text(json!({ "command": "" }));
    assert!(text.contains("command: must name"), "{text}");
    assert_eq!(code_and_text(json!([])).0, "bad-config");
}

#[test]
fn a_plugin_is_compiled_once() {
    let cache = tempfile::tempdir().unwrap();
    let mut compiled = Vec::new();
    for _ in 0..2 {
        let sources = vec![source("tiny-run-guard"), source("tiny-two-kinds")];
        let settings = Settings::new(cache.path().join("native"));
        let (plugins, problems) = Plugins::load(sources, settings, &mut |name| compiled.push(name.to_owned())).unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(plugins.judge_run(&call(), "{}", "[]"), Verdict::pass());
    }
    assert_eq!(compiled, ["tiny-run-guard", "tiny-two-kinds"]);
}

#[test]
fn a_component_that_is_too_large_is_not_compiled() {
    let mut settings = settings();
    settings.limits.component_bytes = 1000;
    assert_eq!(try_load(&["tiny-notifier"], settings).1[0].code(), "component-too-large");
}

#[test]
fn a_pool_that_does_not_fit_is_no_reason_to_fail() {
    let settings = Settings { pool: PoolChoice::Pooled { instances: 4_000_000 }, ..settings() };
    let plugins = load_with(&["tiny-run-guard"], settings);
    assert!(matches!(plugins.allocation(), [Some(Allocation::FellBack(_)), None]));
    assert_eq!(plugins.judge_run(&call(), "{}", "[]"), Verdict::pass());
}

#[test]
fn instances_can_be_allocated_on_demand() {
    let settings = Settings { pool: PoolChoice::OnDemand, ..settings() };
    let plugins = load_with(&["tiny-run-guard"], settings);
    assert_eq!(plugins.allocation(), [Some(Allocation::OnDemand), None]);
    assert_eq!(plugins.judge_run(&call(), "{}", "[]"), Verdict::pass());
}
