//! What a notifier costs for each message, with the network of this machine and nothing behind it: `deliver` beside the
//! same request without a component, `receive` beside the reading of the same JSON.
//!
//! `cargo xtask bench messages` runs it and prints its lines.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod loopback;

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use instar_core::id::{Ids, PluginId};
use instar_core::notice::Message;
use instar_core::verdict::Severity;
use instar_plugin::{
    Answer, Asker, CallContext, Grant, Means, NewValue, OperatorSays, Plugins, PollResponse, Secret, Secrets, Settings,
    Source, Value, Values,
};
use jiff::Timestamp;
use serde_json::json;

/// With the warm-up, fewer than the manifest lets the plugin ask in a minute.
const ROUNDS: usize = 500;
const WARM_UP: usize = 50;
const ANSWER: &str = r#"{"ok":true,"result":{"id":7,"username":"bench_bot","message_id":1}}"#;
const BODY: &str =
    "**Job failed** after `3 tries`:\n\n```\nerror: it does not build\n```\n\nSee [the log](https://x.org/log).";

fn main() {
    let native = tempfile::tempdir().expect("a folder can be made");
    let address = loopback::serve(ANSWER);
    let plugins = load(native.path(), address);
    let telegram: PluginId = "notifier-telegram".parse().expect("an id");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let call = CallContext::new(Asker::Operator, Timestamp::UNIX_EPOCH);
    let id = Ids::new(Timestamp::UNIX_EPOCH, 1).notice();
    let message = Message::notice(id, Severity::High, "Job failed".to_owned(), BODY.to_owned());

    let ours = median(|| {
        drop(black_box(runtime.block_on(plugins.deliver(&telegram, &call, &message, 0)).expect("it is taken")));
    });
    let sent = json!({ "chat_id": -100, "text": BODY, "parse_mode": "HTML" }).to_string();
    let theirs = median(|| loopback::ask(address, "/botTOKEN/sendMessage", &sent));
    print("notifier-telegram: deliver, with its request, p50", ours, theirs, "the bare request");

    for count in [1, 100] {
        let updates = updates(count);
        let ours = median(|| {
            let response = PollResponse::new(200, updates.clone());
            drop(black_box(runtime.block_on(plugins.receive(&telegram, &call, None, response)).expect("it is read")));
        });
        let theirs = median(|| drop(black_box(serde_json::from_slice::<serde_json::Value>(&updates))));
        print(&format!("notifier-telegram: receive of {count}, p50"), ours, theirs, "serde_json alone");
    }
}

/// One line: what, ours and theirs in nanoseconds, and the peer.
fn print(what: &str, ours: Duration, theirs: Duration, peer: &str) {
    println!("{what}\t{}\t{}\t{peer}", ours.as_nanos(), theirs.as_nanos());
}

fn median(mut call: impl FnMut()) -> Duration {
    (0..WARM_UP).for_each(|_| call());
    let mut times: Vec<Duration> = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        call();
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times[ROUNDS / 2]
}

fn load(native: &Path, address: SocketAddr) -> Plugins {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/notifier-telegram.wasm");
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask components`", path.display()));
    let source = Source::file(path, bytes);
    let grant =
        Grant { digest: format!("blake3:{}", source.digest), allow: instar_plugin::RIGHTS.map(str::to_owned).into() };
    let hosts = BTreeMap::from([("api.telegram.org".to_owned(), format!("http://{address}"))]);
    let mut settings = Settings::new(native.to_owned());
    let id: PluginId = "notifier-telegram".parse().expect("an id");
    settings.operator.insert(id.clone(), OperatorSays { grant: Some(grant), hosts });
    settings.configs.insert(id, json!({ "chatId": -100 }));
    let (values, secrets) = (Arc::new(InMemory::default()), Arc::new(Known));
    settings.means = Means { values: Some(values), secrets: Some(secrets), ..Means::default() };
    let (plugins, problems) = Plugins::load(vec![source], settings, &mut |_| {}).expect("an engine can be set up");
    assert!(problems.is_empty(), "{problems:?}");
    plugins
}

fn updates(count: i64) -> Vec<u8> {
    let update = |number: i64| {
        json!({ "update_id": number, "message": {
            "message_id": number, "date": 1_700_000_000, "message_thread_id": 42, "is_topic_message": true,
            "from": { "id": 8_000_001, "is_bot": false, "first_name": "Ada", "language_code": "en" },
            "chat": { "id": -1_001_000_000_001_i64, "type": "supergroup", "title": "Agents", "is_forum": true },
            "text": format!("the {number}th thing that somebody says to an agent, which is of a usual length"),
        } })
    };
    json!({ "ok": true, "result": (1..=count).map(update).collect::<Vec<_>>() }).to_string().into_bytes()
}

#[derive(Debug)]
struct Known;

impl Secrets for Known {
    fn value(&self, _: &PluginId, _: &str, _: Option<&str>) -> Option<Secret> {
        Secret::new("7:bench-token")
    }
}

#[derive(Debug, Default)]
struct InMemory(Mutex<HashMap<String, Value>>);

impl InMemory {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Values for InMemory {
    fn get<'a>(&'a self, _: &'a PluginId, key: &'a str) -> Answer<'a, Option<Value>> {
        Box::pin(async move { Ok(self.lock().get(key).cloned()) })
    }

    fn set<'a>(&'a self, _: &'a PluginId, key: &'a str, new: NewValue) -> Answer<'a, u64> {
        Box::pin(async move {
            self.lock().insert(key.to_owned(), Value { bytes: new.bytes, revision: 1 });
            Ok(1)
        })
    }

    fn delete<'a>(&'a self, _: &'a PluginId, key: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.lock().remove(key);
            Ok(())
        })
    }

    fn keys<'a>(&'a self, _: &'a PluginId, _: &'a str, _: u32) -> Answer<'a, Vec<String>> {
        Box::pin(async move { Ok(self.lock().keys().cloned().collect()) })
    }
}
