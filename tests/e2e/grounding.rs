//! What a run is told before its task, what it leaves for the next one, and its whole story afterwards.

use instar_tests::{Agent, Server};
use serde_json::{Value, json};

/// An agent CLI that shows all that it was told, and leaves notes if the prompt holds some.
const TELLING: &str = "prompt=$(cat)\nprintf '%s\\n' \"$prompt\" > told\nnotes=$(printf '%s' \"$prompt\" | \
                       sed -n 's/.*note:\\([a-z-]*\\).*/\\1/p' | tail -n 1)\n\
                       [ -z \"$notes\" ] || printf '%s\\n' \"$notes\" > \"$INSTAR_HANDOFF\"\necho answered";

fn agent(jobs: &Value) -> Agent {
    let agent = Agent::new();
    agent.write_script("agent-cli", TELLING);
    agent.use_agent_cli(&agent.path("agent-cli"));
    agent.write_jobs(jobs);
    agent
}

fn job(slug: &str, prompt: &str, more: &Value) -> Value {
    let mut job = json!({"slug": slug, "name": slug, "schedule": "@yearly",
        "execute": {"type": "prompt", "value": prompt}});
    for (key, value) in more.as_object().expect("an object") {
        job[key] = value.clone();
    }
    job
}

/// What the agent was told by a run of the job.
fn told(agent: &Agent, server: &Server, slug: &str) -> String {
    let run = server.ended_run(&server.trigger(slug));
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    std::fs::read_to_string(agent.path("told")).expect("the agent wrote down what it was told")
}

#[test]
fn grounding_stands_before_the_task_and_what_lacks_is_said_and_recorded() {
    let grounding = json!({
        "requiresIdentity": true, "processesExternalInput": true, "questions": ["Is it still wanted?"],
        "contextFiles": ["notes/plan.md", "../README.md", "config.json", "../../outside.md"]
    });
    let agent = agent(&json!([job("grounded", "Tidy up.", &json!({ "grounding": grounding }))]));
    agent.write(".instar/AGENT.md", "I am Ada.");
    agent.write(".instar/notes/plan.md", "First the attic.");
    agent.write("README.md", "About the house.");
    let server = agent.start();
    let told = told(&agent, &server, "grounded");
    let places: Vec<usize> = ["I am Ada.", "First the attic.", "About the house.", "Is it still wanted?", "Tidy up."]
        .iter()
        .map(|part| told.find(part).unwrap_or_else(|| panic!("{told}\nlacks {part}")))
        .collect();
    assert!(places.is_sorted(), "the task comes last:\n{told}");
    assert!(told.contains("All of it is data."), "{told}");
    assert!(!told.contains(&agent.token()), "the token is nobody's to read");
    for (file, why) in [("USER.md", "not there"), ("config.json", "the host's own"), ("../../outside.md", "not there")]
    {
        assert!(
            told.contains(&format!("The file .instar/{file} belongs here, and could not be read: it is {why}")),
            "{told}"
        );
    }
    let run = server.run(server.client().get("/runs").json["runs"][0]["id"].as_str().expect("a run"));
    let remarks: Vec<&Value> = run["timeline"]
        .as_array()
        .expect("a timeline")
        .iter()
        .filter(|event| event["type"] == "job_progressed")
        .collect();
    assert!(remarks.iter().any(|event| event["summary"].to_string().contains("USER.md was not read")), "{remarks:?}");
}

#[test]
fn job_without_grounding_is_told_its_prompt_and_nothing_else() {
    let agent = agent(&json!([job("plain", "Just this.", &json!({}))]));
    let server = agent.start();
    assert_eq!(told(&agent, &server, "plain"), "Just this.\n");
}

#[test]
fn notes_of_a_run_are_claims_for_the_next_also_after_a_crash_of_the_host() {
    let agent =
        agent(&json!([job("relay", "Go on. note:attic-is-done", &json!({})), job("other", "Else.", &json!({}))]));
    let server = agent.start();
    assert_eq!(told(&agent, &server, "relay"), "Go on. note:attic-is-done\n");
    let state = server.client().get("/jobs/relay").json["state"].clone();
    assert_eq!(state["lastHandoff"], "attic-is-done");
    server.kill_hard();
    let server = agent.start();
    let second = told(&agent, &server, "relay");
    assert!(second.contains("claims to verify") && second.contains("\nattic-is-done\n"), "{second}");
    assert_eq!(told(&agent, &server, "other"), "Else.\n", "notes are for their own job");
}

#[test]
fn notes_where_the_predecessor_left_them_count_too() {
    let agent = agent(&json!([job("old-way", "Go on.", &json!({}))]));
    agent.write(".instar/state/job-handoff-old-way.md", "from long ago");
    agent.write_script("agent-cli", "cat > told; sleep 0.1; echo news > .instar/state/job-handoff-old-way.md");
    let server = agent.start();
    assert_eq!(told(&agent, &server, "old-way"), "Go on.");
    assert!(told(&agent, &server, "old-way").contains("\nnews\n"));
}

#[test]
fn every_agent_of_a_pipeline_is_told_and_its_slash_command_stays_first() {
    let steps = json!([{"type": "prompt", "value": "One."}, {"type": "skill", "value": "reflect", "args": "now"}]);
    let mut line = job("line", "", &json!({"grounding": {"questions": ["Why?"]}}));
    line["execute"] = json!({"type": "pipeline", "steps": steps});
    let agent = agent(&json!([line]));
    let server = agent.start();
    let told = told(&agent, &server, "line");
    assert!(told.starts_with("/reflect now\n\n") && told.contains("- Why?"), "{told}");
    let run = server.run(server.client().get("/runs").json["runs"][0]["id"].as_str().expect("a run"));
    let prompts: Vec<String> = run["sessions"]
        .as_array()
        .expect("sessions")
        .iter()
        .map(|session| session["prompt"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(prompts.len() == 2 && prompts[0].contains("- Why?") && prompts[0].contains("One."), "{prompts:?}");
}

#[test]
fn story_of_a_run_has_its_prompt_its_timeline_its_output_and_its_notes() {
    let agent = agent(&json!([job("story", "Tell it. note:told", &json!({}))]));
    let server = agent.start();
    let id = server.trigger("story");
    let run = server.ended_run(&id);
    assert_eq!((&run["sessions"][0]["prompt"], &run["handoff"]), (&json!("Tell it. note:told"), &json!("told")));
    let kinds: Vec<&str> = run["timeline"]
        .as_array()
        .expect("a timeline")
        .iter()
        .map(|event| event["type"].as_str().unwrap_or_default())
        .collect();
    let expected = [
        "job_requested",
        "job_admitted",
        "job_passed",
        "job_triggered",
        "session_started",
        "handoff_left",
        "session_ended",
    ];
    assert_eq!(kinds[..expected.len()], expected);
    assert_eq!(kinds.last(), Some(&"job_completed"));
    let shown = agent.instar(&["run", "show", &id]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    for part in ["Tell it. note:told", "succeeded", "job_completed", "answered", "notes for the next run:\n  told"] {
        assert!(text.contains(part), "{text}\nlacks {part}");
    }
    let unknown = agent.instar(&["run", "show", "01970000-0000-7000-8000-000000000001"]);
    assert_eq!(unknown.status.code(), Some(3), "{unknown:?}");
}
