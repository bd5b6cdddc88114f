//! From the nouns of core to the shapes of the API. Functions, since neither side's types are ours to extend.

use instar_api as api;
use instar_core::event::EventRecord;
use instar_core::gate::GateEnd;
use instar_core::id::{JobSlug, PluginId};
use instar_core::job::{Job, JobProblem, JobState};
use instar_core::pause::Pause;
use instar_core::plan::{End, EndCause, Usage};
use instar_core::run::{Outcome, Run, RunRecord, SkipReason, Trigger};
use instar_core::session::Session;
use instar_core::state::State;
use instar_core::tune::{Proposal, Tuning};
use instar_plugin::{PluginError, PluginInfo, PluginStats};
use instar_store::Story;
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde_json::{Map, Value};

/// RFC 3339 in UTC with milliseconds.
pub(super) fn time(at: Timestamp) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    PRINTER.timestamp_to_string(&at)
}

/// What a job waits for beside its schedule.
#[derive(Debug, Default)]
pub(super) struct Waits {
    paused: Option<Pause>,
    retry_at: Option<Timestamp>,
    tuning: Option<Tuning>,
}

impl Waits {
    pub(super) fn of(state: &State, slug: &JobSlug) -> Self {
        Self {
            paused: state.own_pause(Some(slug)).cloned(),
            retry_at: state.retry_of(slug),
            tuning: state.tuning(slug).cloned(),
        }
    }
}

/// What is defaulted in the file is spelled out.
pub(super) fn job(job: &Job, next: Option<Timestamp>, state: Option<&JobState>, waits: &Waits) -> api::Job {
    let mut definition = job.definition.object();
    definition.insert("priority".into(), job.priority.as_str().into());
    definition.insert("model".into(), job.model.as_str().into());
    definition.insert("enabled".into(), job.enabled.into());
    // A key of that name in the file would stand beside ours.
    definition.remove("state");
    api::Job { definition, state: job_state(job, next, state, waits) }
}

fn pause(pause: &Pause) -> api::Pause {
    api::Pause { at: time(pause.at), by: pause.cause.by().to_owned(), detail: pause.cause.sentence() }
}

fn job_state(job: &Job, next: Option<Timestamp>, state: Option<&JobState>, waits: &Waits) -> api::JobState {
    api::JobState {
        slug: job.slug.to_string(),
        last_run: state.and_then(|state| state.last_run).map(time),
        last_result: state.and_then(|state| state.last_result).map(|result| result.as_str().to_owned()),
        last_error: state.and_then(|state| state.last_error.clone()),
        next_scheduled: next.map(time),
        last_handoff: state.and_then(|state| state.last_handoff.as_ref()).map(|handoff| handoff.text.clone()),
        consecutive_failures: state.map_or(0, |state| state.consecutive_failures),
        retry_at: waits.retry_at.map(time),
        paused: waits.paused.as_ref().map(pause),
        tuning: waits.tuning.as_ref().and_then(tuning),
    }
}

/// What was refused is nobody's business any more.
fn tuning(tuning: &Tuning) -> Option<api::JobTuning> {
    let pace = |proposal: &Proposal, by: Option<String>| api::JobPace {
        schedule: proposal.schedule.clone(),
        reason: proposal.reason.clone(),
        at: time(proposal.at),
        by,
    };
    let proposed = tuning.proposed.as_ref().map(|proposal| pace(proposal, None));
    let applied = tuning.applied.as_ref().map(|applied| pace(&applied.proposal, Some(applied.by.clone())));
    (proposed.is_some() || applied.is_some()).then_some(api::JobTuning { proposed, applied })
}

pub(super) fn job_problem(problem: &JobProblem) -> api::JobProblem {
    api::JobProblem {
        index: problem.index,
        slug: problem.slug.clone(),
        field: problem.field.clone(),
        message: problem.message.clone(),
    }
}

pub(super) fn queued(run: &Run) -> api::QueuedRun {
    api::QueuedRun {
        slug: run.slug.as_ref().map(JobSlug::to_string).unwrap_or_default(),
        reason: match &run.trigger {
            Trigger::Scheduled { missed: false, .. } => "scheduled".to_owned(),
            Trigger::Scheduled { missed: true, .. } => "missed".to_owned(),
            Trigger::Retry { .. } => "retry".to_owned(),
            Trigger::Manual { reason, .. } => reason.clone(),
            Trigger::Spawned { by, .. } => by.clone(),
        },
        queued_at: time(run.requested_at),
        run_id: run.id.to_string(),
    }
}

pub(super) fn scheduler(state: &State) -> api::Scheduler {
    let queue_length = state.queue().count();
    let paused = state.own_pause(None).filter(|pause| pause.holds_runs());
    api::Scheduler {
        running: state.limits.scheduling,
        paused: paused.is_some(),
        pause: paused.map(pause),
        job_count: state.jobs().count(),
        enabled_jobs: state.jobs().filter(|entry| entry.job.enabled).count(),
        queue_length,
        active_job_sessions: state.open_runs().filter(|run| run.slug.is_some() && run.is_active()).count(),
    }
}

pub(super) fn session(session: &Session, tmux_session: String) -> api::Session {
    api::Session {
        id: session.id.to_string(),
        name: session.name.to_string(),
        status: session.status.as_str().to_owned(),
        job_slug: session.job.as_ref().map(JobSlug::to_string),
        tmux_session,
        started_at: time(session.started_at),
        ended_at: session.ended_at.map(time),
        triggered_by: session.triggered_by.clone(),
        model: session.model.clone(),
        run_id: session.run.to_string(),
        takes_input: session.takes_input,
        interactive: session.interactive,
        question: session.question.clone(),
    }
}

pub(super) fn socket_session(session: &Session, tmux_session: String) -> api::SocketSession {
    api::SocketSession {
        id: session.id.to_string(),
        name: session.name.to_string(),
        tmux_session,
        status: session.status.as_str().to_owned(),
        started_at: time(session.started_at),
        job_slug: session.job.as_ref().map(JobSlug::to_string),
        model: session.model.clone(),
    }
}

pub(super) fn run(run: &RunRecord) -> api::Run {
    let (exit_status, signal) = run.end.as_ref().map_or((None, None), exit);
    let (skipped, detail) = run.skipped.as_ref().map_or((None, None), skip);
    api::Run {
        id: run.id.to_string(),
        slug: run.slug.as_ref().map(JobSlug::to_string),
        status: run.status.as_str().to_owned(),
        trigger: trigger(&run.trigger),
        attempt: run.trigger.attempt(),
        scheduled_at: match run.trigger.first() {
            Trigger::Scheduled { at, .. } => Some(time(*at)),
            Trigger::Retry { .. } | Trigger::Manual { .. } | Trigger::Spawned { .. } => None,
        },
        requested_at: time(run.requested_at),
        started_at: run.started_at.map(time),
        ended_at: run.ended_at.map(time),
        outcome: run.outcome.as_ref().map(|outcome| outcome.as_str().to_owned()),
        cause: run.outcome.as_ref().and_then(cause),
        result: run.outcome.as_ref().map(|outcome| outcome.last_result().as_str().to_owned()),
        exit_status,
        signal,
        duration_ms: run.end.as_ref().map(|end| end.duration_ms),
        tail: run.end.as_ref().map(|end| end.tail.clone()),
        session: run.session.as_ref().map(|session| session.name.to_string()),
        session_id: run.session.as_ref().map(|session| session.id.to_string()),
        skipped,
        detail,
        execute_type: run.request.execute_type.clone(),
        model: run.request.step.model.clone(),
        priority: run.request.priority.as_str().to_owned(),
        usage: (run.usage != Usage::default()).then(|| usage(&run.usage)),
        gate: run.gate.as_ref().map(gate),
    }
}

fn gate(end: &GateEnd) -> api::GateEnd {
    api::GateEnd {
        answer: end.answer.as_str().to_owned(),
        cause: end.answer.cause().map(str::to_owned),
        duration_ms: end.duration_ms,
        output: end.output.clone(),
    }
}

pub(super) fn story(record: &RunRecord, story: &Story) -> api::RunStory {
    let session = |(session, prompt): &(Session, Option<String>)| api::RunSession {
        id: session.id.to_string(),
        name: session.name.to_string(),
        status: session.status.as_str().to_owned(),
        started_at: time(session.started_at),
        ended_at: session.ended_at.map(time),
        prompt: prompt.clone(),
    };
    api::RunStory {
        run: run(record),
        timeline: story.events.iter().map(event).collect(),
        sessions: story.sessions.iter().map(session).collect(),
        handoff: story.handoff.clone(),
        supervision: story.supervision.as_ref().map(|opinion| match opinion {
            Some(opinion) => {
                api::RunOpinion { verdict: opinion.verdict.as_str().to_owned(), reason: Some(opinion.reason.clone()) }
            }
            None => api::RunOpinion { verdict: "pending".to_owned(), reason: None },
        }),
    }
}

/// Money is kept in whole millionths, and shown as people write it.
fn usage(usage: &Usage) -> api::Usage {
    api::Usage {
        agent_session: usage.agent_session.clone(),
        model: usage.model.clone(),
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cost_usd: usage.cost_micro_usd.map(|millionths| millionths as f64 / 1e6),
    }
}

fn trigger(trigger: &Trigger) -> api::Trigger {
    match trigger {
        Trigger::Scheduled { at, missed } => api::Trigger::Scheduled { at: time(*at), missed: *missed },
        Trigger::Retry { after, attempt, .. } => api::Trigger::Retry { after: after.to_string(), attempt: *attempt },
        Trigger::Spawned { name, by } => api::Trigger::Spawned { name: name.to_string(), by: by.clone() },
        Trigger::Manual { reason, force, depth: _ } => api::Trigger::Manual { reason: reason.clone(), force: *force },
    }
}

fn exit(end: &End) -> (Option<i32>, Option<String>) {
    match &end.cause {
        EndCause::Exit(status) => (Some(*status), None),
        EndCause::Signal(signal) => (None, Some(signal.clone())),
        EndCause::Killed | EndCause::NotStarted(_) | EndCause::Lost => (None, None),
    }
}

fn cause(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Succeeded => None,
        Outcome::Failed { cause } | Outcome::NeedsAttention { cause } => Some(cause.clone()),
        Outcome::TimedOut | Outcome::Stopped { .. } | Outcome::Lost => Some(outcome.sentence()),
    }
}

fn skip(reason: &SkipReason) -> (Option<String>, Option<String>) {
    (Some(reason.as_str().to_owned()), skip_detail(reason))
}

/// What there is to say beyond the word.
pub(super) fn skip_detail(reason: &SkipReason) -> Option<String> {
    match reason {
        SkipReason::Denied { detail } => Some(detail.clone()),
        SkipReason::Stopped { by } => Some(format!("stopped by {by} before it began")),
        SkipReason::Disabled => Some("the job is disabled; `force` runs it all the same".to_owned()),
        SkipReason::Paused => Some("the job or the scheduler is paused; `force` runs it all the same".to_owned()),
        SkipReason::Overlap => Some("another run of the job has not ended".to_owned()),
        SkipReason::NothingToDo => Some("its gate says that there is nothing to do".to_owned()),
        SkipReason::Quota { detail } | SkipReason::Memory { detail } | SkipReason::Budget { detail } => {
            Some(detail.clone())
        }
        SkipReason::AlreadyRan => Some("this due time has its run already".to_owned()),
    }
}

pub(super) fn event(event: &EventRecord) -> api::Event {
    api::Event {
        seq: event.seq,
        kind: event.kind.clone(),
        summary: event.summary.clone(),
        timestamp: time(event.at),
        session_id: event.session.map(|session| session.to_string()),
        metadata: tidy(&event.metadata),
    }
}

/// Leaves out what is unset, and writes times as everywhere.
fn tidy(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let set = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(set.map(|(key, value)| (key.clone(), tidy_field(key, value))).collect::<Map<_, _>>())
        }
        Value::Array(values) => values.iter().map(tidy).collect(),
        other => other.clone(),
    }
}

fn tidy_field(key: &str, value: &Value) -> Value {
    let is_time = key == "at" || key == "deadline" || key.ends_with("At");
    match value.as_str().filter(|_| is_time).and_then(|text| text.parse::<Timestamp>().ok()) {
        Some(at) => Value::from(time(at)),
        None => tidy(value),
    }
}

pub(super) fn plugin(plugin: &PluginInfo) -> api::Plugin {
    api::Plugin {
        id: plugin.id.to_string(),
        version: plugin.version.clone(),
        description: plugin.description.clone(),
        kinds: plugin.kinds.iter().map(ToString::to_string).collect(),
        execute_type: plugin.execute_type.clone(),
        digest: plugin.digest.clone(),
        origin: plugin.origin.to_string(),
        imports: plugin.imports.clone(),
        enabled: plugin.enabled,
        quarantine: plugin.quarantine.as_ref().map(|it| api::PluginQuarantine {
            since: time(it.since),
            faults: it.faults,
            code: it.code.clone(),
        }),
        listening_fault: None,
    }
}

pub(super) fn plugin_stats(id: &PluginId, stats: &PluginStats) -> api::PluginStats {
    let micros = |length: std::time::Duration| u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
    api::PluginStats {
        id: id.to_string(),
        calls: stats.calls,
        faults: stats.faults.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect(),
        p50_micros: micros(stats.p50),
        p99_micros: micros(stats.p99),
        longest_micros: micros(stats.longest),
        requests: stats.requests,
        denied: stats.denied,
        bytes_out: stats.bytes_out,
        bytes_in: stats.bytes_in,
    }
}

pub(super) fn plugin_problem(error: &PluginError) -> api::PluginProblem {
    let mut message = error.cause.to_string();
    let mut source = std::error::Error::source(&error.cause);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    // Some causes are laid out over lines; here they are one sentence.
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    api::PluginProblem { plugin: error.plugin.clone(), code: error.code().to_owned(), message }
}

#[cfg(test)]
mod tests;
