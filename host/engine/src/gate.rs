//! Asking gates: each in a process of its own, while the loop goes on.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use instar_core::admission::Gate;
use instar_core::decide::What;
use instar_core::gate::{GateAnswer, GateEnd};
use instar_core::id::RunId;
use instar_core::run::{Phase, Run};
use instar_session::{Errand, ErrandEnd, ErrandHow};

use crate::act::World;

/// Where more jobs are due at once, the gates of the others are asked as these end.
pub(crate) const GATES_AT_ONCE: usize = 64;
/// What is kept of a gate's output, in bytes.
const KEPT: usize = 4096;

impl World {
    pub(crate) async fn ask_gate(&self, id: RunId) -> What {
        // Closed by nobody, so that there is always a turn.
        let _turn = self.gates.acquire().await;
        let Some((run, gate)) = self.gating(id) else { return What::Done };
        let env = self.gate_env(&run);
        let limit = self.gate_limit(&gate);
        let errand = Errand { command: &gate.command, env, limit, keep: KEPT, errors_apart: false };
        tokio::select! {
            end = self.sessions.run_errand(errand) => What::GateEnded { run: id, end: judged(end, limit) },
            () = self.no_longer_gating(id) => What::Done,
        }
    }

    /// The program of a gate may call the host, which knows it by its run.
    fn gate_env(&self, run: &Run) -> BTreeMap<String, String> {
        let mut env = self.agent_env.of_gate(run.id);
        env.insert("INSTAR_RUN_ID".into(), run.id.to_string());
        env.extend(run.slug.as_ref().map(|slug| ("INSTAR_JOB".into(), slug.to_string())));
        env
    }

    fn gate_limit(&self, gate: &Gate) -> Duration {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        Duration::from_millis(gate.timeout_ms.unwrap_or(view.state().limits.admission.gate_timeout_ms))
    }

    /// Resolves when the run was stopped: nobody waits for the answer any more.
    async fn no_longer_gating(&self, id: RunId) {
        let mut changes = self.changes.clone();
        while self.gating(id).is_some() {
            if changes.changed().await.is_err() {
                // The loop has ended, and takes its tasks with it.
                return std::future::pending().await;
            }
        }
    }

    fn gating(&self, id: RunId) -> Option<(Run, Gate)> {
        let run = self.run(id).filter(|run| run.phase == Phase::Gating)?;
        let gate = run.request.admission.gate.clone()?;
        Some((run, gate))
    }
}

fn judged(end: ErrandEnd, limit: Duration) -> GateEnd {
    let answer = match end.how {
        ErrandHow::Exit(status) => GateAnswer::of_status(status),
        ErrandHow::TimedOut => GateAnswer::Error { cause: format!("it was not done in {limit:?}") },
        ErrandHow::NotStarted(reason) => GateAnswer::Error { cause: format!("it could not be started: {reason}") },
    };
    let duration_ms = u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX);
    GateEnd { answer, duration_ms, output: end.output }
}
