//! What each plugin has been doing: counted while it is called, over all its versions since the host started. One that
//! gives no answer too often in a row trips, so that somebody can take it out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use instar_core::id::PluginId;
use tokio::sync::Notify;

use crate::error::Cause;

/// Of all plugins; it outlives their replacement.
#[derive(Debug, Default)]
pub struct StatsBook {
    counters: Mutex<BTreeMap<PluginId, Arc<Counter>>>,
    trips: Arc<Trips>,
}

/// A plugin gave no answer too often in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    pub plugin: PluginId,
    pub faults: u32,
    /// The code of the last fault.
    pub code: &'static str,
}

#[derive(Debug, Default)]
struct Trips {
    /// So many faults in a row are too many; 0 is never.
    most: AtomicU32,
    tripped: Mutex<Vec<Trip>>,
    rung: Notify,
}

/// What one plugin did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PluginStats {
    pub calls: u64,
    /// Calls without an answer, by the code of their error.
    pub faults: BTreeMap<&'static str, u64>,
    /// Half of the calls took no longer, from the instance to its answer; exact to a fifth of it.
    pub p50: Duration,
    pub p99: Duration,
    pub longest: Duration,
    /// Requests that the host made for it.
    pub requests: u64,
    /// Requests that its rights did not allow, or that came too often.
    pub denied: u64,
    /// Bodies of its requests.
    pub bytes_out: u64,
    /// Bodies of the answers to them.
    pub bytes_in: u64,
}

#[derive(Debug)]
pub(crate) struct Counter {
    plugin: PluginId,
    counts: Mutex<Counts>,
    trips: Arc<Trips>,
}

#[derive(Debug)]
struct Counts {
    told: PluginStats,
    faults_in_a_row: u32,
    /// How many calls took about as long: four steps for each doubling of a microsecond.
    lengths: [u64; LENGTHS],
}

/// Codes of faults by which it was the plugin itself that left a call without an answer. What it refuses is an answer;
/// a host without a free place, or a wrong question, says nothing of it.
const OWN_FAULTS: [&str; 6] = ["trap", "timeout", "memory-limit", "table-limit", "instance-limit", "output-too-large"];

/// Whether faults of this code count for the quarantine.
pub fn is_own_fault(code: &str) -> bool {
    OWN_FAULTS.contains(&code)
}

/// The last one is more than an hour.
const LENGTHS: usize = 130;
const STEPS: f64 = 4.0;

impl StatsBook {
    pub(crate) fn of(&self, plugin: &PluginId) -> Arc<Counter> {
        let mut book = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let counter =
            || Arc::new(Counter { plugin: plugin.clone(), counts: Mutex::default(), trips: self.trips.clone() });
        book.entry(plugin.clone()).or_insert_with(counter).clone()
    }

    /// From here on so many calls in a row without an answer are too many; 0 is never.
    pub fn trip_after(&self, faults: u32) {
        self.trips.most.store(faults, Ordering::Relaxed);
    }

    /// Waits until plugins tripped, and tells which.
    pub async fn tripped(&self) -> Vec<Trip> {
        loop {
            let rung = self.trips.rung.notified();
            let tripped = std::mem::take(&mut *self.trips.tripped.lock().unwrap_or_else(PoisonError::into_inner));
            if !tripped.is_empty() {
                return tripped;
            }
            rung.await;
        }
    }

    /// A call that another process made: how long it took, and the code of the plugin's own fault where it gave no
    /// answer. One that was never loaded here is not counted.
    pub fn note_elsewhere(&self, plugin: &PluginId, took: Duration, fault: Option<&str>) {
        let fault = fault.and_then(|code| OWN_FAULTS.into_iter().find(|own| *own == code));
        if let Some(counter) = self.known(plugin) {
            counter.note(took, fault);
        }
    }

    /// What it left unanswered so far says nothing of it as it is now.
    pub fn begin_anew(&self, plugin: &PluginId) {
        if let Some(counter) = self.known(plugin) {
            counter.lock().faults_in_a_row = 0;
        }
    }

    fn known(&self, plugin: &PluginId) -> Option<Arc<Counter>> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).get(plugin).cloned()
    }

    /// What it did so far; `None` for one that was never loaded.
    pub fn told(&self, plugin: &PluginId) -> Option<PluginStats> {
        self.known(plugin).map(|counter| counter.told())
    }
}

impl Counter {
    pub(crate) fn note_call(&self, took: Duration, fault: Option<&Cause>) {
        self.note(took, fault.map(Cause::code));
    }

    fn note(&self, took: Duration, fault: Option<&'static str>) {
        let mut counts = self.lock();
        counts.told.calls += 1;
        counts.told.longest = counts.told.longest.max(took);
        counts.lengths[place(took)] += 1;
        if let Some(fault) = fault {
            *counts.told.faults.entry(fault).or_default() += 1;
        }
        let in_a_row = counts.count_row(fault);
        drop(counts);
        let most = self.trips.most.load(Ordering::Relaxed);
        if let Some(code) = fault.filter(|_| most > 0 && in_a_row == most) {
            let trip = Trip { plugin: self.plugin.clone(), faults: in_a_row, code };
            self.trips.tripped.lock().unwrap_or_else(PoisonError::into_inner).push(trip);
            self.trips.rung.notify_one();
            self.lock().faults_in_a_row = 0;
        }
    }

    pub(crate) fn note_request(&self, bytes_out: u64, bytes_in: u64) {
        let mut counts = self.lock();
        counts.told.requests += 1;
        counts.told.bytes_out += bytes_out;
        counts.told.bytes_in += bytes_in;
    }

    pub(crate) fn note_denied(&self) {
        self.lock().told.denied += 1;
    }

    fn told(&self) -> PluginStats {
        let counts = self.lock();
        let quantile = |part: f64| counts.quantile(part);
        PluginStats { p50: quantile(0.5), p99: quantile(0.99), ..counts.told.clone() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self { told: PluginStats::default(), faults_in_a_row: 0, lengths: [0; LENGTHS] }
    }
}

impl Counts {
    /// How many calls in a row the plugin itself left without an answer.
    fn count_row(&mut self, fault: Option<&str>) -> u32 {
        match fault {
            None | Some("plugin-failed") => self.faults_in_a_row = 0,
            Some(code) if is_own_fault(code) => self.faults_in_a_row += 1,
            Some(_) => {}
        }
        self.faults_in_a_row
    }

    fn quantile(&self, part: f64) -> Duration {
        let rank = (self.told.calls as f64 * part).ceil() as u64;
        let mut seen = 0;
        for (place, count) in self.lengths.iter().enumerate() {
            seen += count;
            if rank > 0 && seen >= rank {
                return upper(place).min(self.told.longest);
            }
        }
        Duration::ZERO
    }
}

fn place(took: Duration) -> usize {
    let micros = took.as_micros().max(1) as f64;
    ((micros.log2() * STEPS).ceil() as usize).min(LENGTHS - 1)
}

/// The longest that belongs to this place.
fn upper(place: usize) -> Duration {
    Duration::from_micros((place as f64 / STEPS).exp2().ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_to_a_fifth() {
        let book = StatsBook::default();
        let id: PluginId = "a".parse().unwrap();
        assert!(book.told(&id).is_none());
        let counter = book.of(&id);
        assert_eq!(counter.told(), PluginStats::default());
        for micros in 1..=1000 {
            counter.note_call(Duration::from_micros(micros), None);
        }
        counter.note_call(Duration::from_secs(2), Some(&Cause::Trap("x".to_owned())));
        let told = book.told(&id).unwrap();
        assert_eq!((told.calls, told.faults.get("trap"), told.longest), (1001, Some(&1), Duration::from_secs(2)));
        assert!((500..=600).contains(&told.p50.as_micros()), "{:?}", told.p50);
        assert!((990..=1200).contains(&told.p99.as_micros()), "{:?}", told.p99);
    }

    #[tokio::test]
    async fn a_plugin_trips_after_so_many_faults_in_a_row_and_not_before() {
        let book = StatsBook::default();
        let id: PluginId = "a".parse().unwrap();
        let counter = book.of(&id);
        let (trap, busy) = (Cause::Trap("x".to_owned()), Cause::Busy { waited: Duration::ZERO });
        let note = |fault: Option<&Cause>| counter.note_call(Duration::ZERO, fault);
        (0..9).for_each(|_| note(Some(&trap)));
        book.trip_after(3);
        note(None);
        for fault in [Some(&trap), Some(&trap), None, Some(&trap), Some(&busy), Some(&trap)] {
            note(fault);
        }
        let is_tripped = || !book.trips.tripped.lock().unwrap().is_empty();
        assert!(!is_tripped(), "it was answered in between");
        note(Some(&Cause::Timeout { limit: Duration::ZERO }));
        assert_eq!(book.tripped().await, [Trip { plugin: id, faults: 3, code: "timeout" }]);
        note(Some(&trap));
        assert!(!is_tripped(), "it counts anew");
    }

    #[tokio::test]
    async fn calls_of_other_processes_count_and_a_new_version_begins_anew() {
        let book = StatsBook::default();
        let (id, unknown): (PluginId, PluginId) = ("a".parse().unwrap(), "b".parse().unwrap());
        let counter = book.of(&id);
        book.trip_after(3);
        let elsewhere = |fault| book.note_elsewhere(&id, Duration::from_millis(1), fault);
        book.note_elsewhere(&unknown, Duration::ZERO, Some("trap"));
        elsewhere(Some("trap"));
        elsewhere(Some("timeout"));
        book.begin_anew(&id);
        elsewhere(Some("timeout"));
        counter.note_call(Duration::ZERO, Some(&Cause::Trap("x".to_owned())));
        assert!(book.trips.tripped.lock().unwrap().is_empty());
        elsewhere(Some("trap"));
        assert_eq!(book.tripped().await, [Trip { plugin: id.clone(), faults: 3, code: "trap" }]);
        elsewhere(None);
        let told = book.told(&id).unwrap();
        assert_eq!((told.calls, told.faults.get("trap"), told.faults.get("timeout")), (6, Some(&3), Some(&2)));
        assert!(book.told(&unknown).is_none());
    }

    #[test]
    fn codes_of_own_faults_are_those_of_causes() {
        let causes = [
            Cause::Trap(String::new()),
            Cause::Timeout { limit: Duration::ZERO },
            Cause::MemoryLimit { asked: 1, limit: 1 },
            Cause::TableLimit { asked: 1, limit: 1 },
            Cause::InstanceLimit(String::new()),
            Cause::OutputTooLarge { limit: 1 },
        ];
        assert_eq!(causes.map(|cause| cause.code()), OWN_FAULTS);
    }

    #[test]
    fn what_is_asked_and_denied_is_counted() {
        let counter = StatsBook::default().of(&"a".parse().unwrap());
        counter.note_request(10, 20);
        counter.note_request(1, 2);
        counter.note_denied();
        let told = counter.told();
        assert_eq!((told.requests, told.bytes_out, told.bytes_in, told.denied), (2, 11, 22, 1));
        counter.note_call(Duration::from_secs(u64::MAX / 4), None);
        assert!(counter.told().p99 > Duration::from_secs(3600));
    }
}
