//! What a plugin may do: each rule and each limit has a test that runs into it, with a real server on loopback.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic names the line")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use instar_core::id::{Ids, PluginId};
use instar_core::notice::{Attachment, Message};
use instar_core::plan::{Action, Beginning, StepEvent};
use instar_core::verdict::Severity;
use instar_plugin::{Cause, Means, PluginError, Plugins, Secret, Secrets, Settings};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::loopback::{ok, serve, with_status};
use crate::support::{self, call, load_with, request, source, try_load};

const TOKEN: &str = "12345:s3cr3t-token";

#[derive(Debug)]
struct Known;

impl Secrets for Known {
    fn value(&self, plugin: &PluginId, slot: &str, env: Option<&str>) -> Option<Secret> {
        assert_eq!((plugin.as_str(), env.is_some()), ("tiny-http", slot == "token"));
        Secret::new(if slot == "token" { TOKEN } else { "Jefe" })
    }
}

fn id() -> PluginId {
    "tiny-http".parse().unwrap()
}

/// Everything is granted, and these hosts stand for others.
fn granted(hosts: &[(&str, &str)]) -> Settings {
    let hosts = hosts.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    let mut settings = support::granted("tiny-http");
    settings.operator.get_mut(&id()).unwrap().hosts = hosts;
    settings.means = Means { secrets: Some(Arc::new(Known)), ..Means::default() };
    settings
}

fn at(base: &str) -> Plugins {
    load_with(&["tiny-http"], granted(&[("api.tiny.test", base)]))
}

fn message(script: &Value) -> Message {
    let notice = Ids::new(jiff::Timestamp::UNIX_EPOCH, 1).notice();
    Message::notice(notice, Severity::Info, String::new(), script.to_string())
}

async fn run(plugins: &Plugins, script: Value) -> Result<String, String> {
    told(plugins.deliver(&id(), &call(), &message(&script), 0).await.map(|receipt| receipt.provider_id))
}

/// The answer, or the code of the failure.
fn told(outcome: Result<String, PluginError>) -> Result<String, String> {
    outcome.map_err(|error| match &error.cause {
        Cause::PluginFailed(failure) => {
            assert!(!error.to_string().contains(TOKEN), "{error}");
            failure.code.clone()
        }
        _ => panic!("{error}"),
    })
}

async fn fetch(plugins: &Plugins, ask: Value) -> Result<String, String> {
    run(plugins, json!({ "fetch": ask })).await
}

#[tokio::test]
async fn a_credential_goes_into_its_place_and_comes_back_black() {
    let (base, asked) = serve(|request| {
        let line = request.lines().next().unwrap_or_default().to_owned();
        Some(format!(
            "HTTP/1.1 200 OK\r\nx-echo: {TOKEN}\r\nset-cookie: a=b\r\ncontent-length: {}\r\n\r\n{line}",
            line.len()
        ))
    })
    .await;
    let plugins = at(&base);
    let ask = json!({ "url": "https://api.tiny.test/{token}/getMe?a=1", "credentials": ["token", "key"] });
    let answer = fetch(&plugins, ask).await.unwrap();
    assert_eq!(answer, "200 GET /bot***/getMe?a=1 HTTP/1.1 ***");
    let request = asked.last();
    assert!(request.starts_with(&format!("GET /bot{TOKEN}/getMe?a=1 HTTP/1.1\r\n")), "{request}");
    assert!(request.contains("authorization: Bearer Jefe\r\n"), "{request}");
    assert!(request.contains(&format!("host: {}\r\n", base.trim_start_matches("http://"))), "{request}");
}

#[tokio::test]
async fn only_what_the_manifest_allows_is_asked() {
    let (base, asked) = serve(|_| Some(ok("fine"))).await;
    let plugins = at(&base);
    let code = async |ask: Value| fetch(&plugins, ask).await.unwrap_err();
    for url in [
        "https://other.tiny.test/open/a",
        "http://api.tiny.test/open/a",
        "https://api.tiny.test:8443/open/a",
        "https://api.tiny.test/closed",
        "https://api.tiny.test/open/../closed",
        "https://api.tiny.test/open/%2e%2e/closed",
        "https://user@api.tiny.test/open/a",
        "https://api.tiny.test.evil.test/open/a",
        "https://127.0.0.1/open/a",
        "file:///etc/passwd",
    ] {
        assert_eq!(code(json!({ "url": url })).await, "not-allowed", "{url}");
    }
    let open = "https://api.tiny.test/open/a";
    assert_eq!(code(json!({ "url": open, "method": "DELETE" })).await, "not-allowed");
    assert_eq!(code(json!({ "url": open, "headers": [["host", "evil.test"]] })).await, "not-allowed");
    assert_eq!(code(json!({ "url": open, "credentials": ["other"] })).await, "not-allowed");
    assert_eq!(code(json!({ "url": "https://localhost.tiny.test/", "credentials": ["key"] })).await, "not-allowed");
    assert_eq!(asked.all(), Vec::<String>::new());
    assert_eq!(fetch(&plugins, json!({ "url": open })).await.unwrap(), "200 fine");
}

#[tokio::test]
async fn private_addresses_are_reached_only_where_the_operator_names_them() {
    let (base, asked) = serve(|_| Some(ok("fine"))).await;
    let mut settings = granted(&[]);
    settings.configs.insert(id(), json!({ "url": format!("{base}/hook") }));
    let plugins = load_with(&["tiny-http"], settings.clone());
    let ask = json!({ "url": "setting", "method": "POST" });
    assert_eq!(fetch(&plugins, ask.clone()).await.unwrap_err(), "private-address");
    assert_eq!(asked.all(), Vec::<String>::new());

    settings.operator.get_mut(&id()).unwrap().hosts = BTreeMap::from([("127.0.0.1".to_owned(), base)]);
    let plugins = load_with(&["tiny-http"], settings);
    assert_eq!(fetch(&plugins, ask).await.unwrap(), "200 fine");
}

#[tokio::test]
async fn redirects_are_answers() {
    let (base, asked) =
        serve(|_| Some("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned()))
            .await;
    let plugins = at(&base);
    assert_eq!(fetch(&plugins, json!({ "url": "https://api.tiny.test/open/a" })).await.unwrap(), "302");
    assert_eq!(asked.all().len(), 1);
}

#[tokio::test]
async fn sizes_are_limited_both_ways() {
    let (base, asked) =
        serve(|request| Some(ok(&"x".repeat(if request.contains("large") { 1001 } else { 1000 })))).await;
    let plugins = at(&base);
    let url = |path: &str| format!("https://api.tiny.test/open/{path}");
    assert_eq!(fetch(&plugins, json!({ "url": url("large") })).await.unwrap_err(), "too-large-sent");
    assert!(fetch(&plugins, json!({ "url": url("small") })).await.is_ok());
    let body = "x".repeat(2001);
    let many = json!({ "url": url("small"), "method": "POST", "body": body });
    assert_eq!(fetch(&plugins, many).await.unwrap_err(), "too-large");
    assert_eq!(asked.all().len(), 2);
}

#[tokio::test]
async fn what_is_asked_too_often_is_refused_for_a_while() {
    let (base, asked) = serve(|_| Some(ok("fine"))).await;
    let plugins = at(&base);
    let ask = json!({ "url": "https://api.tiny.test/open/a" });
    let mut refused = None;
    for _ in 0..40 {
        refused = refused.or(fetch(&plugins, ask.clone()).await.err());
    }
    assert_eq!(refused.as_deref(), Some("rate-limited"));
    assert!(asked.all().len() < 40);
}

#[tokio::test]
async fn a_silent_server_is_given_up_and_may_have_acted() {
    let (base, _) = serve(|_| None).await;
    let plugins = at(&base);
    let ask = json!({ "url": "https://api.tiny.test/open/a", "timeout": 1500 });
    assert_eq!(fetch(&plugins, ask).await.unwrap_err(), "timeout-sent");
}

/// Each kind of call has a time of its own, of which a request gets a part: the plugin still says what happened.
#[tokio::test]
async fn a_request_has_no_more_time_than_its_call() {
    let (base, _) = serve(|_| None).await;
    let short = Duration::from_millis(500);
    let mut settings = granted(&[("api.tiny.test", &base)]);
    settings.limits.notifier.wall = short;
    settings.limits.transfer.wall = short;
    let plugins = load_with(&["tiny-http"], settings);
    let ask = json!({ "url": "https://api.tiny.test/open/a" });
    assert_eq!(fetch(&plugins, ask).await.unwrap_err(), "timeout-sent");
    let file = plugins.fetch_file(&id(), &call(), "some").await.unwrap_err();
    assert!(file.to_string().contains("no answer in"), "{file}");

    let mut settings = working(&[&base]);
    settings.limits.work.wall = short;
    let plugins = load_with(&["tiny-work"], settings);
    let job = request(&json!({ "type": "tiny-work", "url": format!("{base}/x") }).to_string());
    let step = plugins.step("tiny-work", &call(), Vec::new(), vec![StepEvent::Requested(job)]).await;
    assert_eq!(told(step.map(|_| String::new())).unwrap_err(), "timeout");
}

#[tokio::test]
async fn half_an_answer_and_no_answer_are_told_apart() {
    let (base, _) = serve(|_| Some("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_owned())).await;
    let ask = json!({ "url": "https://api.tiny.test/open/a" });
    assert_eq!(fetch(&at(&base), ask.clone()).await.unwrap_err(), "broken-sent");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(fetch(&at(&format!("http://{closed}")), ask.clone()).await.unwrap_err(), "connect");
    assert_eq!(fetch(&at("http://nowhere.invalid"), ask.clone()).await.unwrap_err(), "dns");
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = plain.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream.write_all(ok("no TLS here").as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    assert_eq!(fetch(&at(&format!("https://{address}")), ask).await.unwrap_err(), "tls");
}

#[tokio::test]
async fn a_file_is_sent_as_a_form_and_downloaded_for_its_owner_alone() {
    let (base, asked) = serve(|request| {
        Some(if request.contains("/open/none") { with_status("404 Not Found", "no") } else { ok(&"y".repeat(5000)) })
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut settings = granted(&[("api.tiny.test", &base)]);
    settings.means.blobs_dir = Some(dir.path().join("blobs"));
    let plugins = load_with(&["tiny-http"], settings);

    let path = dir.path().join("report.txt");
    std::fs::write(&path, "the report").unwrap();
    let mut with_file = message(&json!({ "upload": { "url": "https://api.tiny.test/open/up", "method": "POST" } }));
    with_file.attachments = vec![Attachment { name: "re\"port.txt".into(), mime: "text/plain".into(), size: 10, path }];
    let large = told(plugins.deliver(&id(), &call(), &with_file, 0).await.map(|receipt| receipt.provider_id));
    assert_eq!(large.unwrap_err(), "too-large-sent", "the answer was larger than an answer may be");
    let form = asked.last();
    assert!(
        form.contains("name=\"file\"; filename=\"re%22port.txt\"\r\ncontent-type: text/plain\r\n\r\nthe report\r\n"),
        "{form}"
    );

    let file = plugins.fetch_file(&id(), &call(), "some").await.unwrap();
    assert_eq!((file.size, std::fs::metadata(&file.path).unwrap().permissions().mode() & 0o777), (5000, 0o600));
    assert!(plugins.fetch_file(&id(), &call(), "none").await.is_err());
    let answer = run(&plugins, json!({ "download": { "url": "https://api.tiny.test/open/a" } })).await.unwrap();
    assert_eq!(answer, "200 download-0");
    let left: Vec<_> = files(&dir.path().join("blobs"));
    assert_eq!(left, [file.path], "what no call took over is gone");
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn secrets_work_without_being_seen() {
    let plugins = at("http://127.0.0.1:1");
    assert_eq!(run(&plugins, json!({ "hmac": "what do ya want for nothing?" })).await.unwrap(), "5bdc true");
    assert_eq!(run(&plugins, json!({ "equals": ["key", "Jefe"] })).await.unwrap(), "true");
    assert_eq!(run(&plugins, json!({ "equals": ["key", "jefe"] })).await.unwrap(), "false");
    assert_eq!(run(&plugins, json!({ "equals": ["token", TOKEN] })).await.unwrap_err(), "unknown-secret");
    assert_eq!(plugins.probe(&id(), &call()).await.unwrap(), "token: true, key: true");

    let mut without = granted(&[("api.tiny.test", "http://127.0.0.1:1")]);
    without.means.secrets = None;
    let plugins = load_with(&["tiny-http"], without);
    assert_eq!(plugins.probe(&id(), &call()).await.unwrap(), "token: false, key: false");
    let ask = json!({ "url": "https://api.tiny.test/{token}/getMe", "credentials": ["token"] });
    assert_eq!(fetch(&plugins, ask).await.unwrap_err(), "not-set");
}

#[tokio::test]
async fn the_host_polls_for_the_plugin_within_its_rights() {
    let (base, asked) =
        serve(|request| Some(if request.contains("after=0") { ok("7") } else { with_status("409 Conflict", "") }))
            .await;
    let plugins = at(&base);
    let poll = plugins.next_poll(&id(), &call(), None).await.unwrap();
    let answer = plugins.ask(&id(), poll.request, Duration::from_secs(10)).await.unwrap();
    let batch = plugins.receive(&id(), &call(), None, answer).await.unwrap();
    assert_eq!(batch.cursor.as_deref(), Some("7"));
    assert!(asked.last().starts_with(&format!("GET /bot{TOKEN}/updates?after=0 ")));
    let poll = plugins.next_poll(&id(), &call(), Some("7")).await.unwrap();
    let answer = plugins.ask(&id(), poll.request, Duration::from_secs(10)).await.unwrap();
    let error = plugins.receive(&id(), &call(), Some("7"), answer).await.unwrap_err();
    let Cause::PluginFailed(failure) = &error.cause else { panic!("{error}") };
    assert_eq!((failure.code.as_str(), failure.retryable), ("other-poller", true));
}

#[tokio::test]
async fn a_file_without_a_grant_for_its_bytes_is_not_loaded() {
    let mut settings = granted(&[]);
    settings.operator.get_mut(&id()).unwrap().grant.as_mut().unwrap().digest = format!("blake3:{}", "0".repeat(64));
    let (plugins, problems) = try_load(&["tiny-http"], settings);
    assert_eq!((plugins.list().len(), problems[0].code()), (0, "not-granted"));
    assert!(problems[0].to_string().contains(&*source("tiny-http").digest), "{}", problems[0]);
}

#[tokio::test]
async fn without_a_store_no_values_are_kept_and_the_clock_goes() {
    let plugins = at("http://127.0.0.1:1");
    assert_eq!(run(&plugins, json!({ "set": ["a", "1"] })).await.unwrap_err(), "not-allowed");
    assert_eq!(run(&plugins, json!("clock")).await.unwrap(), "true");
}

fn working(urls: &[&str]) -> Settings {
    let mut settings = support::granted("tiny-work");
    let worker: PluginId = "tiny-work".parse().unwrap();
    settings.configs.insert(worker.clone(), json!({ "urls": urls }));
    let hosts = urls.iter().map(|url| ("127.0.0.1".to_owned(), (*url).to_owned())).collect();
    settings.operator.get_mut(&worker).unwrap().hosts = hosts;
    settings.means = Means { secrets: Some(Arc::new(Any)), ..Means::default() };
    settings
}

#[derive(Debug)]
struct Any;

impl Secrets for Any {
    fn value(&self, _: &PluginId, _: &str, _: Option<&str>) -> Option<Secret> {
        Secret::new("any")
    }
}

#[tokio::test]
async fn an_execute_type_asks_in_its_steps_what_it_was_granted_and_nothing_in_its_preview() {
    let (base, asked) = serve(|_| Some(ok("fine"))).await;
    let plugins = load_with(&["tiny-work"], working(&[&base]));
    let job = json!({ "type": "tiny-work", "waits": 1, "waitMs": 5, "url": format!("{base}/x") }).to_string();
    let Beginning::Work(codes) = plugins.plan("tiny-work", &call(), &request(&job)).await.unwrap() else { panic!() };
    assert_eq!(codes, "not-allowed not-allowed unknown-secret 0");
    assert_eq!(asked.all(), Vec::<String>::new(), "a preview asked somebody");
    let first =
        plugins.step("tiny-work", &call(), Vec::new(), vec![StepEvent::Requested(request(&job))]).await.unwrap();
    assert_eq!(first.actions, [Action::Progress("step 0 was answered fine".into()), Action::Wait(5)]);
    assert_eq!(asked.all().len(), 1);
    // There is no store here, which is said as of any other plugin.
    let error = plugins.step("tiny-work", &call(), first.state, vec![StepEvent::Woke]).await.unwrap_err();
    assert_eq!(told(Err(error)).unwrap_err(), "not-allowed");
}

#[tokio::test]
async fn an_execute_type_without_a_grant_is_not_loaded() {
    let (_, problems) = try_load(&["tiny-work"], support::settings());
    assert_eq!(problems[0].code(), "not-granted", "{problems:?}");
}
