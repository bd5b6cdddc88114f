//! How often an interval schedule comes, and the same schedule at another pace.

use crate::schedule::Schedule;

/// A schedule that comes in equal steps on each of its days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) minutes: u32,
    /// Of the hour, where it comes once an hour or less often.
    minute: u32,
    /// Day of month, month and day of week, as they are written.
    days: String,
}

/// The steps that divide an hour or a day evenly.
const RUNGS: [u32; 18] = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720];
/// So many times as often, or as rarely, as the file says.
const MOST_FACTOR: u32 = 4;
/// More often than this only where the file says so.
const OFTEN: u32 = 5;

impl Pace {
    /// `None` for a schedule that names times instead of an interval.
    pub(super) fn of(schedule: &Schedule) -> Option<Self> {
        let fields = schedule.fields();
        let [minute, hour, days @ ..] = fields.as_slice() else { return None };
        let step =
            |field: &str| field.strip_prefix("*/").map_or_else(|| (field == "*").then_some(1), |n| n.parse().ok());
        let (minutes, at) = match (step(minute), step(hour)) {
            (Some(minutes), Some(1)) => (minutes, 0),
            (None, Some(hours)) => (60u32.checked_mul(hours)?, minute.parse().ok()?),
            (Some(_) | None, _) => return None,
        };
        RUNGS.contains(&minutes).then(|| Self { minutes, minute: at, days: days.join(" ") })
    }

    /// At most half as often, where the bounds around `base` have room.
    pub(super) fn slower(&self, base: &Self) -> Option<u32> {
        let most = base.minutes * MOST_FACTOR;
        RUNGS.into_iter().find(|rung| *rung >= self.minutes * 2).filter(|rung| *rung <= most)
    }

    /// At least twice as often.
    pub(super) fn faster(&self, base: &Self) -> Option<u32> {
        let least = base.minutes.div_ceil(MOST_FACTOR).max(base.minutes.min(OFTEN));
        RUNGS.into_iter().rfind(|rung| *rung <= self.minutes / 2).filter(|rung| *rung >= least)
    }

    /// The same at another pace.
    pub(super) fn at(&self, minutes: u32) -> String {
        let Self { minute, days, .. } = self;
        match minutes {
            1 => format!("* * {days}"),
            60 => format!("{minute} * {days}"),
            ..60 => format!("*/{minutes} * {days}"),
            _ => format!("{minute} */{} {days}", minutes / 60),
        }
    }
}
