//! The keys that a schema names, for people who look at a plugin.

use serde_json::{Map, Value};

use crate::text;

/// One key of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigKey {
    /// Such as `places.*.url`; `*` is any name, or any item of a list.
    pub key: String,
    /// Such as `text`, `list`, `text or number`; empty where its schema does not say.
    pub kind: String,
    pub is_required: bool,
    /// As JSON.
    pub default: Option<String>,
    pub about: String,
}

const MOST_KEYS: usize = 200;
const DEEPEST: usize = 4;

/// In the order of the schema, each before what lies in it.
pub(crate) fn keys(schema: &Map<String, Value>) -> Vec<ConfigKey> {
    let mut found = Vec::new();
    below(schema, "", 0, &mut found);
    found
}

fn below(schema: &Map<String, Value>, path: &str, depth: usize, found: &mut Vec<ConfigKey>) {
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let named = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let named = named.map(|(name, schema)| (text::clean_up_to(name, 100), schema));
    let any = ["additionalProperties", "items"].into_iter().filter_map(|key| schema.get(key));
    for (name, schema) in named.chain(any.map(|schema| ("*".to_owned(), schema))) {
        let Some(schema) = schema.as_object() else { continue };
        if found.len() >= MOST_KEYS || depth >= DEEPEST {
            return;
        }
        let key = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let is_told = name != "*" || !about.is_empty();
        if is_told {
            found.push(ConfigKey {
                key: key.clone(),
                kind: kind(schema),
                is_required: required.contains(&name.as_str()),
                default: schema.get("default").map(|value| text::clean_up_to(&value.to_string(), 200)),
                about: text::clean_up_to(about, 500),
            });
        }
        below(schema, &key, depth + 1, found);
    }
}

fn kind(schema: &Map<String, Value>) -> String {
    let word = |name: &str| match name {
        "string" => "text",
        "array" => "list",
        "integer" => "whole number",
        "boolean" => "true or false",
        "number" => "number",
        "object" => "object",
        _ => "null",
    };
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let told: Vec<_> = values.iter().take(10).map(Value::to_string).collect();
        return text::clean_up_to(&told.join(" | "), 200);
    }
    match schema.get("type") {
        Some(Value::String(name)) => word(name).to_owned(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(word).collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_with_what_lies_in_them() {
        let schema = "required = [\"a\"]\n[properties.a]\ntype = \"string\"\ndescription = \"First\\u001b[2J\"\n\
            default = \"x\"\n[properties.b]\ntype = \"object\"\n[properties.b.additionalProperties]\n\
            description = \"By name\"\nproperties = { c = { type = [\"integer\", \"string\"] } }\n\
            [properties.d]\nenum = [\"on\", \"off\"]\n";
        let keys = keys(&toml::from_str(schema).unwrap());
        let told: Vec<_> = keys.iter().map(|key| (key.key.as_str(), key.kind.as_str(), key.is_required)).collect();
        assert_eq!(
            told,
            [
                ("a", "text", true),
                ("b", "object", false),
                ("b.*", "", false),
                ("b.*.c", "whole number or text", false),
                ("d", "\"on\" | \"off\"", false),
            ]
        );
        assert_eq!((keys[0].about.as_str(), keys[0].default.as_deref()), ("First", Some("\"x\"")));
    }
}
