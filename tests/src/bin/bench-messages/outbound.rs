//! From the moment in which an agent's word is handed to the host until its request is there at Telegram.

use instar_tests::Client;
use serde_json::json;

use crate::print_times;
use crate::scene::{Scene, now_ns, since, until};

const ROUNDS: usize = 100;

pub(crate) fn measure(scene: &Scene) {
    let topic = scene.forum.telegram.create_topic(&scene.forum.ada, "answers");
    let path = format!("/telegram/reply/{topic}");
    let bare = Client::new(&scene.forum.telegram.url(), None);
    let direct = format!("/bot{}/sendMessage", scene.forum.telegram.token());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let sent = scene.forum.telegram.calls_of("sendMessage").len();
        let is_there = || (scene.forum.telegram.calls_of("sendMessage").len() > sent).then(now_ns);
        let begun = now_ns();
        let answer = scene.server.client().post(&path, &json!({ "text": format!("answer {round}") }));
        assert_eq!(answer.status, 200, "{answer:?}");
        ours.push(since(begun, until("the request", is_there)));
        let body = json!({ "chat_id": scene.forum.telegram.forum(), "message_thread_id": topic, "text": "bare" });
        let begun = now_ns();
        assert_eq!(bare.post(&direct, &body).status, 200);
        theirs.push(since(begun, now_ns()));
    }
    print_times("reply of an agent until its request is at Telegram", ours, theirs, "the bare request");
}
