//! Whether two builds said the same, and what each said in words.

use instar_api::{PluginShadowFinding, PluginShadowSaid};
use instar_core::verdict::{Answer, Finding};
use instar_plugin::{Kind, Question, Said};
use serde_json::Value;

use crate::guards::answer_word;

/// Of a verdict that many are kept.
const MOST_FINDINGS: usize = 8;

/// The same answer by the same rules, the same parts taken out, the same texts. In which words a finding explains itself
/// is no difference.
pub(super) fn is_alike(one: &Said, other: &Said) -> bool {
    match (one, other) {
        (Said::Verdict(one), Said::Verdict(other)) => rules(&one.findings) == rules(&other.findings),
        (Said::Scan(one), Said::Scan(other)) => {
            let parts = |scan: &instar_plugin::Scan| {
                let mut parts: Vec<_> = scan.redactions.iter().map(|it| (it.start, it.end, it.kind.clone())).collect();
                parts.sort();
                parts
            };
            parts(one) == parts(other) && rules(&one.escalate) == rules(&other.escalate)
        }
        (Said::Texts(one), Said::Texts(other)) => one == other,
        (Said::Nothing(one), Said::Nothing(other)) => one == other,
        _ => false,
    }
}

fn rules(findings: &[Finding]) -> Vec<(&str, Answer)> {
    let mut rules: Vec<_> = findings.iter().map(|finding| (finding.rule.as_str(), finding.answer)).collect();
    rules.sort();
    rules
}

/// What one build said; `None` is one that judges nothing of this kind. `clean` takes out what must not be seen.
pub(super) fn told(said: Option<&Said>, clean: &dyn Fn(&str) -> String) -> PluginShadowSaid {
    let finding = |finding: &Finding| PluginShadowFinding {
        rule: finding.rule.clone(),
        answer: answer_word(finding.answer).to_owned(),
        detail: clean(&finding.detail),
    };
    let findings = |all: &[Finding]| all.iter().take(MOST_FINDINGS).map(finding).collect();
    let plain = |answer: String| PluginShadowSaid { answer, findings: Vec::new() };
    match said {
        None => plain("is not asked".to_owned()),
        Some(Said::Nothing(code)) => plain(format!("no verdict ({code})")),
        Some(Said::Verdict(verdict)) => {
            PluginShadowSaid { answer: answer_word(verdict.answer()).to_owned(), findings: findings(&verdict.findings) }
        }
        Some(Said::Scan(scan)) => {
            let parts = scan.redactions.iter().take(MOST_FINDINGS);
            let parts: Vec<_> = parts.map(|it| format!("{} at {} to {}", it.kind, it.start, it.end)).collect();
            let answer = match scan.redactions.len() {
                0 => "takes nothing out".to_owned(),
                1 => format!("takes 1 part out: {}", parts.join(", ")),
                count => format!("takes {count} parts out: {}", parts.join(", ")),
            };
            PluginShadowSaid { answer, findings: findings(&scan.escalate) }
        }
        Some(Said::Texts(texts)) => {
            let bytes: usize = texts.iter().map(String::len).sum();
            plain(format!("says {} texts of {bytes} bytes", texts.len()))
        }
    }
}

/// Which question it was, in short. Output is told by its place alone, since it may be full of secrets.
pub(super) fn subject(question: &Question) -> String {
    match question {
        Question::Command(command) => command.raw.clone(),
        Question::Tool { tool, input_json, .. } => format!("{tool} {input_json}"),
        Question::Outbound { channel, text } => format!("{channel}: {text}"),
        Question::Run { job_json, .. } => {
            let job: Value = serde_json::from_str(job_json).unwrap_or_default();
            let word = |key: &str| job[key].as_str().unwrap_or("-").to_owned();
            format!("a run of {} ({})", word("slug"), word("name"))
        }
        Question::Output { source, offset, chunk, .. } => {
            format!("{} bytes of output of {source}, from {offset} on", chunk.len())
        }
        Question::Session { at, files } => format!("what to say at {at:?}, with {} files", files.len()).to_lowercase(),
    }
}

pub(super) fn hook(question: &Question) -> String {
    let kind: Kind = question.kind();
    kind.to_string().trim_end_matches("-guard").to_owned()
}

#[cfg(test)]
mod tests {
    use instar_core::verdict::{Severity, Verdict};

    use super::*;

    fn verdict(rules: &[(&str, Answer, &str)]) -> Said {
        let finding = |(rule, answer, detail): &(&str, Answer, &str)| Finding {
            rule: (*rule).to_owned(),
            answer: *answer,
            severity: Severity::High,
            detail: (*detail).to_owned(),
            remedy: None,
            command: None,
        };
        Said::Verdict(Verdict { findings: rules.iter().map(finding).collect() })
    }

    #[test]
    fn rules_and_answers_count_and_words_do_not() {
        let one = verdict(&[("g/a", Answer::Deny, "x"), ("g/b", Answer::Ask, "y")]);
        assert!(is_alike(&one, &verdict(&[("g/b", Answer::Ask, "other words"), ("g/a", Answer::Deny, "z")])));
        assert!(!is_alike(&one, &verdict(&[("g/a", Answer::Deny, "x")])));
        assert!(!is_alike(&one, &verdict(&[("g/a", Answer::Deny, "x"), ("g/b", Answer::Deny, "y")])));
        assert!(!is_alike(&one, &Said::Nothing("trap".to_owned())));
        assert!(is_alike(&verdict(&[]), &verdict(&[])));
    }

    #[test]
    fn what_was_said_is_told_without_what_must_not_be_seen() {
        let clean = |text: &str| text.replace("hunter2", "***");
        let told = told(Some(&verdict(&[("g/a", Answer::Deny, "it has hunter2")])), &clean);
        assert_eq!((told.answer.as_str(), told.findings[0].detail.as_str()), ("deny", "it has ***"));
        let output = Question::Output { source: "Bash".into(), offset: 7, chunk: b"hunter2".to_vec(), last: true };
        assert_eq!(
            (subject(&output).as_str(), hook(&output).as_str()),
            ("7 bytes of output of Bash, from 7 on", "output")
        );
    }
}
