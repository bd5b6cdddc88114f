//! What a manifest says of the plugin's configuration and of its contract, held to real components.

use std::collections::BTreeSet;
use std::path::Path;

use instar_plugin::{Grant, Installed, OperatorSays, PluginError, Plugins, RIGHTS, Settings, Source, Trial};
use serde_json::{Value, json};

use crate::support::{asking, call, settings, source};

fn problem(source: Source, settings: Settings) -> Option<PluginError> {
    let (_, problems) = Plugins::load(vec![source], settings, &mut |_| {}).expect("an engine can be set up");
    problems.into_iter().next()
}

fn with_config(name: &str, config: Value) -> Settings {
    let mut settings = settings();
    settings.configs.insert(name.parse().expect("an id"), config);
    settings
}

/// It has a field `denied` of its own, and refuses others.
const TWO: &str = "tiny-two-kinds";

#[test]
fn a_schema_refuses_before_the_plugin_is_asked() {
    let strict = "[config]\nrequired = [\"denied\"]\nproperties = { denied = { type = \"string\", minLength = 3 } }\n";
    let refused = |config: Value| {
        let problem = problem(asking(TWO, strict), with_config(TWO, config)).expect("it was taken");
        assert_eq!(problem.code(), "bad-config");
        problem.cause.to_string()
    };
    assert_eq!(refused(json!({ "denied": 7 })), "bad configuration: `denied` must be a text");
    assert_eq!(refused(json!({ "denied": "no" })), "bad configuration: `denied` must have at least 3 characters");
    assert_eq!(refused(json!({})), "bad configuration: `denied` is missing");
    assert!(refused(json!({ "denied": "night", "colour": 1 })).contains("colour"), "what it takes, the plugin judges");
    assert!(problem(asking(TWO, strict), with_config(TWO, json!({ "denied": "night" }))).is_none());
    // Without a configuration there is an empty one.
    assert_eq!(problem(asking(TWO, strict), settings()).map(|it| it.code()), Some("bad-config"));
    assert!(problem(asking(TWO, "[config]\n"), settings()).is_none());
}

#[test]
fn what_is_no_schema_is_refused_by_looking_and_by_loading() {
    for (schema, words) in [
        ("[config]\nrequired = \"denied\"\n", "`config` is no JSON Schema: `required` must be a list"),
        ("[config.properties.a]\n\"$ref\" = \"https://evil.test/a.json\"\n", "nothing is fetched"),
        ("[config.properties.a]\npattern = \"(\"\n", "`properties.a.pattern`"),
    ] {
        let source = asking(TWO, schema);
        let seen = instar_plugin::inspect(TWO, &source.bytes).problem.expect("a problem");
        let loaded = problem(source, settings()).expect("a problem");
        assert_eq!((seen.code(), loaded.code()), ("bad-manifest", "bad-manifest"));
        assert!(seen.to_string().contains(words) && loaded.to_string().contains(words), "{seen}");
    }
}

#[test]
fn what_was_tried_once_is_not_judged_again_in_a_short_process() {
    let scratch = tempfile::tempdir().expect("a folder");
    let strict = "[config]\nproperties = { denied = { type = \"string\" } }\n";
    let short = |config: Value| {
        let settings = with_config(TWO, config);
        Settings { trial: Trial::Once, cache_dir: scratch.path().join("native"), ..settings }
    };
    for _ in 0..2 {
        assert!(problem(asking(TWO, strict), short(json!({ "denied": "night" }))).is_none());
        assert!(problem(asking(TWO, strict), short(json!({ "denied": 1 }))).is_some(), "another one is judged");
    }
}

#[test]
fn keys_are_told_from_the_bytes() {
    let schema = "[config]\nrequired = [\"denied\"]\n[config.properties.denied]\ntype = \"string\"\n\
        description = \"A word in what a job is\"\n";
    let seen = instar_plugin::inspect(TWO, &asking(TWO, schema).bytes);
    let [key] = &seen.config_keys[..] else { panic!("{seen:?}") };
    assert_eq!((key.key.as_str(), key.kind.as_str(), key.is_required), ("denied", "text", true));
    assert_eq!(key.about, "A word in what a job is");
    let refusals = instar_plugin::config_refusals(TWO, &asking(TWO, schema).bytes, &json!({ "denied": [] }));
    assert_eq!(refusals.expect("a schema").expect("it is this plugin")[0].path, "denied");
    let other = instar_plugin::config_refusals("other", &asking(TWO, schema).bytes, &json!({}));
    assert_eq!(other.expect("a schema"), None);
}

/// The schemas of those that ship and what they read themselves must not drift apart: serde names all fields it knows.
#[test]
fn bundled_plugins_know_the_fields_that_their_schemas_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let mut compared = 0;
    for name in std::fs::read_dir(folder).expect("plugins").flatten().map(|entry| entry.file_name()) {
        let name = name.into_string().expect("text");
        if name == "examples" {
            continue;
        }
        let plugin = plain_source(&name);
        let Some(schema) = instar_plugin::inspect(&name, &plugin.bytes).config_schema else { continue };
        assert!(
            problem(granted(&name, plugin).0, granted(&name, plain_source(&name)).1).is_none(),
            "{name} takes none"
        );
        let told = refused_without_schema(&name, json!({ "unheard-of": 1 }));
        let known: BTreeSet<&str> = told.split('`').skip(1).step_by(2).filter(|word| *word != "unheard-of").collect();
        let known: BTreeSet<&str> = known.into_iter().filter(|word| *word != name).collect();
        let named: BTreeSet<&str> =
            schema["properties"].as_object().expect("properties").keys().map(String::as_str).collect();
        assert_eq!(named, known, "{name}: {told}");
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} have a schema");
}

/// Notifiers are built beside the others that ship.
fn plain_source(name: &str) -> Source {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../target/plugins/{name}.wasm"));
    Source::file(path.clone(), std::fs::read(path).expect("run `cargo xtask components`"))
}

fn granted(name: &str, source: Source) -> (Source, Settings) {
    let mut settings = settings();
    let grant = Grant { digest: format!("blake3:{}", source.digest), allow: RIGHTS.map(str::to_owned).into() };
    settings
        .operator
        .insert(name.parse().expect("an id"), OperatorSays { grant: Some(grant), ..OperatorSays::default() });
    (source, settings)
}

/// What the plugin itself says to a configuration.
fn refused_without_schema(name: &str, config: Value) -> String {
    let plain = plain_source(name);
    let manifest = instar_plugin::manifest_of(&plain.bytes).expect("it carries one");
    let section = instar_plugin::with_manifest(&[], &manifest);
    let code = plain.bytes.strip_suffix(section.as_slice()).expect("the manifest stands at the end");
    let text = String::from_utf8(manifest).expect("text");
    let mut table: toml::Table = text.parse().expect("TOML");
    table.remove("config");
    let bytes = instar_plugin::with_manifest(code, table.to_string().as_bytes());
    let (source, mut settings) = granted(name, Source::file(format!("{name}.wasm").into(), bytes));
    settings.configs.insert(name.parse().expect("an id"), config);
    problem(source, settings).expect("it was taken").to_string()
}

#[test]
fn another_contract_is_named_beside_the_hosts() {
    let other = |range: &str| {
        let source = source("tiny-run-guard");
        let manifest = instar_plugin::manifest_of(&source.bytes).expect("it carries one");
        let code = source.bytes.strip_suffix(instar_plugin::with_manifest(&[], &manifest).as_slice()).expect("its end");
        // Of a later contract there may be keys that nobody knows yet.
        let more = format!("contract = \"{range}\"\nunheard-of = 1\n");
        instar_plugin::with_manifest(code, &[more.as_bytes(), &manifest].concat())
    };
    for (range, code) in
        [("0.2", "incompatible-contract"), (">=0.1.1", "incompatible-contract"), ("0.1", "bad-manifest")]
    {
        let bytes = other(range);
        let seen = instar_plugin::inspect("g", &bytes).problem.expect("a problem");
        let loaded = problem(Source::file("g.wasm".into(), bytes), settings()).expect("a problem");
        assert_eq!((seen.code(), loaded.code()), (code, code), "{range}: {seen}");
    }
    let told = instar_plugin::inspect("g", &other("0.2")).problem.expect("a problem").to_string();
    assert!(told.contains("wants `0.2`") && told.contains("speaks 0.1.0"), "{told}");

    // One that was installed is missed by nobody.
    let bytes = other("0.2");
    let digest = blake3::hash(&bytes).to_hex().to_string();
    let kinds = vec![instar_plugin::Kind::RunGuard];
    let what = Installed { id: "tiny-run-guard".parse().expect("an id"), kinds, digest, path: "g.wasm".into() };
    let sources = vec![Source::installed(what, Some(bytes))];
    let (plugins, _) = Plugins::load(sources, settings(), &mut |_| {}).expect("an engine can be set up");
    assert_eq!(plugins.judge_run(&call(), "{}", "[]").findings[0].rule, "tiny-run-guard/incompatible-contract");
}

#[test]
fn what_is_built_lies_in_the_range_of_its_manifest() {
    let component = &source("tiny-run-guard").bytes;
    let check = |range: &str| {
        let manifest = format!("contract = \"{range}\"");
        instar_plugin::check_contract("g", manifest.as_bytes(), component).map_err(|error| error.to_string())
    };
    assert_eq!(check("0.1"), Ok(()));
    let told = check("0.2").expect_err("it was taken");
    assert!(
        told.contains("`contract = \"0.2\"`") && told.contains("instar:plugin/") && told.contains("@0.1.0"),
        "{told}"
    );
    assert!(instar_plugin::check_contract("g", b"", component).is_ok());
}
