//! Plugins by way of the API: an operator installs, grants, sets up and takes away, and what changed is live with the
//! answer. The token of a session opens none of it.

use std::fs;

use instar_tests::{Agent, Server, component, shout, until, until_some};
use serde_json::{Value, json};

fn job(slug: &str, execute: &Value) -> Value {
    json!({ "slug": slug, "name": slug, "schedule": "@yearly", "execute": execute })
}

#[track_caller]
fn done(server: &Server, method: &str, path: &str, body: &Value) -> Value {
    let answer = server.client().send(method, path, Some(&body.to_string()), &[("Content-Type", "application/json")]);
    assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
    answer.json
}

#[track_caller]
fn refused(server: &Server, method: &str, path: &str, body: &Value, status: u16, words: &str) {
    let answer = server.client().send(method, path, Some(&body.to_string()), &[("Content-Type", "application/json")]);
    assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    assert!(answer.text.contains(words), "{method} {path} says {}, and not {words}", answer.text);
}

#[test]
fn a_plugin_is_installed_upgraded_rolled_back_and_removed() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("shout", &json!({ "type": "shouts", "value": "echo fine" }))]));
    let server = agent.start();
    let file = agent.path("shouts.wasm");
    fs::write(&file, shout("0.1.0")).expect("a file can be written");
    let wish = json!({ "from": file.display().to_string() });
    let installed = done(&server, "POST", "/plugins/install", &wish);
    assert_eq!((&installed["id"], &installed["changed"]), (&json!("execute-shouts"), &json!(true)), "{installed:#}");
    assert_eq!(server.ended_run(&server.trigger("shout"))["outcome"], "succeeded", "it is live with the answer");
    assert_eq!(done(&server, "POST", "/plugins/install", &wish)["changed"], false);

    fs::write(&file, shout("0.2.0")).expect("a file can be written");
    assert_eq!(done(&server, "POST", "/plugins/install", &wish)["previousVersion"], "0.1.0");
    assert_eq!(server.client().get("/plugins/execute-shouts").json["version"], "0.2.0");
    assert_eq!(done(&server, "POST", "/plugins/execute-shouts/rollback", &json!({}))["version"], "0.1.0");
    assert_eq!(server.client().get("/plugins/execute-shouts").json["version"], "0.1.0");
    assert_eq!(done(&server, "POST", "/plugins/execute-shouts/upgrade", &json!({}))["version"], "0.2.0");
    assert_eq!(done(&server, "POST", "/plugins/execute-shouts/upgrade", &json!({}))["changed"], false);
    fs::copy(component("tiny-notifier"), &file).expect("a file can be written");
    refused(&server, "POST", "/plugins/execute-shouts/upgrade", &json!({}), 409, "`tiny-notifier` now");
    refused(&server, "POST", "/plugins/nobody/upgrade", &json!({}), 404, "`nobody`");
    done(&server, "POST", "/plugins/execute-shouts/rollback", &json!({}));
    fs::write(&file, shout("0.0.9")).expect("a file can be written");
    refused(&server, "POST", "/plugins/install", &wish, 409, "older");

    done(&server, "POST", "/plugins/execute-shouts/disable", &json!({}));
    assert_eq!(server.client().get("/plugins/execute-shouts").json["enabled"], false);
    done(&server, "POST", "/plugins/execute-shouts/enable", &json!({}));
    assert_eq!(server.client().get("/plugins/execute-shouts").json["enabled"], true);
    assert_eq!(server.client().delete("/plugins/execute-shouts").json["version"], "0.1.0");
    assert_eq!(server.client().get("/plugins/execute-shouts").status, 404);
    assert_eq!(server.client().delete("/plugins/execute-shouts").status, 404);
    refused(&server, "POST", "/plugins/install", &json!({ "from": "/no/such/file" }), 409, "/no/such/file");
    refused(&server, "POST", "/plugins/install", &json!({}), 422, "`from`");
}

#[test]
fn consent_is_what_the_request_names() {
    let agent = Agent::new();
    agent.write_jobs(&json!([]));
    let server = agent.start();
    let from = component("tiny-http").display().to_string();
    let install = |grants: &Value| json!({ "from": from, "grants": grants });
    refused(&server, "POST", "/plugins/install", &install(&json!(["http"])), 409, "never sees it");
    refused(&server, "POST", "/plugins/install", &install(&json!(["files"])), 409, "does not ask for `files`");
    assert_eq!(server.client().get("/plugins/tiny-http").status, 404, "nothing was installed");
    let all = json!(["clock", "http", "kv", "secrets"]);
    assert_eq!(done(&server, "POST", "/plugins/install", &install(&all))["grants"], all);
    let fewer = done(&server, "POST", "/plugins/tiny-http/revoke", &json!({ "rights": ["kv"] }));
    assert_eq!(fewer["grants"], json!(["clock", "http", "secrets"]));
    let problems = server.client().get("/plugins").text;
    assert!(problems.contains("instar plugin grant tiny-http kv"), "{problems}");
    refused(&server, "POST", "/plugins/tiny-http/grant", &json!({ "rights": ["files"] }), 409, "`files`");
    refused(&server, "POST", "/plugins/tiny-http/grant", &json!({}), 422, "`rights`");
    done(&server, "POST", "/plugins/tiny-http/grant", &json!({ "rights": ["kv"] }));
    assert_eq!(server.client().get("/plugins/tiny-http").json["enabled"], true);
}

#[test]
fn settings_and_secrets_are_set_and_values_shown_to_nobody() {
    let agent = Agent::new();
    agent.write_jobs(&json!([]));
    let server = agent.start();
    let config = json!({ "config": { "urls": ["https://ci.example.org"] } });
    done(&server, "PUT", "/plugins/execute-http/config", &config);
    assert_eq!(server.client().get("/plugins/execute-http/config").json, config);
    assert_eq!(agent.json(".instar/config.json")["plugins"]["execute-http"]["config"], config["config"]);
    let bad = json!({ "config": { "urls": ["ci.example.org"] } });
    refused(&server, "PUT", "/plugins/execute-http/config", &bad, 409, "urls.0");
    let of_another_form = json!({ "config": { "urls": "https://ci.example.org" } });
    refused(&server, "PUT", "/plugins/execute-http/config", &of_another_form, 409, "`urls` must be a list");
    assert_eq!(server.client().get("/plugins/execute-http/config").json, config);
    assert_eq!(server.client().get("/plugins/no-such/config").status, 404);

    let secrets = || server.client().get("/plugins/execute-http/secrets").json["secrets"][0].clone();
    assert_eq!((&secrets()["slot"], &secrets()["isSet"]), (&json!("token"), &json!(false)));
    done(&server, "PUT", "/plugins/execute-http/secrets/token", &json!({ "value": "OnlyForTests" }));
    assert_eq!(secrets()["isSet"], true);
    let shown = server.client().get("/plugins/execute-http/secrets").text;
    assert!(!shown.contains("OnlyForTests"), "{shown}");
    assert_eq!(agent.json(".instar/secrets.json")["execute-http/token"], "OnlyForTests");
    refused(&server, "PUT", "/plugins/execute-http/secrets/other", &json!({ "value": "x" }), 404, "`other`");
    refused(&server, "PUT", "/plugins/execute-http/secrets/token", &json!({ "value": "" }), 422, "`value`");
    assert_eq!(server.client().delete("/plugins/execute-http/secrets/token").status, 200);
    assert_eq!(secrets()["isSet"], false);
    // The server logs what is loaded and what fails; of a plugin, its own lines alone.
    let logs = server.client().get("/plugins/execute-http/logs?lines=5");
    assert!(logs.status == 200 && logs.json["lines"].is_array(), "{logs:?}");
}

#[test]
fn a_session_changes_no_plugin() {
    let agent = Agent::new();
    agent.write_script("token.sh", "printenv INSTAR_TOKEN > token; sleep 600");
    agent.write_jobs(&json!([job("tell", &json!({ "type": "script", "value": "token.sh" }))]));
    let server = agent.start();
    server.running_run(&server.trigger("tell"));
    let token = until_some("the token", || {
        fs::read_to_string(agent.path("token")).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    });
    let client = server.client().with_token(Some(&token));
    assert_eq!(until("the session", || client.get("/plugins").status, |status| *status == 200), 200);
    let ways = [
        ("POST", "/plugins/install"),
        ("DELETE", "/plugins/execute-http"),
        ("POST", "/plugins/execute-http/disable"),
        ("POST", "/plugins/execute-http/grant"),
        ("POST", "/plugins/execute-http/upgrade"),
        ("PUT", "/plugins/execute-http/config"),
        ("PUT", "/plugins/execute-http/secrets/token"),
    ];
    for (method, path) in ways {
        let answer = client.send(method, path, Some("{}"), &[("Content-Type", "application/json")]);
        assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
    }
}
