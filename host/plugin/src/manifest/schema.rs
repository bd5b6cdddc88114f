//! The JSON Schema of `plugin.toml`, for editors: each key, what it means, and each limit of the loader.
//!
//! `plugin-sdk/plugin.schema.json` is a copy of it. Some things it cannot say: that `...` stands only at the end of a
//! command, that a whole number with a point, such as `1.0`, is an integer in JSON and none in TOML, which contract this
//! host speaks, and what is a schema in `config`.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use super::contract::RANGE;
use super::{
    LARGEST_BODY, LARGEST_FILE, LARGEST_OUTPUT, LARGEST_QUOTA, MOST_AT_ONCE, MOST_REQUESTS_A_MINUTE, default_at_once,
    default_body, default_file, default_output, default_rate, default_triggers, default_words, every_path,
};
use crate::command_pattern::{LONGEST_WORD, MOST_WORDS};
use crate::limits::asked::LimitName;

/// A name as execute types and secrets have them.
const NAME: &str = "^[a-z0-9-]{1,50}$";
const PLUGIN_ID: &str = "^[a-z][a-z0-9.-]{0,99}$";
/// At most 50 characters, which `maxLength` says.
const VERSION: &str = "^[0-9]+\\.[0-9]+\\.[0-9]+([-+][A-Za-z0-9.+-]*)?$";
const KEY: &str = "^[A-Za-z0-9+/=]{56}$";
/// A name, or the beginning of names.
const NAMES: &str = "^([A-Za-z0-9_-]+\\*?|\\*)$";
const HOST: &str = "^[a-z0-9.-]*\\.[a-z0-9.-]*$";
const ADDRESS: &str =
    "^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])$";

/// The name of a program or an absolute path to one, but for parts of dots alone.
const PROGRAM: &str = "^([A-Za-z0-9_.+][A-Za-z0-9_.+-]*|(/[A-Za-z0-9_.+-]+)+)$";
const ONLY_DOTS: &str = "(^|/)\\.{1,3}(/|$)";
const VARIABLE: &str = "^[A-Z][A-Z0-9_]*$";
/// Variables by which programs are led astray.
const LEADS: &str = "^(PATH|HOME|LANG|IFS|ENV|SHELL|BASH_ENV)$|^(LD_|DYLD_|INSTAR_)";

/// The schema of `plugin.toml`, of draft 7, which editors know best.
pub fn manifest_schema() -> Value {
    let mut schema = object(
        "What a plugin of instar says about itself, and what it asks for",
        &["manifest", "id", "version"],
        [
            ("manifest", json!({ "description": "The version of this format", "const": 1 })),
            ("contract", contract()),
            ("id", pattern("What it is called everywhere; its kind comes first, as in `execute-hello`", PLUGIN_ID)),
            ("version", version()),
            ("description", text("What it does, in a line for people")),
            ("publisher", pattern("The public key that its author signs with, as minisign prints it", KEY)),
            ("execute-type", pattern("What jobs call it; only for plugins that are an execute type", NAME)),
            ("secret", list("Secrets that the operator may give it, and that it never sees", secret())),
            ("capability", capabilities()),
            ("limits", limits()),
            ("config", config()),
        ],
    );
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "plugin.toml of instar".into();
    schema
}

fn version() -> Value {
    let mut version = pattern("Three numbers, and perhaps a suffix, as in `1.2.3` and `1.2.3-beta.1`", VERSION);
    version["maxLength"] = 50.into();
    version
}

fn contract() -> Value {
    let meaning = "The versions of the contract that it is for, as Cargo writes them; else what it imports says it";
    let mut contract = pattern(meaning, RANGE);
    contract["examples"] = json!(["0.1", ">=0.1, <0.3"]);
    contract
}

fn secret() -> Value {
    let operation = json!({ "enum": ["hmac", "equals"] });
    object(
        "A secret that the plugin never sees",
        &["name"],
        [
            ("name", pattern("What the plugin and `instar secret set` call it", NAME)),
            ("label", text("What it is, for the one who has to find it")),
            ("env", text("The variable of the environment that is read when no value was set")),
            ("inject", inject()),
            (
                "operations",
                list("What it may have done with it: HMAC-SHA256 made and verified, or a comparison", operation),
            ),
        ],
    )
}

fn inject() -> Value {
    let mut inject = object(
        "The one place of a request, or of a program's environment, into which the host puts it",
        &["in"],
        [
            ("host", host("The only host that gets to see it")),
            (
                "setting",
                text(
                    "Instead of a host: the field of the plugin's config that holds the URL whose host gets to see it",
                ),
            ),
            ("program", program("For an environment: the only program that gets to see it")),
            (
                "in",
                json!({
                    "description": "In a path, `{name of the secret}` stands for it",
                    "enum": ["path", "header", "query", "environment"],
                }),
            ),
            ("name", text("Of the header, of the parameter or of the variable")),
            ("prefix", text("What stands before it, such as `Bearer `")),
        ],
    );
    let is_in = |place: &str| json!({ "properties": { "in": { "const": place } } });
    let variable = json!({ "pattern": VARIABLE, "not": { "pattern": LEADS } });
    inject["if"] = is_in("environment");
    inject["then"] = json!({
        "required": ["program", "name"],
        "properties": { "host": false, "setting": false, "prefix": { "const": "" }, "name": variable },
    });
    inject["else"] = json!({
        "properties": { "program": false },
        "oneOf": host_or_setting(),
        "if": is_in("path"),
        "then": { "properties": { "name": false } },
        "else": { "required": ["name"] },
    });
    inject
}

/// A schema in a schema: editors are told where keys go, and the loader reads it as a whole.
fn config() -> Value {
    let property = json!({ "type": ["object", "boolean"] });
    json!({
        "description": "A JSON Schema (draft 2020-12) of `plugins.<id>.config`; the host refuses what does not fit it",
        "type": "object",
        "properties": {
            "properties": {
                "description": "Each key, with its `type`, `description` and `default`",
                "type": "object", "additionalProperties": property,
            },
            "required": { "description": "Keys that must be there", "type": "array", "items": { "type": "string" } },
            "additionalProperties": {
                "description": "`false` refuses keys that `properties` does not name", "type": ["object", "boolean"],
            },
        },
    })
}

fn limits() -> Value {
    let limit = |name: LimitName| {
        let (least, most) = name.range().into_inner();
        let mut limit = number(name.meaning(), most, None);
        limit["minimum"] = least.into();
        (name.key(), limit)
    };
    let meaning =
        "What it asks of the limits of a call; more than is usual is the right `limits`, which is granted or not";
    object(meaning, &[], LimitName::ALL.map(limit))
}

fn capabilities() -> Value {
    object(
        "What it asks for beyond thinking; the operator grants it, or not",
        &[],
        [
            ("http", http()),
            (
                "kv",
                object(
                    "Values of its own, which are kept",
                    &["quota"],
                    [("quota", number("Keys and values together, in bytes", LARGEST_QUOTA, None))],
                ),
            ),
            ("clock", object("The time of day, and how long something took", &[], [])),
            ("jobs", jobs()),
            ("sessions", sessions()),
            ("events", events()),
            ("process", process()),
        ],
    )
}

fn http() -> Value {
    let body = |meaning| number(meaning, LARGEST_BODY, Some(default_body()));
    object(
        "Requests to the hosts that it names",
        &["allow"],
        [
            ("allow", list("What it may ask", rule())),
            (
                "rate-per-minute",
                number("Requests in a minute", MOST_REQUESTS_A_MINUTE.into(), Some(default_rate().into())),
            ),
            ("request-bytes", body("The largest request, without its files")),
            ("response-bytes", body("The largest answer that it reads")),
            ("file-bytes", number("The largest file, sent or downloaded", LARGEST_FILE, Some(default_file()))),
        ],
    )
}

fn rule() -> Value {
    let mut paths = list("`*` is one or more characters but `/`, `**` any", json!({ "type": "string" }));
    paths["default"] = json!(every_path());
    let mut rule = object(
        "Requests of these methods to these paths of one host",
        &["methods"],
        [
            ("host", host("A name, asked by https at port 443")),
            (
                "setting",
                text("Instead of a host: the field of the plugin's config that holds a URL, or a list of them"),
            ),
            ("methods", list("Such as GET and POST", json!({ "type": "string", "examples": ["GET", "POST"] }))),
            ("paths", paths),
        ],
    );
    rule["oneOf"] = host_or_setting();
    rule
}

fn jobs() -> Value {
    object(
        "Reads the jobs of the project",
        &[],
        [
            ("trigger", list("And starts these; `*` at the end stands for anything", names())),
            ("rate-per-minute", number("Starts in a minute", u32::MAX.into(), Some(default_triggers().into()))),
        ],
    )
}

fn sessions() -> Value {
    object(
        "Reads what sessions print",
        &[],
        [
            ("write", flag("And types into them")),
            ("rate-per-minute", number("Texts in a minute", u32::MAX.into(), Some(default_words().into()))),
        ],
    )
}

fn events() -> Value {
    object(
        "Reads what happens in the project",
        &[],
        [
            ("read", list("The types that it reads; `*` at the end stands for anything", names())),
            ("emit", flag("And notes events of its own")),
            ("rate-per-minute", number("Of these in a minute", u32::MAX.into(), Some(default_words().into()))),
        ],
    )
}

fn names() -> Value {
    json!({ "type": "string", "pattern": NAMES })
}

fn process() -> Value {
    let mut allow = list("These commands, word by word, and no others", command());
    allow["minItems"] = 1.into();
    let mut at_once = number("So many at once", MOST_AT_ONCE.into(), Some(default_at_once().into()));
    at_once["minimum"] = 1.into();
    object(
        "Runs commands, with the rights of the host's user and behind its guards",
        &["allow"],
        [
            ("allow", allow),
            ("at-once", at_once),
            ("rate-per-minute", number("Starts in a minute", u32::MAX.into(), Some(default_words().into()))),
            (
                "output-bytes",
                number("Of what a command prints, and of its errors", LARGEST_OUTPUT, Some(default_output())),
            ),
        ],
    )
}

fn command() -> Value {
    let mut first = program("The name of a program, or an absolute path to one");
    first["maxLength"] = LONGEST_WORD.into();
    let word = json!({
        "description": "`*` is one or more characters but `/`, `**` any; `...` as the last word is any further words",
        "type": "string", "pattern": "^[ -~]+$", "maxLength": LONGEST_WORD, "not": { "pattern": "\\*\\*\\*" },
    });
    json!({
        "type": "array", "minItems": 1, "maxItems": MOST_WORDS, "items": [first], "additionalItems": word,
        "examples": [["git", "rev-parse", "HEAD"], ["ls", "..."]],
    })
}

fn program(meaning: &str) -> Value {
    let mut program = pattern(meaning, PROGRAM);
    program["not"] = json!({ "pattern": ONLY_DOTS });
    program
}

/// One of the two, and not both.
fn host_or_setting() -> Value {
    json!([{ "required": ["host"] }, { "required": ["setting"] }])
}

/// A whole name: no pattern, no port, no address.
fn host(meaning: &str) -> Value {
    let mut host = pattern(meaning, HOST);
    host["not"] = json!({ "pattern": ADDRESS });
    host
}

fn object<const N: usize>(meaning: &str, required: &[&str], properties: [(&str, Value); N]) -> Value {
    let properties: Map<_, _> = properties.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    json!({
        "description": meaning,
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn list(meaning: &str, items: Value) -> Value {
    json!({ "description": meaning, "type": "array", "items": items })
}

fn text(meaning: &str) -> Value {
    json!({ "description": meaning, "type": "string" })
}

fn flag(meaning: &str) -> Value {
    json!({ "description": meaning, "type": "boolean", "default": false })
}

fn pattern(meaning: &str, pattern: &str) -> Value {
    let mut text = text(meaning);
    text["pattern"] = pattern.into();
    text
}

fn number(meaning: &str, most: u64, usual: Option<u64>) -> Value {
    let mut number = json!({ "description": meaning, "type": "integer", "minimum": 0, "maximum": most });
    if let Some(usual) = usual {
        number["default"] = usual.into();
    }
    number
}
