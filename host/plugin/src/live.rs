//! The plugins of a running host, which are replaced while calls are under way.

use std::sync::{Arc, PoisonError, RwLock};

use crate::plugins::Plugins;

/// Cheap to clone; all clones see the same plugins. Who calls takes [`Live::now`] and keeps it until the call has
/// ended: so a call ends on what it began with, and the next one begins on what came meanwhile.
#[derive(Debug, Clone)]
pub struct Live(Arc<RwLock<Arc<Plugins>>>);

impl Live {
    pub fn new(plugins: Plugins) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(plugins))))
    }

    pub fn now(&self) -> Arc<Plugins> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on these are called. The former ones live as long as their calls.
    pub fn replace(&self, plugins: Plugins) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plugins);
    }
}
