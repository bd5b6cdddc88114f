//! Each limit has a plugin that runs into it, and a code of its own.

use std::time::{Duration, Instant};

use instar_plugin::{PluginError, Plugins, PoolChoice, Settings};

use crate::support::{call, load, load_with, request, settings};

async fn error(plugins: &Plugins, execute_type: &str) -> PluginError {
    plugins.plan(execute_type, &call(), &request("{}")).await.expect_err("it answered")
}

#[tokio::test]
async fn a_panic_is_a_trap_and_its_words_reach_the_operator() {
    let plugins = load(&["bad-traps"]);
    let error = error(&plugins, "bad-traps").await;
    assert_eq!((error.plugin.as_str(), error.code()), ("bad-traps", "trap"));
    assert!(error.to_string().contains("this plugin panics on purpose"), "{error}");
}

#[tokio::test]
async fn a_plugin_that_never_answers_is_interrupted() {
    let mut settings = settings();
    settings.limits.execute.wall = Duration::from_millis(100);
    let plugins = load_with(&["bad-spins"], settings);
    let error = error(&plugins, "bad-spins").await;
    assert_eq!((error.plugin.as_str(), error.code()), ("bad-spins", "timeout"));
}

#[tokio::test]
async fn while_one_plugin_spins_the_others_go_on() {
    let mut settings = settings();
    settings.limits.execute.wall = Duration::from_secs(2);
    let plugins = load_with(&["bad-spins", "execute-prompt"], settings);
    let spins = async {
        error(&plugins, "bad-spins").await;
        Instant::now()
    };
    let answers = async {
        plugins.plan("prompt", &call(), &request(r#"{"value":"x"}"#)).await.unwrap();
        Instant::now()
    };
    let (spun, answered) = tokio::join!(spins, answers);
    assert!(answered < spun);
}

#[tokio::test]
async fn a_call_that_is_given_up_frees_its_place() {
    let mut settings = Settings { pool: PoolChoice::Pooled { instances: 1 }, ..settings() };
    settings.limits.execute.wall = Duration::from_secs(60);
    settings.limits.queue = Duration::from_secs(5);
    let plugins = load_with(&["bad-spins", "execute-prompt"], settings);
    let given_up = tokio::time::timeout(Duration::from_millis(50), error(&plugins, "bad-spins")).await;
    assert!(given_up.is_err());
    assert!(plugins.plan("prompt", &call(), &request(r#"{"value":"x"}"#)).await.is_ok());
}

#[tokio::test]
async fn memory_is_limited() {
    let mut settings = settings();
    settings.limits.execute.memory_bytes = 4 << 20;
    let plugins = load_with(&["bad-eats-memory"], settings);
    assert_eq!(error(&plugins, "bad-eats-memory").await.code(), "memory-limit");
}

#[tokio::test]
async fn no_limit_goes_beyond_what_the_pool_can_give() {
    let mut settings = settings();
    settings.limits.execute.memory_bytes = usize::MAX;
    settings.limits.execute.wall = Duration::from_secs(20);
    let plugins = load_with(&["bad-eats-memory"], settings);
    assert_eq!(error(&plugins, "bad-eats-memory").await.code(), "memory-limit");
}

#[tokio::test]
async fn tables_are_limited() {
    let mut settings = settings();
    settings.limits.execute.table_elements = 1;
    let plugins = load_with(&["bad-fails"], settings);
    assert_eq!(error(&plugins, "bad-fails").await.code(), "table-limit");
}

#[tokio::test]
async fn an_answer_is_not_copied_beyond_its_limit() {
    let plugins = load(&["bad-huge-answer"]);
    assert_eq!(error(&plugins, "bad-huge-answer").await.code(), "output-too-large");
}

#[tokio::test]
async fn a_request_beyond_its_limit_never_reaches_the_plugin() {
    let plugins = load(&["execute-prompt"]);
    let long = request(&"x".repeat((1 << 20) + 1));
    assert_eq!(plugins.plan("prompt", &call(), &long).await.unwrap_err().code(), "input-too-large");
    let state = vec![0; (1 << 20) + 1];
    assert_eq!(plugins.step("prompt", &call(), state, Vec::new()).await.unwrap_err().code(), "input-too-large");
}

#[tokio::test]
async fn delegates_are_followed_only_so_far() {
    let plugins = load(&["bad-circle"]);
    assert_eq!(error(&plugins, "bad-circle").await.code(), "delegates-too-deep");
}

#[tokio::test]
async fn many_calls_wait_for_a_small_pool() {
    let mut settings = Settings { pool: PoolChoice::Pooled { instances: 2 }, ..settings() };
    settings.limits.queue = Duration::from_secs(60);
    let plugins = std::sync::Arc::new(load_with(&["execute-prompt"], settings));
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let plugins = std::sync::Arc::clone(&plugins);
            tokio::spawn(async move { plugins.plan("prompt", &call(), &request(r#"{"value":"x"}"#)).await })
        })
        .collect();
    for each in calls {
        each.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn whoever_waits_too_long_is_told_that_the_host_is_busy() {
    let mut settings = Settings { pool: PoolChoice::Pooled { instances: 1 }, ..settings() };
    settings.limits.queue = Duration::from_millis(20);
    settings.limits.execute.wall = Duration::from_secs(1);
    let plugins = load_with(&["bad-spins", "execute-prompt"], settings);
    let waits = async {
        tokio::task::yield_now().await;
        plugins.plan("prompt", &call(), &request(r#"{"value":"x"}"#)).await
    };
    let (_, waited) = tokio::join!(error(&plugins, "bad-spins"), waits);
    let busy = waited.unwrap_err();
    assert_eq!(busy.code(), "busy");
    assert!(busy.is_retryable());
}
