//! Decisions as people, models and the log read them.

use std::fmt::Write as _;

use instar_api::{GuardDecision, GuardFinding, GuardTime};
use instar_core::verdict::{Answer, Severity};
use jiff::Timestamp;

use super::{Decision, Fate, Judged};

pub(crate) fn answer_word(answer: Answer) -> &'static str {
    match answer {
        Answer::Pass => "pass",
        Answer::Ask => "ask",
        Answer::Deny => "deny",
    }
}

pub(crate) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

fn fate_word(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Stands => None,
        Fate::Allowed => Some("allowed"),
        Fate::Shadow => Some("shadow"),
        Fate::Level => Some("level"),
        Fate::Approved => Some("approved"),
    }
}

/// The findings in sentences: rule, reason, a safer way. What stops the call comes first.
pub(crate) fn shown<'a>(findings: impl IntoIterator<Item = &'a Judged>) -> String {
    let mut findings: Vec<&Judged> = findings.into_iter().collect();
    findings.sort_by_key(|judged| std::cmp::Reverse((judged.finding.answer, judged.finding.severity)));
    let mut text = String::new();
    for Judged { finding, .. } in findings {
        let _ = write!(text, "[{}] {}", finding.rule, finding.detail.trim_end_matches('.'));
        let _ = match &finding.remedy {
            Some(remedy) => writeln!(text, ". Safer: {}.", remedy.trim_end_matches('.')),
            None => writeln!(text, "."),
        };
    }
    text.trim_end().to_owned()
}

/// The line of the log.
pub(crate) fn record(decision: &Decision, event: &str, now: Timestamp) -> GuardDecision {
    let finding = |judged: &Judged| GuardFinding {
        rule: judged.finding.rule.clone(),
        answer: answer_word(judged.finding.answer).to_owned(),
        severity: severity_word(judged.finding.severity).to_owned(),
        detail: judged.finding.detail.clone(),
        remedy: judged.finding.remedy.clone(),
        set_aside: fate_word(judged.fate).map(str::to_owned),
    };
    let time = |(id, took): &(instar_core::id::PluginId, std::time::Duration)| GuardTime {
        id: id.to_string(),
        took_us: micros(*took),
    };
    GuardDecision {
        at: now.to_string(),
        event: event.to_owned(),
        tool: decision.tool.clone(),
        subject: decision.subject.clone(),
        answer: answer_word(decision.answer).to_owned(),
        findings: decision.findings.iter().map(finding).collect(),
        guards: decision.times.iter().map(time).collect(),
        approval: decision.approval.clone(),
        session: decision.session.clone(),
        unattended: decision.unattended,
        took_us: micros(decision.took),
    }
}

fn micros(length: std::time::Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}
