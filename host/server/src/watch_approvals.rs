//! Following the questions of guards: people are shown the new ones.

use instar_core::conversation::Question;
use instar_engine::{AskError, Engine};

use crate::guards::{Approval, Approvals};
use crate::watch_file;

/// Hooks are processes of their own, and leave files. Looks until the host shuts down.
pub(crate) async fn watch(approvals: Approvals, engine: Engine) {
    if let Err(error) = approvals.prepare() {
        tracing::warn!(%error, "the questions of guards have no folder");
    }
    watch_file::watch_folder(approvals.dir(), || look(approvals.clone(), &engine)).await;
}

async fn look(approvals: Approvals, engine: &Engine) -> Result<(), AskError> {
    // What panics in there is looked at again at the next change.
    let found = tokio::task::spawn_blocking(move || approvals.list()).await.unwrap_or_default();
    let open = found.into_iter().filter(|approval| approval.approved_at.is_none()).map(question).collect();
    engine.guards_ask(open).await
}

fn question(approval: Approval) -> Question {
    let until = approval.until();
    let Approval { id, hash, tool, subject, cwd, rules, job, within, .. } = approval;
    let job = job.and_then(|slug| slug.parse().ok());
    let within = within.and_then(|name| name.parse().ok());
    Question { id, hash, tool, subject, cwd, rules, until, job, within, is_of_run: false }
}
