//! From local times to instants: what a rule means where a zone's clock jumps.
//!
//! The meaning is that of Debian's cron (cron(8), from "Special considerations exist"):
//! - A job of an interval follows the clock as it is. What the clock skips is skipped, what it shows twice runs twice.
//! - A job of fixed times that were skipped by a jump of less than three hours runs once, in the first minute after
//!   it; one whose times come again within three hours does not run again.
//! - A larger jump corrects the clock: what was skipped is gone, what comes again runs again.
//! - A jump of a few minutes is a late wake-up, in which no job misses anything.
//!
//! Debian starts a job once for each of its skipped times, all within that minute; here they are one due time.

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::rule::{Rule, whole_minute_from};

const LATE_WAKE_UP: SignedDuration = SignedDuration::from_mins(5);
const CORRECTION: SignedDuration = SignedDuration::from_hours(3);

/// More than any two offsets of a zone differ.
const TWO_DAYS: SignedDuration = SignedDuration::from_hours(48);

/// The first due time after this one; `None` when there is none that the calendar knows.
pub(super) fn next_after(rule: &Rule, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let mut from = Timestamp::from_second(after.as_second().checked_add(1)?).ok()?;
    loop {
        let stretch = Stretch::around(from, zone);
        if let Some(due) = stretch.made_up(rule).filter(|due| *due >= from) {
            return Some(due);
        }
        let mut local = stretch.offset.to_datetime(from);
        if let Some(seen) = stretch.seen_before(rule) {
            local = local.max(seen);
        }
        let due = stretch.offset.to_timestamp(rule.first_from(local)?).ok()?;
        let Some(end) = stretch.end.filter(|end| due >= *end) else { return Some(due) };
        from = skipped_to(from, due, end);
    }
}

/// Where to look on, when the clock jumps at `end` before it comes to `due`.
///
/// Rare dates lie many jumps ahead, and those between have nothing to say: only a jump soon after `from` can set the
/// clock back to times before it, and only one shortly before `due` can change that time.
fn skipped_to(from: Timestamp, due: Timestamp, end: Timestamp) -> Timestamp {
    let is_soon = end.duration_since(from) < TWO_DAYS;
    if is_soon { end } else { due.checked_sub(TWO_DAYS).map_or(end, |near| near.max(end)) }
}

/// A time during which a zone's clock runs evenly.
struct Stretch {
    /// How it began: when, and the offset before.
    jump: Option<(Timestamp, Offset)>,
    offset: Offset,
    end: Option<Timestamp>,
}

impl Stretch {
    fn around(at: Timestamp, zone: &TimeZone) -> Self {
        let offset = zone.to_offset(at);
        let next_second = at.checked_add(SignedDuration::from_secs(1)).unwrap_or(at);
        let began = zone.preceding(next_second).next().map(|transition| transition.timestamp());
        let jump = began.and_then(|began| {
            let before = began.checked_sub(SignedDuration::from_secs(1)).ok()?;
            Some((began, zone.to_offset(before)))
        });
        let end = zone.following(at).next().map(|transition| transition.timestamp());
        Self { jump, offset, end }
    }

    /// The due time of what the jump at the beginning skipped: the first whole minute after it.
    fn made_up(&self, rule: &Rule) -> Option<Timestamp> {
        let (at, before) = self.jump?;
        let skipped = self.offset.duration_since(before);
        let is_made_up = match rule.is_interval {
            true => skipped < LATE_WAKE_UP,
            false => skipped < CORRECTION,
        };
        if !skipped.is_positive() || !is_made_up {
            return None;
        }
        let landed = self.offset.to_datetime(at);
        let missed = rule.first_from(before.to_datetime(at)).is_some_and(|missed| missed < landed);
        missed.then(|| self.offset.to_timestamp(whole_minute_from(landed)?).ok())?
    }

    /// Up to which local time the clock had come before it was set back, if that is not to run again.
    fn seen_before(&self, rule: &Rule) -> Option<jiff::civil::DateTime> {
        let (at, before) = self.jump?;
        let repeated = before.duration_since(self.offset);
        let runs_again = rule.is_interval || repeated > CORRECTION;
        (repeated.is_positive() && !runs_again).then(|| before.to_datetime(at))
    }
}
