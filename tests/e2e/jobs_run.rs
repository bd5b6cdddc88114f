//! The way of a job through the house, as the README tells it.

use instar_tests::{Agent, until};
use serde_json::{Value, json};

fn script(slug: &str, value: &str) -> Value {
    json!({"slug": slug, "name": slug, "schedule": "@yearly", "execute": {"type": "script", "value": value}})
}

#[test]
fn minute_schedule_fires_and_people_can_read_what_happened() {
    let agent = Agent::new();
    agent.write_script("beat.sh", "echo alive; exit 0");
    let mut job = script("beat", "beat.sh");
    job["schedule"] = json!("* * * * *");
    agent.write_jobs(&json!([job]));
    let server = agent.start();
    let completed = "/events?type=job_completed&since=24";
    let events = until("the fire", || server.client().get(completed).json, |events| events[0].is_object());
    let metadata = &events[0]["metadata"];
    assert_eq!(metadata["result"], "success", "{events:#}");
    assert_eq!(metadata["exitStatus"], 0, "{events:#}");
    assert!(metadata["durationMs"].is_u64() && metadata["tail"] == "alive\n", "{events:#}");
    let runs = server.client().get("/jobs/beat/runs").json;
    let run = &runs["runs"][0];
    assert_eq!((&run["result"], &run["exitStatus"], &run["tail"]), (&json!("success"), &json!(0), &json!("alive\n")));
    assert_eq!(run["trigger"]["kind"], "scheduled");
    assert!(run["scheduledAt"].as_str().is_some_and(|at| at.ends_with(":00.000Z")), "{run:#}");
    let session = run["session"].as_str().expect("the run names its session");
    let output = server.client().get(&format!("/sessions/{session}/output?lines=5")).json;
    assert_eq!(output["output"], "alive\n", "output of an ended session stays readable");
    let job = &server.client().get("/jobs").json["jobs"][0];
    assert_eq!(job["state"]["lastResult"], "success");
    assert!(job["state"]["nextScheduled"].is_string());
}

#[test]
fn failing_script_shows_failure_and_its_last_lines() {
    let agent = Agent::new();
    agent.write_script("fail.sh", "echo first; echo the reason >&2; exit 7");
    agent.write_jobs(&json!([script("fail", "fail.sh")]));
    let server = agent.start();
    let run = server.ended_run(&server.trigger("fail"));
    assert_eq!((&run["outcome"], &run["result"], &run["exitStatus"]), (&json!("failed"), &json!("failure"), &json!(7)));
    assert_eq!(run["tail"], "first\nthe reason\n");
    let job = &server.client().get("/jobs/fail").json;
    assert_eq!(job["state"]["consecutiveFailures"], 1, "{job:#}");
    assert!(job["state"]["lastError"].as_str().is_some_and(|error| error.contains('7')), "{job:#}");
}

#[test]
fn script_gets_its_arguments_as_given() {
    let agent = Agent::new();
    agent.write_script("show it.sh", r#"for each in "$@"; do echo "<$each>"; done"#);
    let mut job = script("args", "show it.sh");
    job["execute"]["args"] = json!("plain 'two words' -x");
    agent.write_jobs(&json!([job]));
    let server = agent.start();
    let run = server.ended_run(&server.trigger("args"));
    assert_eq!(run["tail"], "<plain>\n<two words>\n<-x>\n", "{run:#}");
}

#[test]
fn prompt_job_shows_the_agents_answer_and_nothing_of_the_prompt_in_argv() {
    let agent = Agent::new();
    agent.use_agent_cli(env!("CARGO_BIN_EXE_fake-claude").as_ref());
    agent.write_jobs(&json!([{
        "slug": "ask", "name": "Ask", "schedule": "@yearly", "model": "opus",
        "execute": {"type": "prompt", "value": "sleep:1 tell me all"}
    }]));
    let server = agent.start();
    let id = server.trigger("ask");
    server.running_run(&id);
    for pid in instar_tests::processes_below(agent.dir()) {
        let argv = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&argv).contains("tell me"), "the prompt stands in ps");
    }
    let run = server.ended_run(&id);
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    let tail = run["tail"].as_str().expect("a tail");
    assert!(tail.contains("You said: sleep:1 tell me all") && tail.contains("fake answer"), "{tail}");
    assert!(tail.contains("--dangerously-skip-permissions --model opus -p"), "{tail}");
}

#[test]
fn agent_cli_that_is_missing_is_named_with_the_way_out() {
    let agent = Agent::new();
    agent.use_agent_cli("/nowhere/claude".as_ref());
    agent.write_jobs(&json!([{
        "slug": "ask", "name": "Ask", "schedule": "@yearly", "execute": {"type": "prompt", "value": "hello"}
    }]));
    let server = agent.start();
    let run = server.ended_run(&server.trigger("ask"));
    assert_eq!((&run["outcome"], &run["result"]), (&json!("failed"), &json!("failure")));
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("/nowhere/claude")), "{run:#}");
}

#[test]
fn run_past_its_time_limit_is_a_timeout_and_its_whole_tree_is_gone() {
    let agent = Agent::new();
    agent.write_script("long.sh", "echo begun; (setsid sleep 4242) & sleep 4242");
    let mut job = script("long", "long.sh");
    job["timeoutMinutes"] = json!(0.02);
    agent.write_jobs(&json!([job]));
    let server = agent.start();
    let run = server.ended_run(&server.trigger("long"));
    assert_eq!(
        (&run["outcome"], &run["result"], &run["tail"]),
        (&json!("timed-out"), &json!("timeout"), &json!("begun\n"))
    );
    let session = server.client().get(&format!("/sessions/{}", run["session"].as_str().expect("a session"))).json;
    assert_eq!(session["status"], "killed");
    let sleepers = || {
        let below = instar_tests::processes_below(agent.dir()).into_iter();
        below
            .filter(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "sleep"))
            .count()
    };
    until("the tree to end", sleepers, |left| *left == 0);
}

#[test]
fn parallel_limit_queues_and_the_queue_survives_a_restart() {
    let agent = Agent::new();
    agent.configure(&json!({"scheduler": {"maxParallelJobs": 1}}));
    agent.write_jobs(&json!([script("one", "until [ -f go ]; do sleep 0.1; done"), script("two", "echo two")]));
    let server = agent.start();
    let one = server.trigger("one");
    server.running_run(&one);
    let answer = server.client().post("/jobs/two/trigger", &json!({"reason": "by test"}));
    assert_eq!(answer.json["result"], "queued", "{answer:?}");
    let two = answer.json["runId"].as_str().expect("a run id").to_owned();
    assert_eq!(server.client().get("/jobs").json["queue"][0]["slug"], "two");
    server.kill_hard();
    let server = agent.start();
    assert_eq!(server.run(&two)["status"], "queued");
    agent.write("go", "");
    assert_eq!(server.ended_run(&one)["outcome"], "succeeded");
    assert_eq!(server.ended_run(&two)["outcome"], "succeeded");
}

#[test]
fn second_trigger_of_a_running_job_is_skipped_and_said_so() {
    let agent = Agent::new();
    agent.write_jobs(&json!([script("one", "sleep 30")]));
    let server = agent.start();
    let one = server.trigger("one");
    server.running_run(&one);
    let answer = server.client().post("/jobs/one/trigger", &json!({}));
    assert_eq!((&answer.json["result"], &answer.json["reason"]), (&json!("skipped"), &json!("overlap")));
}

#[test]
fn disabled_job_is_triggered_only_with_force() {
    let agent = Agent::new();
    let mut job = script("off", "echo on");
    job["enabled"] = json!(false);
    agent.write_jobs(&json!([job]));
    let server = agent.start();
    let answer = server.client().post("/jobs/off/trigger", &json!({}));
    assert_eq!((&answer.json["result"], &answer.json["reason"]), (&json!("skipped"), &json!("disabled")));
    let answer = server.client().post("/jobs/off/trigger", &json!({"force": true}));
    let run = server.ended_run(answer.json["runId"].as_str().expect("a run id"));
    assert_eq!(run["outcome"], "succeeded");
}

#[test]
fn write_that_was_answered_is_visible_to_the_next_read() {
    let agent = Agent::new();
    agent.configure(&json!({"scheduler": {"maxParallelJobs": 1}}));
    let names: Vec<String> = (0..20).map(|index| format!("job-{index}")).collect();
    agent.write_jobs(&names.iter().map(|name| script(name, "sleep 20")).collect());
    let server = agent.start();
    for name in &names {
        let id = server.trigger(name);
        assert_eq!(server.run(&id)["slug"], json!(name));
        let requested = server.client().get("/events?type=job_requested&limit=1").json;
        assert_eq!(requested[0]["metadata"]["runId"], json!(id));
    }
    assert_eq!(server.client().get("/jobs").json["queue"].as_array().map(Vec::len), Some(19));
}
