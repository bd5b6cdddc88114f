//! What a session's program is told about the host, so that it can call it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use instar_core::session::Session;

/// Variables for the environment of a session. The one who knows addresses and tokens makes them.
#[derive(Clone)]
pub struct AgentEnv(Arc<Make>);

type Make = dyn Fn(&Session) -> BTreeMap<String, String> + Send + Sync;

impl AgentEnv {
    pub fn new(make: impl Fn(&Session) -> BTreeMap<String, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// Nothing is told.
    pub fn empty() -> Self {
        Self::new(|_| BTreeMap::new())
    }

    pub(crate) fn of(&self, session: &Session) -> BTreeMap<String, String> {
        (self.0)(session)
    }
}

/// The values are secrets.
impl fmt::Debug for AgentEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentEnv(..)")
    }
}
