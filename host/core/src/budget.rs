//! Budgets: how much jobs may take in a day, and how much they took.
//!
//! A day is one of the calendar, in the scheduler's zone. A run counts on the day it began, with all that it took.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::admission::Wrong;
use crate::id::JobSlug;
use crate::job::fields::Definition;
use crate::plan::Usage;

/// How much may be taken in a day; `None` is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Budget {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<u64>,
    /// Read and written together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Millionths of a US dollar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_micro_usd: Option<u64>,
}

/// How much was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    pub runs: u64,
    pub tokens: u64,
    pub cost_micro_usd: u64,
    /// From its admission to its end; a run that has not ended took no time yet.
    pub duration_ms: u64,
}

/// A run that began, as far as budgets are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    pub at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub slug: Option<JobSlug>,
    pub usage: Usage,
}

/// What one day took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayTaken {
    pub date: Date,
    pub by_job: Taken,
    /// By all runs together, spawned sessions included.
    pub by_all: Taken,
}

/// A million dollars a day is a slip of the keyboard.
const MOST_COST_USD: f64 = 1_000_000.0;

impl Budget {
    pub(crate) fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }

    /// What is used up, as a sentence; `None` while something is left of everything.
    pub fn used_up(&self, taken: &Taken) -> Option<String> {
        if let Some(most) = self.runs.filter(|most| taken.runs >= *most) {
            return Some(format!("{} of {most} runs", taken.runs));
        }
        if let Some(most) = self.tokens.filter(|most| taken.tokens >= *most) {
            return Some(format!("{} of {most} tokens", taken.tokens));
        }
        let most = self.cost_micro_usd.filter(|most| taken.cost_micro_usd >= *most)?;
        Some(format!("{} of {} USD", usd(taken.cost_micro_usd), usd(most)))
    }

    /// Reads a job's `budget`.
    pub(crate) fn parse(definition: Definition<'_>) -> Result<Self, Wrong> {
        const RULE: &str = "\"budget\" must be an object with `runsPerDay`, `tokensPerDay` (whole numbers) and \
            `costPerDayUsd` (a number of US dollars from 0 to 1000000)";
        let wrong = |key| (key, RULE.to_owned());
        let fields = match definition.get("budget") {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Object(fields)) => fields,
            Some(_) => return Err(wrong("budget")),
        };
        let is_known = |key: &String| ["runsPerDay", "tokensPerDay", "costPerDayUsd"].contains(&key.as_str());
        if !fields.keys().all(is_known) {
            return Err(wrong("budget"));
        }
        let given = |key: &str| fields.get(key.trim_start_matches("budget.")).filter(|value| !value.is_null());
        let whole = |key| given(key).map(|value| value.as_u64().ok_or_else(|| wrong(key))).transpose();
        let dollars = |key| given(key).map(|value| value.as_f64().and_then(micro_usd).ok_or_else(|| wrong(key)));
        Ok(Self {
            runs: whole("budget.runsPerDay")?,
            tokens: whole("budget.tokensPerDay")?,
            cost_micro_usd: dollars("budget.costPerDayUsd").transpose()?,
        })
    }
}

/// `None` for what is no amount of dollars.
pub fn micro_usd(dollars: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be positive and small")]
    (0.0..=MOST_COST_USD).contains(&dollars).then(|| (dollars * 1e6).round() as u64)
}

fn usd(micro: u64) -> String {
    format!("{}.{:02}", micro / 1_000_000, micro % 1_000_000 / 10_000)
}

/// The sums of the days, kept as events come: a clock that goes back to another day finds what that day took.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    /// By when each day began.
    days: BTreeMap<Timestamp, Day>,
}

#[derive(Debug, Default)]
struct Day {
    of_jobs: BTreeMap<JobSlug, Taken>,
    all: Taken,
}

/// Days that are further from the one that runs begin on are forgotten.
const KEPT: SignedDuration = SignedDuration::from_hours(31 * 24);

impl Sums {
    pub(crate) fn of_job(&self, slug: &JobSlug, now: Timestamp, zone: &TimeZone) -> Taken {
        self.day(now, zone).and_then(|day| day.of_jobs.get(slug)).copied().unwrap_or_default()
    }

    pub(crate) fn of_all(&self, now: Timestamp, zone: &TimeZone) -> Taken {
        self.day(now, zone).map(|day| day.all).unwrap_or_default()
    }

    /// The day of `now` and those before it, the latest first.
    pub(crate) fn days(&self, slug: &JobSlug, now: Timestamp, zone: &TimeZone, most: usize) -> Vec<DayTaken> {
        let today = now.to_zoned(zone.clone()).date();
        let dates = std::iter::successors(Some(today), |date| date.checked_sub(1.day()).ok());
        let taken = |date: Date| {
            let begun_at = date.to_zoned(zone.clone()).ok()?.start_of_day().ok()?.timestamp();
            let day = self.days.get(&begun_at);
            let by_job = day.and_then(|day| day.of_jobs.get(slug)).copied().unwrap_or_default();
            Some(DayTaken { date, by_job, by_all: day.map(|day| day.all).unwrap_or_default() })
        };
        dates.take(most).map_while(taken).collect()
    }

    pub(crate) fn begin(&mut self, slug: Option<&JobSlug>, now: Timestamp, zone: &TimeZone) {
        let today = start_of_day(now, zone);
        if !self.days.contains_key(&today) {
            self.days.retain(|day, _| day.duration_since(today).abs() <= KEPT);
        }
        self.days.entry(today).or_default().add(slug, Taken { runs: 1, ..Taken::default() });
    }

    /// A run that began then knows more of what it took.
    pub(crate) fn note(
        &mut self,
        slug: Option<&JobSlug>,
        begun_at: Timestamp,
        before: &Usage,
        usage: &Usage,
        zone: &TimeZone,
    ) {
        let Some(day) = self.days.get_mut(&start_of_day(begun_at, zone)) else { return };
        // What was said last counts, also where it is less.
        let (before, after) = (taken(before), taken(usage));
        day.all.exchange(before, after);
        if let Some(slug) = slug {
            day.of_jobs.entry(slug.clone()).or_default().exchange(before, after);
        }
    }

    /// A run that began then has ended.
    pub(crate) fn end(&mut self, slug: Option<&JobSlug>, begun_at: Timestamp, at: Timestamp, zone: &TimeZone) {
        let Some(day) = self.days.get_mut(&start_of_day(begun_at, zone)) else { return };
        day.add(slug, Taken { duration_ms: millis_between(begun_at, at), ..Taken::default() });
    }

    /// A run that had got a place then did not begin: its guards said no, or somebody stopped it.
    pub(crate) fn take_back(&mut self, slug: Option<&JobSlug>, begun_at: Timestamp, zone: &TimeZone) {
        let Some(day) = self.days.get_mut(&start_of_day(begun_at, zone)) else { return };
        day.all.runs = day.all.runs.saturating_sub(1);
        if let Some(taken) = slug.and_then(|slug| day.of_jobs.get_mut(slug)) {
            taken.runs = taken.runs.saturating_sub(1);
        }
    }

    /// The sums of the days on which these runs began.
    pub(crate) fn restored(begun: &[Begun], zone: &TimeZone) -> Self {
        let mut sums = Self::default();
        for run in begun {
            let day = sums.days.entry(start_of_day(run.at, zone)).or_default();
            let duration_ms = run.ended_at.map_or(0, |ended_at| millis_between(run.at, ended_at));
            day.add(run.slug.as_ref(), Taken { runs: 1, duration_ms, ..taken(&run.usage) });
        }
        sums
    }

    pub(crate) fn rename(&mut self, from: &JobSlug, to: &JobSlug) {
        for day in self.days.values_mut() {
            if let Some(taken) = day.of_jobs.remove(from) {
                day.of_jobs.entry(to.clone()).or_default().add(taken);
            }
        }
    }

    fn day(&self, now: Timestamp, zone: &TimeZone) -> Option<&Day> {
        self.days.get(&start_of_day(now, zone))
    }
}

impl Day {
    fn add(&mut self, slug: Option<&JobSlug>, more: Taken) {
        self.all.add(more);
        if let Some(slug) = slug {
            self.of_jobs.entry(slug.clone()).or_default().add(more);
        }
    }
}

impl Taken {
    /// What one run took, as it is known now; it is one run as before.
    fn exchange(&mut self, before: Self, after: Self) {
        self.tokens = self.tokens.saturating_sub(before.tokens).saturating_add(after.tokens);
        self.cost_micro_usd =
            self.cost_micro_usd.saturating_sub(before.cost_micro_usd).saturating_add(after.cost_micro_usd);
    }

    fn add(&mut self, more: Self) {
        self.runs = self.runs.saturating_add(more.runs);
        self.tokens = self.tokens.saturating_add(more.tokens);
        self.cost_micro_usd = self.cost_micro_usd.saturating_add(more.cost_micro_usd);
        self.duration_ms = self.duration_ms.saturating_add(more.duration_ms);
    }
}

fn taken(usage: &Usage) -> Taken {
    let tokens = usage.input_tokens.unwrap_or(0).saturating_add(usage.output_tokens.unwrap_or(0));
    Taken { tokens, cost_micro_usd: usage.cost_micro_usd.unwrap_or(0), ..Taken::default() }
}

/// Nothing where a clock went back.
fn millis_between(begun_at: Timestamp, at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond().saturating_sub(begun_at.as_millisecond())).unwrap_or(0)
}

fn start_of_day(at: Timestamp, zone: &TimeZone) -> Timestamp {
    at.to_zoned(zone.clone()).start_of_day().map_or(at, |start| start.timestamp())
}
