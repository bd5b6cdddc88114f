//! How events are told: their type, one sentence, and the details that `/events` shows.

mod ends;
mod single;

use serde_json::{Value, json};

use self::ends::end_details;
use self::single::{begun_summary, gate_summary, quota_details, quota_summary, tuned_summary, turned_summary};
use super::Fact;
use crate::gate::GateAnswer;
use crate::id::{JobSlug, RunId, SessionId};
use crate::job::JobProblem;
use crate::poll::Listening;
use crate::talk::Doing;

impl Fact {
    /// The type under which `/events` lists it.
    #[expect(clippy::too_many_lines, reason = "a flat list, one line for each fact")]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::HostStarted { .. } => "scheduler_start",
            Self::HostStopped => "scheduler_stop",
            Self::JobsRead { .. } => "jobs_read",
            Self::JobsBegun { .. } => "jobs_begun",
            Self::ZoneSet { .. } => "zone_set",
            Self::Paused { slug: Some(_), .. } => "job_paused",
            Self::Paused { slug: None, .. } => "scheduler_paused",
            Self::Resumed { slug: Some(_), .. } => "job_resumed",
            Self::Resumed { slug: None, .. } => "scheduler_resumed",
            Self::RunRequested { .. } => "job_requested",
            Self::GateBegun { .. } => "job_gate_begun",
            Self::GateEnded { end, .. } => match end.answer {
                GateAnswer::Go => "job_gate_passed",
                GateAnswer::Nothing => "job_gate_skip",
                GateAnswer::Error { .. } => "job_gate_error",
            },
            Self::RunQueued { .. } => "job_queued",
            Self::RunSkipped { .. } | Self::OccurrencesPassed { .. } | Self::RetryDropped { .. } => "job_skipped",
            Self::RunAdmitted { .. } => "job_admitted",
            Self::RunPassed { .. } => "job_passed",
            Self::RunStarting { .. } => "job_triggered",
            Self::RunStarted { .. } => "session_started",
            Self::RunWaiting { .. } => "job_waiting",
            Self::RunWoke { .. } => "job_woke",
            Self::RunProgressed { .. } => "job_progressed",
            Self::RunUsed { .. } => "job_usage",
            Self::RunAnswered { .. } => "job_answered",
            Self::MessageAccepted { .. } => "message_accepted",
            Self::SessionTurned { activity, .. } => match activity.doing {
                Doing::Starting | Doing::Busy => "session_busy",
                Doing::Ready => "session_ready",
                Doing::Asking => "session_asking",
            },
            Self::RunStopping { .. } => "job_stopping",
            Self::SessionEnded { .. } => "session_ended",
            Self::HandoffLeft { .. } => "handoff_left",
            Self::RunFinished(_) => "job_completed",
            Self::SupervisionAsked { .. } => "supervision_asked",
            Self::RunSupervised { .. } => "job_supervised",
            Self::ClockSetBack { .. } => "clock_set_back",
            Self::QuotaRead { .. } => "quota_read",
            Self::QuotaStale { .. } => "quota_stale",
            Self::QuotaLevelChanged { .. } => "quota_level",
            Self::MemoryPressed { .. } => "memory_pressure",
            Self::JobRenamed { .. } => "job_renamed",
            Self::Tuned { tuned, .. } => tuned.kind(),
            Self::AttentionRaised { .. } => "attention_raised",
            Self::AttentionTurned { .. } => "attention_turned",
            Self::AttentionPruned { .. } => "attention_pruned",
            Self::WorkloadReported { .. } => "workload_reported",
            Self::NoticeRaised { .. } => "notice_raised",
            Self::NoticeTried { .. } => "notice_tried",
            Self::NoticePartDelivered { .. } => "notice_part_delivered",
            Self::NoticeDelivered { .. } => "notice_delivered",
            Self::NoticeFailed { .. } => "notice_failed",
            Self::Conversed(fact) => fact.kind(),
            Self::Listening { listening, .. } => match listening {
                Listening::At { .. } => "notifier_heard",
                Listening::Failing(_) => "notifier_failing",
                Listening::Works => "notifier_works",
                Listening::Ended => "notifier_ended",
            },
            Self::PluginsChanged { .. } => "plugins_changed",
            Self::PluginNoted(_) => "plugin_event",
            Self::HousekeepingBegun => "housekeeping_begun",
            Self::HousekeepingDone { .. } => "housekeeping_done",
            Self::HousekeepingFailed { .. } => "housekeeping_failed",
            Self::PredecessorImported { .. } => "predecessor_imported",
        }
    }

    pub fn slug(&self) -> Option<&JobSlug> {
        match self {
            Self::RunRequested { slug, .. }
            | Self::GateBegun { slug, .. }
            | Self::GateEnded { slug, .. }
            | Self::RunQueued { slug, .. }
            | Self::RunSkipped { slug, .. }
            | Self::RunAdmitted { slug, .. }
            | Self::RunPassed { slug, .. }
            | Self::RunStarted { slug, .. }
            | Self::RunWaiting { slug, .. }
            | Self::RunWoke { slug, .. }
            | Self::RunProgressed { slug, .. }
            | Self::RunUsed { slug, .. }
            | Self::RunAnswered { slug, .. }
            | Self::MessageAccepted { slug, .. }
            | Self::SessionTurned { slug, .. }
            | Self::RunStopping { slug, .. }
            | Self::SessionEnded { slug, .. }
            | Self::Paused { slug, .. }
            | Self::Resumed { slug, .. }
            | Self::HandoffLeft { slug, .. }
            | Self::RunSupervised { slug, .. }
            | Self::RunStarting { slug, .. } => slug.as_ref(),
            Self::SupervisionAsked { question } => question.slug.as_ref(),
            Self::OccurrencesPassed { slug, .. } | Self::RetryDropped { slug, .. } | Self::Tuned { slug, .. } => {
                Some(slug)
            }
            Self::JobRenamed { to, .. } => Some(to),
            Self::WorkloadReported { workload } => Some(&workload.slug),
            Self::RunFinished(finished) => finished.slug.as_ref(),
            Self::HostStarted { .. }
            | Self::HostStopped
            | Self::JobsRead { .. }
            | Self::JobsBegun { .. }
            | Self::ZoneSet { .. }
            | Self::ClockSetBack { .. }
            | Self::QuotaRead { .. }
            | Self::QuotaStale { .. }
            | Self::QuotaLevelChanged { .. }
            | Self::AttentionRaised { .. }
            | Self::AttentionTurned { .. }
            | Self::AttentionPruned { .. }
            | Self::MemoryPressed { .. }
            | Self::NoticeRaised { .. }
            | Self::NoticeTried { .. }
            | Self::NoticePartDelivered { .. }
            | Self::NoticeDelivered { .. }
            | Self::NoticeFailed { .. }
            | Self::Conversed(_)
            | Self::Listening { .. }
            | Self::PluginsChanged { .. }
            | Self::PluginNoted(_)
            | Self::HousekeepingBegun
            | Self::HousekeepingDone { .. }
            | Self::HousekeepingFailed { .. }
            | Self::PredecessorImported { .. } => None,
        }
    }

    pub fn run(&self) -> Option<RunId> {
        match self {
            Self::RunRequested { run, .. }
            | Self::GateBegun { run, .. }
            | Self::GateEnded { run, .. }
            | Self::RunQueued { run, .. }
            | Self::RunSkipped { run, .. }
            | Self::RunAdmitted { run, .. }
            | Self::RunPassed { run, .. }
            | Self::RunStarted { run, .. }
            | Self::RunWaiting { run, .. }
            | Self::RunWoke { run, .. }
            | Self::RunProgressed { run, .. }
            | Self::RunUsed { run, .. }
            | Self::RunAnswered { run, .. }
            | Self::MessageAccepted { run, .. }
            | Self::SessionTurned { run, .. }
            | Self::RunStopping { run, .. }
            | Self::SessionEnded { run, .. }
            | Self::HandoffLeft { run, .. }
            | Self::RunSupervised { run, .. } => Some(*run),
            Self::SupervisionAsked { question } => Some(question.run),
            Self::RunStarting { session, .. } => Some(session.run),
            Self::RunFinished(finished) => Some(finished.run),
            Self::RetryDropped { after, .. } => Some(*after),
            Self::HostStarted { .. }
            | Self::HostStopped
            | Self::JobsRead { .. }
            | Self::JobsBegun { .. }
            | Self::ZoneSet { .. }
            | Self::Paused { .. }
            | Self::Resumed { .. }
            | Self::OccurrencesPassed { .. }
            | Self::ClockSetBack { .. }
            | Self::QuotaRead { .. }
            | Self::QuotaStale { .. }
            | Self::QuotaLevelChanged { .. }
            | Self::AttentionRaised { .. }
            | Self::AttentionTurned { .. }
            | Self::AttentionPruned { .. }
            | Self::MemoryPressed { .. }
            | Self::JobRenamed { .. }
            | Self::Tuned { .. }
            | Self::WorkloadReported { .. }
            | Self::NoticeRaised { .. }
            | Self::NoticeTried { .. }
            | Self::NoticePartDelivered { .. }
            | Self::NoticeDelivered { .. }
            | Self::NoticeFailed { .. }
            | Self::Conversed(_)
            | Self::Listening { .. }
            | Self::PluginsChanged { .. }
            | Self::PluginNoted(_)
            | Self::HousekeepingBegun
            | Self::HousekeepingDone { .. }
            | Self::HousekeepingFailed { .. }
            | Self::PredecessorImported { .. } => None,
        }
    }

    pub(super) fn session(&self) -> Option<SessionId> {
        match self {
            Self::RunStarting { session, .. } | Self::SessionEnded { session, .. } => Some(session.id),
            Self::RunStarted { session, .. }
            | Self::MessageAccepted { session, .. }
            | Self::SessionTurned { session, .. } => Some(*session),
            Self::RunFinished(finished) => finished.session.as_ref().map(|session| session.id),
            _ => None,
        }
    }

    pub(super) fn summary(&self) -> String {
        match self {
            Self::HostStarted { version } => format!("instar {version} started"),
            Self::HostStopped => "instar stopped".into(),
            Self::JobsRead { file } if file.refused => {
                format!(
                    "The jobs file was refused: {}",
                    file.problems.first().map(JobProblem::to_string).unwrap_or_default()
                )
            }
            Self::JobsRead { file } => {
                format!("Read {} jobs, {} of them bad", file.jobs.len() + file.problems.len(), file.problems.len())
            }
            Self::JobsBegun { slugs } => begun_summary(slugs),
            Self::ZoneSet { zone } => format!("Schedules are read in the zone {zone}"),
            Self::Paused { slug, pause } => format!("{} {}", who(slug), pause.cause.sentence()),
            Self::Resumed { slug, by } => format!("{} resumed by {by}", who(slug)),
            Self::RunRequested { slug, .. } => format!("Run{} requested", of(slug)),
            Self::GateBegun { slug, .. } => format!("The gate of the run{} is asked", of(slug)),
            Self::GateEnded { slug, end, .. } => gate_summary(&of(slug), &end.answer),
            Self::RunQueued { slug, .. } => format!("Run{} queued", of(slug)),
            Self::RunSkipped { slug, reason, .. } => format!("Run{} skipped: {}", of(slug), reason.as_str()),
            Self::RunAdmitted { slug, .. } => format!("Run{} admitted", of(slug)),
            Self::RunPassed { slug, .. } => format!("Run{} passed the guards", of(slug)),
            Self::RunStarting { slug: Some(slug), .. } => format!("Job {slug} triggered"),
            Self::RunStarting { slug: None, session, .. } => format!("Session {} is being started", session.name),
            Self::RunStarted { slug, .. } => format!("Session{} started", of(slug)),
            Self::RunProgressed { message, .. } => message.clone(),
            Self::RunUsed { slug, .. } => format!("Usage of the run{} noted", of(slug)),
            Self::RunAnswered { slug, .. } => format!("The execute type of the run{} was asked", of(slug)),
            Self::RunWaiting { slug, until, .. } => format!("Run{} waits until {until}", of(slug)),
            Self::RunWoke { slug, .. } => format!("The wait of the run{} is over", of(slug)),
            Self::MessageAccepted { message, .. } => format!("Message {} accepted", message.number),
            Self::SessionTurned { activity, .. } => turned_summary(activity),
            Self::RunStopping { slug, .. } => format!("Run{} is being stopped", of(slug)),
            Self::SessionEnded { session, .. } => format!("Session {} ended", session.name),
            Self::HandoffLeft { slug, .. } => format!("Run{} left notes for the next", of(slug)),
            Self::RunFinished(finished) => {
                let again = finished.retry_at.map(|at| format!("; it is tried again at {at}")).unwrap_or_default();
                let said = finished.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
                format!("{} {}{said}{again}", finished.job_name, finished.outcome.sentence())
            }
            Self::SupervisionAsked { question } => format!("An opinion on the run{} is asked for", of(&question.slug)),
            Self::RunSupervised { slug, opinion, .. } => {
                format!("Supervision of the run{}: {}", of(slug), opinion.verdict.as_str())
            }
            Self::OccurrencesPassed { slug, first, last, reason } => match first == last {
                true => format!("Run of {slug} skipped: {} ({first})", reason.as_str()),
                false => format!("Runs of {slug} skipped: {} (from {first} to {last})", reason.as_str()),
            },
            Self::RetryDropped { slug, .. } => format!("Retry of {slug} dropped: there is no such job any more"),
            Self::ClockSetBack { by_ms } => format!("The clock was set back by {} s", by_ms / 1000),
            _ => self.summary_beside_runs(),
        }
    }

    /// Of what happens beside the runs; nothing of all else.
    fn summary_beside_runs(&self) -> String {
        match self {
            Self::QuotaRead { reading } => quota_summary(reading),
            Self::QuotaStale { last_updated } => {
                format!("The quota data of {last_updated} is too old, and is ignored until it is renewed")
            }
            Self::WorkloadReported { workload } => format!("Workload of {} reported", workload.slug),
            Self::QuotaLevelChanged { window, level: 0 } => format!("Little of the {} is used again", window.words()),
            Self::QuotaLevelChanged { window, level } => format!("{level} % of the {} are used", window.words()),
            Self::MemoryPressed { pressure, used_percent } => {
                format!("{used_percent:.0} % of the memory are used: pressure is {}", pressure.as_str())
            }
            Self::AttentionRaised { item } => format!("Attention is wanted: {}", item.wanted.title),
            Self::AttentionTurned { id, status, by } => format!("Item {id} is {}, by {by}", status.words()),
            Self::AttentionPruned { ids } => format!("{} closed items were removed", ids.len()),
            Self::JobRenamed { from, to } => format!("Job {from} is called {to} now"),
            Self::Tuned { slug, tuned } => tuned_summary(slug, tuned),
            Self::NoticeRaised { notice, .. } if notice.title.is_empty() => "Message raised".into(),
            Self::NoticeRaised { notice, .. } => notice.title.clone(),
            Self::NoticeTried { notifier, attempt, .. } => format!("Notice given to {notifier}, attempt {attempt}"),
            Self::NoticePartDelivered { notifier, part, .. } => {
                format!("Part {} of a notice delivered by {notifier}", part + 1)
            }
            Self::NoticeDelivered { notifier, .. } => format!("Notice delivered by {notifier}"),
            Self::NoticeFailed { notifier, error, .. } => format!("Notice not delivered by {notifier}: {error}"),
            Self::Conversed(fact) => fact.summary(),
            Self::Listening { notifier, listening } => match listening {
                Listening::At { .. } => format!("{notifier} heard something new"),
                Listening::Failing(fault) => format!("{notifier} cannot listen ({}): {}", fault.code, fault.message),
                Listening::Works => format!("{notifier} listens again"),
                Listening::Ended => format!("{notifier} is not listened to any more"),
            },
            Self::PluginNoted(fact) => format!("{}: {}", fact.plugin, fact.summary),
            Self::PluginsChanged(loaded) => format!("The plugins changed; {} are loaded", loaded.plugins.len()),
            Self::HousekeepingBegun => "Housekeeping begun".into(),
            Self::HousekeepingDone { cleared } => format!(
                "Housekeeping done: {} runs, {} events and {} session folders removed",
                cleared.runs, cleared.events, cleared.folders
            ),
            Self::HousekeepingFailed { error } => format!("Housekeeping failed: {error}"),
            Self::PredecessorImported { imported } => format!(
                "Imported from a predecessor: {} events, the states of {} jobs, {} items of attention, {} messages and {} topics; {} entries skipped",
                imported.events,
                imported.job_states,
                imported.attention_items,
                imported.messages,
                imported.topics,
                imported.skipped
            ),
            _ => String::new(),
        }
    }

    pub(super) fn metadata(&self) -> Value {
        let mut metadata = self.details();
        if let (Some(slug), Value::Object(fields)) = (self.slug(), &mut metadata) {
            fields.insert("slug".into(), json!(slug));
        }
        if let (Some(run), Value::Object(fields)) = (self.run(), &mut metadata) {
            fields.insert("runId".into(), json!(run));
        }
        metadata
    }

    fn details(&self) -> Value {
        match self {
            Self::HostStarted { version } => json!({ "version": version }),
            Self::JobsRead { file } => {
                json!({ "jobs": file.jobs.len(), "problems": file.problems, "refused": file.refused })
            }
            Self::RunRequested { trigger, request, .. } => json!({ "trigger": trigger, "priority": request.priority }),
            Self::GateEnded { end, .. } => json!(end),
            Self::RunSkipped { reason, .. } => json!(reason),
            Self::RunStarting { session, .. } => {
                json!({ "session": session.name, "model": session.model, "reason": session.triggered_by })
            }
            Self::RunStarted { deadline, .. } => json!({ "deadline": deadline }),
            Self::RunWaiting { until, limit, .. } => json!({ "until": until, "deadline": limit }),
            Self::RunUsed { usage, .. } => json!(usage),
            Self::RunAnswered { activity, .. } => json!({ "activity": activity }),
            // The text may hold what is nobody else's business; it is in the session.
            Self::MessageAccepted { message, .. } => {
                json!({ "number": message.number, "characters": message.text.chars().count() })
            }
            Self::SessionTurned { status, activity, .. } => {
                json!({ "status": status, "question": activity.question, "typed": activity.typed })
            }
            Self::RunStopping { cause, .. } => json!(cause),
            Self::SessionEnded { session, end, .. } => json!({ "session": session.name, "end": end_details(end) }),
            // The text is kept with the run.
            Self::HandoffLeft { handoff, .. } => json!({ "characters": handoff.text.chars().count() }),
            Self::RunFinished(finished) => finished.details(),
            Self::SupervisionAsked { question } => json!({ "tier": question.tier }),
            Self::RunSupervised { opinion, .. } => json!(opinion),
            Self::OccurrencesPassed { first, last, reason, .. } => {
                json!({ "reason": reason, "scheduledAt": last, "firstScheduledAt": (first != last).then_some(first) })
            }
            Self::RetryDropped { .. } => json!({ "reason": "removed" }),
            Self::ZoneSet { zone } => json!({ "zone": zone }),
            Self::JobsBegun { slugs } => json!({ "jobs": slugs.len() }),
            Self::Paused { pause, .. } => json!({ "by": pause.cause.by(), "detail": pause.cause.sentence() }),
            Self::Resumed { by, .. } => json!({ "by": by }),
            Self::ClockSetBack { by_ms } => json!({ "byMs": by_ms }),
            _ => self.details_beside_runs(),
        }
    }

    /// Of what happens beside the runs; nothing of all else.
    fn details_beside_runs(&self) -> Value {
        match self {
            Self::QuotaRead { reading } => quota_details(reading),
            Self::QuotaStale { last_updated } => json!({ "updatedAt": last_updated }),
            Self::WorkloadReported { workload } => json!(workload),
            Self::QuotaLevelChanged { window, level } => json!({ "window": window, "level": level }),
            Self::MemoryPressed { pressure, used_percent } => {
                json!({ "pressure": pressure, "usedPercent": used_percent })
            }
            Self::AttentionRaised { item } => {
                json!({ "id": item.wanted.id, "priority": item.wanted.priority, "category": item.wanted.category })
            }
            Self::AttentionTurned { id, status, by } => json!({ "id": id, "status": status, "by": by }),
            Self::AttentionPruned { ids } => json!({ "ids": ids }),
            Self::JobRenamed { from, .. } => json!({ "from": from }),
            Self::Tuned { tuned, .. } => json!(tuned),
            Self::NoticeRaised { notice, notifiers } => json!({ "noticeId": notice.id, "notifiers": notifiers }),
            Self::NoticeTried { notice, notifier, attempt } => {
                json!({ "noticeId": notice, "notifier": notifier, "attempt": attempt })
            }
            Self::NoticePartDelivered { notice, notifier, part, receipt } => {
                json!({ "noticeId": notice, "notifier": notifier, "part": part, "receipt": receipt })
            }
            Self::NoticeDelivered { notice, notifier, receipt } => {
                json!({ "noticeId": notice, "notifier": notifier, "receipt": receipt })
            }
            Self::NoticeFailed { notice, notifier, attempt, retry_at, error } => {
                json!({ "noticeId": notice, "notifier": notifier, "attempt": attempt, "retryAt": retry_at, "error": error })
            }
            Self::Listening { notifier, listening } => match listening {
                Listening::At { cursor } => json!({ "notifier": notifier, "cursor": cursor }),
                Listening::Failing(fault) => {
                    json!({ "notifier": notifier, "code": fault.code, "error": fault.message, "retryAfterMs": fault.retry_after_ms })
                }
                Listening::Works | Listening::Ended => json!({ "notifier": notifier }),
            },
            Self::PluginNoted(fact) => json!({ "plugin": fact.plugin, "name": fact.name, "told": fact.metadata }),
            Self::PluginsChanged(loaded) => json!({ "plugins": loaded.plugins, "notifiers": loaded.notifiers }),
            Self::HousekeepingDone { cleared } => json!(cleared),
            Self::HousekeepingFailed { error } => json!({ "error": error }),
            Self::PredecessorImported { imported } => json!(imported),
            Self::Conversed(fact) => fact.details(),
            _ => json!({}),
        }
    }
}

fn who(slug: &Option<JobSlug>) -> String {
    slug.as_ref().map_or_else(|| "Scheduler".into(), |slug| format!("Job {slug}"))
}

/// ` of nightly`; nothing where no job is behind the run.
fn of(slug: &Option<JobSlug>) -> String {
    slug.as_ref().map_or_else(String::new, |slug| format!(" of {slug}"))
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
