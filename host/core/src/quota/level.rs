//! Levels of quota: people are told once when one is reached, and again only after it was left.

use serde::{Deserialize, Serialize};

use super::Quota;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuotaWindow {
    Week,
    FiveHours,
}

/// The highest levels that people know of, in percent; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuotaLevels {
    pub week: u8,
    pub five_hours: u8,
}

/// A level is left only below this many percent less: a number that wavers is told once.
const MARGIN: f64 = 1.0;

impl QuotaWindow {
    pub const ALL: [Self; 2] = [Self::Week, Self::FiveHours];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::FiveHours => "five-hours",
        }
    }

    /// In words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::FiveHours => "five hours",
        }
    }

    /// From the lowest to the highest, in percent.
    fn levels(self) -> &'static [u8] {
        match self {
            Self::Week => &[70, 85, 95],
            Self::FiveHours => &[80, 95],
        }
    }

    /// How much of it is used.
    pub fn used(self, quota: &Quota) -> f64 {
        match self {
            Self::Week => quota.week(),
            Self::FiveHours => quota.five_hours(),
        }
    }

    /// The level at this use, where people know of `told`.
    pub fn level(self, percent: f64, told: u8) -> u8 {
        let reached = self.levels().iter().copied().rfind(|level| percent >= f64::from(*level)).unwrap_or(0);
        let still_holds = told > reached && percent >= f64::from(told) - MARGIN;
        if still_holds { told } else { reached }
    }
}

impl QuotaLevels {
    pub fn of(&self, window: QuotaWindow) -> u8 {
        match window {
            QuotaWindow::Week => self.week,
            QuotaWindow::FiveHours => self.five_hours,
        }
    }

    pub fn set(&mut self, window: QuotaWindow, level: u8) {
        match window {
            QuotaWindow::Week => self.week = level,
            QuotaWindow::FiveHours => self.five_hours = level,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(window: QuotaWindow, percents: &[f64], expected: &[u8]) {
        let mut told = 0;
        let levels: Vec<u8> = percents
            .iter()
            .map(|percent| {
                told = window.level(*percent, told);
                told
            })
            .collect();
        assert_eq!(levels, expected);
    }

    #[test]
    fn levels_are_reached_at_once_and_left_when_the_use_falls() {
        check(QuotaWindow::Week, &[69.9, 70.0, 84.0, 86.0, 84.2, 83.0, 96.0, 2.0], &[0, 70, 70, 85, 85, 70, 95, 0]);
        check(QuotaWindow::FiveHours, &[79.0, 80.0, 95.0, 94.5, 93.0, 0.0], &[0, 80, 95, 95, 80, 0]);
    }
}
