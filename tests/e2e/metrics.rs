//! The figures for Prometheus.

use instar_tests::Agent;
use serde_json::json;

#[test]
fn figures_tell_what_ran_and_are_for_those_with_the_token() {
    let agent = Agent::new();
    let job = |slug: &str, value: &str| json!({"slug": slug, "name": slug, "schedule": "@yearly", "execute": {"type": "script", "value": value}});
    agent.write_jobs(&json!([job("good", "true"), job("bad", "exit 3"), job("long", "sleep 60")]));
    let server = agent.start();
    for slug in ["good", "good", "bad"] {
        server.ended_run(&server.trigger(slug));
    }
    server.running_run(&server.trigger("long"));
    let answer = server.client().get("/metrics");
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .headers
            .iter()
            .any(|(name, value)| name == "content-type" && value.starts_with("text/plain; version=0.0.4"))
    );
    for line in [
        "instar_runs_finished_total{outcome=\"succeeded\"} 2",
        "instar_runs_finished_total{outcome=\"failed\"} 1",
        "instar_runs_open{phase=\"running\"} 1",
        "instar_runs_open{phase=\"queued\"} 0",
        "instar_queue_length 0",
        "instar_sessions_live 1",
        "# TYPE instar_runs_finished_total counter",
    ] {
        assert!(answer.text.lines().any(|found| found == line), "{line:?} is missing in\n{}", answer.text);
    }
    for name in ["instar_events_seq ", "instar_uptime_seconds ", "process_resident_memory_bytes "] {
        assert!(answer.text.lines().any(|found| found.starts_with(name)), "{name} is missing in\n{}", answer.text);
    }
    assert_eq!(server.client().with_token(None).get("/metrics").status, 401);
}
