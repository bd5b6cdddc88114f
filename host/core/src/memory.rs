//! Memory: how full the machine's is, and who may still start.

use serde::{Deserialize, Serialize};

use crate::job::Priority;

/// Percentages of the machine's memory from which on fewer may start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryRules {
    /// From here on `normal` and `low` do not start.
    pub elevated: f64,
    /// From here on only `critical` starts.
    pub critical: f64,
}

impl Default for MemoryRules {
    fn default() -> Self {
        Self { elevated: 75.0, critical: 90.0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pressure {
    #[default]
    Normal,
    Elevated,
    Critical,
}

/// A level is left only when so many percent less are used, so that nobody is told of each tremor.
const MARGIN: f64 = 5.0;

impl Pressure {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Elevated => "elevated",
            Self::Critical => "critical",
        }
    }
}

impl MemoryRules {
    /// The pressure at this use, when it was `before`.
    pub fn pressure(&self, used_percent: f64, before: Pressure) -> Pressure {
        let at = |percent: f64| match percent {
            percent if percent >= self.critical => Pressure::Critical,
            percent if percent >= self.elevated => Pressure::Elevated,
            _ => Pressure::Normal,
        };
        // What would be the level with the margin on top holds as long as it is no more than before.
        at(used_percent).max(at(used_percent + MARGIN).min(before))
    }
}

/// Why a run of this priority may not start, as a sentence.
pub(crate) fn refusal(pressure: Pressure, priority: Priority) -> Option<String> {
    let may_start = match pressure {
        Pressure::Normal => true,
        Pressure::Elevated => priority <= Priority::High,
        Pressure::Critical => priority == Priority::Critical,
    };
    (!may_start).then(|| format!("the memory of the machine is under {} pressure", pressure.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_reached_at_once_and_left_with_a_margin() {
        let rules = MemoryRules::default();
        let levels = [74.0, 75.0, 74.0, 71.0, 69.9, 90.0, 86.0, 84.9, 74.0, 60.0];
        let mut pressure = Pressure::Normal;
        let mut seen = Vec::new();
        for used in levels {
            pressure = rules.pressure(used, pressure);
            seen.push(pressure.as_str().chars().next().unwrap());
        }
        assert_eq!(seen.iter().collect::<String>(), "neeencceen");
    }

    #[test]
    fn the_more_it_matters_the_longer_it_may_start() {
        use Priority::{Critical, High, Low, Normal};
        let who = |pressure| {
            [Critical, High, Normal, Low].into_iter().filter(|priority| refusal(pressure, *priority).is_none()).count()
        };
        assert_eq!([Pressure::Normal, Pressure::Elevated, Pressure::Critical].map(who), [4, 2, 1]);
    }
}
