//! What piled up while there was no server, and a forum with very many topics.

use std::time::{Duration, Instant};

use instar_tests::forum::Forum;
use instar_tests::{Server, most_memory};

use crate::scene::{Scene, forum, now_ns, since, until};
use crate::{print, print_times};

const QUEUED: usize = 10_000;
const READ: usize = 50;
const TOPICS: usize = 1_000;

/// People write 10,000 messages while the server is down; the agent gets them one by one, in their order. It takes its
/// time for each, as agents do, so only the first ones are waited for.
pub(crate) fn queued() {
    let forum = forum();
    let topic = forum.telegram.create_topic(&forum.ada, "queue");
    for number in 0..QUEUED {
        forum.say(topic, &format!("queued-{number}"));
    }
    let begun = Instant::now();
    let server = forum.agent.start();
    until("the updates", || (forum.telegram.unconfirmed() == 0).then_some(()));
    let recorded = begun.elapsed();
    until("the first messages", || (forum.heard().len() >= READ).then_some(()));
    let read = begun.elapsed();
    check_order(&forum);
    print(&format!("{QUEUED} messages while it was down: recorded"), &rate(QUEUED, recorded), "", "");
    print(&format!("the first {READ} of them, read by one agent in order"), &rate(READ, read), "", "");
    print(&format!("{QUEUED} messages while it was down: most memory"), &memory(&server), "", "");
}

#[track_caller]
fn check_order(forum: &Forum) {
    let heard = forum.heard();
    let numbers: Vec<usize> =
        heard.iter().filter_map(|heard| heard.text.rsplit_once("queued-")?.1.parse().ok()).collect();
    assert!(numbers.iter().copied().eq(0..numbers.len()), "they came in another order: {numbers:?}");
}

/// Messages in a forum with 1,000 topics that the host knows.
pub(crate) fn topics() {
    let scene = Scene::start();
    let begun = Instant::now();
    let topics: Vec<i64> = (0..TOPICS)
        .map(|number| scene.forum.telegram.create_topic(&scene.forum.ada, &format!("topic {number}")))
        .collect();
    let known = || scene.server.client().get("/conversations").text.matches("\"thread\":").count();
    until("the topics", || (known() >= TOPICS).then_some(()));
    print(&format!("{TOPICS} topics are opened and known"), &rate(TOPICS, begun.elapsed()), "", "");
    let mut listed = Vec::new();
    for _ in 0..100 {
        let asked = Instant::now();
        assert_eq!(scene.server.client().get("/conversations").status, 200);
        listed.push(asked.elapsed());
    }
    print_times(&format!("GET /conversations with {TOPICS}"), listed, Vec::new(), "");
    let topic = topics[TOPICS / 2];
    let say = |text: &str| scene.forum.say(topic, text);
    say("the first word");
    scene.until_heard("the first word");
    let mut times = Vec::new();
    for round in 0..30 {
        let text = format!("among-{round}");
        let begun = now_ns();
        say(&text);
        times.push(since(begun, scene.until_heard(&text).at_ns));
    }
    print_times(&format!("message in one of {TOPICS} topics until the agent reads it"), times, Vec::new(), "");
}

fn rate(count: usize, time: Duration) -> String {
    format!("{:.0}/s", count as f64 / time.as_secs_f64())
}

fn memory(server: &Server) -> String {
    format!("{:.0} MB", most_memory(server.pid()) as f64 / 1e6)
}
