//! A recorded run is played to another build of its execute type: with the same one all is alike, with another one each
//! difference is named.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use instar_tests::webhooks::Webhooks;
use instar_tests::{Agent, Server, component, shout, until};
use serde_json::{Value, json};

fn replay(agent: &Agent, run: &str, build: Option<&str>, json: bool) -> Output {
    let mut arguments = vec!["plugin", "replay", run];
    arguments.extend(build);
    arguments.extend(json.then_some("--json"));
    agent.instar(&arguments)
}

#[track_caller]
fn replayed(agent: &Agent, run: &str, build: Option<&str>, code: i32) -> Value {
    let output = replay(agent, run, build, true);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn steps(agent: &Agent, run: &str) -> String {
    fs::read_to_string(agent.path(&format!(".instar/state/steps/{run}.jsonl"))).unwrap_or_default()
}

#[track_caller]
fn until_kept(agent: &Agent, run: &str, count: usize) -> String {
    until("the steps", || steps(agent, run), |steps| steps.lines().count() == count)
}

fn install(agent: &Agent, path: &str, grants: &str) {
    let mut install = vec!["plugin", "install", path, "--yes"];
    if !grants.is_empty() {
        install.extend(["--grant", grants]);
    }
    let output = agent.command_of_operator(&install).output().expect("instar can be run");
    assert!(output.status.success(), "{output:?}");
}

/// A run of `tiny-work` that asked the network at both of its steps, and kept a value.
fn worked() -> (Agent, Server, String) {
    let (agent, webhooks) = (Agent::new(), Webhooks::start());
    let url = webhooks.url();
    agent.configure(&json!({ "plugins": { "tiny-work": {
        "config": { "urls": [url] },
        "http": { "hosts": { "127.0.0.1": url } },
    } } }));
    install(&agent, &component("tiny-work").display().to_string(), "clock,http,kv,secrets");
    let execute = json!({ "type": "tiny-work", "waits": 1, "waitMs": 20, "url": format!("{url}/state") });
    agent.write_jobs(&json!([{ "slug": "poll", "name": "Poll", "schedule": "@yearly", "execute": execute }]));
    let server = agent.start();
    let run = server.ended_run(&server.trigger("poll"));
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    let id = run["id"].as_str().expect("an id").to_owned();
    until_kept(&agent, &id, 2);
    (agent, server, id)
}

#[test]
fn the_same_build_is_alike_and_another_one_differs_where_it_is_named() {
    // The network of the run is gone with this, and nothing is asked again.
    let (agent, server, run) = worked();
    let alike = replayed(&agent, &run, None, 0);
    assert_eq!((&alike["alike"], &alike["executeType"]), (&json!(true), &json!("tiny-work")), "{alike:#}");
    assert_eq!(alike["steps"].as_array().map(Vec::len), Some(2), "{alike:#}");
    assert_eq!(alike["recorded"], alike["now"]);
    assert!(server.stop().success());
    let same = component("tiny-work").display().to_string();
    assert_eq!(replayed(&agent, &run, Some(&same), 0)["alike"], true, "without a server");

    let next = component("tiny-work-next").display().to_string();
    let told = replayed(&agent, &run, Some(&next), 1);
    assert_eq!((&told["alike"], &told["now"]["version"]), (&json!(false), &json!("0.2.0")), "{told:#}");
    let [first, second] = [&told["steps"][0], &told["steps"][1]];
    assert_eq!((&first["event"], &first["alike"]), (&json!("requested"), &json!(true)), "{told:#}");
    assert_eq!((&second["event"], &second["alike"]), (&json!("woke"), &json!(false)), "{told:#}");
    let differences = second["differences"].as_array().expect("a list");
    let named: Vec<_> = differences.iter().map(|it| it["what"].as_str().unwrap_or_default()).collect();
    assert_eq!(named, ["action 1", "asks", "no longer asks"], "{told:#}");
    let message = |side: &str| differences[0][side]["Finish"]["message"].as_str().unwrap_or_default().to_owned();
    assert_eq!(message("recorded"), "ok after 1 waits, revision 1, clock true", "{told:#}");
    assert_eq!(message("now"), "ok at last, kept false, clock true", "{told:#}");
    assert_eq!(
        (&differences[1]["now"]["what"], &differences[2]["recorded"]["what"]),
        (&json!("kv.set"), &json!("kv.set"))
    );

    let shown = String::from_utf8(replay(&agent, &run, Some(&next), false).stdout).expect("text");
    for words in ["step 1 (requested) is alike", "step 2 (woke) differs", "at last", "Not all steps"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let refused = |run: &str, build: &str, words: &str| {
        let output = replay(&agent, run, Some(build), false);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "{words}: {said}");
    };
    refused(&run, &component("tiny-run-guard").display().to_string(), "is no execute type");
    refused(&run, "/no/such/file", "/no/such/file");
    refused("0192f0c1-2a3b-7c4d-8e5f-0123456789ab", &same, "nothing is kept of the steps of run");
}

#[test]
fn what_is_kept_is_private_and_has_no_secrets_and_goes_with_its_run() {
    const SECRET: &str = concat!("gh", "p_UmSw3mLjEbPyZwPBAUUYBUWOjh1saN21fqUq");
    let agent = Agent::new();
    fs::write(agent.path("shouts.wasm"), shout("0.1.0")).expect("written");
    install(&agent, &agent.path("shouts.wasm").display().to_string(), "");
    let job = |slug: &str, value: &str| {
        let execute = json!({ "type": "shouts", "value": value });
        json!({ "slug": slug, "name": slug, "schedule": "@yearly", "execute": execute })
    };
    let value = format!("echo {SECRET} {}", agent.token());
    agent.write_jobs(&json!([job("tell", &value), job("plain", "echo fine")]));
    let server = agent.start();
    let ended = |slug: &str| {
        let id = server.trigger(slug);
        assert_eq!(server.ended_run(&id)["outcome"], "succeeded");
        until_kept(&agent, &id, 2);
        id
    };
    let (tell, plain) = (ended("tell"), ended("plain"));
    let kept = steps(&agent, &tell);
    assert!(!kept.contains(SECRET) && !kept.contains(&agent.token()) && kept.contains("redacted"), "{kept}");
    let file = agent.path(&format!(".instar/state/steps/{tell}.jsonl"));
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    fs::write(agent.path("shouts.wasm"), shout("0.2.0")).expect("written");
    let build = agent.path("shouts.wasm").display().to_string();
    let told = replayed(&agent, &tell, Some(&build), 0);
    assert_eq!((&told["alike"], &told["steps"][0]["redacted"]), (&json!(true), &json!(true)), "{told:#}");
    assert_eq!(replayed(&agent, &plain, Some(&build), 0)["steps"][0]["redacted"], false);

    assert!(server.stop().success());
    agent.configure(&json!({ "retention": { "maxRuns": 1 } }));
    let _server = agent.start();
    until("housekeeping", || file.exists(), |is_there| !is_there);
    assert!(agent.path(&format!(".instar/state/steps/{plain}.jsonl")).exists(), "the newest run is kept");
}
