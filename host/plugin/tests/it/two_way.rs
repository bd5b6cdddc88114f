//! Notifiers that hear and have threads.

use instar_core::inbound::{Happening, Mark, Said};
use instar_core::notice::{Address, Attachment, Message};
use instar_core::verdict::Severity;
use instar_plugin::{Kind, PollResponse};

use crate::support::{call, granted, load_with};

fn address(thread: Option<&str>) -> Address {
    Address { conversation: "c".to_owned(), thread: thread.map(str::to_owned) }
}

#[test]
fn what_a_notifier_can_is_what_it_exports() {
    let plugins = load_with(&["tiny-two-way"], granted("tiny-two-way"));
    assert_eq!(plugins.list()[0].kinds, [Kind::Notifier, Kind::NotifierThreads, Kind::NotifierInbound]);
    let [it] = plugins.notifiers().try_into().unwrap();
    assert!(plugins.hears(&it) && plugins.has_threads(&it));
}

#[tokio::test]
async fn threads_are_opened_renamed_closed_and_opened_again() {
    let plugins = load_with(&["tiny-two-way"], granted("tiny-two-way"));
    let it = &plugins.notifiers()[0];
    assert_eq!(plugins.open_thread(it, &call(), "c", "job", Severity::High).await.unwrap(), "c/job");
    plugins.rename_thread(it, &call(), &address(Some("1")), "other").await.unwrap();
    plugins.close_thread(it, &call(), &address(Some("1"))).await.unwrap();
    plugins.reopen_thread(it, &call(), &address(Some("1"))).await.unwrap();
    let refused = plugins.close_thread(it, &call(), &address(None)).await.unwrap_err();
    assert_eq!((refused.code(), refused.is_retryable()), ("plugin-failed", false));
}

#[tokio::test]
async fn an_answer_is_read_without_the_plugin_having_waited_for_it() {
    let plugins = load_with(&["tiny-two-way"], granted("tiny-two-way"));
    let it = &plugins.notifiers()[0];
    let poll = plugins.next_poll(it, &call(), Some("41")).await.unwrap();
    assert!(format!("{:?}", poll.request).contains("https://two-way.test/after/41"));
    let batch = plugins.receive(it, &call(), Some("41"), PollResponse::new(200, "42 hello\n43 wörld\n")).await.unwrap();
    assert_eq!(batch.cursor.as_deref(), Some("43"));
    let said: Vec<_> = batch.events.iter().map(|event| (event.key.as_str(), event.happening.clone())).collect();
    let text = |text: &str| Happening::Said(Said { text: text.to_owned(), ..Said::default() });
    assert_eq!(said, [("42", text("hello")), ("43", text("wörld"))]);
    let refused = plugins.receive(it, &call(), None, PollResponse::new(503, "")).await.unwrap_err();
    assert!(refused.is_retryable());
}

#[tokio::test]
async fn marks_are_set_and_a_handle_that_was_not_downloaded_is_no_file() {
    let plugins = load_with(&["tiny-two-way"], granted("tiny-two-way"));
    let it = &plugins.notifiers()[0];
    plugins.mark(it, &call(), &address(None), "42", Mark::Received, None).await.unwrap();
    assert!(plugins.mark(it, &call(), &address(None), "gone", Mark::Refused, Some("no")).await.is_err());
    let forged = plugins.fetch_file(it, &call(), "/etc/passwd").await.unwrap_err();
    assert_eq!(forged.code(), "invalid-output");
}

#[tokio::test]
async fn a_plugin_gets_handles_of_files_and_no_paths() {
    let plugins = load_with(&["tiny-two-way"], granted("tiny-two-way"));
    let id = instar_core::id::Ids::new(jiff::Timestamp::UNIX_EPOCH, 1).notice();
    let mut message = Message::notice(id, Severity::Info, "t".into(), String::new());
    let attachment =
        Attachment { name: "a.txt".into(), mime: "text/plain".into(), size: 1, path: "/secret/a.txt".into() };
    message.attachments = vec![attachment];
    let receipt = plugins.deliver(&plugins.notifiers()[0], &call(), &message, 0).await.unwrap();
    assert_eq!(receipt.provider_id, "attachment-0");
}
