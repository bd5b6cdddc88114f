//! Tuning: whether a job should run more or less often than its file says, by what its runs had to do.
//!
//! The rule counts, so that anybody can check it: of the last ten runs that told of their work, eight or more found
//! nothing (it runs half as often from then on), or eight or more left work behind (twice as often). The jobs file
//! keeps what a person wrote; what the host made of it stands beside it, and is void once the person writes otherwise.

mod pace;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::schedule::Schedule;
use crate::tune::pace::Pace;
use crate::workload::{TREND_WINDOW, Workload};

/// What is known of one job beside the schedule of its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tuning {
    /// The schedule of the file that all this is about.
    pub base: String,
    /// Waits for the operator's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Proposal>,
    /// What the job runs by; `None` is the schedule of its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
    /// Not proposed again: the operator did not want it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub refused: BTreeSet<String>,
    /// All that was applied on the way to what is.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub steps: BTreeSet<String>,
    /// What runs told up to here has had its say.
    pub since: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub schedule: String,
    /// A sentence for people.
    pub reason: String,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    #[serde(flatten)]
    pub proposal: Proposal,
    /// Who took it: `auto-tune`, or the operator's way.
    pub by: String,
}

/// One thing that happened to a tuning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Tuned {
    Proposed {
        base: String,
        schedule: String,
        reason: String,
    },
    Applied {
        base: String,
        schedule: String,
        reason: String,
        by: String,
    },
    Refused {
        schedule: String,
        by: String,
    },
    /// It runs by the schedule of its file again.
    Reset {
        by: String,
    },
    /// The file has another schedule now.
    Voided,
}

/// What an operator says of a tuning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TuneWish {
    /// The proposal.
    Take,
    Refuse,
    /// Back to the schedule of the file.
    Reset,
}

/// Who applies proposals of jobs with `autoTune`.
pub const AUTO: &str = "auto-tune";

/// So many of the last ten runs must say the same.
const ENOUGH: usize = 8;
/// A run that did less of what it found left work behind.
const DONE: f64 = 0.9;

impl Tuned {
    /// The type under which `/events` lists it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Proposed { .. } => "job_tune_proposed",
            Self::Applied { .. } => "job_tuned",
            Self::Refused { .. } => "job_tune_refused",
            Self::Reset { .. } | Self::Voided => "job_tune_reset",
        }
    }
}

impl Tuning {
    /// What follows from one more fact.
    pub fn after(before: Option<Self>, tuned: &Tuned, at: Timestamp) -> Option<Self> {
        let begun = |base: &str| Self {
            base: base.to_owned(),
            proposed: None,
            applied: None,
            refused: BTreeSet::new(),
            steps: BTreeSet::new(),
            since: at,
        };
        let (mut tuning, said) = match tuned {
            Tuned::Voided => return None,
            Tuned::Refused { .. } | Tuned::Reset { .. } => (before?, None),
            Tuned::Proposed { base, schedule, reason } | Tuned::Applied { base, schedule, reason, by: _ } => {
                let same = before.filter(|tuning| tuning.base == *base);
                let said = Proposal { schedule: schedule.clone(), reason: reason.clone(), at };
                (same.unwrap_or_else(|| begun(base)), Some(said))
            }
        };
        tuning.since = at;
        match (tuned, said) {
            (Tuned::Applied { by, .. }, Some(proposal)) => tuning.apply(proposal, by),
            (Tuned::Proposed { .. }, said) => tuning.proposed = said,
            (Tuned::Refused { schedule, .. }, _) => {
                tuning.proposed = None;
                tuning.refused.insert(schedule.clone());
            }
            (Tuned::Reset { .. }, _) => {
                (tuning.proposed, tuning.applied) = (None, None);
                tuning.refused.append(&mut tuning.steps);
            }
            (Tuned::Applied { .. } | Tuned::Voided, _) => {}
        }
        Some(tuning)
    }

    fn apply(&mut self, proposal: Proposal, by: &str) {
        self.proposed = None;
        let is_another = proposal.schedule != self.base;
        self.steps.extend(is_another.then(|| proposal.schedule.clone()));
        self.applied = is_another.then(|| Applied { proposal, by: by.to_owned() });
    }

    /// What the job runs by, where its file has this schedule and it was tuned.
    pub fn schedule_for(&self, base: &str) -> Option<&str> {
        self.applied.as_ref().filter(|_| self.base == base).map(|applied| applied.proposal.schedule.as_str())
    }
}

/// Another schedule for a job that runs by `current`, and why; `None` while there is nothing to say.
///
/// `signals` are what its runs told since the last change. At most four times as often or as rarely as the file says,
/// never more often than every five minutes unless the file does, and only where the schedule names an interval:
/// a time of the day is somebody's choice.
pub fn advise<'a>(
    base: &Schedule,
    current: &Schedule,
    signals: impl Iterator<Item = &'a Workload>,
) -> Option<(String, String)> {
    let signals: Vec<_> = signals.take(TREND_WINDOW).collect();
    if signals.len() < TREND_WINDOW {
        return None;
    }
    let (base_pace, pace) = (Pace::of(base)?, Pace::of(current)?);
    let idle = signals.iter().filter(|signal| was_idle(signal)).count();
    let behind = signals.iter().filter(|signal| left_work(signal)).count();
    let (minutes, said) = if idle >= ENOUGH {
        (pace.slower(&base_pace)?, format!("{idle} of the last {TREND_WINDOW} runs found nothing to do"))
    } else if behind >= ENOUGH {
        (pace.faster(&base_pace)?, format!("{behind} of the last {TREND_WINDOW} runs left work behind"))
    } else {
        return None;
    };
    let schedule = if minutes == base_pace.minutes { base.as_str().to_owned() } else { base_pace.at(minutes) };
    Some((schedule, format!("{said}: every {} instead of every {}", span(minutes), span(pace.minutes))))
}

fn was_idle(signal: &Workload) -> bool {
    signal.skip_fast || signal.items_found <= 0.0
}

fn left_work(signal: &Workload) -> bool {
    !was_idle(signal) && signal.saturation < DONE
}

fn span(minutes: u32) -> String {
    match minutes {
        1 => "minute".into(),
        60 => "hour".into(),
        _ if minutes.is_multiple_of(60) => format!("{} hours", minutes / 60),
        _ => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(found: f64, processed: f64, skip_fast: bool) -> Workload {
        Workload {
            slug: "a".parse().unwrap(),
            timestamp: Timestamp::UNIX_EPOCH,
            duration: 1.0,
            skip_fast,
            items_found: found,
            items_processed: processed,
            saturation: Workload::saturation_of(found, processed),
            notes: None,
        }
    }

    fn runs(idle: usize, behind: usize, busy: usize) -> Vec<Workload> {
        let many = |count, signal: Workload| std::iter::repeat_n(signal, count);
        let idle = many(idle, signal(0.0, 0.0, true));
        idle.chain(many(behind, signal(50.0, 10.0, false))).chain(many(busy, signal(3.0, 3.0, false))).collect()
    }

    #[track_caller]
    fn check(base: &str, current: &str, signals: &[Workload], expected: Option<&str>) {
        let parsed = |text| Schedule::parse(text).unwrap();
        let advice = advise(&parsed(base), &parsed(current), signals.iter());
        let found = advice.as_ref().map(|(schedule, _)| schedule.as_str());
        assert_eq!(found, expected, "{base}, now {current}: {advice:?}");
    }

    #[test]
    fn runs_that_find_nothing_are_made_rarer_and_runs_that_leave_work_more_frequent() {
        check("*/10 * * * *", "*/10 * * * *", &runs(8, 0, 2), Some("*/20 * * * *"));
        check("*/10 * * * *", "*/10 * * * *", &runs(0, 8, 2), Some("*/5 * * * *"));
        check("*/10 * * * *", "*/10 * * * *", &runs(7, 0, 3), None);
        check("*/10 * * * *", "*/10 * * * *", &runs(5, 5, 0), None);
        check("*/10 * * * *", "*/10 * * * *", &runs(9, 0, 0), None);
        check("7 * * * 1-5", "7 * * * 1-5", &runs(10, 0, 0), Some("7 */2 * * 1-5"));
        check("@hourly", "@hourly", &runs(0, 10, 0), Some("*/30 * * * *"));
    }

    #[test]
    fn it_stays_within_four_times_of_what_the_file_says() {
        check("*/10 * * * *", "*/20 * * * *", &runs(10, 0, 0), None);
        check("*/15 * * * *", "*/30 * * * *", &runs(10, 0, 0), Some("0 * * * *"));
        check("*/15 * * * *", "0 * * * *", &runs(10, 0, 0), None);
        check("0 */8 * * *", "0 */8 * * *", &runs(10, 0, 0), None);
        check("*/20 * * * *", "*/10 * * * *", &runs(0, 10, 0), Some("*/5 * * * *"));
        check("*/20 * * * *", "*/5 * * * *", &runs(0, 10, 0), None);
        check("*/2 * * * *", "*/2 * * * *", &runs(0, 10, 0), None);
    }

    #[test]
    fn the_way_back_ends_at_the_words_of_the_file() {
        check("@hourly", "0 */2 * * *", &runs(0, 10, 0), Some("@hourly"));
    }

    #[test]
    fn what_names_a_time_is_nobody_elses_to_choose() {
        for text in ["30 9 * * *", "0 9,17 * * *", "0 9-17 * * *", "*/7 * * * *", "*/10 9-17 * * *", "0 */5 * * *"] {
            check(text, text, &runs(10, 0, 0), None);
        }
    }

    #[test]
    fn the_reason_can_be_checked_by_anybody() {
        let base = Schedule::parse("*/30 * * * *").unwrap();
        let (_, reason) = advise(&base, &base, runs(9, 0, 1).iter()).unwrap();
        assert_eq!(reason, "9 of the last 10 runs found nothing to do: every hour instead of every 30 minutes");
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn applied(schedule: &str) -> Tuned {
        Tuned::Applied { base: "b".into(), schedule: schedule.into(), reason: "r".into(), by: AUTO.into() }
    }

    #[test]
    fn what_was_taken_back_is_not_proposed_again_until_the_file_changes() {
        let one = Tuning::after(None, &applied("c"), at(1));
        let two = Tuning::after(one, &applied("d"), at(2)).unwrap();
        assert_eq!((two.schedule_for("b"), two.schedule_for("other")), (Some("d"), None));
        let reset = Tuning::after(Some(two), &Tuned::Reset { by: "cli".into() }, at(3)).unwrap();
        assert_eq!((reset.schedule_for("b"), reset.since), (None, at(3)));
        assert_eq!(reset.refused, ["c".to_owned(), "d".to_owned()].into());
        assert_eq!(Tuning::after(Some(reset), &Tuned::Voided, at(4)), None);
    }

    #[test]
    fn a_step_back_to_the_schedule_of_the_file_leaves_nothing_applied() {
        let tuning = Tuning::after(None, &applied("c"), at(1));
        let back = Tuning::after(tuning, &applied("b"), at(2)).unwrap();
        assert_eq!((back.applied, back.refused.len()), (None, 0));
    }
}
