//! Conversations by the API, without a notifier: who may call, and what is said of what is not there.

use super::*;

#[tokio::test]
async fn without_telegram_only_the_list_of_topics_answers() {
    let fixture = Fixture::usual().await;
    let topics = fixture.get("/telegram/topics").await;
    assert_eq!((topics.status.as_u16(), topics.json()), (200, json!({ "topics": [] })));
    for path in ["/telegram/topics/42/messages", "/telegram/search?q=x", "/telegram/log-stats"] {
        fixture.get(path).await.check_error(503, "not configured");
    }
    for path in ["/telegram/topics", "/telegram/reply/42"] {
        fixture.post(path, r#"{"name": "x", "text": "x"}"#).await.check_error(503, "not configured");
    }
    fixture.post("/conversations/pair", "{}").await.check_error(503, "no notifier");
    fixture.post("/conversations/reply", r#"{"text": "x", "to": "telegram:42"}"#).await.check_error(404, "telegram");
    fixture.post("/conversations/reply", r#"{"text": "x"}"#).await.check_error(400, "`to`");
    fixture.post("/conversations/reply", r#"{"to": "telegram:42"}"#).await.check_error(400, "`text`");
    fixture.post("/conversations/reply", r#"{"text": "x", "to": "x", "id": ""}"#).await.check_error(400, "`id`");
    assert_eq!(fixture.get("/conversations").await.json(), json!({ "conversations": [] }));
    fixture.stop().await;
}
