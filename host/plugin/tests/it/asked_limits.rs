//! What a manifest asks of limits: each is tripped where it was asked for, and more only where it was granted.

use std::path::Path;
use std::time::{Duration, Instant};

use instar_core::id::Ids;
use instar_core::notice::Message;
use instar_core::plan::StepEvent;
use instar_core::verdict::Severity;
use instar_plugin::{Cause, PluginError, Plugins, Settings, Source};
use serde_json::json;

use crate::loopback::serve;
use crate::support::{asking, call, grant, request};

/// The limits of a host that says nothing of them.
fn usual() -> Settings {
    let mut settings = Settings::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("native"));
    settings.limits.queue = Duration::from_secs(60);
    settings
}

#[track_caller]
fn load_one(source: Source, settings: Settings) -> Plugins {
    let (plugins, problems) = Plugins::load(vec![source], settings, &mut |_| {}).expect("an engine can be set up");
    assert!(problems.is_empty(), "{problems:?}");
    plugins
}

/// With these limits, and with these rights for exactly these bytes.
#[track_caller]
fn loaded(name: &str, limits: &str, rights: &[&str]) -> Plugins {
    let source = asking(name, limits);
    let mut settings = usual();
    grant(&mut settings, name, &source, rights);
    load_one(source, settings)
}

async fn cause(plugins: &Plugins, execute_type: &str) -> Cause {
    plugins.plan(execute_type, &call(), &request("{}")).await.expect_err("it answered").cause
}

const MIB: usize = 1 << 20;

#[tokio::test]
async fn memory_goes_as_far_as_it_was_asked_for_and_granted() {
    for (asked, rights, most) in [(8, &[][..], 8), (48, &["limits"], 48), (48, &[], 32)] {
        let limits = format!("[limits]\nmemory-bytes = {}", asked * MIB);
        let plugins = loaded("bad-eats-memory", &limits, rights);
        let cause = cause(&plugins, "bad-eats-memory").await;
        assert!(matches!(cause, Cause::MemoryLimit { limit, .. } if limit == most * MIB), "{asked}: {cause:?}");
    }
}

#[tokio::test]
async fn an_execute_type_thinks_and_works_as_long_as_it_was_asked_for_and_granted() {
    for (asked, rights, most) in [(150, &[][..], 150), (1500, &["limits"], 1500), (1500, &[], 1000)] {
        let plugins = loaded("bad-spins", &format!("[limits]\nthink-ms = {asked}"), rights);
        let cause = cause(&plugins, "bad-spins").await;
        assert!(
            matches!(cause, Cause::Timeout { limit } if limit == Duration::from_millis(most)),
            "{asked}: {cause:?}"
        );
    }
    let plugins = loaded("bad-spins", "[capability.clock]\n[limits]\nwork-ms = 250", &["clock"]);
    let asked = vec![StepEvent::Requested(request("{}"))];
    let error = plugins.step("bad-spins", &call(), Vec::new(), asked).await.expect_err("it answered");
    assert!(matches!(error.cause, Cause::Timeout { limit } if limit == Duration::from_millis(250)), "{error}");
}

#[test]
fn a_guard_checks_as_long_as_it_was_asked_for_and_granted() {
    for (asked, rights, at_least) in [(50, &[][..], 50), (600, &["limits"], 600), (600, &[], 200)] {
        let plugins = loaded("bad-guard-spins", &format!("[limits]\ncheck-ms = {asked}"), rights);
        let began = Instant::now();
        let verdict = plugins.judge_run(&call(), "{}", "[]");
        assert_eq!(verdict.findings[0].rule, "bad-guard-spins/timeout");
        assert!(began.elapsed() >= Duration::from_millis(at_least), "{asked}: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_notifier_delivers_and_brings_files_as_long_as_it_asked_for() {
    let (base, _) = serve(|_| None).await;
    let source = asking("tiny-http", "[limits]\nnotify-ms = 300\ntransfer-ms = 300");
    let mut settings = usual();
    grant(&mut settings, "tiny-http", &source, &["clock", "http", "kv", "secrets"]);
    let hosts = [("api.tiny.test".to_owned(), base)].into();
    let id = "tiny-http".parse().expect("an id");
    settings.operator.get_mut(&id).expect("it was granted something").hosts = hosts;
    let plugins = load_one(source, settings);
    let began = Instant::now();
    let body = json!({ "fetch": { "url": "https://api.tiny.test/open/a" } }).to_string();
    let notice = Ids::new(jiff::Timestamp::UNIX_EPOCH, 1).notice();
    let message = Message::notice(notice, Severity::Info, String::new(), body);
    let late = |error: PluginError| error.to_string();
    let told = plugins.deliver(&id, &call(), &message, 0).await.map(drop).map_err(late).expect_err("it told");
    assert!(told.contains("timeout") || told.contains("300 ms"), "{told}");
    let told = plugins.fetch_file(&id, &call(), "some").await.map(drop).map_err(late).expect_err("it fetched");
    assert!(told.contains("no answer in") || told.contains("300 ms"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(40), "what is usual was waited for");
}

#[tokio::test]
async fn what_goes_in_and_out_is_as_large_as_it_was_asked_for_and_granted() {
    for (asked, rights, most) in [(1, &[][..], 1), (8, &["limits"], 8), (8, &[], 4)] {
        let plugins = loaded("bad-huge-answer", &format!("[limits]\noutput-bytes = {}", asked * MIB), rights);
        let cause = cause(&plugins, "bad-huge-answer").await;
        assert!(matches!(cause, Cause::OutputTooLarge { limit } if limit == most * MIB), "{asked}: {cause:?}");
    }
    for (rights, most) in [(&["limits"][..], 2 * MIB), (&[], MIB)] {
        let plugins = loaded("bad-spins", &format!("[limits]\nthink-ms = 50\ninput-bytes = {}", 2 * MIB), rights);
        let of = |bytes: usize| request(&"x".repeat(bytes - "opus".len()));
        let fits = plugins.plan("bad-spins", &call(), &of(most)).await.expect_err("it answered");
        assert_eq!(fits.code(), "timeout", "{fits}");
        let error = plugins.plan("bad-spins", &call(), &of(most + 1)).await.expect_err("it answered");
        assert!(matches!(error.cause, Cause::InputTooLarge { limit, .. } if limit == most), "{error}");
    }
}

#[test]
fn a_limit_of_calls_that_it_does_not_have_is_refused() {
    for (name, limits, words) in [
        ("bad-spins", "check-ms = 50", "`check-ms` of `limits` is for calls"),
        ("bad-guard-spins", "think-ms = 50", "`think-ms` of `limits` is for calls"),
        ("tiny-notifier", "transfer-ms = 50", "`transfer-ms` of `limits` is for calls"),
        ("bad-spins", "memory-bytes = 67108865", "from 65536 to 67108864"),
        ("bad-spins", "think-ms = 10001", "from 1 to 10000"),
        ("bad-spins", "patience = 1", "patience"),
    ] {
        let source = asking(name, &format!("[limits]\n{limits}"));
        let seen = instar_plugin::inspect(name, &source.bytes).problem.expect("a problem");
        let (_, problems) = Plugins::load(vec![source], usual(), &mut |_| {}).expect("an engine can be set up");
        assert_eq!((seen.code(), problems[0].code()), ("bad-manifest", "bad-manifest"), "{limits}");
        assert!(seen.to_string().contains(words) && problems[0].to_string().contains(words), "{seen}");
    }
}

#[test]
fn more_than_is_usual_is_asked_for_in_words() {
    let seen = instar_plugin::inspect("", &asking("bad-spins", "[limits]\nmemory-bytes = 50331648").bytes);
    assert_eq!(seen.asks, ["limits"]);
    let told = seen.wishes.iter().find(|wish| wish.right == Some("limits")).expect("it is told");
    assert!(told.words.contains("up to 48 MiB, where 32 MiB are usual"), "{}", told.words);
    let less = instar_plugin::inspect("", &asking("bad-spins", "[limits]\nmemory-bytes = 8388608").bytes);
    assert!(less.asks.is_empty() && less.wishes.iter().all(|wish| wish.right != Some("limits")));
    assert_eq!((less.limits[0].key, less.limits[0].usual), ("memory-bytes", 33_554_432));
}
