//! When it is quiet, and for whom not.

use std::fmt;

use instar_plugin_sdk::job::Except;
use jiff::civil::Weekday;
use serde::{Deserialize, Deserializer};

/// Quiet hours; none unless somebody says some.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) hours: Vec<Hours>,
    /// The zone of the hours by its IANA name; else that of the scheduler.
    pub(crate) zone: Option<String>,
    pub(crate) except: Except,
}

/// From one time of the day to another one, perhaps of the next day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hours {
    pub(crate) from: TimeOfDay,
    /// Of the next day, where it is not later than `from`.
    pub(crate) to: TimeOfDay,
    /// The days on which they begin; every day unless some are named.
    #[serde(default = "every_day")]
    pub(crate) days: Vec<Day>,
}

/// Minutes since midnight; `24:00` is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimeOfDay(pub(crate) i16);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

const MINUTES: i16 = 24 * 60;

fn every_day() -> Vec<Day> {
    vec![Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun]
}

impl Day {
    pub(crate) fn is(self, day: Weekday) -> bool {
        day == match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

impl TimeOfDay {
    fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let is_plain =
            |digits: &str| (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain(hours) || !is_plain(minutes) || minutes.len() != 2 {
            return None;
        }
        let (hours, minutes): (i16, i16) = (hours.parse().ok()?, minutes.parse().ok()?);
        let total = hours * 60 + minutes;
        (minutes < 60 && total <= MINUTES).then_some(Self(total))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no time of the day; 22:30 would be one")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_day_has_hours_and_minutes() {
        for (text, minutes) in [("00:00", 0), ("7:05", 425), ("23:59", 1439), ("24:00", 1440)] {
            assert_eq!(TimeOfDay::parse(text), Some(TimeOfDay(minutes)), "{text}");
        }
        for text in ["", "7", "7:5", "24:01", "12:60", "-1:00", "+7:00", "07:00:00", "noon", "٧:00"] {
            assert_eq!(TimeOfDay::parse(text), None, "{text}");
        }
    }
}
