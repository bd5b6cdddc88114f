//! The schema and the loader take the same manifests, and refuse the same ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use super::manifest_schema;
use crate::manifest::Manifest;

/// Every key stands in it, in each form.
const WHOLE: &str = r#"
manifest = 1
contract = "0.1"
id = "execute-all"
version = "1.2.3-beta.1"
description = "All that there is"
publisher = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
execute-type = "all"

[[secret]]
name = "token"
label = "A token"
env = "TOKEN"
inject = { host = "api.x.org", in = "header", name = "authorization", prefix = "Bearer " }
operations = ["hmac", "equals"]

[[secret]]
name = "other"
inject = { setting = "url", in = "path" }

[[secret]]
name = "third"
inject = { program = "gh", in = "environment", name = "GH_TOKEN", prefix = "" }

[capability.http]
allow = [{ host = "api.x.org", methods = ["GET"], paths = ["/a/*"] }, { setting = "url", methods = [] }]
rate-per-minute = 1
request-bytes = 1
response-bytes = 1
file-bytes = 1

[capability.kv]
quota = 1

[capability.clock]

[capability.jobs]
trigger = ["nightly", "sync-*", "*"]
rate-per-minute = 1

[capability.sessions]
write = true
rate-per-minute = 1

[capability.events]
read = ["job_*"]
emit = true
rate-per-minute = 1

[capability.process]
allow = [["git", "log", "**"], ["/usr/bin/ls", "..."]]
at-once = 1
rate-per-minute = 1
output-bytes = 1

[limits]
memory-bytes = 65536
check-ms = 1
think-ms = 1
work-ms = 1
notify-ms = 1
transfer-ms = 1
input-bytes = 1
output-bytes = 1
log-lines = 1
log-bytes = 1

[config]
required = ["url"]
additionalProperties = false

[config.properties.url]
type = "string"
description = "Whom it asks"
"#;

struct Both {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Both {
    fn new() -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let place = "https://instar.test/plugin.schema.json";
        compiler.add_resource(place, manifest_schema()).expect("a place for it");
        let index = compiler.compile(place, &mut schemas).expect("it is a schema");
        Self { schemas, index }
    }

    fn schema_takes(&self, manifest: &Value) -> bool {
        self.schemas.validate(manifest, self.index).is_ok()
    }

    /// Whether both take it.
    #[track_caller]
    fn agree(&self, manifest: &Value) -> bool {
        let text = toml::to_string(manifest).expect("it is a table");
        let loaded = Manifest::parse(text.as_bytes());
        // Which contracts are there is the host's to know.
        let is_taken = loaded.as_ref().is_ok_and(|manifest| manifest.config_schema().is_ok())
            || loaded.as_ref().is_err_and(|cause| cause.code() == "incompatible-contract");
        let is_fine = self.schema_takes(manifest);
        assert_eq!(is_fine, is_taken, "the schema takes it: {is_fine}, the loader says {loaded:?}\n{text}");
        is_fine
    }
}

fn whole() -> Value {
    toml::from_str(WHOLE).expect("it is TOML")
}

#[test]
fn manifest_of_the_book_is_taken() {
    let book = include_str!("../../../../../plugin-sdk/book/rights.md");
    let manifest = book.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("it has one");
    assert!(Both::new().agree(&toml::from_str(manifest).expect("it is TOML")));
    for named in manifest.lines().filter_map(|line| line.strip_prefix("[capability.")?.strip_suffix(']')) {
        assert!(book.contains(&format!("| `{named}` |")), "{named} does not stand in the table");
    }
}

/// The ways to all that stands in a value, itself included.
fn ways(value: &Value, way: &str, found: &mut Vec<String>) {
    found.push(way.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| ways(value, &format!("{way}/{key}"), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| ways(item, &format!("{way}/{index}"), found));
        }
        _ => {}
    }
}

/// But for what lies in the schema of the configuration, which only its reader knows.
fn ways_of_whole() -> Vec<String> {
    let mut found = Vec::new();
    ways(&whole(), "", &mut found);
    found.retain(|way| !way.starts_with("/config"));
    found
}

/// What the schema says of this place of a manifest.
fn said_of<'a>(schema: &'a Value, way: &str) -> &'a Value {
    way.split('/').skip(1).fold(schema, |schema, part| match part.parse::<usize>() {
        Ok(_) => &schema["items"],
        Err(_) => &schema["properties"][part],
    })
}

/// What may stand in the place of something else.
fn others() -> Vec<Value> {
    let texts = [
        "",
        "a",
        "A",
        "a b",
        "a-1",
        "-",
        "é",
        "*",
        "a*",
        "a**",
        "*a",
        "a_B*",
        "a.b",
        ".",
        "..",
        "x.org",
        "X.org",
        "*.x.org",
        "x.org:80",
        "x-1.org.",
        "localhost",
        "127.0.0.1",
        "255.255.255.255",
        "256.0.0.1",
        "01.0.0.1",
        "1.2.3",
        "1.2",
        "1.2.3.4",
        "1.2.3-",
        "1.2.3+a.b-c",
        "1.2.3 ",
        "v1.2.3",
        "1..3",
        "path",
        "header",
        "query",
        "environment",
        "PATH",
        "LD_X",
        "GH_TOKEN",
        "_A",
        "/bin/../ls",
        "/bin/",
        "//ls",
        "/",
        "a/b",
        ".git",
        "....",
        "-x",
        "a***",
        "body",
        "hmac",
        "equals",
        "GET",
        "/a/*",
        "execute-all",
        "1execute",
        "a\n",
        "\n",
    ];
    let mut others: Vec<Value> = texts.map(Value::from).into();
    for length in [49, 50, 51, 56, 57, 99, 100, 101, 200, 201] {
        others.push("a".repeat(length).into());
        others.push(format!("1.2.{}", "3".repeat(length - 4)).into());
    }
    others.extend([json!(0), json!(1), json!(2), json!(-1), json!(1.5), json!(i64::MAX), json!(true)]);
    others.extend([json!([]), json!(["a"]), json!([1]), json!({}), json!({ "a": 1 }), json!([{}]), json!([["a"]])]);
    others.extend([64, 65].map(|words| vec!["a"; words].into()));
    others
}

#[test]
fn each_key_stands_in_both() {
    let both = Both::new();
    assert!(both.agree(&whole()));
    let schema = manifest_schema();
    for way in ways_of_whole() {
        let mut manifest = whole();
        let Some(fields) = manifest.pointer_mut(&way).and_then(Value::as_object_mut) else { continue };
        let there: BTreeSet<String> = fields.keys().cloned().collect();
        fields.insert("unheard-of".to_owned(), json!(1));
        let text = toml::to_string(&manifest).expect("a table");
        let refused = Manifest::parse(text.as_bytes()).expect_err("an unknown key").to_string();
        // Serde names all that it knows.
        let known: BTreeSet<String> = refused.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let of_loader: BTreeSet<&str> = known.iter().map(String::as_str).filter(|key| *key != "unheard-of").collect();
        let said = said_of(&schema, &way)["properties"].as_object().expect("an object of the schema");
        let of_schema: BTreeSet<&str> = said.keys().map(String::as_str).collect();
        assert_eq!(of_schema, of_loader, "{way}: {refused}");
        assert!(!both.schema_takes(&manifest), "{way}");
        let is_example = !["/1", "/1/inject", "/2", "/2/inject"].iter().any(|end| way.ends_with(end));
        let optional = ["setting", "program"];
        let missing = of_schema.iter().filter(|key| !there.contains(**key) && !optional.contains(key)).count();
        assert!(!is_example || missing == 0, "the whole manifest lacks keys of {way:?}");
    }
}

#[test]
fn what_stands_elsewhere_is_taken_or_refused_by_both() {
    let both = Both::new();
    let (mut taken, mut refused) = (0, 0);
    let mut count = |manifest: &Value| match both.agree(manifest) {
        true => taken += 1,
        false => refused += 1,
    };
    for way in ways_of_whole().into_iter().skip(1) {
        for other in others() {
            let mut manifest = whole();
            *manifest.pointer_mut(&way).expect("it is there") = other;
            count(&manifest);
        }
        let (outer, last) = way.rsplit_once('/').expect("it lies in something");
        let mut manifest = whole();
        match manifest.pointer_mut(outer).expect("it is there") {
            Value::Object(fields) => drop(fields.remove(last)),
            Value::Array(items) => drop(items.remove(last.parse().expect("a number"))),
            other => panic!("{other}"),
        }
        count(&manifest);
    }
    assert!(taken > 300 && refused > 1000, "{taken} were taken and {refused} refused");
}

#[test]
fn each_limit_of_the_schema_is_the_loaders() {
    let (both, schema) = (Both::new(), manifest_schema());
    let mut limits = 0;
    for way in ways_of_whole() {
        let Some(most) = said_of(&schema, &way)["maximum"].as_u64() else { continue };
        let least = said_of(&schema, &way)["minimum"].as_u64().expect("it has both");
        let below = least.checked_sub(1).map(|below| (below, false));
        for (value, is_fine) in [(most, true), (most + 1, false), (least, true)].into_iter().chain(below) {
            let mut manifest = whole();
            *manifest.pointer_mut(&way).expect("it is there") = value.into();
            assert_eq!(both.agree(&manifest), is_fine, "{way} = {value}");
        }
        limits += 1;
    }
    assert!(limits > 5, "only {limits} limits were found");
}

#[test]
fn secrets_and_rules_name_a_host_or_a_setting() {
    let both = Both::new();
    let set = |way: &str, value: Value| {
        let mut manifest = whole();
        *manifest.pointer_mut(way).expect("it is there") = value;
        both.agree(&manifest)
    };
    let (inject, rule) = ("/secret/0/inject", "/capability/http/allow/0");
    assert!(!set(inject, json!({ "host": "a.org", "setting": "url", "in": "path" })));
    assert!(!set(inject, json!({ "in": "path" })));
    assert!(!set(inject, json!({ "host": "a.org", "in": "path", "name": "token" })));
    assert!(!set(inject, json!({ "host": "a.org", "in": "query" })));
    assert!(set(inject, json!({ "host": "a.org", "in": "query", "name": "key" })));
    assert!(!set(inject, json!({ "host": "a.org", "program": "gh", "in": "path" })));
    assert!(!set(inject, json!({ "program": "gh", "in": "environment" })));
    assert!(!set(inject, json!({ "in": "environment", "name": "GH_TOKEN" })));
    assert!(set(inject, json!({ "program": "/bin/gh", "in": "environment", "name": "GH_TOKEN" })));
    assert!(!set(rule, json!({ "host": "a.org", "setting": "url", "methods": ["GET"] })));
    assert!(!set(rule, json!({ "host": "a.org" })));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_published_schema_is_this_one() {
    let path = root().join("plugin-sdk/plugin.schema.json");
    let published: Value = serde_json::from_slice(&fs::read(&path).expect("it is there")).expect("it is JSON");
    assert!(published == manifest_schema(), "{} is old: `instar plugin schema` prints a new one", path.display());
}

#[test]
fn manifests_of_this_repository_are_taken_and_name_a_schema_that_exists() {
    let both = Both::new();
    let mut named = 0;
    for folder in ["plugins", "plugins/examples", "tests/components"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder").flatten() {
            let Ok(text) = fs::read_to_string(entry.path().join("plugin.toml")) else { continue };
            assert!(both.agree(&toml::from_str(&text).expect("it is TOML")), "{}", entry.path().display());
            if let Some(schema) = text.lines().next().and_then(|line| line.strip_prefix("#:schema ")) {
                assert!(entry.path().join(schema).is_file(), "{}: {schema}", entry.path().display());
                named += 1;
            }
        }
    }
    assert!(named >= 4, "only {named} name a schema");
}

#[test]
fn a_schema_of_the_configuration_is_read_as_a_whole() {
    let both = Both::new();
    let with = |config: Value| {
        let mut manifest = whole();
        manifest["config"] = config;
        manifest
    };
    assert!(both.agree(&with(json!({}))));
    for broken in [json!(7), json!([7]), json!({ "required": "url" }), json!({ "properties": { "url": "text" } })] {
        assert!(!both.agree(&with(broken)));
    }
    let text = toml::to_string(&with(json!({ "properties": { "url": { "type": "text" } } }))).expect("a table");
    let manifest = Manifest::parse(text.as_bytes()).expect("it is within its bounds");
    let told = manifest.config_schema().map(drop).expect_err("it is no schema").to_string();
    assert!(told.contains("`config` is no JSON Schema: `properties.url.type`"), "{told}");
}
