//! The start of a session for a run.

use jiff::{SignedDuration, Timestamp};

use crate::decide::{Draft, Effect, notices, talk};
use crate::event::Fact;
use crate::id::{JobSlug, RunId, SessionName};
use crate::plan::{Launch, Stdin};
use crate::run::{Phase, Run, Trigger};
use crate::session::{Session, SessionStatus};
use crate::talk::Message;

pub(super) fn begin_session(
    draft: &mut Draft<'_>,
    run: &Run,
    launch: Launch,
    plugin_state: Vec<u8>,
    messages: Vec<String>,
) {
    let id = draft.ids.session();
    let session = Session {
        id,
        name: session_name(run, draft.now),
        run: run.id,
        job: run.slug.clone().or_else(|| run.request.works_for.clone()),
        model: run.request.step.model.clone(),
        triggered_by: run.trigger.label(),
        takes_input: !matches!(launch.stdin, Stdin::Bytes(_)),
        interactive: matches!(launch.stdin, Stdin::Terminal(_)),
        question: None,
        status: SessionStatus::Starting,
        started_at: draft.now,
        ended_at: None,
    };
    let (session, launch) = (Box::new(session), Box::new(launch));
    draft.event(Fact::RunStarting { slug: run.slug.clone(), session, launch, plugin_state });
    for (number, text) in (1..).zip(messages) {
        talk::accept(draft, run, id, Message { number, text });
    }
    draft.effect(Effect::Start { run: run.id });
}

pub(super) fn started(draft: &mut Draft<'_>, id: RunId) {
    let Some(run) = draft.state.run(id) else { return };
    let Phase::Starting { session, .. } = &run.phase else { return };
    let limit = run.request.timeout_ms.and_then(|millis| i64::try_from(millis).ok()).map(SignedDuration::from_millis);
    let deadline = limit.and_then(|limit| draft.now.checked_add(limit).ok());
    draft.event(Fact::RunStarted { run: id, slug: run.slug.clone(), session: session.id, deadline });
    notices::run_started(draft, run, session);
    draft.effect(Effect::Watch { run: id });
    talk::go_on(draft, run);
    if run.stopping.is_some() {
        draft.effect(Effect::Stop { run: id });
    }
}

/// The name that was asked for, or `job-<slug>-<milliseconds in base 36>`: readable, and its own for each start.
fn session_name(run: &Run, now: Timestamp) -> SessionName {
    let slug = match (&run.trigger, &run.slug) {
        (Trigger::Spawned { name, .. }, _) => return name.clone(),
        (Trigger::Scheduled { .. } | Trigger::Retry { .. } | Trigger::Manual { .. }, slug) => {
            slug.as_ref().map_or("", JobSlug::as_str)
        }
    };
    let mut millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let mut digits = Vec::new();
    while millis > 0 {
        let digit = u32::try_from(millis % 36).expect("a remainder of 36 fits");
        digits.push(char::from_digit(digit, 36).expect("it is a digit of base 36"));
        millis /= 36;
    }
    let suffix: String = digits.iter().rev().collect();
    format!("job-{slug}-{suffix}").parse().expect("a slug and digits make a session name")
}
