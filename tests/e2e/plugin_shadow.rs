//! Another build of a guard judges beside the one that counts: both are compared, and nothing else changes.

use std::fs;
use std::path::Path;
use std::process::Output;

use instar_tests::{Agent, Server, component, component_bytes, reworded, until};
use serde_json::{Value, json};

use crate::hook;

const GUARD: &str = "tiny-command-guard";
/// Taken out by `guard-secrets`, as in the log of decisions.
const SECRET: &str = concat!("gh", "p_UmSw3mLjEbPyZwPBAUUYBUWOjh1saN21fqUq");

fn operator(agent: &Agent, arguments: &[&str]) -> Output {
    agent.command_of_operator(arguments).output().expect("instar can be run")
}

#[track_caller]
fn done(agent: &Agent, arguments: &[&str]) -> Value {
    let output = operator(agent, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[track_caller]
fn refused(agent: &Agent, arguments: &[&str], words: &[&str]) {
    let output = operator(agent, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} was done: {output:?}");
    assert!(words.iter().all(|word| said.contains(word)), "{arguments:?} says {said:?}, and not {words:?}");
}

fn install(agent: &Agent, name: &str) {
    done(agent, &["plugin", "install", &component(name).display().to_string(), "--yes"]);
}

fn next() -> String {
    component("tiny-command-guard-next").display().to_string()
}

/// What the server says of a command, as its API is asked.
fn checked(server: &Server, command: &str) -> Value {
    server.client().post("/guards/check", &json!({ "command": command, "cwd": "/tmp" })).json
}

fn shadow(server: &Server) -> Value {
    server.client().get(&format!("/plugins/{GUARD}/shadow")).json
}

#[track_caller]
fn until_asked(server: &Server, count: u64) -> Value {
    until("the comparison", || shadow(server), |shadow| shadow["asked"].as_u64() >= Some(count))
}

fn bash(command: &str) -> Vec<u8> {
    json!({
        "session_id": "s1", "hook_event_name": "PreToolUse", "permission_mode": "default", "cwd": "/tmp",
        "tool_name": "Bash", "tool_input": { "command": command },
    })
    .to_string()
    .into_bytes()
}

fn of_hook(agent: &Agent, command: &str) -> String {
    let done = hook::call(agent, "PreToolUse", Path::new("/tmp"), &bash(command), &[]);
    assert!(done.status.success(), "{done:?}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn both_builds_are_compared_and_only_one_counts() {
    let agent = Agent::new();
    agent.write_jobs(&json!([]));
    install(&agent, GUARD);
    let server = agent.start();
    let put = done(&agent, &["plugin", "shadow", GUARD, &next()]);
    assert_eq!((&put["version"], &put["judgingVersion"]), (&json!("0.2.0"), &json!("0.1.0")));
    until("the server to take it up", || shadow(&server), |shadow| shadow["comparing"] == true);

    assert_eq!(checked(&server, "ls -la")["answer"], "pass");
    let denied = checked(&server, &format!("rm -rf build --token {SECRET}"));
    let rules: Vec<_> = denied["findings"].as_array().into_iter().flatten().map(|it| &it["rule"]).collect();
    assert!(denied["answer"] == "deny" && rules.contains(&&json!("tiny-command-guard/no-rm")), "{denied:#}");
    assert_ne!(checked(&server, "sudo ls")["answer"], "pass", "the one that counts asks");
    let told = until_asked(&server, 3);
    assert_eq!((&told["alike"], &told["different"], &told["faults"]), (&json!(1), &json!(2), &json!({})), "{told:#}");
    let [sudo, rm] = [&told["differences"][0], &told["differences"][1]];
    assert_eq!((&sudo["judging"]["answer"], &sudo["shadow"]["answer"]), (&json!("ask"), &json!("pass")), "{told:#}");
    assert_eq!((&rm["judging"]["answer"], &rm["shadow"]["answer"]), (&json!("deny"), &json!("ask")), "{told:#}");
    assert!(rm["question"].as_str().is_some_and(|question| question.starts_with("rm -rf build")), "{rm:#}");
    assert_eq!(rm["shadow"]["findings"][0]["rule"], "tiny-command-guard/no-rm");

    // A fault is the shadow's own: it is no denial, and the one that counts goes on.
    for _ in 0..6 {
        assert_eq!(checked(&server, "trap-me")["answer"], "pass");
    }
    let given_up = |shadow: &Value| shadow["problem"]["code"] == "given-up";
    let told = until("the shadow to be given up", || shadow(&server), given_up);
    assert_eq!((&told["faults"]["trap"], &told["comparing"]), (&json!(5), &json!(false)), "{told:#}");
    let plugin = server.client().get(&format!("/plugins/{GUARD}")).json;
    assert!(plugin["quarantine"].is_null() && plugin["enabled"] == true && plugin["version"] == "0.1.0", "{plugin:#}");
    assert_eq!(server.client().get(&format!("/plugins/{GUARD}/stats")).json["faults"], json!({}));

    // It is there after a restart, and without a server; nobody is shown a secret.
    assert!(server.stop().success());
    let kept = done(&agent, &["plugin", "shadow", GUARD, "--last", "1"]);
    assert_eq!((&kept["asked"], &kept["different"]), (&told["asked"], &json!(2)), "{kept:#}");
    assert_eq!((kept["differences"].as_array().map(Vec::len), &kept["comparing"]), (Some(1), &json!(false)));
    let file = fs::read_to_string(agent.path(&format!(".instar/state/shadows/{GUARD}.json"))).expect("the record");
    assert!(!file.contains(SECRET) && file.contains("redacted"), "{file}");
    let server = agent.start();
    assert_eq!(shadow(&server)["different"], 2);
    let shown = String::from_utf8(operator(&agent, &["plugin", "shadow", GUARD]).stdout).expect("text");
    for words in ["0.2.0 judges beside 0.1.0", "differ  2", "5 trap", "given-up", "deny (tiny-command-guard/no-rm)"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }

    // Put there again, it is asked again; ended, it is gone.
    done(&agent, &["plugin", "shadow", GUARD, &next()]);
    until("it to begin anew", || shadow(&server), |shadow| shadow["asked"] == 0 && shadow["comparing"] == true);
    assert!(operator(&agent, &["plugin", "disable", GUARD]).status.success());
    let told = until("nobody to judge", || shadow(&server), |shadow| shadow["comparing"] == false);
    assert_eq!(told["problem"]["code"], "nobody-judges", "{told:#}");
    assert_eq!(done(&agent, &["plugin", "shadow", GUARD, "--off"])["ended"], GUARD);
    until("its end", || server.client().get(&format!("/plugins/{GUARD}/shadow")).status, |status| *status == 404);
    assert!(!agent.path(&format!(".instar/state/shadows/{GUARD}.json")).exists());
    refused(&agent, &["plugin", "shadow", GUARD, "--off"], &["no other build", GUARD]);
}

#[test]
fn questions_of_hooks_are_compared_while_a_server_runs() {
    let agent = hook::guarded();
    agent.write_jobs(&json!([]));
    install(&agent, GUARD);
    done(&agent, &["plugin", "shadow", GUARD, &next()]);
    assert!(of_hook(&agent, "rm -rf build").contains("deny"), "without a server it is as ever");
    let server = agent.start();
    assert_eq!((&shadow(&server)["asked"], &shadow(&server)["comparing"]), (&json!(0), &json!(true)));
    let denied = of_hook(&agent, "rm -rf build");
    assert!(denied.contains("\"deny\"") && denied.contains("tiny-command-guard/no-rm"), "{denied}");
    let passed = of_hook(&agent, "trap-me");
    assert!(!passed.contains("deny") && !passed.contains("trap"), "{passed}");
    let told = until_asked(&server, 2);
    assert_eq!((&told["different"], &told["faults"]["trap"]), (&json!(1), &json!(1)), "{told:#}");
    assert_eq!(told["differences"][0]["question"], "rm -rf build", "{told:#}");

    // With the file of the shadow, an upgrade takes its place, and there is nothing to compare any more.
    done(&agent, &["plugin", "install", &next(), "--yes"]);
    until("its end", || server.client().get(&format!("/plugins/{GUARD}/shadow")).status, |status| *status == 404);
    assert!(of_hook(&agent, "rm -rf build").contains("\"ask\""));
}

#[test]
fn what_is_no_other_build_of_the_guard_is_refused() {
    let agent = Agent::new();
    agent.write_jobs(&json!([]));
    install(&agent, GUARD);
    let put = |id: &str, from: &str, words: &[&str]| refused(&agent, &["plugin", "shadow", id, from], words);
    let own = component(GUARD).display().to_string();
    put(GUARD, &own, &["judges already", "nothing was changed"]);
    put(GUARD, &component("tiny-run-guard").display().to_string(), &["`tiny-run-guard`, and not `tiny-command-guard`"]);
    put("nobody", &next(), &["`nobody`"]);
    put("execute-script", &next(), &["`execute-script` is no guard"]);
    put(GUARD, "/no/such/file", &["/no/such/file"]);
    let described = "description = \"Another build of it: it";
    let asking = format!("{:<width$}", "[capability.clock]\n# ", width = described.len());
    let asks = reworded(&component_bytes("tiny-command-guard-next"), &[(described, &asking)]);
    fs::write(agent.path("asks.wasm"), asks).expect("written");
    put(GUARD, &agent.path("asks.wasm").display().to_string(), &["`clock`", "no more than it", "reads the clock"]);
    let as_agent = agent.command_of_operator(&["plugin", "shadow", GUARD, &next()]).env("CLAUDECODE", "1").output();
    let said = String::from_utf8(as_agent.expect("it runs").stderr).expect("text");
    assert!(said.contains("an agent cannot"), "{said}");

    // The same through the API, live with the answer.
    let server = agent.start();
    let path = format!("/plugins/{GUARD}/shadow");
    let put = |path: &str, body: &Value| {
        server.client().send("PUT", path, Some(&body.to_string()), &[("Content-Type", "application/json")])
    };
    assert_eq!(server.client().get(&path).status, 404);
    assert_eq!(put(&path, &json!({})).status, 422);
    assert_eq!(put(&path, &json!({ "from": own })).status, 409);
    assert_eq!(put("/plugins/nobody/shadow", &json!({ "from": next() })).status, 404);
    let answer = put(&path, &json!({ "from": next() }));
    assert_eq!((answer.status, &answer.json["comparing"]), (200, &json!(true)), "{answer:?}");
    checked(&server, "rm -rf build");
    until_asked(&server, 1);
    let ended = server.client().delete(&path);
    assert_eq!((ended.status, &ended.json["different"], &ended.json["comparing"]), (200, &json!(1), &json!(false)));
    assert_eq!(server.client().delete(&path).status, 404);
}
