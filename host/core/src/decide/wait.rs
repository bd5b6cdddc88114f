//! Runs that wait: their execute type is asked again later, and until then nothing of them runs.
//!
//! A wait is a time that was recorded, so that it survives whatever happens to the process. The time limit of its job
//! counts on from the first wait; a command that is launched in between has its own.

use jiff::{SignedDuration, Timestamp};

use crate::decide::{Draft, Effect};
use crate::event::Fact;
use crate::run::Run;

/// One that asks in a circle must not fill the log.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);
/// Who wants to wait longer is asked meanwhile, and says so again.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// How long a run is not asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wait {
    Millis(u64),
    /// No longer than until that is recorded.
    Recorded,
}

pub(super) fn begin(draft: &mut Draft<'_>, run: &Run, asked: Wait, plugin_state: Vec<u8>) {
    let time = match asked {
        Wait::Millis(millis) => {
            i64::try_from(millis).map_or(LONGEST, SignedDuration::from_millis).clamp(SHORTEST, LONGEST)
        }
        Wait::Recorded => SignedDuration::ZERO,
    };
    let until = after(draft.now, time);
    let of_job = run.request.timeout_ms.and_then(|millis| i64::try_from(millis).ok()).map(SignedDuration::from_millis);
    let limit = run.limit.or(of_job.map(|limit| after(draft.now, limit)));
    let since = run.admitted_at.unwrap_or(draft.now);
    draft.event(Fact::RunWaiting { run: run.id, slug: run.slug.clone(), since, until, limit, plugin_state });
}

/// Those whose time limit is over as well are ended instead.
pub(super) fn wake_due(draft: &mut Draft<'_>) {
    for run in draft.state.due_wakes(draft.now) {
        draft.event(Fact::RunWoke { run: run.id, slug: run.slug.clone() });
        draft.effect(Effect::Step { run: run.id });
    }
}

fn after(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}
