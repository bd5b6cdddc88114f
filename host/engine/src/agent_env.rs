//! What a session's program, and a gate, is told about the host, so that it can call it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use instar_core::id::RunId;
use instar_core::session::Session;

/// Variables for the environment of a session or a gate. The one who knows addresses and tokens makes them.
#[derive(Clone)]
pub struct AgentEnv {
    of_session: Arc<Make<Session>>,
    of_gate: Arc<Make<RunId>>,
}

type Make<T> = dyn Fn(&T) -> BTreeMap<String, String> + Send + Sync;

impl AgentEnv {
    pub fn new(
        of_session: impl Fn(&Session) -> BTreeMap<String, String> + Send + Sync + 'static,
        of_gate: impl Fn(&RunId) -> BTreeMap<String, String> + Send + Sync + 'static,
    ) -> Self {
        Self { of_session: Arc::new(of_session), of_gate: Arc::new(of_gate) }
    }

    /// Nothing is told.
    pub fn empty() -> Self {
        Self::new(|_| BTreeMap::new(), |_| BTreeMap::new())
    }

    pub(crate) fn of(&self, session: &Session) -> BTreeMap<String, String> {
        (self.of_session)(session)
    }

    /// For the gate of this run.
    pub(crate) fn of_gate(&self, run: RunId) -> BTreeMap<String, String> {
        (self.of_gate)(&run)
    }
}

/// The values are secrets.
impl fmt::Debug for AgentEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentEnv(..)")
    }
}
