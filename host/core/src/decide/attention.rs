//! What people should look at: raised by agents, by people and by the host itself, and closed when the cause is gone.

use std::sync::Arc;

use crate::attention::{Item, ItemStatus, MOST_OPEN, Urgency, Wanted};
use crate::conversation::Question;
use crate::decide::{Draft, notices, tell, threads};
use crate::event::{Fact, RunFinished};
use crate::id::JobSlug;
use crate::inbound::Happening;
use crate::job::Priority;
use crate::notice::Message;
use crate::pause::PauseCause;
use crate::run::{Outcome, Run};
use crate::state::Pending;
use crate::thread::{Subject, Topic};
use crate::verdict::{Severity, Verdict};

/// Whether people hear of an item by a notice of its own, or have just heard of its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// With how many starts by plugins led to it.
    Now {
        depth: u32,
    },
    Already,
}

/// Who closes what the host raised.
const HOST: &str = "host";
/// As much of the details stands in a notice.
const SHOWN: usize = 1000;

/// The same thing asked for twice is one item, whatever became of it.
pub(super) fn raise_asked(draft: &mut Draft<'_>, wanted: Wanted) {
    if draft.state.attention_item(&wanted.id).is_none() {
        raise(draft, wanted, None, Told::Now { depth: 0 });
    }
}

pub(super) fn turn_asked(draft: &mut Draft<'_>, id: &str, status: ItemStatus, by: String) {
    let Some(item) = draft.state.attention_item(id).filter(|item| item.status != status) else { return };
    let item = Item { status, ..item.clone() };
    let (title, body) =
        (format!("{}: {}", item.wanted.title, status.words()), format!("`{id}` is {}, by {by}.", status.words()));
    if !status.is_closed() {
        threads::reopen(draft, &Subject::Item(id.to_owned()));
    }
    notice(draft, &item, 0, Severity::Info, title, body);
    draft.event(Fact::AttentionTurned { id: id.to_owned(), status, by });
}

/// Somebody pressed a button below an item, or gave a command; the sentence is for them.
pub(super) fn turned(draft: &mut Draft<'_>, pending: &Pending, id: &str, status: ItemStatus) -> String {
    let Some(item) = draft.state.attention_item(id).cloned() else { return format!("There is no item `{id}`.") };
    if item.status == status {
        return format!("It is {} already.", status.words());
    }
    let by = format!("{} ({})", pending.inbound.sender.name, pending.speaker.user);
    let sentence = format!("{} is {}, by {by}.", item.wanted.title, status.words());
    if matches!(pending.inbound.happening, Happening::Chose(_)) {
        replace(draft, pending, &item, &sentence);
    }
    turn_asked(draft, id, status, by);
    sentence
}

/// The message with the buttons says who decided, and has none any more.
fn replace(draft: &mut Draft<'_>, pending: &Pending, item: &Item, sentence: &str) {
    let body = format!("{}\n\n**{sentence}**", text(&item.wanted));
    let notice = Message::notice(draft.ids.notice(), Severity::Info, item.wanted.title.clone(), body);
    let (to, edit_of) = (Some(pending.inbound.address.clone()), Some(pending.inbound.message_id.clone()));
    let notice = Message { to, edit_of, silent: true, ..notice };
    draft.event(Fact::NoticeRaised { notice: Arc::new(notice), notifiers: vec![pending.notifier.clone()] });
}

pub(super) fn prune(draft: &mut Draft<'_>) {
    let ids = draft.state.attention_to_prune(draft.now);
    if !ids.is_empty() {
        draft.event(Fact::AttentionPruned { ids });
    }
}

/// A run that needs somebody, until a later one of its job succeeds.
pub(super) fn run_ended(draft: &mut Draft<'_>, run: &Run, finished: &RunFinished, was_told: bool) {
    let id = of_run(run);
    match &finished.outcome {
        Outcome::NeedsAttention { cause } if finished.retry_at.is_none() => {
            let title = format!("{}: needs attention", finished.job_name);
            let wanted = wanted(run, id, title, cause, "run");
            let told = if was_told { Told::Already } else { Told::Now { depth: run.trigger.depth() } };
            raise_anew(draft, wanted, run.slug.clone(), told);
        }
        Outcome::Succeeded => settle(draft, &id),
        Outcome::NeedsAttention { .. }
        | Outcome::Failed { .. }
        | Outcome::TimedOut
        | Outcome::Stopped { .. }
        | Outcome::Lost => {}
    }
}

/// A job that was paused because it failed too often, until somebody resumes it. Whether people are told of a pause is
/// the job's own word.
pub(super) fn job_paused(draft: &mut Draft<'_>, run: &Run, slug: &JobSlug, cause: &PauseCause) {
    let title = format!("{}: {}", run.request.job_name, cause.sentence());
    let summary =
        format!("`instar job runs {slug}` shows what happened; `instar job resume {slug}` lets it run again.");
    let wanted = wanted(run, of_pause(slug), title, &summary, "pause");
    raise_anew(draft, wanted, run.slug.clone(), Told::Already);
}

pub(super) fn job_resumed(draft: &mut Draft<'_>, slug: &JobSlug) {
    settle(draft, &of_pause(slug));
}

/// A guard wants a person's word on a run, and nobody was there: until one of the job passes.
pub(super) fn guard_asks(draft: &mut Draft<'_>, run: &Run, verdict: &Verdict) {
    let details: Vec<_> = verdict.reasons().map(|finding| format!("{}: {}", finding.rule, finding.detail)).collect();
    let title = format!("{}: a guard asks", run.request.job_name);
    let wanted = wanted(run, of_guard(run), title, &details.join("; "), "guard");
    raise_anew(draft, wanted, run.slug.clone(), Told::Already);
}

/// A hook waits for a person's word; people are told with the buttons.
pub(super) fn approval_asked(draft: &mut Draft<'_>, question: &Question) {
    let wanted = Wanted {
        id: of_approval(&question.id),
        title: cut(&format!("A guard asks before {} is used", question.tool), 500),
        summary: cut(&question.text(), 2000),
        description: None,
        category: "approval".into(),
        priority: Urgency::High,
        source_context: None,
    };
    raise_anew(draft, wanted, question.job.clone(), Told::Already);
}

pub(super) fn approval_closed(draft: &mut Draft<'_>, id: &str) {
    settle(draft, &of_approval(id));
}

pub(super) fn guards_passed(draft: &mut Draft<'_>, run: &Run) {
    settle(draft, &of_guard(run));
}

fn of_run(run: &Run) -> String {
    run.slug.as_ref().map_or_else(|| format!("run:{}", run.id), |slug| format!("run:{slug}"))
}

fn of_guard(run: &Run) -> String {
    run.slug.as_ref().map_or_else(|| format!("guard:{}", run.id), |slug| format!("guard:{slug}"))
}

fn of_approval(id: &str) -> String {
    format!("approval:{id}")
}

fn of_pause(slug: &JobSlug) -> String {
    format!("pause:{slug}")
}

fn wanted(run: &Run, id: String, title: String, summary: &str, category: &str) -> Wanted {
    let priority = match run.request.priority {
        Priority::Critical | Priority::High => Urgency::Urgent,
        Priority::Normal | Priority::Low => Urgency::High,
    };
    Wanted {
        id,
        title: cut(&title, 500),
        summary: cut(summary, 2000),
        description: None,
        category: category.into(),
        priority,
        source_context: Some(format!("run {}", run.id)),
    }
}

/// What was closed happened again: it is open again, and as it is now.
fn raise_anew(draft: &mut Draft<'_>, wanted: Wanted, job: Option<JobSlug>, told: Told) {
    let is_open = draft.state.attention_item(&wanted.id).is_some_and(|item| !item.status.is_closed());
    if !is_open {
        raise(draft, wanted, job, told);
    }
}

/// More than anybody looks at are not taken.
fn raise(draft: &mut Draft<'_>, wanted: Wanted, job: Option<JobSlug>, told: Told) {
    if draft.state.open_attention_items() >= MOST_OPEN {
        return;
    }
    let known = draft.state.attention_item(&wanted.id);
    let thread = known.and_then(|item| item.thread.clone());
    let handle = draft.ids.notice().to_string();
    let item = Item { thread, job, handle, ..Item::new(wanted, draft.now) };
    if let Told::Now { depth } = told {
        let (title, body) = (item.wanted.title.clone(), text(&item.wanted));
        notice(draft, &item, depth, item.wanted.priority.severity(), title, body);
    }
    draft.event(Fact::AttentionRaised { item: Box::new(item) });
    prune(draft);
}

fn text(wanted: &Wanted) -> String {
    let mut text = wanted.summary.clone();
    if let Some(description) = &wanted.description {
        text.push_str(&format!("\n\n{}", cut(description, SHOWN)));
    }
    text.push_str(&format!("\n\nitem `{}`, {}", wanted.id, wanted.category));
    text
}

/// The cause is gone. Of that people hear, or know, in other ways: a job succeeds, or somebody resumed it.
fn settle(draft: &mut Draft<'_>, id: &str) {
    if draft.state.attention_item(id).is_some_and(|item| !item.status.is_closed()) {
        draft.event(Fact::AttentionTurned { id: id.to_owned(), status: ItemStatus::Done, by: HOST.into() });
    }
}

/// In the thread of its job, or in one of its own.
fn notice(draft: &mut Draft<'_>, item: &Item, depth: u32, severity: Severity, title: String, body_markdown: String) {
    let about = match &item.job {
        Some(slug) => {
            let name = draft.state.job(slug).map_or_else(|| slug.as_str(), |entry| entry.job.name.as_str());
            notices::of_job(slug, name)
        }
        None => Topic { subject: Subject::Item(item.wanted.id.clone()), name: item.wanted.title.clone() },
    };
    let notice = Message::notice(draft.ids.notice(), severity, title, body_markdown);
    tell::raise(draft, Message { about: Some(about), choices: item.choices(), depth, ..notice });
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
        None if text.trim().is_empty() => "nothing more is known".into(),
        None => text.to_owned(),
    }
}
