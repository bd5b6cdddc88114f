//! The guards of a running host, for its API.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use instar_plugin::Live;

use super::{DecisionLog, Guards, Home};
use crate::config::Config;

/// Where the API asks the guards. The policy is read anew for each question, since people edit it.
#[derive(Debug, Clone)]
pub(crate) struct GuardDesk {
    plugins: Live,
    home: Home,
    config: Arc<Config>,
}

impl GuardDesk {
    pub(crate) fn new(plugins: Live, home: Home, config: Config) -> Self {
        Self { plugins, home, config: Arc::new(config) }
    }

    pub(crate) fn open(&self) -> Guards {
        Guards::of(self.plugins.now(), self.home.clone(), Some(&self.config))
    }

    pub(crate) fn decisions(&self) -> DecisionLog {
        DecisionLog::new(self.home.decisions())
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.home.project.as_ref().map_or(Path::new("/"), |project| project.dir()).to_owned()
    }
}
