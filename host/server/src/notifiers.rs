//! The notifiers of a project in a process that is not its server: to see whether they work, and to tell people what
//! no server can tell them. What is told here goes through no outbox.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use instar_core::id::{Ids, PluginId};
use instar_core::notice::Message;
use instar_core::verdict::Severity;
use instar_plugin::{Asker, CallContext, PluginError, Plugins, Secrets};
use jiff::Timestamp;

use crate::bundled;
use crate::config::{Config, Project};
use crate::secrets_file::SecretsFile;
use crate::wiring;

/// How long one call of a notifier may take.
const CALL_LIMIT: Duration = Duration::from_secs(60);
/// One that cuts a message into more parts is at fault.
const MOST_PARTS: u32 = 500;
/// How long to wait before a message is tried again, each time.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(5), Duration::from_secs(15), Duration::from_secs(45), Duration::from_secs(120)];
/// What a notifier wants to wait is heeded up to here.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Why somebody was not told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTold {
    #[error(transparent)]
    Plugin(#[from] PluginError),
    #[error("no answer in {} s", CALL_LIMIT.as_secs())]
    Late,
    #[error("it cuts the message into more than {MOST_PARTS} parts")]
    Endless,
}

/// All notifiers that can be loaded.
#[derive(Debug)]
pub(crate) struct Notifiers {
    plugins: Plugins,
}

impl Notifiers {
    pub(crate) async fn open(project: &Project, config: &Config) -> anyhow::Result<Self> {
        Self::open_with(project, config, Arc::new(SecretsFile::new(project.secrets_file()))).await
    }

    /// The same, with secrets that are not those of the project.
    pub(crate) async fn open_with(
        project: &Project,
        config: &Config,
        secrets: Arc<dyn Secrets>,
    ) -> anyhow::Result<Self> {
        let plugins = wiring::plugins_without_server(project, config, bundled::plugins(), secrets).await;
        Ok(Self { plugins: plugins.context("failed to load the plugins")? })
    }

    /// For a process that listens as long as it lives, and needs no database for it.
    pub(crate) async fn open_to_listen(project: &Project, config: &Config) -> anyhow::Result<Self> {
        let plugins = wiring::plugins_that_listen(project, config, bundled::plugins()).await;
        Ok(Self { plugins: plugins.context("failed to load the plugins")? })
    }

    pub(crate) fn plugins(&self) -> &Plugins {
        &self.plugins
    }

    pub(crate) fn ids(&self) -> Vec<PluginId> {
        self.plugins.notifiers()
    }

    /// Whether it also hears people.
    pub(crate) fn hears(&self, notifier: &PluginId) -> bool {
        self.plugins.hears(notifier)
    }

    /// Where its messages would go, in one sentence; nobody is told anything.
    pub(crate) async fn probe(&self, notifier: &PluginId) -> Result<String, NotTold> {
        let call = CallContext::new(Asker::Operator, Timestamp::now());
        within(self.plugins.probe(notifier, &call)).await
    }

    /// Tells it all parts of the message, once.
    pub(crate) async fn tell(&self, notifier: &PluginId, message: &Message) -> Result<(), NotTold> {
        self.tell_from(notifier, message, &mut 0).await
    }

    /// The same, again and again for some minutes if it is worth it.
    pub(crate) async fn tell_with_patience(&self, notifier: &PluginId, message: &Message) -> Result<(), NotTold> {
        let mut part = 0;
        for pause in PAUSES {
            let error = match self.tell_from(notifier, message, &mut part).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let Some(least) = error.retry() else { return Err(error) };
            tracing::warn!(%error, "{notifier} was not told, and is told again");
            tokio::time::sleep(pause.max(least.min(LONGEST_PAUSE))).await;
        }
        self.tell_from(notifier, message, &mut part).await
    }

    /// Goes on behind the parts that were delivered.
    async fn tell_from(&self, notifier: &PluginId, message: &Message, part: &mut u32) -> Result<(), NotTold> {
        while *part < MOST_PARTS {
            let trace_id = message.id.to_string();
            let call = CallContext { trace_id, ..CallContext::new(Asker::Operator, Timestamp::now()) };
            let receipt = within(self.plugins.deliver(notifier, &call, message, *part)).await?;
            if !receipt.more {
                return Ok(());
            }
            *part += 1;
        }
        Err(NotTold::Endless)
    }
}

impl NotTold {
    pub(crate) fn may_work_later(&self) -> bool {
        self.retry().is_some()
    }

    /// After how long, at least, it may work.
    fn retry(&self) -> Option<Duration> {
        match self {
            Self::Plugin(error) => error.retry().map(Duration::from_millis),
            Self::Late => Some(Duration::ZERO),
            Self::Endless => None,
        }
    }
}

/// A message to the place that each notifier's configuration names.
pub(crate) fn notice(severity: Severity, title: String, body_markdown: String) -> Message {
    let (_, nonce) = uuid::Uuid::new_v4().as_u64_pair();
    Message::notice(Ids::new(Timestamp::now(), nonce).notice(), severity, title, body_markdown)
}

async fn within<T>(call: impl Future<Output = Result<T, PluginError>>) -> Result<T, NotTold> {
    match tokio::time::timeout(CALL_LIMIT, call).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(NotTold::Late),
    }
}
