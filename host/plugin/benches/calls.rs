//! A fresh instance, one call and its teardown: in the product, and on bare wasmtime in the same run.
//!
//! The bare loop has the same engine settings and the same component, and nothing of ours around the call: no limits,
//! no deadline, no identity, no reading of what went wrong. `cargo xtask bench` runs it and prints its lines.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use instar_core::plan::{StepEvent, StepRequest};
use instar_plugin::{Asker, CallContext, Plugins, Settings, Source};
use jiff::Timestamp;
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
const WARM_UP: usize = 2_000;
const SCRIPT: &str = r#"{"type":"script","value":"true"}"#;

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
}

/// One line for `cargo xtask bench`: what, ours and theirs in nanoseconds.
fn print(what: &str, ours: Duration, theirs: Duration) {
    println!("{what}\t{}\t{}\tbare wasmtime", ours.as_nanos(), theirs.as_nanos());
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
