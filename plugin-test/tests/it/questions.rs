//! Each question that a plugin can be asked.

use instar_plugin_test::inbound::Happening;
use instar_plugin_test::{Action, Answer, Beginning, Exchange, FinishVerdict, Moment, Plugin, PluginTestError, Reply};
use serde_json::json;

use crate::{native_code, plugin};

#[test]
fn guards_judge_by_the_hosts_parser() {
    let loaded = plugin("guard-command").load().unwrap();
    let judged = loaded.judge("true && sudo rm -rf /");
    assert_eq!(judged.answer(), Answer::Deny);
    assert!(judged.rules().iter().any(|rule| rule.starts_with("rm-")), "{judged:?}");
    assert_eq!(loaded.judge("ls -la").answer(), Answer::Pass);
}

#[test]
fn guards_are_asked_at_each_of_their_points() {
    let loaded = plugin("tiny-hooks").load().unwrap();
    let judged = loaded.judge_tool("Write", &json!({ "content": "a secret" }));
    assert_eq!((judged.answer(), judged.rules()), (Answer::Deny, vec!["Write"]));
    assert_eq!(loaded.judge_text("mail", "nothing").answer(), Answer::Pass);
    let redacted = loaded.redact("the secret is out").unwrap();
    assert_eq!((redacted.shown.as_str(), redacted.kinds), ("the *** is out", vec!["word".to_owned()]));
    let notes = [("a.md".to_owned(), "text".to_owned())];
    assert_eq!(loaded.context(Moment::Start, &notes), ["Moment::Start: 1 files"]);
    let judged = plugin("tiny-run-guard").load().unwrap().judge_run(&json!({ "slug": "deny-me" }), &json!([]));
    assert_eq!(judged.answer(), Answer::Deny);
}

#[test]
fn a_run_is_led_step_by_step_and_a_wait_moves_the_clock() {
    let loaded = plugin("tiny-work").load().unwrap();
    let job = json!({ "waits": 1, "waitMs": 90_000 });
    let Beginning::Work(preview) = loaded.plan(&job).unwrap() else { panic!("it launches nothing") };
    assert!(preview.starts_with("not-allowed"), "{preview}");
    let (mut run, begun) = (loaded.run(&job), loaded.now());
    let actions = run.start().unwrap();
    assert!(matches!(&actions[..], [Action::Progress(_), Action::Wait(90_000)]), "{actions:?}");
    assert_eq!(run.state()[0], 0);
    let actions = run.woke().unwrap();
    let [Action::Finish { verdict, message }] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(*verdict, FinishVerdict::Succeeded);
    assert!(message.contains("after 1 waits"), "{message}");
    assert_eq!(loaded.now().duration_since(begun).as_secs(), 90);
}

#[test]
fn a_failure_is_in_the_plugins_words() {
    let failure = plugin("bad-fails").load().unwrap().run(&json!({})).start().unwrap_err();
    assert!(!failure.is_fault, "{failure}");
    let failure = plugin("bad-traps").load().unwrap().run(&json!({})).start().unwrap_err();
    assert_eq!((failure.code.as_str(), failure.is_fault), ("trap", true));
    let failure = plugin("execute-agent").with_config(json!({ "no-such-field": 1 })).load().unwrap_err();
    assert_eq!((failure.code.as_str(), failure.is_fault), ("bad-config", false));
}

#[test]
fn a_notifier_hears_what_the_network_answers() {
    let heard = Exchange::new("GET", "/after/6").answered(Reply::new(200, "7 hello"));
    let loaded = plugin("tiny-two-way").with_http(heard).load().unwrap();
    let batch = loaded.hear(Some("6")).unwrap();
    assert_eq!(batch.cursor.as_deref(), Some("7"));
    assert!(matches!(&batch.events[0].happening, Happening::Said(said) if said.text == "hello"));
    assert_eq!(loaded.problems(), [""; 0]);
    assert_eq!(loaded.open_thread("c", "news").unwrap(), "c/news");
}

#[test]
fn what_cannot_be_tested_is_said() {
    let refused = |path: &std::path::Path| Plugin::built(path).unwrap_err().to_string();
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(&folder.path().join("no.wasm")).contains("run `instar plugin build` first"));
    assert!(refused(folder.path()).contains("plugin.toml"));
    std::fs::write(folder.path().join("plugin.toml"), "manifest = 1\n").unwrap();
    assert!(refused(folder.path()).contains("names no `id`"));
    std::fs::write(folder.path().join("plugin.toml"), "id = \"execute-x\"\n").unwrap();
    assert!(refused(folder.path()).contains("dist/execute-x.wasm is not built"));
    let file = folder.path().join("notes.wasm");
    std::fs::write(&file, "notes").unwrap();
    assert!(matches!(Plugin::built(&file).unwrap_err(), PluginTestError::Unfit { .. }));
}

/// An asynchronous test may ask as well.
#[tokio::test]
async fn questions_wait_where_they_are_asked() {
    let loaded = plugin("tiny-notifier").with_native_code_in(native_code()).load().unwrap();
    assert_eq!(loaded.deliver("title", "body").unwrap().receipts.len(), 1);
}
