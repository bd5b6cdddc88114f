//! Whether it is quiet at a moment, and until when.

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan as _, Zoned};

use crate::config::{Config, Hours};

/// Hours that follow each other for longer than a week never end.
const MOST_IN_A_ROW: usize = 64;

/// How it is at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Quiet {
    No,
    Until(Zoned),
    /// The hours follow each other without a gap.
    Always,
}

/// The zone of this IANA name, by the database that travels along.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// `zone` is that of the hours.
pub(crate) fn at(config: &Config, now: Timestamp, zone: &TimeZone) -> Quiet {
    let mut moment = now.to_zoned(zone.clone());
    for passed in 0..MOST_IN_A_ROW {
        match config.hours.iter().filter_map(|hours| end_of(hours, &moment)).max() {
            Some(end) => moment = end,
            None if passed == 0 => return Quiet::No,
            None => return Quiet::Until(moment),
        }
    }
    Quiet::Always
}

/// When these hours end, if they go on at the moment. They may have begun on the day before.
fn end_of(hours: &Hours, moment: &Zoned) -> Option<Zoned> {
    let today = moment.date();
    let begins = [today.checked_sub(1.day()).ok(), Some(today)];
    begins.into_iter().flatten().find_map(|day| {
        let is_one_of_them = hours.days.iter().any(|each| each.is(day.weekday()));
        if !is_one_of_them {
            return None;
        }
        let last_day = if hours.to <= hours.from { day.checked_add(1.day()).ok()? } else { day };
        let zone = moment.time_zone();
        let (from, to) = (time_on(day, hours.from.0, zone)?, time_on(last_day, hours.to.0, zone)?);
        (from <= *moment && *moment < to).then_some(to)
    })
}

/// The minute of a day by the clocks of the zone; one that a clock leaves out is the one that it shows instead.
fn time_on(day: Date, minute: i16, zone: &TimeZone) -> Option<Zoned> {
    let (day, minute) = if minute == 24 * 60 { (day.checked_add(1.day()).ok()?, 0) } else { (day, minute) };
    let hour = i8::try_from(minute / 60).ok()?;
    day.at(hour, i8::try_from(minute % 60).ok()?, 0, 0).to_zoned(zone.clone()).ok()
}
