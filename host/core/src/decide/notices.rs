//! The texts of what people are told about runs, jobs and the means that these take. Their way to people is `tell`'s.

use jiff::Timestamp;

use crate::decide::end::cause_of;
use crate::decide::{Draft, tell};
use crate::event::RunFinished;
use crate::id::JobSlug;
use crate::job::{Job, Priority};
use crate::memory::Pressure;
use crate::notice::Message;
use crate::pause::PauseCause;
use crate::plan::EndCause;
use crate::quota::Quota;
use crate::quota::level::QuotaWindow;
use crate::run::{Outcome, Run, Trigger};
use crate::session::Session;
use crate::thread::{Subject, Topic};
use crate::tune::Tuned;
use crate::verdict::Severity;

/// How many failures in a row call for somebody.
fn alarming(priority: Priority) -> u32 {
    match priority {
        Priority::Critical | Priority::High => 2,
        Priority::Normal | Priority::Low => 3,
    }
}

pub(super) fn run_started(draft: &mut Draft<'_>, run: &Run, session: &Session) {
    if run.request.notify && run.request.notices.start {
        let name = &run.request.job_name;
        let body = format!("**{name}** started ({}), session `{}`", origin(&run.trigger), session.name);
        raise(draft, of_run(run), run.trigger.depth(), Severity::Info, format!("{name}: started"), body);
    }
}

/// At most one notice for the end of a run: what it means for the job outweighs what it means for itself.
/// True when there is one.
pub(super) fn run_ended(draft: &mut Draft<'_>, run: &Run, failures_before: u32, finished: &RunFinished) -> bool {
    let wanted = &run.request.notices;
    if !run.request.notify || finished.retry_at.is_some() {
        return false;
    }
    let alarming = alarming(run.request.priority);
    let failures = finished.consecutive_failures;
    let name = &finished.job_name;
    let succeeded = finished.outcome == Outcome::Succeeded;
    let (severity, title) = if succeeded && wanted.recovery && failures_before >= alarming {
        (Severity::Info, format!("{name}: works again after {failures_before} failures"))
    } else if succeeded && wanted.completion {
        (Severity::Info, format!("{name}: {}", finished.outcome.as_str()))
    } else if !succeeded && wanted.alert && failures == alarming && failures > failures_before {
        (Severity::Critical, format!("{name}: failed {failures} times in a row"))
    } else if !succeeded && wanted.failure {
        (Severity::High, format!("{name}: {}", finished.outcome.as_str()))
    } else {
        return false;
    };
    let body = body(run, finished);
    raise(draft, of_run(run), run.trigger.depth(), severity, title, body);
    true
}

pub(super) fn job_paused(draft: &mut Draft<'_>, run: &Run, cause: &PauseCause) {
    let (Some(slug), true) = (&run.slug, run.request.notify && run.request.notices.pause) else { return };
    let name = &run.request.job_name;
    let advice = format!("`instar job resume {slug}` lets it run again; `instar job runs {slug}` shows what happened");
    let body = format!("**{name}** was {}. {advice}.", cause.sentence());
    raise(draft, of_run(run), run.trigger.depth(), Severity::Critical, format!("{name}: paused"), body);
}

/// A job that comes more or less often than its file says is nothing to find out by chance.
pub(super) fn job_tuned(draft: &mut Draft<'_>, job: &Job, tuned: &Tuned) {
    let (Tuned::Applied { schedule, reason, by, .. }, true) = (tuned, job.notify) else { return };
    let (name, slug) = (&job.name, &job.slug);
    let body = format!(
        "**{name}** runs at `{schedule}` from now on, by {by}. {reason}.\n\n`instar job tune {slug} reset` goes back to \
         the schedule of the jobs file."
    );
    raise(draft, Some(of_job(slug, name)), 0, Severity::Info, format!("{name}: another schedule"), body);
}

pub(super) fn quota_level(draft: &mut Draft<'_>, window: QuotaWindow, level: u8, quota: &Quota) {
    let severity = match level {
        ..80 => Severity::Medium,
        80..95 => Severity::High,
        95.. => Severity::Critical,
    };
    let mut body = format!("{:.0} % of the {} are used", window.used(quota), window.words());
    if let Some(rules) = &draft.state.limits.admission.quota {
        let ranks = [Priority::Low, Priority::Normal, Priority::High];
        let held: Vec<_> = ranks.into_iter().filter(|rank| rules.refusal(quota, *rank).is_some()).collect();
        if !held.is_empty() {
            let held: Vec<_> = held.into_iter().map(Priority::as_str).collect();
            body.push_str(&format!("; jobs of priority {} do not start", held.join(", ")));
        }
    }
    raise(draft, None, 0, severity, format!("Quota: {level} % of the {}", window.words()), format!("{body}."));
}

pub(super) fn memory_pressure(draft: &mut Draft<'_>, pressure: Pressure, used_percent: f64) {
    let (severity, held) = match pressure {
        Pressure::Normal => return,
        Pressure::Elevated => (Severity::High, "normal and low"),
        Pressure::Critical => (Severity::Critical, "high, normal and low"),
    };
    let body = format!(
        "{used_percent:.0} % of the machine's memory are used. Jobs of priority {held} do not start until it is less."
    );
    raise(draft, None, 0, severity, format!("Memory: {} pressure", pressure.as_str()), body);
}

/// Status, duration, how it came about, what may help to find the cause, and the end of the output.
fn body(run: &Run, finished: &RunFinished) -> String {
    let mut body = format!("**{}** {}", finished.job_name, finished.outcome.sentence());
    if let Some(end) = &finished.end {
        body.push_str(&format!(" after {} ({})", duration_text(end.duration_ms), cause_of(end)));
    }
    if let Some(message) = &finished.message {
        body.push_str(&format!(": {message}"));
    }
    body.push_str(&format!("\n\n{}, priority {}", origin(&run.trigger), run.request.priority.as_str()));
    if let Some(retry) = run.request.retry.as_ref().filter(|retry| retry.attempts > 1) {
        body.push_str(&format!(", attempt {} of {}", run.trigger.attempt(), retry.attempts));
    }
    if finished.consecutive_failures > 1 {
        body.push_str(&format!(", {} failures in a row", finished.consecutive_failures));
    }
    if finished.outcome != Outcome::Succeeded {
        let session = finished.session.as_ref().map(|session| format!(", session `{}`", session.name));
        body.push_str(&format!(", run `{}`{}", run.id, session.unwrap_or_default()));
    }
    let tail = finished.end.as_ref().map(|end| last_chars(end.tail.trim_end(), 500)).unwrap_or_default();
    if !tail.is_empty() {
        body.push_str(&format!("\n\n{}", fenced(&tail)));
    } else if finished.end.is_some() && finished.outcome != Outcome::Succeeded {
        body.push_str("\n\nIt printed nothing.");
    }
    if let Some(hint) = hint(run, finished) {
        body.push_str(&format!("\n\n{hint}"));
    }
    body
}

/// A fence that is longer than any in the text.
fn fenced(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{text}\n{fence}")
}

/// What may help somebody who reads of it on a phone.
fn hint(run: &Run, finished: &RunFinished) -> Option<String> {
    let slug = run.slug.as_ref()?;
    let again = format!("`/run {slug}` runs it again");
    let output = finished.session.as_ref().map(|session| format!("`instar session output {}`", session.name));
    let all = output.map(|command| format!("; {command} shows all it printed")).unwrap_or_default();
    let cause = match (&finished.outcome, finished.end.as_ref().map(|end| &end.cause)) {
        (Outcome::Succeeded, _) => return None,
        (Outcome::TimedOut, _) => "A longer limit is `timeoutMinutes` of the job. ",
        (Outcome::Lost, _) => "The machine, or the session, was ended from outside. ",
        (_, Some(EndCause::Exit(126))) => "Status 126: what it runs may not be executed. ",
        (_, Some(EndCause::Exit(127))) => "Status 127: a command was not found. ",
        (_, Some(EndCause::Exit(137))) => "Status 137: it was killed, as is done when memory is short. ",
        (_, Some(EndCause::Signal(signal))) if signal.contains("KILL") => {
            "It was killed, as is done when memory is short. "
        }
        _ => "",
    };
    Some(format!("{cause}{again}{all}."))
}

/// Why it ran, in a few words.
fn origin(trigger: &Trigger) -> String {
    let minute = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    match trigger {
        Trigger::Scheduled { at, missed: false } => format!("due {}", minute(*at)),
        Trigger::Scheduled { at, missed: true } => format!("missed at {} and made up for", minute(*at)),
        Trigger::Manual { reason, .. } => format!("triggered: {reason}"),
        Trigger::Spawned { by, .. } => format!("wanted by {by}"),
        Trigger::Retry { first, .. } => format!("{}, tried again", origin(first)),
    }
}

/// `depth` is how many starts by plugins led to the run that it tells of.
fn raise(
    draft: &mut Draft<'_>,
    about: Option<Topic>,
    depth: u32,
    severity: Severity,
    title: String,
    body_markdown: String,
) {
    let notice = Message::notice(draft.ids.notice(), severity, title, body_markdown);
    tell::raise(draft, Message { about, depth, ..notice });
}

/// The job of a run, under the name that it has now.
pub(super) fn of_run(run: &Run) -> Option<Topic> {
    run.slug.as_ref().map(|slug| of_job(slug, &run.request.job_name))
}

pub(super) fn of_job(slug: &JobSlug, name: &str) -> Topic {
    Topic { subject: Subject::job(slug), name: name.to_owned() }
}

fn duration_text(millis: u64) -> String {
    let seconds = millis / 1000;
    if seconds >= 60 { format!("{}m {}s", seconds / 60, seconds % 60) } else { format!("{seconds}s") }
}

fn last_chars(text: &str, most: usize) -> String {
    let skip = text.chars().count().saturating_sub(most);
    let cut: String = text.chars().skip(skip).collect();
    if skip > 0 { format!("…{cut}") } else { cut }
}
