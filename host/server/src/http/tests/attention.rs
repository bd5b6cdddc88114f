//! The attention queue over HTTP, on a host without any notifier.

use super::*;

fn item(id: &str) -> Value {
    json!({"id": id, "title": "T", "summary": "S", "priority": "HIGH"})
}

async fn raise(fixture: &Fixture, item: &Value) -> Answer {
    fixture.post("/attention", &item.to_string()).await
}

async fn turn(fixture: &Fixture, id: &str, status: &str) -> Answer {
    let request = request("PATCH", &format!("/attention/{id}"))
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/json");
    fixture.send(request, &json!({ "status": status }).to_string()).await
}

#[tokio::test]
async fn item_is_raised_once_shown_by_its_encoded_id_and_turned() {
    let fixture = Fixture::usual().await;
    let raised = raise(&fixture, &item("a/b")).await;
    assert_eq!((raised.status, &raised.json()["status"]), (StatusCode::CREATED, &json!("OPEN")), "{}", raised.body);
    assert_eq!(raised.json()["category"], "general");
    let mut other = item("a/b");
    other["title"] = json!("Another");
    let again = raise(&fixture, &other).await;
    assert_eq!((again.status, again.json()), (StatusCode::OK, raised.json()), "what is there is answered unchanged");
    assert_eq!(fixture.get("/attention/a%2Fb").await.json(), raised.json());
    let turned = turn(&fixture, "a%2Fb", "IN_PROGRESS").await;
    assert_eq!((turned.status, &turned.json()["status"]), (StatusCode::OK, &json!("IN_PROGRESS")), "{}", turned.body);
    assert_eq!(turn(&fixture, "a%2Fb", "RESOLVED").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(turn(&fixture, "other", "DONE").await.status, StatusCode::NOT_FOUND);
    let kinds = fixture.get("/events?type=attention_turned").await.json();
    assert_eq!(kinds[0]["metadata"]["by"], "api", "{kinds}");
    fixture.stop().await;
}

#[tokio::test]
async fn open_and_urgent_items_come_first_and_can_be_asked_for() {
    let fixture = Fixture::usual().await;
    for (id, priority) in [("one", "LOW"), ("two", "URGENT"), ("three", "HIGH")] {
        let mut item = item(id);
        item["priority"] = json!(priority);
        raise(&fixture, &item).await;
    }
    turn(&fixture, "two", "DONE").await;
    let list = fixture.get("/attention").await.json();
    let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!((ids, &list["count"]), (vec!["three", "one", "two"], &json!(3)));
    assert_eq!(fixture.get("/attention?status=DONE").await.json()["count"], 1);
    assert_eq!(fixture.get("/attention?status=done").await.status, StatusCode::BAD_REQUEST);
    fixture.stop().await;
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    let fixture = Fixture::usual().await;
    let long = "x".repeat(501);
    for (key, value) in [
        ("id", json!("")),
        ("id", Value::Null),
        ("title", json!(long)),
        ("summary", json!(7)),
        ("priority", json!("high")),
        ("description", json!({"a": 1})),
    ] {
        let mut wrong = item("x");
        wrong[key] = value;
        let answer = raise(&fixture, &wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(answer.body.contains(key), "{} lacks {key}", answer.body);
    }
    assert_eq!(fixture.get("/attention").await.json()["count"], 0);
    fixture.stop().await;
}
