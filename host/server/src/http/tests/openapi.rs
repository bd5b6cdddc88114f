//! The document at `/openapi.json` and the router tell the same story.

use std::collections::BTreeSet;

use super::*;
use crate::http::routes;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The paths that the router knows. It shows them to a debugger only.
fn routed_paths() -> BTreeSet<String> {
    let shown = format!("{:?}", Router::from(routes()));
    let paths = shown.split_once("paths: {").expect("the router shows its paths").1;
    let paths = paths.split_once("} }").expect("and where they end").0;
    paths.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

async fn document(fixture: &Fixture) -> Value {
    let answer = fixture.get("/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"));
    answer.json()
}

#[tokio::test]
async fn each_route_is_in_the_document_with_exactly_its_methods() {
    let fixture = Fixture::usual().await;
    let document = document(&fixture).await;
    let documented = document["paths"].as_object().unwrap();
    assert_eq!(documented.keys().cloned().collect::<BTreeSet<_>>(), routed_paths());
    for (path, operations) in documented {
        let target = path.replace(['{', '}'], "");
        let trace = request("TRACE", &target).header("authorization", format!("Bearer {TOKEN}"));
        let answer = fixture.send(trace, "").await;
        answer.check_error(405, "TRACE");
        let allowed: BTreeSet<_> = answer.header("allow").split(',').map(|name| name.trim().to_lowercase()).collect();
        let documented: BTreeSet<_> = operations.as_object().unwrap().keys().cloned().collect();
        let expected = allowed.iter().filter(|name| *name != "head").cloned().collect();
        assert_eq!(documented, expected, "{path}");
    }
    fixture.stop().await;
}

#[tokio::test]
async fn each_operation_says_what_it_is_for_and_how_it_refuses() {
    let fixture = Fixture::usual().await;
    let document = document(&fixture).await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(METHODS.contains(&method.as_str()), "{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|text| text.ends_with('.')), "{method} {path}");
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "two operations are called {name}");
            let is_open = operation.get("security").is_some();
            assert_eq!(is_open, path == "/health", "{path}");
            assert_eq!(operation["responses"].get("401").is_none(), is_open, "{path}");
            let variables = path.matches('{').count();
            let parameters = operation["parameters"]
                .as_array()
                .map_or(0, |parameters| parameters.iter().filter(|parameter| parameter.get("$ref").is_some()).count());
            assert_eq!(parameters, variables, "{method} {path}");
        }
    }
    assert!(names.contains("job_trigger"), "{names:?}");
    fixture.stop().await;
}

#[tokio::test]
async fn each_operation_but_health_wants_the_token() {
    let fixture = Fixture::usual().await;
    for (path, operations) in document(&fixture).await["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let answer = fixture.send(request(&method.to_uppercase(), &path.replace(['{', '}'], "")), "").await;
            assert_eq!(answer.status == StatusCode::UNAUTHORIZED, path != "/health", "{method} {path}");
        }
    }
    fixture.stop().await;
}

#[tokio::test]
async fn each_reference_within_the_document_leads_somewhere() {
    let fixture = Fixture::usual().await;
    let document = document(&fixture).await;
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 20, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    fixture.stop().await;
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect(member, references));
        }
        Value::Array(parts) => parts.iter().for_each(|part| collect(part, references)),
        _ => {}
    }
}

#[tokio::test]
async fn callers_may_send_null_for_unset_and_answers_never_have_it() {
    let fixture = Fixture::usual().await;
    let schemas = document(&fixture).await["components"]["schemas"].clone();
    assert_eq!(schemas["TriggerRequest"]["properties"]["force"]["type"], json!(["boolean", "null"]));
    assert_eq!(schemas["Run"]["properties"]["exitStatus"]["type"], "integer");
    for (name, schema) in schemas.as_object().unwrap() {
        assert!(name.ends_with("Request") || !schema.to_string().contains("\"null\""), "{name}: {schema}");
    }
    fixture.stop().await;
}
