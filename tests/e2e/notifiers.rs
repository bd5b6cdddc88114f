//! `instar notifier`: which notifiers there are and whether they work, without a server.

use instar_tests::Agent;
use serde_json::{Value, json};

#[test]
fn notifiers_are_listed_and_tried() {
    let agent = Agent::new();
    let list = || -> Value {
        let done = agent.instar(&["notifier", "list", "--json"]);
        serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"))
    };
    assert!(list()["notifiers"].as_array().is_some_and(|all| all.iter().all(|it| it["id"] != "tiny-notifier")));
    agent.install("tiny-notifier");
    let all = list();
    let tiny = all["notifiers"].as_array().and_then(|all| all.iter().find(|it| it["id"] == "tiny-notifier"));
    let expected = json!({"id": "tiny-notifier", "hears": false, "works": true, "says": "notices go into the log"});
    assert_eq!(tiny, Some(&expected), "{all:#}");
    let done = agent.instar(&["notifier", "test", "tiny-notifier"]);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(said, "tiny-notifier took the test message: notices go into the log.\n");
    let done = agent.instar(&["notifier", "test", "pigeon"]);
    assert_eq!(done.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&done.stderr).contains("tiny-notifier"), "{done:?}");
}
