//! The marks by which a program's doing is told: looked for in the lines of its screen.

use instar_core::plan;
use regex::{Regex, RegexBuilder};

/// What a mark may grow to: they come from plugins.
const SIZE_LIMIT: usize = 256 * 1024;

/// Why a mark cannot be looked for.
#[derive(Debug, thiserror::Error)]
#[error("the {kind} mark {pattern:?} is no regular expression that can be used: {reason}")]
pub(super) struct MarkError {
    kind: &'static str,
    pattern: String,
    reason: String,
}

#[derive(Debug)]
pub(super) struct Marks {
    ready: Vec<Regex>,
    busy: Vec<Regex>,
    asking: Vec<Regex>,
}

/// What a screen says of its program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// With the line that asks.
    Asking(String),
    Busy,
    Ready,
}

impl Marks {
    pub(super) fn read(marks: &plan::Marks) -> Result<Self, MarkError> {
        Ok(Self {
            ready: all("ready", &marks.ready)?,
            busy: all("busy", &marks.busy)?,
            asking: all("asking", &marks.asking)?,
        })
    }

    /// Whether any screen at rest is one of a program that waits.
    pub(super) fn take_rest_for_ready(&self) -> bool {
        self.ready.is_empty()
    }

    pub(super) fn judge(&self, lines: &[String]) -> Sight {
        let first = |marks: &[Regex]| lines.iter().find(|line| marks.iter().any(|mark| mark.is_match(line)));
        if let Some(line) = first(&self.asking) {
            return Sight::Asking(line.trim().to_owned());
        }
        let is_busy = first(&self.busy).is_some();
        let is_ready = self.take_rest_for_ready() || first(&self.ready).is_some();
        if is_ready && !is_busy { Sight::Ready } else { Sight::Busy }
    }
}

fn all(kind: &'static str, patterns: &[String]) -> Result<Vec<Regex>, MarkError> {
    patterns.iter().map(|pattern| one(kind, pattern)).collect()
}

fn one(kind: &'static str, pattern: &str) -> Result<Regex, MarkError> {
    RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build().map_err(|error| {
        let reason = match error {
            regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
            // The fault stands in the last line, below a drawing of the place.
            other => other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
        };
        MarkError { kind, pattern: pattern.chars().take(200).collect(), reason }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(ready: &[&str], busy: &[&str], asking: &[&str]) -> plan::Marks {
        let [ready, busy, asking] =
            [ready, busy, asking].map(|marks| marks.iter().map(|mark| (*mark).to_owned()).collect());
        plan::Marks { ready, busy, asking }
    }

    #[test]
    fn asking_wins_over_busy_and_that_over_ready() {
        let marks = Marks::read(&marks(&["^> ?$"], &["esc to interrupt"], &["trust .*\\?", "^Proceed"])).unwrap();
        let check = |screen: &str, expected: Sight| {
            let lines: Vec<_> = screen.lines().map(str::to_owned).collect();
            assert_eq!(marks.judge(&lines), expected, "{screen:?}");
        };
        check("hello\n>", Sight::Ready);
        check("> half a line", Sight::Busy);
        check("", Sight::Busy);
        check("(esc to interrupt)\n>", Sight::Busy);
        check("  Do you trust this?\n(esc to interrupt)\n>", Sight::Asking("Do you trust this?".to_owned()));
        check("a Proceed", Sight::Busy);
    }

    #[test]
    fn without_marks_a_program_waits_and_with_others_alone_too() {
        assert_eq!(Marks::read(&marks(&[], &[], &[])).unwrap().judge(&[]), Sight::Ready);
        let busy = Marks::read(&marks(&[], &["working"], &[])).unwrap();
        assert_eq!(busy.judge(&["working".to_owned()]), Sight::Busy);
        assert_eq!(busy.judge(&["done".to_owned()]), Sight::Ready);
    }

    #[test]
    fn a_mark_that_cannot_be_used_is_named_with_the_reason() {
        let refusal = |marks| Marks::read(&marks).unwrap_err().to_string();
        let reason = "is no regular expression that can be used";
        assert_eq!(refusal(marks(&[], &["fine", "a("], &[])), format!("the busy mark \"a(\" {reason}: unclosed group"));
        assert_eq!(
            refusal(marks(&["(a{999}){999}"], &[], &[])),
            format!("the ready mark \"(a{{999}}){{999}}\" {reason}: it is too large")
        );
    }
}
