//! A forum with a server, and times that are taken often enough for a millisecond.

use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use instar_tests::Server;
use instar_tests::forum::{Forum, Heard};

pub(crate) struct Scene {
    // The server ends before its project.
    pub(crate) server: Server,
    pub(crate) forum: Forum,
}

const PATIENCE: Duration = Duration::from_secs(600);

impl Scene {
    pub(crate) fn start() -> Self {
        let forum = forum();
        Self { server: forum.agent.start(), forum }
    }

    /// Waits until the agent heard a message that ends so.
    pub(crate) fn until_heard(&self, end: &str) -> Heard {
        until(end, || self.forum.heard().into_iter().rfind(|heard| heard.text.ends_with(end)))
    }
}

pub(crate) fn forum() -> Forum {
    let this = std::env::current_exe().expect("this program has a path");
    Forum::new(&this.with_file_name("fake-claude"))
}

pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
        sleep(Duration::from_micros(200));
    }
}

pub(crate) fn now_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

pub(crate) fn since(begun_ns: u128, end_ns: u128) -> Duration {
    Duration::from_nanos(u64::try_from(end_ns.saturating_sub(begun_ns)).unwrap_or(u64::MAX))
}
