//! The listener: hears people for the lifeline, whether there is a server or not.
//!
//! Plugins do not run in the lifeline itself. The listener is this program once more; it is started again when it
//! dies, and ends with the lifeline, whose end closes its standard input.
//!
//! 1. **A lock decides who polls**, one for each notifier (`.instar/run/poll-ID.lock`). The listener waits for it and
//!    keeps it as long as it lives; a server takes it for each single poll, so that the listener gets it between two.
//!    The kernel takes the lock from whoever dies. So two never poll, and without a listener the server does.
//! 2. **What was heard is kept before it is confirmed**: the answer becomes a file (`crate::heard`), then the cursor
//!    moves, and only the next poll tells the other side that it may forget. Killed in between, the same is heard
//!    once more.
//! 3. **The server takes over, and acknowledges by number**: files are offered in their order over its socket
//!    (`POST /internal/inbound`); it reads the file and records what happened in one transaction, and only then is the
//!    file removed. Killed in between, it is offered once more.
//! 4. **A server that polls by itself takes over first** what lies there, so that nothing waits for a lifeline that
//!    does not come back.
//!
//! By 2 to 4 nothing is lost. Nothing is doubled because the server knows what happened by its key, whichever way it
//! comes, and because what follows for an agent is recorded together with the end of the message.
//!
//! Commands that begin with `/lifeline` are answered here (`commands`), also while no server could. They are named as
//! done in the file's head, so that the server passes over them.

mod commands;
mod hand_over;

use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use instar_core::id::PluginId;
use instar_core::inbound::{Happening, Inbound};
use instar_core::poll::PollFault;
use instar_plugin::{Asker, Batch, CallContext, PluginError, PollResponse};
use jiff::Timestamp;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;

use crate::config::{Config, Project};
use crate::ears;
use crate::heard::{Head, Heard};
use crate::notifiers::Notifiers;
use crate::wiring;

/// A long poll waits 50 seconds or less; more is no answer.
const ASK_DEADLINE: Duration = Duration::from_secs(90);
/// A server gives the turn back for a tenth of a second between two polls.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LONGEST_SAID: usize = 60;

/// Listens to one notifier.
#[derive(Debug)]
struct Listener {
    project: Project,
    config: Config,
    notifiers: Arc<Notifiers>,
    notifier: PluginId,
    heard: Heard,
    /// Says that something was kept.
    kept: Notify,
    commands: UnboundedSender<(Arc<Self>, Inbound)>,
}

/// Listens until the lifeline is gone. Answers whether there was anybody to listen to.
pub(crate) async fn run(project: &Project) -> anyhow::Result<bool> {
    let config = Config::load(project)?;
    wiring::make_folders(project)?;
    let notifiers = Arc::new(Notifiers::open_to_listen(project, &config).await?);
    let mut listeners = JoinSet::new();
    let (commands, coming) = mpsc::unbounded_channel();
    for notifier in notifiers.ids().into_iter().filter(|id| notifiers.hears(id)) {
        tracing::info!("the listener waits for its turn to hear {notifier}");
        let listener = Listener {
            project: project.clone(),
            config: config.clone(),
            notifiers: Arc::clone(&notifiers),
            heard: Heard::of(project, &notifier),
            notifier,
            kept: Notify::new(),
            commands: commands.clone(),
        };
        listeners.spawn(Arc::new(listener).listen());
    }
    if listeners.is_empty() {
        return Ok(false);
    }
    tokio::select! {
        _ = orphaned()? => Ok(true),
        () = commands::carry_out_all(coming) => Ok(true),
        ended = listeners.join_next() => {
            ended.context("nobody listens")?.context("a listener ended by itself")?.map(|()| true)
        }
    }
}

/// A thread of its own waits for the end of standard input, since nothing can end such a wait.
fn orphaned() -> anyhow::Result<oneshot::Receiver<()>> {
    let (tell, told) = oneshot::channel();
    let wait = move || {
        // Whatever stands in it means nothing.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = tell.send(());
    };
    std::thread::Builder::new().name("lifeline-lives".to_owned()).spawn(wait).context("failed to start a thread")?;
    Ok(told)
}

impl Listener {
    async fn listen(self: Arc<Self>) -> anyhow::Result<()> {
        let turn = self.turn().await?;
        tracing::info!("the listener hears {} from now on", self.notifier);
        tokio::join!(self.hear(), hand_over::hand_over(&self));
        drop(turn);
        Ok(())
    }

    async fn turn(&self) -> anyhow::Result<File> {
        loop {
            if let Some(turn) = ears::turn(&self.project, &self.notifier).context("failed to lock polling")? {
                return Ok(turn);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn hear(self: &Arc<Self>) {
        let mut failures = 0;
        let mut known = None;
        loop {
            let wait = match self.hear_once().await {
                Ok(pause) => {
                    failures = 0;
                    known = None;
                    pause
                }
                Err(error) => {
                    let said = format!("{error:#}");
                    if known.as_ref() != Some(&said) {
                        tracing::warn!("{} is not heard: {said}", self.notifier);
                        known = Some(said);
                    }
                    let wait = fault(&error).wait_ms(failures);
                    failures += 1;
                    Duration::from_millis(wait)
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// One poll; answers how long to wait before the next one.
    async fn hear_once(self: &Arc<Self>) -> anyhow::Result<Duration> {
        let cursor = self.heard.cursor().context("failed to read where to go on")?;
        let call = || CallContext::new(Asker::InboundMessage, Timestamp::now());
        let plugins = self.notifiers.plugins();
        let poll = plugins.next_poll(&self.notifier, &call(), cursor.as_deref()).await?;
        let begun = Instant::now();
        let answer = plugins.ask(&self.notifier, poll.request, ASK_DEADLINE).await?;
        let batch = plugins.receive(&self.notifier, &call(), cursor.as_deref(), answer.clone()).await?;
        self.keep(batch, &answer)?;
        Ok(poll.pause.saturating_sub(begun.elapsed()))
    }

    fn keep(self: &Arc<Self>, batch: Batch, answer: &PollResponse) -> anyhow::Result<()> {
        let (commands, others): (Vec<_>, Vec<_>) = batch.events.into_iter().partition(commands::is_command);
        if !commands.is_empty() || !others.is_empty() {
            let head = Head {
                at: Timestamp::now(),
                status: answer.status(),
                done: commands.iter().map(|event| event.key.clone()).collect(),
                said: others.iter().map(said).collect(),
            };
            self.heard.keep(&head, answer.body()).context("failed to keep what was heard")?;
        }
        if let Some(cursor) = &batch.cursor {
            self.heard.go_on(cursor).context("failed to keep where to go on")?;
        }
        self.kept.notify_one();
        for command in commands {
            // It ends with this process only.
            let _ = self.commands.send((Arc::clone(self), command));
        }
        Ok(())
    }
}

/// Enough of it for a list.
fn said(event: &Inbound) -> String {
    let text = match &event.happening {
        Happening::Said(said) | Happening::Corrected(said) => said.text.as_str(),
        _ => "",
    };
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(LONGEST_SAID).collect()
}

fn fault(error: &anyhow::Error) -> PollFault {
    let plugin = error.downcast_ref::<PluginError>();
    PollFault {
        code: plugin.map_or("io", PluginError::code).to_owned(),
        message: String::new(),
        retry_after_ms: plugin.and_then(PluginError::retry),
    }
}
