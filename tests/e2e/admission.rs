//! Who may start: quota, tags, budgets, and the ledger of those who were not started.

use instar_tests::{Agent, Server, until};
use serde_json::{Value, json};

fn job(slug: &str, more: Value) -> Value {
    let mut job = json!({
        "slug": slug, "name": slug, "schedule": "@yearly", "execute": {"type": "script", "value": "work.sh"}
    });
    let fields = more.as_object().expect("more fields").clone();
    job.as_object_mut().expect("a job").extend(fields);
    job
}

fn agent_with(jobs: &Value, work: &str) -> Agent {
    let agent = Agent::new();
    agent.write_script("work.sh", work);
    agent.write_jobs(jobs);
    agent
}

fn trigger(server: &Server, slug: &str) -> Value {
    server.client().post(&format!("/jobs/{slug}/trigger"), &json!({})).json
}

#[test]
fn quota_from_the_command_line_the_file_and_the_api_holds_back_by_priority() {
    let jobs = json!([job("low", json!({"priority": "low"})), job("vital", json!({"priority": "critical"}))]);
    let agent = agent_with(&jobs, "true");
    let offline = agent.instar(&["quota", "set", "--weekly", "60"]);
    assert!(offline.status.success(), "{offline:?}");
    let server = agent.start();
    let quota = server.client().get("/quota").json;
    assert_eq!((&quota["status"], &quota["recommendation"]), (&json!("ok"), &json!("reduce")), "{quota:#}");
    let answer = trigger(&server, "low");
    assert_eq!((&answer["result"], &answer["reason"]), (&json!("skipped"), &json!("quota")), "{answer:#}");
    let said = agent.instar(&["quota", "set", "--weekly", "99", "--five-hour", "100"]);
    assert!(String::from_utf8_lossy(&said.stdout).contains("stop"), "{said:?}");
    assert_eq!(trigger(&server, "vital")["result"], "triggered", "critical is never skipped for quota");
    let old = json!({"usagePercent": 99, "lastUpdated": "2020-01-01T00:00:00Z"});
    agent.write(".instar/quota-state.json", &old.to_string());
    let stale = until("the file to be read", || server.client().get("/quota").json, |quota| quota["stale"] == true);
    assert!(stale["recommendation"] == "normal" && stale["warning"].is_string(), "{stale:#}");
    assert_eq!(server.ended_run(&server.trigger("low"))["outcome"], "succeeded");
    agent.write(".instar/quota-state.json", "{");
    until("the broken file to be seen", || server.client().get("/quota").json, |quota| quota["status"] == "no_data");
    assert_eq!(server.client().post("/quota", &json!({"usagePercent": 50})).json["recommendation"], "reduce");
    assert_eq!(agent.json(".instar/quota-state.json")["usagePercent"], 50.0);
    for wrong in [json!({}), json!({"usagePercent": 101}), json!({"usagePercent": "x"})] {
        assert_eq!(server.client().post("/quota", &wrong).status, 422, "{wrong}");
    }
    let ledger = server.client().get("/skip-ledger").json;
    assert_eq!(ledger["summary"]["low"]["byReason"], json!({"quota": 1}), "{ledger:#}");
}

#[test]
fn the_collector_is_asked_while_something_is_due_and_what_it_prints_is_kept() {
    let agent = agent_with(&json!([job("beat", json!({"schedule": "* * * * *", "priority": "low"}))]), "true");
    agent.write_script("collect.sh", r#"echo "asked for $INSTAR_QUOTA_FILE" >> asked; echo '{"usagePercent": 71}'"#);
    agent.configure(&json!({"quota": {"collector": "./collect.sh"}}));
    let server = agent.start();
    let quota = until("the data to come", || server.client().get("/quota").json, |quota| quota["status"] == "ok");
    assert_eq!((&quota["usagePercent"], &quota["stale"]), (&json!(71.0), &json!(false)), "{quota:#}");
    assert_eq!(agent.json(".instar/quota-state.json")["usagePercent"], 71.0);
    let asked = std::fs::read_to_string(agent.path("asked")).unwrap();
    assert!(asked.lines().count() == 1 && asked.contains("quota-state.json"), "{asked}");
}

#[test]
fn tags_budgets_and_jitter_decide_who_starts() {
    let jobs = json!([
        job("a", json!({"tags": ["browser"]})),
        job("b", json!({"tags": ["browser"]})),
        job("once", json!({"budget": {"runsPerDay": 1}, "jitterSeconds": 30})),
    ]);
    let agent = agent_with(&jobs, "until test -f go; do sleep 0.05; done");
    agent.configure(&json!({"scheduler": {"maxParallelJobs": 3, "tagLimits": {"browser": 1}}}));
    let server = agent.start();
    let a = server.trigger("a");
    let b = trigger(&server, "b");
    assert_eq!(b["result"], "queued", "{b:#}");
    let once = server.trigger("once");
    agent.write("go", "");
    for run in [&a, &once, b["runId"].as_str().unwrap()] {
        assert_eq!(server.ended_run(run)["outcome"], "succeeded");
    }
    drop(server);
    let server = agent.start();
    let again = trigger(&server, "once");
    assert_eq!(
        (&again["result"], &again["reason"]),
        (&json!("skipped"), &json!("budget")),
        "a restart forgets nothing"
    );
}

#[test]
fn a_proposed_schedule_is_taken_shown_kept_over_a_restart_and_given_up() {
    let mut often = job("mail", json!({}));
    often["schedule"] = json!("*/10 * * * *");
    let agent = agent_with(&json!([often]), "true");
    let server = agent.start();
    let idle = json!({"slug": "mail", "duration": 1, "itemsFound": 0, "itemsProcessed": 0, "skipFast": true});
    for _ in 0..10 {
        assert_eq!(server.client().post("/skip-ledger/workload", &idle).status, 201);
    }
    let next = || {
        let done = agent.instar(&["job", "next", "mail", "--from", "2027-01-01T00:00:00Z", "--count", "2", "--json"]);
        let shown: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"));
        (shown["expression"].clone(), shown["next"][1].clone())
    };
    let by_file = (json!("*/10 * * * *"), json!("2027-01-01T00:20:00Z"));
    assert_eq!(next(), by_file);
    assert!(agent.instar(&["job", "tune", "mail", "take"]).status.success());
    let tuned = (json!("*/20 * * * *"), json!("2027-01-01T00:40:00Z"));
    assert_eq!(next(), tuned);
    drop(server);
    let _server = agent.start();
    assert_eq!(next(), tuned);
    assert!(agent.instar(&["job", "tune", "mail", "reset"]).status.success());
    assert_eq!(next(), by_file);
}

#[test]
fn workloads_are_checked_kept_and_shown_as_trends() {
    let agent = agent_with(&json!([job("mail", json!({}))]), "true");
    let server = agent.start();
    let client = server.client();
    for (found, done) in [(4, 1), (0, 0)] {
        let body =
            json!({"slug": "mail", "duration": 3, "itemsFound": found, "itemsProcessed": done, "skipFast": found == 0});
        let answer = client.post("/skip-ledger/workload", &body);
        assert_eq!((answer.status, &answer.json), (201, &json!({"recorded": true, "slug": "mail"})));
    }
    let of_mail = client.get("/skip-ledger/workloads?slug=mail").json;
    let trend = json!({"avgSaturation": 0.125, "skipFastRate": 0.5, "avgDuration": 3.0, "runCount": 2});
    assert_eq!((&of_mail["trend"], of_mail["recentSignals"].as_array().map(Vec::len)), (&trend, Some(2)));
    assert_eq!(client.get("/skip-ledger/workloads").json, json!({"trends": {"mail": trend}}));
    for wrong in [
        json!({"duration": 1, "itemsFound": 1, "itemsProcessed": 1}),
        json!({"slug": "a b", "duration": 1, "itemsFound": 1, "itemsProcessed": 1}),
        json!({"slug": "a", "duration": -1, "itemsFound": 1, "itemsProcessed": 1}),
        json!({"slug": "a", "duration": 1, "itemsFound": "1", "itemsProcessed": 1}),
        json!({"slug": "a", "duration": 1, "itemsFound": 1}),
    ] {
        assert_eq!(client.post("/skip-ledger/workload", &wrong).status, 400, "{wrong}");
    }
    for wrong in ["/skip-ledger?slug=a%20b", "/skip-ledger?sinceHours=x", "/skip-ledger/workloads?slug="] {
        assert_eq!(client.get(wrong).status, 400, "{wrong}");
    }
}
