//! A fresh instance, one call and its teardown: in the product, and on bare wasmtime in the same run.
//!
//! The bare loop has the same engine settings and the same component, and nothing of ours around the call: no limits,
//! no deadline, no identity, no reading of what went wrong. `cargo xtask bench` runs it and prints its lines.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod loopback;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use instar_core::id::PluginId;
use instar_core::plan::{Action, FinishVerdict, StepEvent, StepRequest};
use instar_plugin::{Asker, CallContext, Grant, OperatorSays, Plugins, Settings, Source};
use jiff::Timestamp;
use serde_json::json;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

mod guard {
    wasmtime::component::bindgen!({ path: "../../wit", world: "run-guard-plugin" });
}

mod execute {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "execute-plugin",
        exports: { default: async },
    });
}

const ROUNDS: usize = 20_000;
/// With the warm-up, fewer than the manifest lets the plugin ask in a minute.
const POSTS: usize = 500;
const SCRIPT: &str = r#"{"type":"script","value":"true"}"#;
const POST: &str = r#"{"type":"http","url":"/x","json":{}}"#;

fn main() {
    let native = tempfile::tempdir().expect("a folder can be made");
    let sources = vec![source("components", "tiny-run-guard"), source("plugins", "execute-script")];
    let settings = Settings::new(native.path().to_owned());
    let (plugins, problems) = Plugins::load(sources, settings, &mut |_| {}).expect("an engine can be set up");
    assert!(problems.is_empty(), "{problems:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let call = CallContext::new(Asker::Cron, Timestamp::UNIX_EPOCH);

    let ours = median(|| drop(black_box(plugins.judge_run(&call, "{}", "[]"))));
    let bare = BareGuard::new();
    let theirs = median(|| bare.call());
    print("instance + guard check + teardown, p50", ours, theirs);

    let ours = median(|| {
        let step = plugins.step("script", &call, Vec::new(), vec![StepEvent::Requested(request())]);
        drop(black_box(runtime.block_on(step).expect("it answers")));
    });
    let bare = BareExecute::new();
    let theirs = median(|| runtime.block_on(bare.call()));
    print("instance + execute step + teardown, p50", ours, theirs);
    fetch(native.path(), &call, &runtime);
}

/// A step that asks once, beside the same request without a component.
fn fetch(native: &Path, call: &CallContext, runtime: &tokio::runtime::Runtime) {
    let address = loopback::serve("{}");
    let source = source("plugins", "execute-http");
    let id: PluginId = "execute-http".parse().expect("an id");
    let mut settings = Settings::new(native.to_owned());
    let allow = instar_plugin::RIGHTS.map(str::to_owned).into();
    let grant = Grant { digest: format!("blake3:{}", source.digest), allow };
    let hosts = BTreeMap::from([("bench.example.org".to_owned(), format!("http://{address}"))]);
    settings.operator.insert(id.clone(), OperatorSays { grant: Some(grant), hosts });
    settings.configs.insert(id, json!({ "urls": ["https://bench.example.org"] }));
    let (plugins, problems) = Plugins::load(vec![source], settings, &mut |_| {}).expect("an engine can be set up");
    assert!(problems.is_empty(), "{problems:?}");
    let asked = StepRequest { execute_json: POST.to_owned(), model: String::new(), previous: None };
    let ours = median_of(POSTS, || {
        let step = plugins.step("http", call, Vec::new(), vec![StepEvent::Requested(asked.clone())]);
        let result = black_box(runtime.block_on(step).expect("it answers"));
        assert!(
            matches!(&result.actions[..], [Action::Finish { verdict: FinishVerdict::Succeeded, .. }]),
            "{result:?}"
        );
    });
    let theirs = median_of(POSTS, || loopback::ask(address, "/x", "{}"));
    println!(
        "execute-http: a step with one request, p50\t{}\t{}\tthe bare request",
        ours.as_nanos(),
        theirs.as_nanos()
    );
}

/// One line for `cargo xtask bench`: what, ours and theirs in nanoseconds.
fn print(what: &str, ours: Duration, theirs: Duration) {
    println!("{what}\t{}\t{}\tbare wasmtime", ours.as_nanos(), theirs.as_nanos());
}

fn median(call: impl FnMut()) -> Duration {
    median_of(ROUNDS, call)
}

/// A tenth more are called before, to warm up.
fn median_of(rounds: usize, mut call: impl FnMut()) -> Duration {
    (0..rounds / 10).for_each(|_| call());
    let mut times: Vec<Duration> = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let begun = Instant::now();
        call();
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times[rounds / 2]
}

fn path(folder: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../target/{folder}/{name}.wasm"))
}

fn bytes(folder: &str, name: &str) -> Vec<u8> {
    let path = path(folder, name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask components`", path.display()))
}

fn source(folder: &str, name: &str) -> Source {
    Source::file(path(folder, name), bytes(folder, name))
}

fn request() -> StepRequest {
    StepRequest { execute_json: SCRIPT.to_owned(), model: "sonnet".to_owned(), previous: None }
}

/// The settings of `src/lane.rs`, without epochs.
fn engine() -> Engine {
    let mut pool = PoolingAllocationConfig::new();
    pool.linear_memory_keep_resident(2 << 20).table_keep_resident(64 << 10).async_stack_keep_resident(64 << 10);
    pool.max_memory_size(64 << 20).total_component_instances(64).total_core_instances(256).total_memories(64);
    let mut config = Config::new();
    config.concurrency_support(false).memory_reservation(64 << 20).memory_guard_size(32 << 20);
    config.memory_init_cow(true).max_wasm_stack(512 << 10).async_stack_size(1 << 20);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).expect("an engine can be set up")
}

fn component(engine: &Engine, folder: &str, name: &str) -> (Component, Linker<()>) {
    let component = Component::new(engine, bytes(folder, name)).expect("it compiles");
    let mut linker = Linker::new(engine);
    let config = linker.instance("instar:plugin/config@0.1.0").and_then(|mut config| {
        config.func_wrap("json", |_: wasmtime::StoreContextMut<'_, ()>, (): ()| Ok(("{}".to_owned(),)))
    });
    config.expect("a configuration can be handed out");
    linker.define_unknown_imports_as_traps(&component).expect("its imports can be traps");
    (component, linker)
}

struct BareGuard {
    engine: Engine,
    pre: guard::RunGuardPluginPre<()>,
}

impl BareGuard {
    fn new() -> Self {
        let engine = engine();
        let (component, linker) = component(&engine, "components", "tiny-run-guard");
        let pre = linker.instantiate_pre(&component).and_then(guard::RunGuardPluginPre::new);
        Self { engine, pre: pre.expect("it is a run guard") }
    }

    fn call(&self) {
        use guard::instar::plugin::types::{CallCtx, Origin};
        let mut store = Store::new(&self.engine, ());
        let ctx = CallCtx { origin: Origin::Cron, trace_id: String::new(), job: None, session: None, now_ms: 0 };
        let guest = self.pre.instantiate(&mut store).expect("it starts");
        let verdict = guest.instar_plugin_run_guard().call_check(&mut store, &ctx, "{}", "[]");
        drop(black_box(verdict.expect("it answers")));
    }
}

struct BareExecute {
    engine: Engine,
    pre: execute::ExecutePluginPre<()>,
}

impl BareExecute {
    fn new() -> Self {
        let engine = engine();
        let (component, linker) = component(&engine, "plugins", "execute-script");
        let pre = linker.instantiate_pre(&component).and_then(execute::ExecutePluginPre::new);
        Self { engine, pre: pre.expect("it is an execute type") }
    }

    async fn call(&self) {
        use execute::exports::instar::plugin::execute::{Event, Request};
        use execute::instar::plugin::types::{CallCtx, Origin};
        let mut store = Store::new(&self.engine, ());
        let ctx = CallCtx { origin: Origin::Cron, trace_id: String::new(), job: None, session: None, now_ms: 0 };
        let context = String::new();
        let request = Request { execute_json: SCRIPT.to_owned(), model: "sonnet".to_owned(), previous: None, context };
        let guest = self.pre.instantiate_async(&mut store).await.expect("it starts");
        let events = [Event::Requested(request)];
        let step = guest.instar_plugin_execute().call_step(&mut store, &ctx, "{}", &[], &events).await;
        drop(black_box(step.expect("it answers")));
    }
}
