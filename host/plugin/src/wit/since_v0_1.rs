//! Between the contract and core's words. Whatever comes from a guest is cleaned and cut on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use instar_core::id::{JobSlug, PluginId, RunId, SessionName};
use instar_core::inbound::{Happening, Inbound, Mark, OfferedFile, Said, Sender};
use instar_core::notice::{Address, Message};
use instar_core::plan::{Action, End, EndCause, FinishVerdict, Launch, Marks, Stdin, StepEvent, StepRequest, Usage};
use instar_core::verdict::{Answer, Finding, Severity, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::bindings::exports::instar::plugin::{execute, notifier, notifier_inbound, plugin_meta};
pub(crate) use super::bindings::instar::plugin::guard_types::Verdict as WitVerdict;
pub(crate) use super::bindings::instar::plugin::types::{CallCtx as WitContext, Severity as WitSeverity};
use super::bindings::instar::plugin::{guard_types, types};
use crate::error::GuestFailure;
use crate::guard::hook::Rule;
use crate::text::{clean, clean_up_to};

/// The longest text of a person that is kept.
const LONGEST_SAID: usize = 256 << 10;

/// Who asked for the work that a call belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asker {
    Agent,
    Cron,
    Api,
    Operator,
    InboundMessage,
    Plugin,
}

/// What the host stamps on a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallContext {
    pub asker: Asker,
    /// Empty when there is none.
    pub trace_id: String,
    pub job: Option<(JobSlug, RunId)>,
    pub session: Option<SessionName>,
    pub now: Timestamp,
    /// What an agent is to be told before its task; for execute types.
    pub context: String,
    /// How many starts by plugins led to the run that it belongs to or tells of, one from the other; 0 where people or
    /// schedules wanted it.
    pub depth: u32,
}

impl CallContext {
    /// A call that belongs to no job and no session.
    pub fn new(asker: Asker, now: Timestamp) -> Self {
        Self { asker, trace_id: String::new(), job: None, session: None, now, context: String::new(), depth: 0 }
    }
}

impl From<&CallContext> for types::CallCtx {
    fn from(call: &CallContext) -> Self {
        let origin = match call.asker {
            Asker::Agent => types::Origin::Agent,
            Asker::Cron => types::Origin::Cron,
            Asker::Api => types::Origin::Api,
            Asker::Operator => types::Origin::Operator,
            Asker::InboundMessage => types::Origin::InboundMessage,
            Asker::Plugin => types::Origin::Plugin,
        };
        let job_ref =
            |(slug, run_id): &(JobSlug, RunId)| types::JobRef { slug: slug.to_string(), run_id: run_id.to_string() };
        Self {
            origin,
            trace_id: call.trace_id.clone(),
            job: call.job.as_ref().map(job_ref),
            session: call.session.as_ref().map(SessionName::to_string),
            now_ms: u64::try_from(call.now.as_millisecond()).unwrap_or(0),
        }
    }
}

impl From<types::Failure> for GuestFailure {
    fn from(failure: types::Failure) -> Self {
        Self {
            code: clean(&failure.code),
            message: clean(&failure.message),
            retryable: failure.retryable,
            retry_after: failure.retry_after_ms.map(Duration::from_millis),
        }
    }
}

impl From<guard_types::Answer> for Answer {
    fn from(answer: guard_types::Answer) -> Self {
        match answer {
            guard_types::Answer::Pass => Self::Pass,
            guard_types::Answer::Ask => Self::Ask,
            guard_types::Answer::Deny => Self::Deny,
        }
    }
}

impl From<types::Severity> for Severity {
    fn from(severity: types::Severity) -> Self {
        match severity {
            types::Severity::Info => Self::Info,
            types::Severity::Low => Self::Low,
            types::Severity::Medium => Self::Medium,
            types::Severity::High => Self::High,
            types::Severity::Critical => Self::Critical,
        }
    }
}

impl From<Severity> for types::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::Critical => Self::Critical,
        }
    }
}

impl From<&StepRequest> for execute::Request {
    fn from(request: &StepRequest) -> Self {
        let previous = request.previous.clone().map(execute::End::from);
        let context = String::new();
        Self { execute_json: request.execute_json.clone(), model: request.model.clone(), previous, context }
    }
}

impl From<StepEvent> for execute::Event {
    fn from(event: StepEvent) -> Self {
        match event {
            StepEvent::Requested(request) => Self::Requested((&request).into()),
            StepEvent::Ready => Self::Ready,
            StepEvent::Woke => Self::Woke,
            StepEvent::Exited(end) => Self::Exited(end.into()),
        }
    }
}

impl From<End> for execute::End {
    fn from(end: End) -> Self {
        let cause = match end.cause {
            EndCause::Exit(status) => execute::EndCause::Exit(status),
            EndCause::Signal(name) => execute::EndCause::Signal(name),
            EndCause::Killed => execute::EndCause::Killed,
            EndCause::NotStarted(reason) => execute::EndCause::NotStarted(reason),
            EndCause::Lost => execute::EndCause::Lost,
        };
        Self { cause, duration_ms: end.duration_ms, tail: end.tail, report: end.report }
    }
}

/// A launch is checked before this, so two variables of one name cannot meet here.
impl From<execute::Launch> for Launch {
    fn from(launch: execute::Launch) -> Self {
        let stdin = match launch.stdin {
            execute::Stdin::Bytes(bytes) => Stdin::Bytes(bytes),
            execute::Stdin::Typed => Stdin::Typed,
            execute::Stdin::Terminal(marks) => {
                Stdin::Terminal(Marks { ready: marks.ready, busy: marks.busy, asking: marks.asking })
            }
        };
        let env = BTreeMap::from_iter(launch.env);
        Self { argv: launch.argv, env, cwd: launch.cwd, stdin, shown: launch.shown }
    }
}

impl From<execute::Request> for StepRequest {
    fn from(request: execute::Request) -> Self {
        Self { execute_json: request.execute_json, model: request.model, previous: request.previous.map(End::from) }
    }
}

impl From<execute::End> for End {
    fn from(end: execute::End) -> Self {
        let cause = match end.cause {
            execute::EndCause::Exit(status) => EndCause::Exit(status),
            execute::EndCause::Signal(name) => EndCause::Signal(clean(&name)),
            execute::EndCause::Killed => EndCause::Killed,
            execute::EndCause::NotStarted(reason) => EndCause::NotStarted(clean(&reason)),
            execute::EndCause::Lost => EndCause::Lost,
        };
        Self { cause, duration_ms: end.duration_ms, tail: clean(&end.tail), report: end.report }
    }
}

impl From<execute::Usage> for Usage {
    fn from(usage: execute::Usage) -> Self {
        Self {
            agent_session: usage.agent_session.as_deref().map(clean),
            model: usage.model.as_deref().map(clean),
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cost_micro_usd: usage.cost_micro_usd,
        }
    }
}

impl From<execute::Finish> for Action {
    fn from(finish: execute::Finish) -> Self {
        let verdict = match finish.verdict {
            execute::FinishVerdict::Succeeded => FinishVerdict::Succeeded,
            execute::FinishVerdict::Failed => FinishVerdict::Failed,
            execute::FinishVerdict::NeedsAttention => FinishVerdict::NeedsAttention,
        };
        Self::Finish { verdict, message: clean(&finish.message) }
    }
}

/// `blobs` are the handles of the attachments, in their order.
pub(crate) fn message(message: &Message, blobs: Vec<String>) -> notifier::Message {
    let attachment = |(attachment, blob): (&instar_core::notice::Attachment, String)| notifier::Attachment {
        name: attachment.name.clone(),
        mime: attachment.mime.clone(),
        size: attachment.size,
        blob,
    };
    let choice = |choice: &instar_core::notice::Choice| notifier::Choice {
        label: choice.label.clone(),
        token: choice.token.clone(),
    };
    notifier::Message {
        id: message.id.to_string(),
        to: message.to.as_ref().map(Into::into),
        severity: message.severity.into(),
        title: message.title.clone(),
        body_markdown: message.body_markdown.clone(),
        choices: message.choices.iter().map(choice).collect(),
        attachments: message.attachments.iter().zip(blobs).map(attachment).collect(),
        edit_of: message.edit_of.clone(),
        reply_to: message.reply_to.clone(),
        silent: message.silent,
    }
}

impl From<&Address> for types::Address {
    fn from(address: &Address) -> Self {
        Self { conversation: address.conversation.clone(), thread: address.thread.clone() }
    }
}

impl From<types::Address> for Address {
    fn from(address: types::Address) -> Self {
        Self { conversation: clean(&address.conversation), thread: address.thread.as_deref().map(clean) }
    }
}

impl From<Mark> for notifier_inbound::Sign {
    fn from(mark: Mark) -> Self {
        match mark {
            Mark::Received => Self::Received,
            Mark::Working => Self::Working,
            Mark::Refused => Self::Refused,
        }
    }
}

/// A time beyond all calendars is taken as `now`.
pub(crate) fn inbound(inbound: notifier_inbound::Inbound, now: Timestamp) -> Inbound {
    let at = i64::try_from(inbound.at_ms).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    let sender = inbound.sender;
    Inbound {
        key: clean(&inbound.key),
        sender: Sender { id: clean(&sender.id), name: clean(&sender.name), is_bot: sender.is_bot },
        address: inbound.address.into(),
        message_id: clean(&inbound.message_id),
        handle: clean(&inbound.handle),
        at: at.unwrap_or(now),
        happening: inbound.happening.into(),
    }
}

impl From<notifier_inbound::Happening> for Happening {
    fn from(happening: notifier_inbound::Happening) -> Self {
        use notifier_inbound::Happening as Heard;
        match happening {
            Heard::Said(said) => Self::Said(said.into()),
            Heard::Corrected(said) => Self::Corrected(said.into()),
            Heard::Chose(token) => Self::Chose(clean(&token)),
            Heard::ThreadOpened(name) => Self::ThreadOpened(clean(&name)),
            Heard::ThreadRenamed(name) => Self::ThreadRenamed(clean(&name)),
            Heard::ThreadClosed => Self::ThreadClosed,
            Heard::ThreadReopened => Self::ThreadReopened,
            Heard::Other(what) => Self::Other(clean(&what)),
        }
    }
}

/// What people said is longer than what plugins say.
impl From<notifier_inbound::Said> for Said {
    fn from(said: notifier_inbound::Said) -> Self {
        let file = |file: notifier_inbound::OfferedFile| OfferedFile {
            id: clean(&file.id),
            name: clean(&file.name),
            mime: clean(&file.mime),
            size: file.size,
            is_voice: file.is_voice,
        };
        Self {
            text: clean_up_to(&said.text, LONGEST_SAID),
            forwarded_from: said.forwarded_from.as_deref().map(clean),
            quoted: said.quoted.as_deref().map(|quoted| clean_up_to(quoted, LONGEST_SAID)),
            files: said.files.into_iter().map(file).collect(),
        }
    }
}

/// The verdict with every rule under the name of its plugin.
pub(crate) fn verdict(plugin: &PluginId, verdict: guard_types::Verdict) -> Verdict {
    Verdict { findings: verdict.findings.into_iter().map(|each| finding(plugin, each)).collect() }
}

pub(crate) fn rule(plugin: &PluginId, rule: plugin_meta::Rule) -> Rule {
    Rule {
        id: format!("{plugin}/{}", clean(&rule.id)),
        pack: clean(&rule.pack),
        answer: rule.answer.into(),
        severity: rule.severity.into(),
        what: clean(&rule.what),
    }
}

pub(crate) fn finding(plugin: &PluginId, finding: guard_types::Finding) -> Finding {
    Finding {
        rule: format!("{plugin}/{}", clean(&finding.rule)),
        answer: finding.answer.into(),
        severity: finding.severity.into(),
        detail: clean(&finding.detail),
        remedy: finding.remedy.as_deref().map(clean),
        command: finding.command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_gets_its_plugins_name_and_loses_control_characters() {
        let spoken = guard_types::Finding {
            rule: "no-\u{1b}[31mrm".to_owned(),
            answer: guard_types::Answer::Deny,
            severity: types::Severity::High,
            detail: "a\u{0}b".to_owned(),
            remedy: Some("x\r".to_owned()),
            command: None,
        };
        let verdict = verdict(&"guard-x".parse().unwrap(), WitVerdict { findings: vec![spoken] });
        let [finding] = &verdict.findings[..] else { panic!("{verdict:?}") };
        assert_eq!((finding.rule.as_str(), finding.detail.as_str()), ("guard-x/no-rm", "ab"));
        assert_eq!(finding.remedy.as_deref(), Some("x"));
    }

    #[test]
    fn a_time_before_1970_is_stamped_as_zero() {
        let call = CallContext::new(Asker::Cron, Timestamp::from_second(-5).unwrap());
        assert_eq!(types::CallCtx::from(&call).now_ms, 0);
    }
}
