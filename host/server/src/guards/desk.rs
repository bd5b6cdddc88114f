//! The guards of a running host, for its API.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use instar_plugin::{Asker, CallContext, Live, Secret};
use jiff::Timestamp;
use serde_json::Value;

use super::{DecisionLog, Guards, Home, judge, redact};
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

    /// A text as it may stand in a log.
    pub(crate) fn for_log(&self, text: &str, now: Timestamp) -> String {
        let call = CallContext::new(Asker::Agent, now);
        redact::for_log(&self.plugins.now(), &call, text, &judge::secrets_of(Some(&self.config)))
    }

    /// A value as it may be kept: without what must not be seen and these secrets; and whether there was any.
    pub(crate) fn redact(&self, value: &Value, secrets: &[Secret], now: Timestamp) -> (Value, bool) {
        let call = CallContext::new(Asker::Agent, now);
        let (plugins, own) = (self.plugins.now(), judge::secrets_of(Some(&self.config)));
        redact::for_keeping(&plugins, &call, value, &own, secrets)
    }

    pub(crate) fn decisions(&self) -> DecisionLog {
        DecisionLog::new(self.home.decisions())
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.home.project.as_ref().map_or(Path::new("/"), |project| project.dir()).to_owned()
    }
}
