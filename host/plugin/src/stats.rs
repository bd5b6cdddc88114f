//! What each plugin has been doing: counted while it is called, over all its versions since the host started.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use instar_core::id::PluginId;

use crate::error::Cause;

/// Of all plugins; it outlives their replacement.
#[derive(Debug, Default)]
pub struct StatsBook(Mutex<BTreeMap<PluginId, Arc<Counter>>>);

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

#[derive(Debug, Default)]
pub(crate) struct Counter(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    told: PluginStats,
    /// How many calls took about as long: four steps for each doubling of a microsecond.
    lengths: [u64; LENGTHS],
}

/// The last one is more than an hour.
const LENGTHS: usize = 130;
const STEPS: f64 = 4.0;

impl StatsBook {
    pub(crate) fn of(&self, plugin: &PluginId) -> Arc<Counter> {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.entry(plugin.clone()).or_default().clone()
    }

    /// What it did so far; `None` for one that was never loaded.
    pub fn told(&self, plugin: &PluginId) -> Option<PluginStats> {
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.get(plugin).map(|counter| counter.told())
    }
}

impl Counter {
    pub(crate) fn note_call(&self, took: Duration, fault: Option<&Cause>) {
        let mut counts = self.lock();
        counts.told.calls += 1;
        counts.told.longest = counts.told.longest.max(took);
        counts.lengths[place(took)] += 1;
        if let Some(fault) = fault {
            *counts.told.faults.entry(fault.code()).or_default() += 1;
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self { told: PluginStats::default(), lengths: [0; LENGTHS] }
    }
}

impl Counts {
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

    #[test]
    fn what_is_asked_and_denied_is_counted() {
        let counter = Counter::default();
        counter.note_request(10, 20);
        counter.note_request(1, 2);
        counter.note_denied();
        let told = counter.told();
        assert_eq!((told.requests, told.bytes_out, told.bytes_in, told.denied), (2, 11, 22, 1));
        counter.note_call(Duration::from_secs(u64::MAX / 4), None);
        assert!(counter.told().p99 > Duration::from_secs(3600));
    }
}
