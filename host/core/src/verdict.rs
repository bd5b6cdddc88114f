//! What guards say. A guard can only tighten: there is no "allow".

use serde::{Deserialize, Serialize};

/// The answer of a guard, or of all of them together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict", content = "findings")]
pub enum Verdict {
    /// No objection; the findings are advice.
    Pass(Vec<Finding>),
    /// A person must say yes first.
    Ask(Vec<Finding>),
    Deny(Vec<Finding>),
}

/// One reason of a guard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id; the host puts the plugin's id before it.
    pub rule: String,
    pub severity: Severity,
    pub detail: String,
    /// A safer way to get the same done.
    pub remedy: Option<String>,
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
        Self::Pass(Vec::new())
    }

    /// The strictest of both answers stands; findings of the same strictness are kept together.
    pub fn and(self, other: Self) -> Self {
        use Verdict::{Ask, Deny, Pass};
        match (self, other) {
            (Deny(mut ours), Deny(theirs)) => {
                ours.extend(theirs);
                Deny(ours)
            }
            (Deny(findings), Ask(_) | Pass(_)) | (Ask(_) | Pass(_), Deny(findings)) => Deny(findings),
            (Ask(mut ours), Ask(theirs)) => {
                ours.extend(theirs);
                Ask(ours)
            }
            (Ask(findings), Pass(_)) | (Pass(_), Ask(findings)) => Ask(findings),
            (Pass(mut ours), Pass(theirs)) => {
                ours.extend(theirs);
                Pass(ours)
            }
        }
    }

    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Pass(findings) | Self::Ask(findings) | Self::Deny(findings) => findings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &str) -> Vec<Finding> {
        vec![Finding { rule: rule.into(), severity: Severity::High, detail: String::new(), remedy: None }]
    }

    #[test]
    fn the_strictest_answer_stands_in_either_order() {
        let deny = Verdict::Deny(finding("d"));
        assert_eq!(Verdict::pass().and(deny.clone()), deny);
        assert_eq!(deny.clone().and(Verdict::Ask(finding("a"))), deny);
        assert_eq!(Verdict::Ask(finding("a")).and(Verdict::pass()), Verdict::Ask(finding("a")));
    }
}
