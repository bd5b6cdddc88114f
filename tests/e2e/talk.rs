//! Sessions that talk with people: from the first message over restarts to their end, and their conversation after it.

use instar_tests::{Agent, Client, Server, Socket, until};
use serde_json::{Value, json};

fn agent_with(arguments: &[&str]) -> Agent {
    let agent = Agent::new();
    let command = env!("CARGO_BIN_EXE_fake-claude");
    agent.configure(&json!({"plugins": {"execute-prompt": {"config": {"command": command, "args": arguments}}}}));
    agent
}

fn spawn(client: &Client, name: &str, prompt: &str) -> Value {
    let answer = client.post("/sessions/spawn", &json!({ "name": name, "prompt": prompt }));
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json
}

#[track_caller]
fn until_status(server: &Server, name: &str, status: &str) -> Value {
    let path = format!("/sessions/{name}");
    until(status, || server.client().get(&path).json, |session| session["status"] == status)
}

fn output(server: &Server, name: &str) -> String {
    let answer = server.client().get(&format!("/sessions/{name}/output?lines=1000"));
    answer.json["output"].as_str().unwrap_or_default().to_owned()
}

#[track_caller]
fn until_output(server: &Server, name: &str, text: &str) -> String {
    until("the output", || output(server, name), |output| output.contains(text))
}

fn say(client: &Client, name: &str, text: &str) {
    let answer = client.post(&format!("/sessions/{name}/input"), &json!({ "text": text }));
    assert_eq!((answer.status, &answer.json), (200, &json!({ "ok": true })), "{answer:?}");
}

#[test]
fn session_answers_goes_idle_takes_more_and_is_resumed_after_a_restart() {
    let agent = agent_with(&[]);
    let server = agent.start();
    let session = spawn(server.client(), "research", "Compare the routers");
    assert_eq!((&session["name"], &session["status"]), (&json!("research"), &json!("running")), "{session:#}");
    assert_eq!((&session["model"], session.get("jobSlug")), (&json!("sonnet"), None), "{session:#}");
    until_status(&server, "research", "idle");
    until_output(&server, "research", "You said: Compare the routers");
    say(server.client(), "research", "And the second question");
    until_output(&server, "research", "You said: And the second question");
    until_status(&server, "research", "idle");
    // What is said while the host is down waits; what was said before is not said twice.
    say(server.client(), "research", "sleep:1 before the restart");
    server.kill_hard();
    let server = agent.start();
    say(server.client(), "research", "after the restart");
    let shown = until_output(&server, "research", "You said: after the restart");
    for said in ["Compare the routers", "And the second question", "sleep:1 before the restart"] {
        assert_eq!(shown.matches(&format!("You said: {said}")).count(), 1, "{said}\n{shown}");
    }
    until_status(&server, "research", "idle");
    say(server.client(), "research", "exit:0");
    let ended = until_status(&server, "research", "completed");
    let run = server.run(ended["runId"].as_str().expect("a run"));
    let conversation = run["usage"]["agentSession"].as_str().expect("a conversation").to_owned();
    assert!(server.stop().success());
    let server = agent.start();
    let done = agent.instar(&["--json", "session", "resume", "research", "Where were we?"]);
    assert!(done.status.success(), "{done:?}");
    let shown = until_output(&server, "research", "You said: Where were we?");
    assert!(shown.contains(&format!("conversation {conversation}")), "{shown}");
    until_status(&server, "research", "idle");
}

#[test]
fn texts_arrive_exactly_as_they_were_given() {
    let agent = agent_with(&[]);
    let server = agent.start();
    spawn(server.client(), "exact", "-begins with a dash; ends with one;");
    let texts =
        ["$(touch pwned) `id` ; rm -rf /tmp/nothing;", "--help", "é 漢 🙂\tand a tab", ";", "line one\nline two"];
    for text in texts {
        say(server.client(), "exact", text);
    }
    until_status(&server, "exact", "idle");
    let shown = until_output(&server, "exact", "line two");
    let lines: Vec<_> = shown.lines().map(str::trim_end).collect();
    let was_said = |text: &str| lines.iter().any(|line| line.ends_with(&format!("You said: {text}")));
    for text in ["-begins with a dash; ends with one;", texts[0], "--help", ";"] {
        assert!(was_said(text), "{text:?} is not in {lines:#?}");
    }
    assert!(!agent.path("pwned").exists());
    let refused = server.client().post("/sessions/exact/input", &json!({ "text": "\u{1b}[201~" }));
    assert_eq!(refused.status, 422, "{refused:?}");
}

#[test]
fn program_that_asks_for_trust_is_told_nothing_until_a_person_answers() {
    let agent = agent_with(&["--ask-trust"]);
    let server = agent.start();
    spawn(server.client(), "careful", "first");
    let session = until(
        "the question",
        || server.client().get("/sessions/careful").json,
        |session| session.get("question").is_some(),
    );
    assert_eq!(session["status"], "running", "{session:#}");
    assert!(session["question"].as_str().is_some_and(|question| question.contains("trust")), "{session:#}");
    say(server.client(), "careful", "second");
    assert!(!output(&server, "careful").contains("You said"));
    let mut socket = Socket::open(server.client(), "/ws", &[]).expect("it opens");
    socket.send(&json!({"type": "key", "session": "careful", "key": "Enter"}));
    socket.until_type("input_ack");
    let shown = until_output(&server, "careful", "You said: second");
    assert!(shown.find("You said: first") < shown.find("You said: second"), "{shown}");
    assert!(until_status(&server, "careful", "idle").get("question").is_none());
}

#[test]
fn session_that_nobody_speaks_to_is_completed() {
    let agent = agent_with(&[]);
    agent.configure(&json!({"sessions": {"idleTimeoutMinutes": 0.01}}));
    let server = agent.start();
    let session = spawn(server.client(), "brief", "hello");
    until_status(&server, "brief", "completed");
    let run = server.ended_run(session["runId"].as_str().expect("a run"));
    assert_eq!((&run["outcome"], run.get("slug")), (&json!("succeeded"), None), "{run:#}");
}

#[test]
fn name_that_is_taken_is_a_conflict_and_places_are_few() {
    let agent = agent_with(&[]);
    agent.configure(&json!({"sessions": {"maxSessions": 2}}));
    let server = agent.start();
    let client = server.client();
    spawn(client, "one", "hello");
    let again = client.post("/sessions/spawn", &json!({ "name": "one", "prompt": "hello" }));
    assert_eq!(again.status, 409, "{again:?}");
    spawn(client, "two", "hello");
    let third = client.post("/sessions/spawn", &json!({ "name": "three", "prompt": "hello" }));
    assert_eq!(third.status, 503, "{third:?}");
    assert!(third.text.contains("maxSessions"), "{third:?}");
    assert_eq!(client.delete("/sessions/one").status, 200);
    until_status(&server, "one", "killed");
    spawn(client, "one", "hello again");
    assert_eq!(client.get("/sessions/one").json["status"], "running");
}

#[test]
fn more_than_ten_begun_in_a_minute_have_to_wait() {
    let agent = agent_with(&[]);
    let server = agent.start();
    for _ in 0..10 {
        assert_eq!(server.client().post("/sessions/spawn", &json!({})).status, 400);
    }
    let refused = server.client().post("/sessions/spawn", &json!({ "name": "a", "prompt": "b" }));
    assert_eq!(refused.status, 429, "{refused:?}");
    let wait = refused.json["retryAfterMs"].as_u64().expect("a time to wait");
    assert!(wait > 0 && wait <= 60_000 && refused.text.contains("Rate limit exceeded"), "{refused:?}");
}

#[test]
fn agent_that_is_not_there_is_said_and_leaves_no_session() {
    let agent = agent_with(&[]);
    agent.configure(&json!({"plugins": {"execute-prompt": {"config": {"command": "no-such-agent"}}}}));
    let server = agent.start();
    let session = server.client().post("/sessions/spawn", &json!({ "name": "a", "prompt": "b" }));
    assert_eq!(session.status, 201, "the wrapper runs: {session:?}");
    let ended = until_status(&server, "a", "error");
    let run = server.run(ended["runId"].as_str().expect("a run"));
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("no-such-agent")), "{run:#}");
}

#[test]
fn sessions_token_opens_what_is_its_own_and_dies_with_it() {
    let agent = agent_with(&[]);
    agent.write_jobs(&json!([
        {"slug": "tell", "name": "Tell", "schedule": "@yearly", "execute": {"type": "script",
            "value": "echo url=$INSTAR_URL; echo token=$INSTAR_TOKEN; echo id=$INSTAR_RUN_ID/$INSTAR_JOB; read line"}},
        {"slug": "other", "name": "Other", "schedule": "@yearly", "execute": {"type": "script", "value": "read line"}}
    ]));
    let server = agent.start();
    let run = server.running_run(&server.trigger("tell"));
    let other = server.running_run(&server.trigger("other"));
    let (own, other) = (run["session"].as_str().expect("its name"), other["session"].as_str().expect("its name"));
    let told = until_output(&server, own, "id=");
    assert!(told.contains(&format!("id={}/tell", run["id"].as_str().expect("an id"))), "{told}");
    let value = |key: &str| told.lines().find_map(|line| line.strip_prefix(key)).expect(key).to_owned();
    let client = Client::new(&value("url="), Some(&value("token=")));
    assert_eq!(client.get("/jobs").status, 200);
    assert_eq!(client.post("/jobs/reload", &json!({})).status, 403);
    assert_eq!(client.delete(&format!("/sessions/{other}")).status, 403);
    assert_eq!(client.post(&format!("/sessions/{other}/input"), &json!({ "text": "x" })).status, 403);
    let child = client.post("/sessions/spawn", &json!({ "name": "child", "prompt": "hello" }));
    assert_eq!(child.status, 201, "{child:?}");
    say(&client, "child", "what it began it may talk to");
    assert_eq!(client.post(&format!("/sessions/{own}/input"), &json!({ "text": "the end" })).status, 200);
    server.ended_run(run["id"].as_str().expect("an id"));
    assert_eq!(client.get("/jobs").status, 403, "its session has ended");
}
#[test]
fn run_knows_what_it_took() {
    let agent = agent_with(&[]);
    agent.write_jobs(&json!([
        {"slug": "ask", "name": "Ask", "schedule": "@yearly", "execute": {"type": "prompt", "value": "print:hello"}},
        {"slug": "both", "name": "Both", "schedule": "@yearly", "execute": {"type": "pipeline", "steps": [
            {"type": "prompt", "value": "one"}, {"type": "skill", "value": "two"}]}}
    ]));
    let server = agent.start();
    let run = server.ended_run(&server.trigger("ask"));
    let usage = json!({"agentSession": "conversation-1", "model": "fake-model", "inputTokens": 100,
                       "outputTokens": 42, "costUsd": 0.0125});
    assert_eq!((&run["outcome"], &run["usage"]), (&json!("succeeded"), &usage), "{run:#}");
    assert!(run["tail"].as_str().is_some_and(|tail| tail.ends_with("hello\nfake answer\n")), "{run:#}");
    let run = server.ended_run(&server.trigger("both"));
    assert_eq!((&run["usage"]["outputTokens"], &run["usage"]["costUsd"]), (&json!(84), &json!(0.025)), "{run:#}");
}
