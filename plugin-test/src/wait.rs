//! Waits for what is asynchronous inside, wherever a test stands.

use std::panic;
use std::sync::LazyLock;
use std::thread;

use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a thread can be started")
});

/// On a thread of its own, so that a test may be asynchronous itself.
pub(crate) fn wait<T: Send>(future: impl Future<Output = T> + Send) -> T {
    thread::scope(|scope| scope.spawn(|| RUNTIME.block_on(future)).join())
        .unwrap_or_else(|cause| panic::resume_unwind(cause))
}
