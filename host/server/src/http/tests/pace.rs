//! The pace and the name of a job: proposals are seen, taken and taken back, and history follows a new name.

use super::*;

async fn fixture() -> Fixture {
    let fixture = Fixture::usual().await;
    let jobs = json!([{ "slug": "often", "name": "O", "schedule": "*/10 * * * *", "execute": {"type": "nobodys"} }]);
    std::fs::write(fixture.project.jobs_file(), jobs.to_string()).unwrap();
    fixture.post("/jobs/reload", "").await;
    fixture
}

async fn tune(fixture: &Fixture, action: &str) -> Answer {
    fixture.post("/jobs/often/tune", &json!({ "action": action }).to_string()).await
}

async fn report_idle_runs(fixture: &Fixture) {
    let signal = json!({"slug": "often", "duration": 1, "itemsFound": 0, "itemsProcessed": 0, "skipFast": true});
    for _ in 0..10 {
        let answer = fixture.post("/skip-ledger/workload", &signal.to_string()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    }
}

#[tokio::test]
async fn proposal_is_seen_taken_and_taken_back_and_the_file_stays_as_it_is() {
    let fixture = fixture().await;
    let file = std::fs::read_to_string(fixture.project.jobs_file()).unwrap();
    assert_eq!(tune(&fixture, "take").await.status, StatusCode::CONFLICT);
    report_idle_runs(&fixture).await;
    let job = fixture.get("/jobs/often").await.json();
    assert_eq!(job["state"]["tuning"]["proposed"]["schedule"], "*/20 * * * *", "{job}");
    let taken = tune(&fixture, "take").await.json();
    assert_eq!(
        (&taken["schedule"], &taken["state"]["tuning"]["applied"]["by"]),
        (&json!("*/10 * * * *"), &json!("api"))
    );
    let reset = tune(&fixture, "reset").await;
    assert_eq!((reset.status, &reset.json()["state"]["tuning"]), (StatusCode::OK, &Value::Null));
    assert_eq!(tune(&fixture, "reset").await.status, StatusCode::CONFLICT);
    assert_eq!(tune(&fixture, "sideways").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(std::fs::read_to_string(fixture.project.jobs_file()).unwrap(), file);
    let kinds = fixture.get("/events?type=job_tuned").await.json();
    assert_eq!(kinds.as_array().map(Vec::len), Some(1), "{kinds}");
    fixture.stop().await;
}

#[tokio::test]
async fn history_is_found_under_the_new_name() {
    let fixture = fixture().await;
    let run = fixture.post("/jobs/often/trigger", "{}").await.json()["runId"].clone();
    // Nobody offers its execute type, so it ends by itself.
    let mut changes = fixture.host.engine.changes();
    while fixture.host.engine.view().state().open_runs().next().is_some() {
        changes.changed().await.unwrap();
    }
    let renamed = fixture.post("/jobs/often/rename", &json!({"slug": "seldom"}).to_string()).await;
    assert_eq!(renamed.status, StatusCode::OK, "{}", renamed.body);
    assert_eq!(
        (&renamed.json()["slug"], &renamed.json()["state"]["consecutiveFailures"]),
        (&json!("seldom"), &json!(1))
    );
    let runs = fixture.get("/jobs/seldom/runs").await.json();
    assert_eq!(runs["runs"][0]["id"], run, "{runs}");
    assert_eq!(fixture.get("/jobs/often").await.status, StatusCode::NOT_FOUND);
    // Again, as after a crash between file and history: what is there already is fine.
    let again = fixture.post("/jobs/often/rename", &json!({"slug": "seldom"}).to_string()).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    let nobody = fixture.post("/jobs/nobody/rename", &json!({"slug": "other"}).to_string()).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND, "{}", nobody.body);
    fixture.stop().await;
}
