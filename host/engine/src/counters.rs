//! What is counted since the start of this process, for those who draw curves of it.

use std::collections::BTreeMap;

use instar_core::event::{Event, Fact};
use instar_core::run::Trigger;
use jiff::SignedDuration;

/// Kept by the view, event by event.
#[derive(Debug, Default)]
pub struct Counters {
    outcomes: BTreeMap<&'static str, u64>,
    skips: BTreeMap<&'static str, u64>,
    last_fire_lag: Option<SignedDuration>,
}

impl Counters {
    /// How many runs finished, by outcome.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.outcomes.iter().map(|(outcome, count)| (*outcome, *count))
    }

    /// How many runs were skipped, by reason.
    pub fn skips(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.skips.iter().map(|(reason, count)| (*reason, *count))
    }

    /// How long after its due time the last scheduled run was requested; `None` before the first one.
    pub fn last_fire_lag(&self) -> Option<SignedDuration> {
        self.last_fire_lag
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.fact {
            Fact::RunFinished(finished) => *self.outcomes.entry(finished.outcome.as_str()).or_default() += 1,
            Fact::RunSkipped { reason, .. } => *self.skips.entry(reason.as_str()).or_default() += 1,
            // What is made up for is late for a reason of its own.
            Fact::RunRequested { trigger: Trigger::Scheduled { at, missed: false }, .. } => {
                self.last_fire_lag = Some(event.at.duration_since(*at));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use instar_core::job::Priority;
    use instar_core::plan::StepRequest;
    use instar_core::run::{RunRequest, SkipReason};
    use jiff::Timestamp;

    const DUE: Timestamp = Timestamp::constant(1_000_000, 0);

    fn requested(trigger: Trigger, at: Timestamp) -> Event {
        let request = RunRequest {
            job_name: "a".to_owned(),
            priority: Priority::Normal,
            execute_type: "script".to_owned(),
            step: StepRequest { execute_json: "{}".to_owned(), model: "sonnet".to_owned(), previous: None },
            timeout_ms: None,
            grounding: None,
            supervision: Default::default(),
            works_for: None,
            overlap: instar_core::job::Overlap::Skip,
            notify: false,
            admission: Default::default(),
            notices: Default::default(),
            retry: None,
        };
        let run = "00000000-0000-7000-8000-000000000000".parse().unwrap();
        Event { at, fact: Fact::RunRequested { run, slug: "a".parse().ok(), trigger, request: Box::new(request) } }
    }

    #[test]
    fn lag_is_that_of_the_last_scheduled_run() {
        let mut counters = Counters::default();
        assert_eq!(counters.last_fire_lag(), None);
        let late = SignedDuration::from_millis(12);
        counters.apply(&requested(Trigger::Scheduled { at: DUE, missed: false }, DUE + late));
        counters.apply(&requested(Trigger::Scheduled { at: DUE, missed: true }, DUE + late * 9));
        counters
            .apply(&requested(Trigger::Manual { reason: "api".to_owned(), force: false, depth: 0 }, DUE + late * 5));
        assert_eq!(counters.last_fire_lag(), Some(late));
    }

    #[test]
    fn skips_are_counted_by_reason() {
        let mut counters = Counters::default();
        let run = "00000000-0000-7000-8000-000000000000".parse().unwrap();
        let skipped = Fact::RunSkipped { run, slug: "a".parse().ok(), reason: SkipReason::Overlap };
        let event = Event { at: DUE, fact: skipped };
        counters.apply(&event);
        counters.apply(&event);
        assert_eq!(counters.skips().collect::<Vec<_>>(), [("overlap", 2)]);
    }
}
