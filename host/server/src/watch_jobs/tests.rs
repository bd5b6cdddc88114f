//! What is read, and when.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::config::{Config, Project};
use crate::wiring;

#[track_caller]
fn check(content: Option<&[u8]>, expected: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jobs.json");
    if let Some(content) = content {
        std::fs::write(&path, content).unwrap();
    }
    let content = read(&path);
    let text = content.as_ref().unwrap_or_else(|reason| reason);
    assert!(text.contains(expected), "{text:?} lacks {expected:?}");
}

#[test]
fn what_cannot_be_read_is_said_in_a_sentence() {
    check(Some(b"[]"), "[]");
    check(Some("\u{feff}[]".as_bytes()), "[]");
    check(None, "there is no");
    check(Some(b"\xff\xfe"), "not UTF-8");
}

#[test]
fn a_folder_or_a_huge_file_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    assert!(read(dir.path()).unwrap_err().contains("not a file"));
    let path = dir.path().join("jobs.json");
    File::create(&path).unwrap().set_len(LARGEST_FILE + 1).unwrap();
    assert!(read(&path).unwrap_err().contains("32 MiB"));
}

fn job(slug: &str) -> Value {
    json!({"slug": slug, "name": "N", "schedule": "@daily", "execute": {"type": "script", "value": "x"}})
}

fn slugs(engine: &Engine) -> Vec<String> {
    engine.view().state().jobs().map(|entry| entry.job.slug.to_string()).collect()
}

#[track_caller]
fn check_live(engine: &Engine, edited: std::time::Instant, expected: &[&str]) {
    let took = edited.elapsed();
    assert_eq!(slugs(engine), expected, "after {took:?}: {:?}", engine.view().state().problems());
    assert!(took < Duration::from_secs(2), "it took {took:?}");
}

/// Until the engine has taken or reported something new, or time is up.
async fn next_reading(engine: &Engine, before: i64) {
    let mut changes = engine.changes();
    let changed = async { changes.wait_for(|seq| *seq > before).await.map(|_| ()) };
    let _ = tokio::time::timeout(Duration::from_secs(10), changed).await;
}

#[tokio::test]
async fn an_edit_is_live_within_two_seconds_and_a_bad_one_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let project = Project::at(dir.path()).unwrap();
    std::fs::create_dir(project.instar_dir()).unwrap();
    let edit = |text: &str| {
        std::fs::write(project.jobs_file(), text).unwrap();
        std::time::Instant::now()
    };
    edit("[]");
    let _lock = wiring::claim(&project).unwrap();
    let host = wiring::build(&project, &Config::load(&project).unwrap(), Vec::new(), "http://localhost").await.unwrap();
    // Before the watch begins, too.
    let mut before = host.engine.view().last_seq();
    let mut edited = edit(&json!([job("a")]).to_string());
    let watching = tokio::spawn(watch(host.jobs.clone(), host.engine.clone()));
    next_reading(&host.engine, before).await;
    check_live(&host.engine, edited, &["a"]);
    for (text, expected) in [
        (json!([job("a"), job("b")]).to_string(), ["a", "b"].as_slice()),
        ("[{\"slug\": ".to_owned(), &["a", "b"]),
        (json!([job("c"), {"slug": "bad"}]).to_string(), &["c"]),
    ] {
        before = host.engine.view().last_seq();
        edited = edit(&text);
        next_reading(&host.engine, before).await;
        check_live(&host.engine, edited, expected);
    }
    assert_eq!(host.engine.view().state().problems()[0].slug.as_deref(), Some("bad"));
    watching.abort();
    host.running.stop().await;
}
