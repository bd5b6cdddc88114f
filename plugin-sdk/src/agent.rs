//! What coding agents report of their work: the JSON object that they print when asked for one.
//!
//! The shape is that of Claude Code's `--output-format json`. What is missing in a report is not known, and no error.

use serde::Deserialize;
use std::collections::BTreeMap;

use crate::execute::{End, EndCause, Finish, FinishVerdict, Usage, judge_by_status};

/// The field of the report that people are shown; for [`Launch::showing`](crate::execute::Launch::showing).
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
    let wrote_most = report.model_usage.into_iter().max_by_key(|(_, usage)| usage.output_tokens);
    let usage = Usage {
        agent_session: report.session_id,
        model: report.model.or(wrote_most.map(|(model, _)| model)),
        input_tokens: read.into_iter().flatten().reduce(u64::saturating_add),
        output_tokens: tokens.output_tokens,
        cost_micro_usd: report.total_cost_usd.and_then(millionths),
    };
    let knows_nothing = usage.agent_session.is_none()
        && usage.model.is_none()
        && usage.input_tokens.is_none()
        && usage.output_tokens.is_none()
        && usage.cost_micro_usd.is_none();
    (!knows_nothing).then_some(usage)
}

/// Status 0 succeeded, unless the agent itself reports that it did not.
pub fn judge(end: &End) -> Finish {
    let by_status = judge_by_status(end);
    let report = read(end).filter(|report| report.is_error && end.cause == EndCause::Exit(0));
    let Some(report) = report else { return by_status };
    let kind = report.subtype.unwrap_or_else(|| "error".to_owned());
    Finish { verdict: FinishVerdict::Failed, message: format!("the agent reports that it failed: {kind}") }
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
    fn what_is_no_report_tells_nothing() {
        for report in [None, Some("{}"), Some("[1]"), Some(r#"{"usage":7}"#), Some(r#"{"total_cost_usd":-1}"#)] {
            assert_eq!(usage(&end(report)), None, "{report:?}");
            assert_eq!(judge(&end(report)).verdict, FinishVerdict::Succeeded, "{report:?}");
        }
    }
}
