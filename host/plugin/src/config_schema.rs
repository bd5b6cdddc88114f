//! `[config]` of a manifest: the JSON Schema of the plugin's configuration, written in TOML.
//!
//! It is of draft 2020-12 and stands by itself: nothing else is read for it, and how large it is has bounds, so that
//! what a stranger wrote is judged in a moment. What it refuses, the plugin is not asked about.

mod keys;
mod words;

pub use keys::ConfigKey;
pub(crate) use keys::keys;

use std::error::Error;

use boon::{CompileError, Compiler, Draft, SchemaIndex, Schemas, UrlLoader};
use serde_json::{Map, Value};

use crate::binary::Outline;
use crate::error::{Cause, PluginError};
use crate::manifest::Manifest;
use crate::text;

const LARGEST: usize = 64 << 10;
const DEEPEST: usize = 32;
/// References that lead to references multiply the work.
const MOST_REFERENCES: usize = 32;
/// More remarks than these help nobody.
const MOST_TOLD: usize = 5;

/// A schema, ready to judge.
pub(crate) struct ConfigSchema {
    schemas: Schemas,
    index: SchemaIndex,
}

/// One thing that a schema has against a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigRefusal {
    /// Where, such as `places.0.url`; empty for the configuration itself.
    pub path: String,
    /// What comes behind the path, such as `must be a text`.
    pub why: String,
    /// Something is missing, which may still come.
    pub is_lack: bool,
}

impl std::fmt::Display for ConfigRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "it {}", self.why),
            path => write!(f, "`{path}` {}", self.why),
        }
    }
}

/// Nothing is fetched, whatever a schema names.
struct Nowhere;

impl UrlLoader for Nowhere {
    fn load(&self, _: &str) -> Result<Value, Box<dyn Error>> {
        Err("a schema of a configuration stands by itself".into())
    }
}

impl ConfigSchema {
    /// # Errors
    /// In words, where it is none.
    pub(crate) fn compile(schema: &Map<String, Value>) -> Result<Self, String> {
        const PLACE: &str = "instar:config";
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.use_loader(Box::new(Nowhere));
        let said =
            |error: CompileError| format!("`config` is no JSON Schema: {}", text::clean_up_to(&broken(&error), 500));
        compiler.add_resource(PLACE, Value::Object(schema.clone())).map_err(said)?;
        let index = compiler.compile(PLACE, &mut schemas).map_err(said)?;
        Ok(Self { schemas, index })
    }

    /// What it has against a configuration; nothing where it takes it.
    pub(crate) fn refusals(&self, config: &Value) -> Vec<ConfigRefusal> {
        match self.schemas.validate(config, self.index) {
            Ok(()) => Vec::new(),
            Err(error) => words::refusals(&error),
        }
    }

    /// # Errors
    /// [`Cause::BadConfig`] with what it has against it.
    pub(crate) fn judge(&self, config: &Value) -> Result<(), Cause> {
        let refusals = self.refusals(config);
        if refusals.is_empty() {
            return Ok(());
        }
        let mut told: Vec<String> = refusals.iter().take(MOST_TOLD).map(ConfigRefusal::to_string).collect();
        if refusals.len() > MOST_TOLD {
            told.push(format!("and {} more", refusals.len() - MOST_TOLD));
        }
        Err(Cause::BadConfig(text::clean(&told.join("; "))))
    }
}

/// Bounds that hold before a schema is read at all.
pub(crate) fn check_bounds(schema: &Map<String, Value>) -> Result<(), String> {
    let bytes = serde_json::to_string(schema).map_or(0, |text| text.len());
    if bytes > LARGEST {
        return Err(format!("`config` is a schema of {bytes} bytes, and {LARGEST} are the most"));
    }
    let mut references = 0;
    for value in schema.iter() {
        check_value(value, 1, &mut references)?;
    }
    match references {
        0..=MOST_REFERENCES => Ok(()),
        _ => Err(format!("`config` is a schema of {references} references, and {MOST_REFERENCES} are the most")),
    }
}

fn check_value((key, value): (&String, &Value), depth: usize, references: &mut usize) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("`config` is a schema that is nested more than {DEEPEST} times"));
    }
    if let (true, Value::String(target)) = (key.ends_with("ref") || key.ends_with("Ref"), value)
        && key.starts_with('$')
    {
        *references += 1;
        if !target.starts_with('#') {
            let target = text::clean_up_to(target, 200);
            return Err(format!("`config` refers to {target:?}; a reference begins with `#`, and nothing is fetched"));
        }
    }
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|field| check_value(field, depth + 1, references)),
        Value::Array(items) => items.iter().try_for_each(|item| check_value((key, item), depth + 1, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn broken(error: &CompileError) -> String {
    match error {
        CompileError::ValidationError { src, .. } => {
            let told: Vec<_> = words::refusals(src).iter().take(MOST_TOLD).map(ConfigRefusal::to_string).collect();
            told.join("; ")
        }
        other => format!("{other:#}").replace("instar:config", ""),
    }
}

/// What the schema of a component has against a configuration; `None` where the component is another plugin.
///
/// # Errors
/// When the component cannot be read, or its schema is none.
pub fn config_refusals(id: &str, component: &[u8], config: &Value) -> Result<Option<Vec<ConfigRefusal>>, PluginError> {
    let failed = |cause| PluginError::new(id, cause);
    let Ok(outline) = Outline::read(component) else { return Ok(None) };
    let Ok(manifest) = outline.manifest().and_then(Manifest::parse) else { return Ok(None) };
    if manifest.id.as_str() != id {
        return Ok(None);
    }
    let schema = manifest.config_schema().map_err(failed)?;
    Ok(Some(schema.map(|schema| schema.refusals(config)).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(text: &str) -> Map<String, Value> {
        toml::from_str(text).expect("a table")
    }

    #[track_caller]
    fn check(text: &str, config: Value, told: &[&str]) {
        let refusals = ConfigSchema::compile(&schema(text)).expect("a schema").refusals(&config);
        let found: Vec<_> = refusals.iter().map(ConfigRefusal::to_string).collect();
        assert_eq!(found, told, "{config}");
    }

    const PLACES: &str = r##"
required = ["channel"]
additionalProperties = false
[properties.channel]
type = "string"
minLength = 2
pattern = "^[a-z]+$"
[properties.level]
enum = ["low", "high"]
[properties.count]
type = "integer"
minimum = 1
maximum = 5
[properties.id]
type = ["integer", "string"]
[properties.url]
format = "uri"
[properties.list]
type = "array"
maxItems = 2
items = { "$ref" = "#/$defs/place" }
["$defs".place]
type = "object"
required = ["host"]
additionalProperties = false
properties = { host = { type = "string" } }
"##;

    #[test]
    fn each_refusal_names_its_field_and_what_it_must_be() {
        check(PLACES, json!({ "channel": "ops", "list": [{ "host": "a" }], "id": 7, "url": "https://x.org" }), &[]);
        check(PLACES, json!({}), &["`channel` is missing"]);
        check(PLACES, json!({ "channel": 7 }), &["`channel` must be a text"]);
        check(
            PLACES,
            json!({ "channel": "A" }),
            &["`channel` must have at least 2 characters", "`channel` does not fit the pattern `^[a-z]+$`"],
        );
        check(PLACES, json!({ "channel": "ops", "colour": 1 }), &["`colour` is no setting of this plugin"]);
        check(PLACES, json!({ "channel": "ops", "level": "mid" }), &["`level` must be one of \"low\", \"high\""]);
        check(PLACES, json!({ "channel": "ops", "count": 9 }), &["`count` must be at most 5"]);
        check(PLACES, json!({ "channel": "ops", "count": 1.5 }), &["`count` must be a whole number"]);
        check(PLACES, json!({ "channel": "ops", "id": true }), &["`id` must be a whole number or a text"]);
        check(PLACES, json!({ "channel": "ops", "url": "no" }), &["`url` is no uri"]);
        check(
            PLACES,
            json!({ "channel": "ops", "list": [{ "host": "a" }, { "hots": 1 }] }),
            &["`list.1.host` is missing", "`list.1.hots` is no setting of this plugin"],
        );
        check(
            PLACES,
            json!({ "channel": "ops", "list": [1, 2, 3] }),
            &[
                "`list` must have at most 2 items",
                "`list.0` must be an object",
                "`list.1` must be an object",
                "`list.2` must be an object",
            ],
        );
    }

    #[test]
    fn a_choice_is_told_once() {
        let choice = "[properties.id]\nanyOf = [{ type = \"integer\" }, { type = \"string\", pattern = \"^@\" }]\n";
        check(choice, json!({ "id": "@a" }), &[]);
        check(
            choice,
            json!({ "id": "a" }),
            &["`id` is none of what it may be: it must be a whole number, or it does not fit the pattern `^@`"],
        );
        check(choice, json!({ "id": true }), &["`id` must be a whole number or a text"]);
    }

    #[test]
    fn values_are_not_told() {
        let refusals = ConfigSchema::compile(&schema(PLACES)).unwrap().refusals(&json!({
            "channel": "S3CRET", "level": "S3CRET", "count": "S3CRET", "url": "S3CRET", "list": "S3CRET"
        }));
        assert!(refusals.len() >= 5 && refusals.iter().all(|it| !it.to_string().contains("S3CRET")), "{refusals:?}");
    }

    #[test]
    fn what_is_no_schema_is_said_in_a_sentence() {
        let broken = |text: &str| ConfigSchema::compile(&schema(text)).map(drop).expect_err(text);
        assert_eq!(
            broken("[properties.a]\ntype = \"text\"\n"),
            "`config` is no JSON Schema: `properties.a.type` is none of what it may be: it must be one of \"array\", \
             \"boolean\", \"integer\", \"null\", \"number\", \"object\", \"string\", or it must be a list"
        );
        assert!(broken("required = \"a\"").contains("`required` must be a list"));
        assert!(broken("[properties.a]\npattern = \"(\"\n").contains("`properties.a.pattern`"));
        assert!(
            broken("\"$ref\" = \"#/$defs/none\"").contains("$defs/none"),
            "{}",
            broken("\"$ref\" = \"#/$defs/none\"")
        );
        assert!(broken("\"$schema\" = \"https://evil.test/meta\"").contains("stands by itself"));
    }

    #[test]
    fn how_large_it_is_has_bounds() {
        let refused = |text: &str| check_bounds(&schema(text)).expect_err(text);
        assert!(refused(&format!("description = \"{}\"", "x".repeat(LARGEST))).contains("bytes"));
        let deep = format!("{}type = \"object\"{}", "not = { ".repeat(DEEPEST + 1), " }".repeat(DEEPEST + 1));
        assert!(refused(&deep).contains("nested"));
        for key in ["$ref", "$dynamicRef", "$recursiveRef"] {
            for target in ["https://evil.test/x", "file:///etc/passwd", "other.json", ""] {
                assert!(
                    refused(&format!("[properties.a]\n\"{key}\" = \"{target}\"\n")).contains("fetched"),
                    "{target}"
                );
            }
        }
        let many = "{ \"$ref\" = \"#\" }, ".repeat(MOST_REFERENCES + 1);
        assert!(refused(&format!("allOf = [{many}]")).contains("references"));
        assert_eq!(check_bounds(&schema(PLACES)), Ok(()));
    }

    /// References that lead in a circle, and those that double at each step as far as the bounds let them.
    #[test]
    fn what_runs_in_circles_comes_to_an_end() {
        let circle = ConfigSchema::compile(&schema("\"$ref\" = \"#\""));
        assert!(circle.is_err() || circle.is_ok_and(|schema| !schema.refusals(&json!({})).is_empty()));
        let mut doubling = "\"$ref\" = \"#/$defs/a0\"\n".to_owned();
        for step in 0..15 {
            let next = format!("{{ \"$ref\" = \"#/$defs/a{}\" }}", step + 1);
            doubling.push_str(&format!("[\"$defs\".a{step}]\nallOf = [{next}, {next}]\n"));
        }
        doubling.push_str("[\"$defs\".a15]\ntype = \"string\"\n");
        let doubling = schema(&doubling);
        assert_eq!(check_bounds(&doubling), Ok(()));
        let refusals = ConfigSchema::compile(&doubling).expect("a schema").refusals(&json!({}));
        assert_eq!(refusals.len(), 1, "what is said again and again is told once");
    }
}
