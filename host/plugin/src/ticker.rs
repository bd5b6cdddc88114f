//! The clock that interrupts guests: a thread that advances the epoch each millisecond while a guest runs.
//!
//! While none runs it is parked, so an idle host is idle. It ends with the last engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

const TICK: Duration = Duration::from_millis(1);

/// Advances the epoch of one engine.
#[derive(Debug)]
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Debug, Default)]
struct Shared {
    running: AtomicUsize,
    ended: AtomicBool,
}

/// As long as one of these lives, the clock ticks.
#[derive(Debug)]
pub(crate) struct Armed(Arc<Shared>);

impl Ticker {
    pub(crate) fn start(name: &str, engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let engine = engine.weak();
        let of_thread = Arc::clone(&shared);
        let handle = thread::Builder::new().name(name.to_owned()).spawn(move || tick(&of_thread, &engine))?;
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    pub(crate) fn arm(&self) -> Armed {
        let was_idle = self.shared.running.fetch_add(1, Ordering::SeqCst) == 0;
        if was_idle {
            self.thread.unpark();
        }
        Armed(Arc::clone(&self.shared))
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

fn tick(shared: &Shared, engine: &EngineWeak) {
    while !shared.ended.load(Ordering::SeqCst) {
        if shared.running.load(Ordering::SeqCst) == 0 {
            thread::park();
            continue;
        }
        thread::sleep(TICK);
        match engine.upgrade() {
            Some(engine) => engine.increment_epoch(),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_ticks_only_while_it_is_armed_and_ends_with_its_owner() {
        let engine = Engine::default();
        let ticker = Ticker::start("ticker-test", &engine).unwrap();
        let first = ticker.arm();
        let second = ticker.arm();
        drop(first);
        assert_eq!(ticker.shared.running.load(Ordering::SeqCst), 1);
        drop(second);
        assert_eq!(ticker.shared.running.load(Ordering::SeqCst), 0);

        let shared = Arc::downgrade(&ticker.shared);
        drop(ticker);
        for _ in 0..2000 {
            if shared.upgrade().is_none() {
                return;
            }
            thread::sleep(TICK);
        }
        panic!("the thread did not end");
    }
}
