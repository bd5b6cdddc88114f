//! The jobs file is watched: edits are live, bad entries are named, the last good set stays.

use instar_tests::{Agent, Server, until};
use serde_json::{Value, json};

fn job(slug: &str) -> Value {
    json!({"slug": slug, "name": slug, "schedule": "@yearly", "execute": {"type": "script", "value": "echo x"}})
}

fn slugs(server: &Server) -> Vec<String> {
    let jobs = server.client().get("/jobs").json;
    jobs["jobs"]
        .as_array()
        .expect("jobs")
        .iter()
        .map(|job| job["slug"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn problems(server: &Server) -> String {
    server.client().get("/jobs").json["problems"].to_string()
}

#[test]
fn edit_is_live_without_a_reload() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("a")]));
    let server = agent.start();
    assert_eq!(slugs(&server), ["a"]);
    agent.write_jobs(&json!([job("a"), job("b")]));
    until("the edit", || slugs(&server), |slugs| slugs.len() == 2);
    std::fs::rename(agent.path(".instar/jobs.json"), agent.path("aside")).expect("renamed");
    agent.write("new.json", &json!([job("c")]).to_string());
    std::fs::rename(agent.path("new.json"), agent.path(".instar/jobs.json")).expect("renamed");
    until("the file that was moved in", || slugs(&server), |slugs| slugs == &["c"]);
}

#[test]
fn bad_job_is_reported_by_name_everywhere_and_the_others_go_on() {
    let agent = Agent::new();
    let mut bad = job("broken");
    bad["schedule"] = json!("every now and then");
    agent.write_jobs(&json!([job("good"), bad]));
    let server = agent.start();
    assert_eq!(slugs(&server), ["good"]);
    assert!(problems(&server).contains("broken"), "{}", problems(&server));
    assert!(server.output().contains("broken"), "the log names it:\n{}", server.output());
    let list = agent.instar(&["job", "list"]);
    let text = String::from_utf8_lossy(&list.stdout).into_owned() + &String::from_utf8_lossy(&list.stderr);
    assert!(text.contains("good") && text.contains("broken"), "{text}");
}

#[test]
fn file_that_cannot_be_taken_leaves_the_last_good_set_even_over_a_restart() {
    let texts = [
        ("", "empty"),
        ("{\"jobs\": []}", "array"),
        ("[{\"slug\": \"half", "not valid JSON"),
        (&json!([job("dup"), job("dup")]).to_string(), "duplicate"),
        (&json!([job("__proto__")]).to_string(), "__proto__"),
        (&json!([job("constructor")]).to_string(), "constructor"),
    ];
    let agent = Agent::new();
    agent.write_jobs(&json!([job("good")]));
    let server = agent.start();
    for (text, reason) in &texts {
        agent.write(".instar/jobs.json", text);
        until("the report", || problems(&server), |problems| problems.contains(reason));
        assert_eq!(slugs(&server), ["good"], "{text}");
    }
    std::fs::remove_file(agent.path(".instar/jobs.json")).expect("removed");
    until("the report", || problems(&server), |problems| problems.contains("jobs.json"));
    assert_eq!(slugs(&server), ["good"]);
    assert!(server.stop().success());
    let server = agent.start();
    assert_eq!(slugs(&server), ["good"], "the last good set survives a restart");
    assert!(problems(&server).contains("jobs.json"));
}

#[test]
fn reload_answers_with_what_was_read() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("a")]));
    let server = agent.start();
    let answer = server.client().send("POST", "/jobs/reload", None, &[]);
    assert_eq!((answer.status, &answer.json["jobs"]), (200, &json!(1)), "{answer:?}");
}
