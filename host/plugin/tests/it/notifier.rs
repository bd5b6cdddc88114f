//! Notifiers: delivered, failed, unknown.

use instar_core::id::Ids;
use instar_core::notice::Message;
use instar_core::verdict::Severity;
use instar_plugin::Receipt;
use jiff::Timestamp;

use crate::support::{call, load};

fn notice(title: &str) -> Message {
    let id = Ids::new(Timestamp::UNIX_EPOCH, 1).notice();
    Message::notice(id, Severity::Info, title.to_owned(), "**done**\n\nin two parts".to_owned())
}

#[tokio::test]
async fn a_notice_is_delivered_and_its_receipt_comes_back() {
    let plugins = load(&["tiny-notifier"]);
    let [tiny] = plugins.notifiers().try_into().unwrap();
    let notice = notice("a run succeeded");
    let receipt = plugins.deliver(&tiny, &call(), &notice, 0).await.unwrap();
    assert_eq!(receipt, Receipt { provider_id: format!("{}/0", notice.id), more: true });
    assert!(!plugins.deliver(&tiny, &call(), &notice, 1).await.unwrap().more);
    assert!(!plugins.hears(&tiny) && !plugins.has_threads(&tiny));
    assert_eq!(plugins.probe(&tiny, &call()).await.unwrap(), "notices go into the log");
}

#[tokio::test]
async fn a_delivery_that_may_be_tried_again_says_so() {
    let plugins = load(&["tiny-notifier"]);
    let error = plugins.deliver(&plugins.notifiers()[0], &call(), &notice("fail"), 0).await.unwrap_err();
    assert_eq!((error.plugin.as_str(), error.code()), ("tiny-notifier", "plugin-failed"));
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_plugin_that_is_no_notifier_is_unknown_here() {
    let plugins = load(&["tiny-run-guard"]);
    let guard = "tiny-run-guard".parse().unwrap();
    assert_eq!(plugins.deliver(&guard, &call(), &notice("x"), 0).await.unwrap_err().code(), "unknown-notifier");
    assert_eq!(plugins.notifiers(), []);
}
