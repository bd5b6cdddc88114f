//! What coding agents report of their work: the JSON object that they print when asked for one.
//!
//! Two shapes are read: that of Claude Code's `--output-format json`, and that of Gemini CLI's, which counts in `stats`.
//! What is missing in a report is not known, and no error.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::execute::{Action, End, EndCause, Finish, FinishVerdict, Usage, judge_by_status};

/// The field of Claude Code's report that people are shown; for [`Launch::showing`](crate::execute::Launch::showing).
pub const ANSWER: &str = "result";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Report {
    session_id: Option<String>,
    model: Option<String>,
    total_cost_usd: Option<f64>,
    is_error: bool,
    subtype: Option<String>,
    usage: Tokens,
    #[serde(rename = "modelUsage")]
    model_usage: BTreeMap<String, ModelUsage>,
    stats: Stats,
    error: Value,
}

/// As Gemini CLI counts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stats {
    models: BTreeMap<String, ModelStats>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ModelStats {
    tokens: ModelTokens,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ModelTokens {
    /// Cached ones included.
    prompt: u64,
    candidates: u64,
    thoughts: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tokens {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ModelUsage {
    output_tokens: u64,
}

/// What the agent says that it took; `None` when it reported nothing.
pub fn usage(end: &End) -> Option<Usage> {
    let report = read(end)?;
    let tokens = &report.usage;
    let read = [tokens.input_tokens, tokens.cache_creation_input_tokens, tokens.cache_read_input_tokens];
    let counted = report.stats.models.values().map(|model| &model.tokens);
    let counted_read = counted.clone().map(|tokens| tokens.prompt).reduce(u64::saturating_add);
    let counted_written =
        counted.map(|tokens| tokens.candidates.saturating_add(tokens.thoughts)).reduce(u64::saturating_add);
    let usage = Usage {
        model: report.model.clone().or_else(|| wrote_most(&report)),
        input_tokens: read.into_iter().flatten().reduce(u64::saturating_add).or(counted_read),
        output_tokens: tokens.output_tokens.or(counted_written),
        cost_micro_usd: report.total_cost_usd.and_then(millionths),
        agent_session: report.session_id,
    };
    let knows_nothing = usage.agent_session.is_none()
        && usage.model.is_none()
        && usage.input_tokens.is_none()
        && usage.output_tokens.is_none()
        && usage.cost_micro_usd.is_none();
    (!knows_nothing).then_some(usage)
}

/// A usage that names the conversation, and nothing else.
pub fn conversation(name: impl Into<String>) -> Usage {
    let agent_session = Some(name.into());
    Usage { agent_session, model: None, input_tokens: None, output_tokens: None, cost_micro_usd: None }
}

/// Status 0 succeeded, unless the agent itself reports that it did not.
pub fn judge(end: &End) -> Finish {
    let by_status = judge_by_status(end);
    let report = read(end).filter(|_| end.cause == EndCause::Exit(0));
    let Some(kind) = report.and_then(complaint) else { return by_status };
    Finish { verdict: FinishVerdict::Failed, message: format!("the agent reports that it failed: {kind}") }
}

/// What follows the end of an agent: what it took, and how it went.
pub fn ended(end: &End) -> impl Iterator<Item = Action> {
    usage(end).map(Action::NoteUsage).into_iter().chain([Action::Finish(judge(end))])
}

fn wrote_most(report: &Report) -> Option<String> {
    let told = report.model_usage.iter().map(|(model, usage)| (model, usage.output_tokens));
    let counted = report.stats.models.iter().map(|(model, stats)| (model, stats.tokens.candidates));
    told.chain(counted).max_by_key(|(_, tokens)| *tokens).map(|(model, _)| model.clone())
}

/// What went wrong, in a word, if the agent says that something did.
fn complaint(report: Report) -> Option<String> {
    if report.is_error {
        return Some(report.subtype.unwrap_or_else(|| "error".to_owned()));
    }
    let error = report.error.as_object()?;
    let word = error.get("type").and_then(Value::as_str).unwrap_or("error");
    Some(word.to_owned())
}

fn read(end: &End) -> Option<Report> {
    serde_json::from_str(end.report.as_deref()?).ok()
}

fn millionths(dollars: f64) -> Option<u64> {
    let millionths = (dollars * 1e6).round();
    let is_sound = (0.0..1e15).contains(&millionths);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be positive and small")]
    is_sound.then_some(millionths as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(report: Option<&str>) -> End {
        let report = report.map(str::to_owned);
        End { cause: EndCause::Exit(0), duration_ms: 1, tail: String::new(), report }
    }

    #[test]
    fn a_report_tells_tokens_cost_model_and_conversation() {
        let report = r#"{"type":"result","subtype":"success","is_error":false,"session_id":"c-1","total_cost_usd":0.0123456,
            "usage":{"input_tokens":3,"cache_creation_input_tokens":10,"cache_read_input_tokens":100,"output_tokens":42},
            "modelUsage":{"haiku":{"outputTokens":2},"opus":{"outputTokens":40}}}"#;
        let usage = usage(&end(Some(report))).unwrap();
        assert_eq!(
            usage,
            Usage {
                agent_session: Some("c-1".to_owned()),
                model: Some("opus".to_owned()),
                input_tokens: Some(113),
                output_tokens: Some(42),
                cost_micro_usd: Some(12_346),
            }
        );
        assert_eq!(judge(&end(Some(report))).verdict, FinishVerdict::Succeeded);
    }

    #[test]
    fn an_agent_that_reports_an_error_has_failed_whatever_its_status() {
        let finish = judge(&end(Some(r#"{"is_error":true,"subtype":"error_max_turns"}"#)));
        assert_eq!(finish.verdict, FinishVerdict::Failed);
        assert!(finish.message.contains("error_max_turns"), "{}", finish.message);
    }

    #[test]
    fn a_report_of_gemini_cli_tells_what_all_its_models_took() {
        let report = r#"{"session_id":"g-1","stats":{"models":{
            "gemini-flash":{"tokens":{"prompt":10,"candidates":2,"thoughts":1,"cached":5}},
            "gemini-pro":{"api":{"totalRequests":3},"tokens":{"prompt":100,"candidates":40,"thoughts":7}}},"tools":{}}}"#;
        let usage = usage(&end(Some(report))).unwrap();
        assert_eq!((usage.agent_session.as_deref(), usage.model.as_deref()), (Some("g-1"), Some("gemini-pro")));
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(110), Some(50)));
        assert_eq!(judge(&end(Some(report))).verdict, FinishVerdict::Succeeded);
        let finish = judge(&end(Some(r#"{"session_id":"g-1","error":{"type":"FatalTurnLimitedError","code":53}}"#)));
        assert_eq!(finish.verdict, FinishVerdict::Failed);
        assert!(finish.message.contains("FatalTurnLimitedError"), "{}", finish.message);
    }

    #[test]
    fn what_is_no_report_tells_nothing() {
        for report in [None, Some("{}"), Some("[1]"), Some(r#"{"usage":7}"#), Some(r#"{"total_cost_usd":-1}"#)] {
            assert_eq!(usage(&end(report)), None, "{report:?}");
            assert_eq!(judge(&end(report)).verdict, FinishVerdict::Succeeded, "{report:?}");
        }
    }
}
