//! What execute types were asked at each step and what they answered, handed to whoever keeps it: so a run can be
//! played to another build later.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::Arc;

use instar_core::decide::StepFault;
use instar_core::id::RunId;
use instar_core::plan::{StepEvent, StepResult};
use instar_plugin::{CallContext, Executor, Recorded};
use instar_store::Store;
use serde::{Deserialize, Serialize};

use crate::keep::KeepError;

/// One step of a run, as its execute type was called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptStep {
    pub execute_type: String,
    /// `None` where nobody offers the type.
    pub by: Option<Executor>,
    pub call: CallContext,
    /// What the step before left.
    pub state: Vec<u8>,
    pub event: StepEvent,
    pub answer: Result<StepResult, StepFault>,
    /// What it asked of the host meanwhile.
    pub host: Recorded,
}

/// Who keeps steps.
pub trait StepLog: fmt::Debug + Send + Sync {
    /// Must not wait: the run goes on behind it.
    fn keep(&self, run: RunId, step: KeptStep);
    /// The runs of which something is kept. Blocks.
    fn runs(&self) -> io::Result<Vec<RunId>>;
    /// Removes what is kept of these. Blocks.
    fn forget(&self, runs: &[RunId]);
}

/// Removes what is kept of runs that the store no longer has.
pub(crate) async fn clear(log: Arc<dyn StepLog>, store: &Store) -> Result<(), KeepError> {
    let listed = {
        let log = log.clone();
        tokio::task::spawn_blocking(move || log.runs()).await
    };
    // What panics in there is looked at again at the next housekeeping.
    let Ok(listed) = listed else { return Ok(()) };
    let listed = listed.map_err(KeepError::Steps)?;
    // A run is recorded before its first step, so that none of them is begun only now.
    let there: BTreeSet<RunId> = store.run_ids().await?;
    let gone: Vec<RunId> = listed.into_iter().filter(|run| !there.contains(run)).collect();
    if !gone.is_empty() {
        let _ = tokio::task::spawn_blocking(move || log.forget(&gone)).await;
    }
    Ok(())
}
