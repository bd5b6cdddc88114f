//! Following the questions of guards: people are shown the new ones.

use std::time::Duration;

use instar_core::conversation::Question;
use instar_engine::{AskError, Engine};

use crate::guards::{Approval, Approvals};

/// Hooks are processes of their own, and leave a file: its folder is looked at so often.
const LOOK: Duration = Duration::from_millis(500);

/// Looks until the host shuts down.
pub(crate) async fn watch(approvals: Approvals, engine: Engine) {
    let mut seen = None;
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        let (now, found) = {
            let approvals = approvals.clone();
            let last = seen;
            let look = move || {
                let now = approvals.changed_at();
                (now, (last != Some(now)).then(|| approvals.list()))
            };
            match tokio::task::spawn_blocking(look).await {
                Ok((now, Some(found))) => (now, found),
                Ok((_, None)) | Err(_) => continue,
            }
        };
        let open = found.into_iter().filter(|approval| approval.approved_at.is_none()).map(question).collect();
        match engine.guards_ask(open).await {
            Ok(()) => seen = Some(now),
            Err(AskError::ShuttingDown) => return,
            Err(error) => tracing::warn!(%error, "the questions of guards are looked at again"),
        }
    }
}

fn question(approval: Approval) -> Question {
    let until = approval.until();
    let Approval { id, hash, tool, subject, cwd, rules, job, within, .. } = approval;
    let job = job.and_then(|slug| slug.parse().ok());
    let within = within.and_then(|name| name.parse().ok());
    Question { id, hash, tool, subject, cwd, rules, until, job, within, is_of_run: false }
}
