//! What the rules of the house add to each operation: variables of the path, and ways to be refused.

use instar_api::paths;
use serde_json::{Map, Value, json};

/// Names and rules of the variables that paths have.
const PATH_VARIABLES: [(&str, &str, &str); 7] = [
    ("slug", "The slug of a job", "^(?!(?:__proto__|constructor|prototype)$)[A-Za-z0-9_-]{1,100}$"),
    ("id", "The id of a run, a UUID", "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"),
    ("item", "The id of an item of attention", "^.{1,200}$"),
    ("plugin", "The id of a plugin", "^[a-z][a-z0-9.-]{0,99}$"),
    ("slot", "The name that a plugin's manifest gives to a secret", "^[a-z0-9-]{1,50}$"),
    ("topicId", "The id of a topic; 1 is the general one", "^[0-9]{1,18}$"),
    ("name", "The name of a session, its id, or its tmux name", "^[A-Za-z0-9_-]{1,240}$"),
];

/// Each is answered with an `ErrorBody`.
const REFUSALS: [(u16, &str); 13] = [
    (400, "The path, the query or the body is not well-formed"),
    (401, "The token is missing"),
    (
        403,
        "The token is wrong, the Host or Origin header is not one of this server, the session is protected, or the token of a session does not reach so far",
    ),
    (404, "There is nothing of that name"),
    (408, "It took longer than `requestTimeoutMs`; what was recorded by then stands"),
    (409, "What is asked for does not fit what is there: a session has ended, or a name is taken"),
    (413, "The body is larger than 1 MiB"),
    (415, "The body is not `application/json`"),
    (422, "The body is JSON, and not what is expected"),
    (426, "The connection cannot become a WebSocket"),
    (429, "Too often: `retryAfterMs` says when to try again"),
    (500, "A fault of the server: `timestamp` says where to look in its log"),
    (503, "Not just now: the records cannot be read or written, no place is free, or the server is shutting down"),
];

/// Adds what an operation does not have to say itself.
pub(super) fn complete(path: &str, operation: &mut Value) {
    let variables: Vec<&str> = path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
    let takes_query = operation["parameters"].is_array();
    let takes_body = operation["requestBody"].is_object();
    let mut refusals = vec![403, 408, 413, 500];
    if path != paths::HEALTH {
        refusals.extend([401, 429]);
    }
    if takes_query || takes_body || !variables.is_empty() {
        refusals.push(400);
    }
    if takes_body {
        refusals.extend([415, 422]);
    }
    if !variables.is_empty() {
        refusals.push(404);
        add_parameters(operation, &variables);
    }
    // Neither a parameter nor a whole body is ever `null`.
    for part in ["parameters", "requestBody"] {
        operation.get_mut(part).map(super::leave_out_null);
    }
    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        add_refusals(responses, refusals);
    }
}

fn add_parameters(operation: &mut Value, variables: &[&str]) {
    let references = variables.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }));
    let own = operation["parameters"].as_array().cloned().unwrap_or_default();
    operation["parameters"] = references.chain(own).collect();
}

/// Those that follow from the operation, and those that its handler names.
fn add_refusals(responses: &mut Map<String, Value>, refusals: Vec<u16>) {
    let refusals = refusals.into_iter().map(|status| status.to_string());
    let own: Vec<_> = responses.keys().filter(|status| status.as_str() >= "400").cloned().collect();
    for status in refusals.chain(own) {
        let reference = json!({ "$ref": format!("#/components/responses/{status}") });
        responses.insert(status, reference);
    }
    for success in responses.values_mut().filter_map(Value::as_object_mut) {
        if !success.contains_key("$ref") {
            success.entry("description").or_insert(json!("What was asked for"));
        }
    }
    responses.sort_keys();
}

pub(super) fn path_parameters() -> Value {
    let parameters = PATH_VARIABLES.map(|(name, description, pattern)| {
        let schema = json!({ "type": "string", "pattern": pattern });
        let parameter =
            json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema });
        (name.to_owned(), parameter)
    });
    Value::Object(Map::from_iter(parameters))
}

pub(super) fn responses() -> Value {
    let responses = REFUSALS.map(|(status, description)| {
        let schema = json!({ "$ref": "#/components/schemas/ErrorBody" });
        let mut response =
            json!({ "description": description, "content": { "application/json": { "schema": schema } } });
        if let Some((name, schema)) = header(status) {
            response["headers"] = json!({ name: { "required": true, "schema": schema } });
        }
        (status.to_string(), response)
    });
    Value::Object(Map::from_iter(responses))
}

fn header(status: u16) -> Option<(&'static str, Value)> {
    match status {
        401 => Some(("WWW-Authenticate", json!({ "const": "Bearer" }))),
        429 => Some(("Retry-After", json!({ "type": "integer", "minimum": 1 }))),
        _ => None,
    }
}

pub(super) fn security_schemes() -> Value {
    let description = "`auth.token` of .instar/config.json. The Unix socket .instar/run/instar.sock serves the same \
        without a token.";
    json!({ "token": { "type": "http", "scheme": "bearer", "description": description } })
}
