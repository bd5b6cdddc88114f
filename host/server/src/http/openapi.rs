//! What this API is, as an OpenAPI 3.1 document at `/openapi.json`.
//!
//! Handlers say in `#[utoipa::path]` what is theirs: method, path, query, body, answer, and the statuses that others
//! do not have; shapes come from instar-api. What follows from the rules of the house is added in `usual`.

mod usual;

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use instar_api::paths;
use instar_core::job::fields;
use serde_json::{Value, json};
use utoipa::PartialSchema as _;
use utoipa::openapi::OpenApi;

const DESCRIPTION: &str = "\
A host for coding agents on one machine: its jobs, their runs and sessions, and what happened.

Times are RFC 3339 in UTC. What is unset is left out of an answer, never `null`. Unknown parameters and members are \
ignored. GET answers HEAD too; other methods are answered with 405 and `Allow`, other paths with 404.";

/// Nothing in it changes while the server runs.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document(super::routes().into_openapi()).to_string()));

/// Shows this document.
#[utoipa::path(
    get, path = paths::OPENAPI, operation_id = "openapi_show",
    responses((status = 200, body = Object)),
)]
pub(super) async fn show() -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], DOCUMENT.clone()).into_response()
}

/// Completes what the handlers say.
fn document(handlers: OpenApi) -> Value {
    let mut document = serde_json::to_value(handlers).expect("the document has text keys only");
    document["info"] = json!({
        "title": "instar",
        "description": DESCRIPTION,
        "version": env!("CARGO_PKG_VERSION"),
        "license": { "name": "MIT", "identifier": "MIT" },
    });
    for (path, operation) in operations(&mut document) {
        usual::complete(&path, operation);
    }
    let components = &mut document["components"];
    components["schemas"]["ErrorBody"] = json!(instar_api::ErrorBody::schema());
    for (name, schema) in components["schemas"].as_object_mut().into_iter().flatten() {
        if !name.ends_with("Request") {
            leave_out_null(schema);
        }
    }
    components["schemas"]["GuardCheckRequest"]["oneOf"] = one_of("command", "input");
    for (name, required) in [("JobAddRequest", true), ("JobChangeRequest", false)] {
        let description = components["schemas"][name]["description"].take();
        components["schemas"][name] = job_request(description, required);
    }
    components["parameters"] = usual::path_parameters();
    components["responses"] = usual::responses();
    components["securitySchemes"] = usual::security_schemes();
    document["security"] = json!([{ "token": [] }]);
    document
}

/// A job in the body of a request, by the table of its fields: where one may be left out, `null` is as good as absent.
fn job_request(description: Value, is_new: bool) -> Value {
    let mut job = fields::schema()["items"].take();
    job["description"] = description;
    // What `execute` holds beside its type is the business of a plugin.
    let keep_type =
        |execute: &mut Value| execute["properties"].as_object_mut().map(|parts| parts.retain(|key, _| key == "type"));
    keep_type(&mut job["properties"]["execute"]);
    let required = if is_new { job["required"].clone() } else { Value::Null };
    if !is_new {
        job["minProperties"] = 1.into();
        job.as_object_mut().map(|job| job.shift_remove("required"));
        job["properties"].as_object_mut().map(|fields| fields.shift_remove("slug"));
        job["properties"]["execute"].as_object_mut().map(|execute| execute.shift_remove("required"));
    }
    for (name, field) in job["properties"].as_object_mut().into_iter().flatten() {
        if !required.as_array().is_some_and(|names| names.iter().any(|each| each == name)) {
            *field = json!({ "anyOf": [field.take(), { "type": "null" }] });
        }
    }
    job
}

/// Either of two members is there, and not both; `null` is as good as absent.
fn one_of(one: &str, other: &str) -> Value {
    let only = |this: &str, that: &str| json!({ "required": [this], "properties": { this: { "not": { "type": "null" } }, that: { "type": "null" } } });
    json!([only(one, other), only(other, one)])
}

fn operations(document: &mut Value) -> impl Iterator<Item = (String, &mut Value)> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    paths.flat_map(|(path, methods)| {
        let operations = methods.as_object_mut().into_iter().flatten();
        operations.map(|(_, operation)| (path.clone(), operation))
    })
}

/// An `Option` is left out when it is unset, so its schema is that of the value.
fn leave_out_null(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(types) = members.get_mut("type").and_then(Value::as_array_mut) {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    members["type"] = only.clone();
                }
            }
            for part in members.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
                // A flattened `Option`: its members are there, or none of them.
                if let Some(inner) = without_null(part) {
                    *part = json!({ "anyOf": [inner, { "type": "object" }] });
                }
            }
            if let Some(Value::Object(inner)) = without_null(&Value::Object(members.clone())) {
                members.shift_remove("oneOf");
                members.extend(inner);
            }
            members.values_mut().for_each(leave_out_null);
        }
        Value::Array(parts) => parts.iter_mut().for_each(leave_out_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The schema that a choice between it and `null` is about.
fn without_null(schema: &Value) -> Option<Value> {
    match schema["oneOf"].as_array()?.as_slice() {
        [inner, null] | [null, inner] if null["type"] == "null" => Some(inner.clone()),
        _ => None,
    }
}
