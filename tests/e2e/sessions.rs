//! Sessions as people and agents meet them: one name everywhere, output that stays, a kill that holds.

use instar_tests::{Agent, Server, until};
use serde_json::{Value, json};

fn start(value: &str) -> (Agent, Server, Value) {
    let agent = Agent::new();
    agent.write_jobs(&json!([{
        "slug": "a", "name": "a", "schedule": "@yearly", "execute": {"type": "script", "value": value}
    }]));
    let server = agent.start();
    let run = server.running_run(&server.trigger("a"));
    (agent, server, run)
}

#[test]
fn one_session_answers_to_its_name_its_id_and_its_tmux_name() {
    let (_agent, server, run) = start("echo here; sleep 60");
    let sessions = server.client().get("/sessions?status=running").json;
    let session = &sessions[0];
    assert_eq!(session["name"], run["session"]);
    assert_eq!(session["jobSlug"], "a");
    for key in ["name", "id", "tmuxSession"] {
        let address = session[key].as_str().expect(key);
        let path = format!("/sessions/{address}/output?lines=1");
        until("the output", || server.client().get(&path).json["output"].clone(), |output| output == "here\n");
    }
    let tmux = server.client().get("/sessions/tmux").json;
    assert_eq!(tmux["sessions"], json!([{ "name": session["tmuxSession"] }]));
}

#[test]
fn killed_session_stays_killed_and_a_second_kill_changes_nothing() {
    let (_agent, server, run) = start("trap '' TERM; echo here; sleep 300");
    let path = format!("/sessions/{}", run["session"].as_str().expect("a session"));
    let first = server.client().delete(&path);
    assert_eq!((first.status, &first.json["ok"]), (200, &json!(true)), "{first:?}");
    let ended = server.ended_run(run["id"].as_str().expect("an id"));
    assert_eq!((&ended["outcome"], &ended["result"]), (&json!("stopped"), &json!("failure")), "{ended:#}");
    assert_eq!(server.client().delete(&path).status, 200);
    let session = server.client().get(&path).json;
    assert_eq!((&session["status"], &session["endedAt"]), (&json!("killed"), &ended["endedAt"]), "{session:#}");
    assert_eq!(server.client().delete("/sessions/nobody").status, 404);
}

#[test]
fn protected_session_cannot_be_killed() {
    let (agent, server, run) = start("sleep 60");
    let name = run["session"].as_str().expect("a session").to_owned();
    assert!(server.stop().success());
    agent.configure(&json!({"sessions": {"protectedSessions": [name]}}));
    let server = agent.start();
    let answer = server.client().delete(&format!("/sessions/{name}"));
    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(server.client().get(&format!("/sessions/{name}")).json["status"], "running");
}

#[test]
fn environment_is_what_the_allow_list_lets_through() {
    let agent = Agent::new();
    agent.configure(&json!({"sessions": {"passEnv": ["LET_THROUGH"]}}));
    agent.write_jobs(&json!([{
        "slug": "env", "name": "env", "schedule": "@yearly", "execute": {"type": "script", "value": "env"}
    }]));
    let mut command = agent.command(&["server", "start"]);
    command.env("LET_THROUGH", "yes").env("ANTHROPIC_API_KEY", "secret").env("DATABASE_URL", "secret");
    let done = command.output().expect("instar can be run");
    assert!(done.status.success(), "{done:?}");
    let done = agent.instar(&["--json", "job", "trigger", "env", "--wait"]);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(agent.instar(&["server", "stop"]).status.success());
    assert!(text.contains("LET_THROUGH=yes") && text.contains("INSTAR_JOB=env"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn output_gives_exactly_the_last_lines() {
    let (_agent, server, run) = start("seq 1 5000; sleep 60");
    let path = format!("/sessions/{}/output?lines=3", run["session"].as_str().expect("a session"));
    until("all lines", || server.client().get(&path).json["output"].clone(), |output| output == "4998\n4999\n5000\n");
    let plain = server.client().send("GET", &path, None, &[("Accept", "text/plain")]);
    assert_eq!(plain.text, "4998\n4999\n5000\n");
}

#[test]
fn sleep_of_the_project_in_a_folder_with_a_dot_and_a_space_works() {
    let agent = Agent::new();
    let inner = agent.path("my.app of mine");
    std::fs::create_dir(&inner).expect("made");
    let dir = inner.to_str().expect("utf-8");
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(instar_tests::instar_bin());
        command.args(arguments).args(["--dir", dir]).output().expect("instar can be run")
    };
    assert!(run(&["init"]).status.success());
    let add = [
        "job",
        "add",
        "--slug",
        "x",
        "--name",
        "X",
        "--schedule",
        "@yearly",
        "--type",
        "script",
        "--execute",
        "echo from $PWD",
    ];
    assert!(run(&add).status.success());
    assert!(run(&["server", "start"]).status.success());
    let done = run(&["job", "trigger", "x", "--wait"]);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(run(&["server", "stop"]).status.success());
    assert!(done.status.success() && text.contains("my.app of mine"), "{done:?}");
}
