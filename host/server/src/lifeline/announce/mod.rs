//! What people hear of the server while it cannot speak for itself.
//!
//! Plugins do not run in the lifeline: for its news it starts this program once more, which tells every notifier and
//! ends. So nothing that a plugin does keeps the lifeline from its work. News is a file (`outbox`) before anybody is
//! told, and until everybody was.

mod outbox;

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use instar_core::id::PluginId;
use instar_core::supervisor::{News, Reason, WANTS_RESTART};
use instar_core::verdict::Severity;
use jiff::{SignedDuration, Timestamp};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::config::{Config, Project};
use crate::notifiers::{Notifiers, notice};
use crate::serve::logging;
use outbox::{Announcement, Outbox};

const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// Older news is none.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Hands news on, one after the other.
#[derive(Debug)]
pub(super) struct Announcer {
    outbox: Outbox,
    /// Says "look again".
    news: mpsc::UnboundedSender<()>,
    name: String,
}

impl Announcer {
    /// The settings are kept as they are now: later they may be what is wrong.
    pub(super) fn start(project: Project, config: &Config) -> Self {
        let settings = std::fs::read_to_string(project.config_file()).unwrap_or_else(|_| "{}".to_owned());
        let outbox = Outbox::of(&project);
        let (news, coming) = mpsc::unbounded_channel();
        tokio::spawn(tell_on(project, outbox.clone(), settings, coming));
        Self { outbox, news, name: config.project_name.clone() }
    }

    pub(super) fn announce(&self, news: News) {
        let (severity, title, body) = words(&self.name, news);
        if let Err(error) = self.outbox.put(&notice(severity, title, body)) {
            tracing::error!(%error, "people are not told, since the news cannot be written down");
        }
        // It ends with this process only.
        let _ = self.news.send(());
    }
}

fn words(name: &str, news: News) -> (Severity, String, String) {
    match news {
        News::Up => (Severity::Info, format!("{name}: the server is up again"), String::new()),
        News::Down(reason) => {
            let next = match reason {
                Reason::Misconfigured | Reason::Stopped => "It stays down until `instar lifeline restart`.",
                Reason::Ended(_) | Reason::Silent | Reason::SlowStart | Reason::NotStarted => {
                    "The lifeline starts it again."
                }
            };
            (Severity::High, format!("{name}: the server is down"), format!("The reason: {reason}. {next}"))
        }
    }
}

/// Begins with what an earlier lifeline left.
async fn tell_on(project: Project, outbox: Outbox, settings: String, mut coming: mpsc::UnboundedReceiver<()>) {
    let mut pause = FIRST_PAUSE;
    loop {
        while coming.try_recv().is_ok() {}
        let told = if outbox.is_empty() { Ok(true) } else { hand_on(&project, &settings).await };
        let is_told = told.unwrap_or_else(|error| {
            tracing::error!("people were not told: {error:#}");
            false
        });
        if is_told {
            pause = FIRST_PAUSE;
            if coming.recv().await.is_none() {
                return;
            }
        } else {
            // News that comes meanwhile goes out at once, for those who can be told.
            let _ = tokio::time::timeout(pause, coming.recv()).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Whether everybody was told everything. One who could not do that wants to be started again.
async fn hand_on(project: &Project, settings: &str) -> anyhow::Result<bool> {
    let log = logging::append(&project.lifeline_log())?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["lifeline", "announce", "--dir"]).arg(project.dir()).current_dir(project.dir());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
    let mut child = command.spawn().context("failed to start the one who tells them")?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(settings.as_bytes()).await?;
    }
    let status = child.wait().await?;
    if status.code() == Some(WANTS_RESTART.into()) {
        return Ok(false);
    }
    anyhow::ensure!(status.success(), "the one who tells them ended with {status}");
    Ok(true)
}

/// Tells every notifier what it was not told yet, in its order. Answers whether nothing is left.
pub(crate) async fn tell_all(project: &Project, settings: &str) -> anyhow::Result<bool> {
    let config = Config::load(project).or_else(|_| Config::of_text(project, settings))?;
    let notifiers = Notifiers::open(project, &config).await?;
    let outbox = Outbox::of(project);
    // One that could not be told something must not be told what came after it.
    let mut waiting = Vec::new();
    for mut announcement in outbox.all()? {
        let is_old = Timestamp::now().duration_since(announcement.at) > GIVEN_UP_AFTER;
        for notifier in notifiers.ids() {
            if announcement.told.contains(&notifier) || waiting.contains(&notifier) || is_old {
                continue;
            }
            if tell(&notifiers, &notifier, &announcement).await {
                announcement.told.push(notifier);
                outbox.change(&announcement)?;
            } else {
                waiting.push(notifier);
            }
        }
        let is_done = is_old || notifiers.ids().iter().all(|notifier| announcement.told.contains(notifier));
        if is_done {
            outbox.remove(&announcement)?;
        }
    }
    Ok(outbox.is_empty())
}

/// Whether it is settled: it was told, or never will be.
async fn tell(notifiers: &Notifiers, notifier: &PluginId, announcement: &Announcement) -> bool {
    let title = &announcement.message.title;
    match notifiers.tell(notifier, &announcement.message).await {
        Ok(()) => tracing::info!("{notifier} was told: {title}"),
        Err(error) if error.may_work_later() => {
            tracing::warn!("{notifier} is told later: {error}");
            return false;
        }
        Err(error) => tracing::error!("{notifier} was not told: {error}"),
    }
    true
}

#[cfg(test)]
mod tests {
    use instar_core::supervisor::End;

    use super::*;

    #[test]
    fn people_hear_why_and_what_follows() {
        let (severity, title, body) = words("site", News::Down(Reason::Ended(End::Signal(9))));
        assert_eq!((severity, title.as_str()), (Severity::High, "site: the server is down"));
        assert_eq!(body, "The reason: signal 9 ended it. The lifeline starts it again.");
        let (_, _, body) = words("site", News::Down(Reason::Stopped));
        assert!(body.ends_with("`instar lifeline restart`."), "{body}");
    }
}
