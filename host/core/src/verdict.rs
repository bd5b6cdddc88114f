//! What guards say. A guard can only tighten: there is no "allow".

use serde::{Deserialize, Serialize};

/// The answer of a guard, or of all of them together: all that was found, and so the strictest of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Verdict {
    pub findings: Vec<Finding>,
}

/// What a finding calls for, from the mildest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is advice, and it stops nothing.
    Pass,
    /// A person must say yes first.
    Ask,
    Deny,
}

/// One reason of a guard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id; the host puts the plugin's id before it.
    pub rule: String,
    pub answer: Answer,
    pub severity: Severity,
    pub detail: String,
    /// A safer way to get the same done.
    pub remedy: Option<String>,
    /// The command that it is about, where a shell command was judged.
    pub command: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Verdict {
    pub fn pass() -> Self {
        Self::default()
    }

    /// It must not happen, for this one reason.
    pub fn deny(finding: Finding) -> Self {
        Self { findings: vec![Finding { answer: Answer::Deny, ..finding }] }
    }

    /// What both found.
    pub fn and(mut self, other: Self) -> Self {
        self.findings.extend(other.findings);
        self
    }

    /// The strictest of what was found; nothing found is no objection.
    pub fn answer(&self) -> Answer {
        self.findings.iter().map(|finding| finding.answer).max().unwrap_or(Answer::Pass)
    }

    /// The findings that call for what the verdict is.
    pub fn reasons(&self) -> impl Iterator<Item = &Finding> {
        let answer = self.answer();
        self.findings.iter().filter(move |finding| finding.answer == answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(answer: Answer) -> Verdict {
        let rule = format!("{answer:?}");
        let finding =
            Finding { rule, answer, severity: Severity::High, detail: String::new(), remedy: None, command: None };
        Verdict { findings: vec![finding] }
    }

    #[test]
    fn the_strictest_answer_stands_in_either_order() {
        use Answer::{Ask, Deny, Pass};
        for (first, second, stands) in [(Pass, Deny, Deny), (Deny, Ask, Deny), (Ask, Pass, Ask), (Pass, Pass, Pass)] {
            assert_eq!(verdict(first).and(verdict(second)).answer(), stands);
        }
        assert_eq!(Verdict::pass().answer(), Pass);
    }

    #[test]
    fn the_reasons_of_a_denial_are_not_its_advice() {
        let verdict = verdict(Answer::Pass).and(verdict(Answer::Deny)).and(verdict(Answer::Ask));
        assert_eq!(verdict.reasons().map(|finding| finding.rule.as_str()).collect::<Vec<_>>(), ["Deny"]);
    }
}
