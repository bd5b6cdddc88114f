//! What people hear of the server while it cannot speak for itself.
//!
//! Plugins do not run in the lifeline: for each piece of news it starts this program once more, which tells every
//! notifier and ends. So nothing that a plugin does keeps the lifeline from its work.

use std::process::Stdio;

use anyhow::Context as _;
use instar_core::notice::Message;
use instar_core::supervisor::{News, Reason};
use instar_core::verdict::Severity;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::config::{Config, Project};
use crate::notifiers::{Notifiers, notice};
use crate::serve::logging;

/// What the process that tells people reads from its standard input.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Announcement {
    message: Message,
    /// The settings as they were when they could still be read: they may be what is wrong now.
    settings: String,
}

/// Hands news on, one after the other.
#[derive(Debug)]
pub(super) struct Announcer {
    news: mpsc::UnboundedSender<Message>,
    name: String,
}

impl Announcer {
    /// Supervision makes a few pieces of news an hour at most, so that none is ever thrown away.
    pub(super) fn start(project: Project, config: &Config) -> Self {
        let settings = std::fs::read_to_string(project.config_file()).unwrap_or_else(|_| "{}".to_owned());
        let (news, mut coming) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(message) = coming.recv().await {
                let announcement = Announcement { message, settings: settings.clone() };
                if let Err(error) = hand_on(&project, &announcement).await {
                    tracing::error!("people were not told: {error:#}");
                }
            }
        });
        Self { news, name: config.project_name.clone() }
    }

    pub(super) fn announce(&self, news: News) {
        let (severity, title, body) = words(&self.name, news);
        // It ends with this process only.
        let _ = self.news.send(notice(severity, title, body));
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

async fn hand_on(project: &Project, announcement: &Announcement) -> anyhow::Result<()> {
    let log = logging::append(&project.lifeline_log())?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["lifeline", "announce", "--dir"]).arg(project.dir()).current_dir(project.dir());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
    let mut child = command.spawn().context("failed to start the one who tells them")?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(&serde_json::to_vec(announcement)?).await?;
    }
    let status = child.wait().await?;
    anyhow::ensure!(status.success(), "the one who tells them ended with {status}");
    Ok(())
}

/// Tells every notifier; what each of them failed at is logged.
pub(crate) async fn tell_all(project: &Project, announcement: &Announcement) -> anyhow::Result<()> {
    let config = Config::load(project).or_else(|_| Config::of_text(project, &announcement.settings))?;
    let notifiers = Notifiers::open(project, &config).await?;
    for notifier in notifiers.ids() {
        match notifiers.tell_with_patience(&notifier, &announcement.message).await {
            Ok(()) => tracing::info!("{notifier} was told: {}", announcement.message.title),
            Err(error) => tracing::error!("{notifier} was not told: {error}"),
        }
    }
    Ok(())
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
