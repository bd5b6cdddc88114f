//! `[limits]` of a manifest: what a plugin asks of the limits of its calls, more or less than is usual.
//!
//! Less is so by itself. More takes the right `limits`, and nobody gets more than the most.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;

use super::{CallLimits, KIB, LONGEST_CHECK, LONGEST_DELIVERY, LONGEST_STEP, LONGEST_THOUGHT, LONGEST_TRANSFER};
use super::{Limits, MEMORY_CEILING, MIB};
use crate::audit::Kind;

/// What a manifest asks for, by name.
pub(crate) type AskedLimits = BTreeMap<LimitName, u64>;

/// A limit that a plugin may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LimitName {
    MemoryBytes,
    CheckMs,
    ThinkMs,
    WorkMs,
    NotifyMs,
    TransferMs,
    InputBytes,
    OutputBytes,
    LogLines,
    LogBytes,
}

/// One limit that a plugin asks for, beside what is usual for its kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedLimit {
    /// As the manifest calls it.
    pub key: &'static str,
    pub asked: u64,
    pub usual: u64,
}

impl LimitName {
    pub(crate) const ALL: [Self; 10] = [
        Self::MemoryBytes,
        Self::CheckMs,
        Self::ThinkMs,
        Self::WorkMs,
        Self::NotifyMs,
        Self::TransferMs,
        Self::InputBytes,
        Self::OutputBytes,
        Self::LogLines,
        Self::LogBytes,
    ];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::MemoryBytes => "memory-bytes",
            Self::CheckMs => "check-ms",
            Self::ThinkMs => "think-ms",
            Self::WorkMs => "work-ms",
            Self::NotifyMs => "notify-ms",
            Self::TransferMs => "transfer-ms",
            Self::InputBytes => "input-bytes",
            Self::OutputBytes => "output-bytes",
            Self::LogLines => "log-lines",
            Self::LogBytes => "log-bytes",
        }
    }

    /// For authors.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::MemoryBytes => "All memories of a call together; usually 33554432, of guards 16777216",
            Self::CheckMs => "The time of a guard's check, while an agent waits; usually 200",
            Self::ThinkMs => "The time of `plan`, and of steps of an execute type without rights; usually 1000",
            Self::WorkMs => "The time of a step of an execute type that has rights; usually 20000",
            Self::NotifyMs => "The time of a delivery, and of all else that a notifier is asked; usually 45000",
            Self::TransferMs => "The time of a file that is brought; usually 120000",
            Self::InputBytes => "What is handed to the plugin in a call; usually 1048576",
            Self::OutputBytes => {
                "What it answers, and hands to the host in each request; usually 4194304, of guards 1048576"
            }
            Self::LogLines => "Lines of log in a call; usually 100",
            Self::LogBytes => "All lines of log in a call together; usually 65536",
        }
    }

    /// The least and the most that may be asked for.
    pub(crate) fn range(self) -> RangeInclusive<u64> {
        let millis = |most: Duration| 1..=millis(most);
        match self {
            Self::MemoryBytes => 64 * KIB as u64..=MEMORY_CEILING as u64,
            Self::CheckMs => millis(LONGEST_CHECK),
            Self::ThinkMs => millis(LONGEST_THOUGHT),
            Self::WorkMs => millis(LONGEST_STEP),
            Self::NotifyMs => millis(LONGEST_DELIVERY),
            Self::TransferMs => millis(LONGEST_TRANSFER),
            Self::InputBytes => 1..=8 * MIB as u64,
            Self::OutputBytes => 1..=16 * MIB as u64,
            Self::LogLines => 0..=1000,
            Self::LogBytes => 0..=MIB as u64,
        }
    }

    /// What it is usually, where plugins of these kinds have calls that it holds for.
    pub(crate) fn usual(self, kinds: &[Kind]) -> Option<u64> {
        let usual = Limits::default();
        let of_kind = |kind: &Kind| match (self, kind) {
            (Self::CheckMs, kind) => kind.is_guard().then_some(usual.guard),
            (Self::ThinkMs, kind) => (*kind == Kind::Execute).then_some(usual.execute),
            (Self::WorkMs, kind) => (*kind == Kind::Execute).then_some(usual.work),
            (Self::NotifyMs, kind) => kind.is_notifier().then_some(usual.notifier),
            (Self::TransferMs, kind) => (*kind == Kind::NotifierInbound).then_some(usual.transfer),
            (_, kind) if kind.is_guard() => Some(usual.guard),
            (_, Kind::Execute) => Some(usual.execute),
            _ => Some(usual.notifier),
        };
        kinds.iter().filter_map(of_kind).map(|call| self.of(call)).min()
    }

    fn of(self, call: CallLimits) -> u64 {
        let bytes = |bytes: usize| bytes as u64;
        match self {
            Self::MemoryBytes => bytes(call.memory_bytes),
            Self::InputBytes => bytes(call.input_bytes),
            Self::OutputBytes => bytes(call.output_bytes),
            Self::LogBytes => bytes(call.log_bytes),
            Self::LogLines => call.log_lines.into(),
            Self::CheckMs | Self::ThinkMs | Self::WorkMs | Self::NotifyMs | Self::TransferMs => millis(call.wall),
        }
    }

    fn set(self, call: &mut CallLimits, value: u64) {
        let bytes = usize::try_from(value).unwrap_or(usize::MAX);
        match self {
            Self::MemoryBytes => call.memory_bytes = bytes,
            Self::InputBytes => call.input_bytes = bytes,
            Self::OutputBytes => call.output_bytes = bytes,
            Self::LogBytes => call.log_bytes = bytes,
            Self::LogLines => call.log_lines = u32::try_from(value).unwrap_or(u32::MAX),
            Self::CheckMs | Self::ThinkMs | Self::WorkMs | Self::NotifyMs | Self::TransferMs => {
                call.wall = Duration::from_millis(value);
            }
        }
    }

    /// The calls that it holds for.
    fn calls(self, limits: &mut Limits) -> Vec<&mut CallLimits> {
        let Limits { guard, execute, work, notifier, transfer, validate, .. } = limits;
        match self {
            Self::CheckMs => vec![guard],
            Self::ThinkMs => vec![execute],
            Self::WorkMs => vec![work],
            Self::NotifyMs => vec![notifier],
            Self::TransferMs => vec![transfer],
            Self::MemoryBytes | Self::InputBytes | Self::OutputBytes | Self::LogLines | Self::LogBytes => {
                vec![guard, execute, work, notifier, transfer, validate]
            }
        }
    }
}

/// The limits of a plugin that asks for these; more than it has anyway it gets only if that is granted.
pub(crate) fn apply(mut limits: Limits, asked: &AskedLimits, is_granted: bool) -> Limits {
    for (name, value) in asked {
        for call in name.calls(&mut limits) {
            if is_granted || *value < name.of(*call) {
                name.set(call, *value);
            }
        }
    }
    limits.guard.wall = limits.guard.wall.max(limits.check_at_least);
    limits
}

/// Whether anything of it is more than is usual.
pub(crate) fn is_more(asked: &AskedLimits, kinds: &[Kind]) -> bool {
    asked.iter().any(|(name, value)| name.usual(kinds).is_some_and(|usual| *value > usual))
}

/// Each beside what is usual.
pub(crate) fn compared(asked: &AskedLimits, kinds: &[Kind]) -> Vec<(LimitName, AskedLimit)> {
    let compare = |(name, asked): (&LimitName, &u64)| {
        Some((*name, AskedLimit { key: name.key(), asked: *asked, usual: name.usual(kinds)? }))
    };
    asked.iter().filter_map(compare).collect()
}

/// What no manifest of these kinds may ask for.
pub(crate) fn check(asked: &AskedLimits, kinds: &[Kind]) -> Result<(), String> {
    let nobodys = asked.keys().find(|name| name.usual(kinds).is_none());
    match nobodys {
        Some(name) => {
            Err(format!("`{}` of `limits` is for calls that a plugin of its kinds does not have", name.key()))
        }
        None => Ok(()),
    }
}

/// The least and the most of each.
pub(crate) fn check_ranges(asked: &AskedLimits) -> Result<(), String> {
    match asked.iter().find(|(name, value)| !name.range().contains(value)) {
        Some((name, _)) => {
            let (least, most) = name.range().into_inner();
            Err(format!("`{}` of `limits` must be from {least} to {most}", name.key()))
        }
        None => Ok(()),
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: LimitName, value: u64) -> AskedLimits {
        AskedLimits::from([(name, value)])
    }

    #[test]
    fn less_is_so_and_more_is_granted() {
        let usual = Limits::default();
        let memory = |value, is_granted| apply(usual.clone(), &asked(LimitName::MemoryBytes, value), is_granted);
        let less = memory(8 << 20, false);
        assert_eq!(
            (less.guard.memory_bytes, less.work.memory_bytes, less.validate.memory_bytes),
            (8 << 20, 8 << 20, 8 << 20)
        );
        let between = memory(24 << 20, false);
        assert_eq!((between.guard.memory_bytes, between.execute.memory_bytes), (16 << 20, 24 << 20));
        assert_eq!(memory(48 << 20, false), usual);
        let more = memory(48 << 20, true);
        assert_eq!((more.guard.memory_bytes, more.notifier.memory_bytes), (48 << 20, 48 << 20));
    }

    #[test]
    fn each_name_changes_its_calls_and_nothing_else() {
        let usual = Limits::default();
        for name in LimitName::ALL {
            let most = *name.range().end();
            let mut changed = apply(usual.clone(), &asked(name, most), true);
            assert!(name.calls(&mut changed).into_iter().all(|call| name.of(*call) == most), "{name:?}");
            let mut back = changed.clone();
            for (call, before) in name.calls(&mut back).into_iter().zip(name.calls(&mut usual.clone())) {
                name.set(call, name.of(*before));
            }
            assert_eq!(back, usual, "{name:?}");
        }
    }

    #[test]
    fn what_is_usual_is_so_for_its_kinds() {
        assert_eq!(LimitName::MemoryBytes.usual(&[Kind::Execute]), Some(32 << 20));
        assert_eq!(LimitName::MemoryBytes.usual(&[Kind::Notifier, Kind::RunGuard]), Some(16 << 20));
        assert_eq!(LimitName::TransferMs.usual(&[Kind::Notifier]), None);
        assert!(is_more(&asked(LimitName::MemoryBytes, 17 << 20), &[Kind::RunGuard]));
        assert!(!is_more(&asked(LimitName::MemoryBytes, 17 << 20), &[Kind::Execute]));
        let kinds = [Kind::Execute, Kind::RunGuard, Kind::Notifier, Kind::NotifierInbound];
        for name in LimitName::ALL {
            let usual = name.usual(&kinds).expect("one of the kinds has it");
            assert!(name.meaning().contains(&usual.to_string()), "{name:?}");
            assert!(name.range().contains(&usual), "{name:?}");
        }
    }

    #[test]
    fn a_check_in_a_process_of_its_own_has_its_time() {
        let patient = Limits { check_at_least: Duration::from_secs(2), ..Limits::default() };
        let limits = apply(patient, &asked(LimitName::CheckMs, 50), false);
        assert_eq!(limits.guard.wall, Duration::from_secs(2));
    }
}
