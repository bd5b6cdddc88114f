//! Keeps a listener going beside the lifeline: it is started again when it ends, each time after a longer while.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::Project;
use crate::serve::logging;

/// The exit code of a listener that found nobody to listen to.
pub(crate) const NOBODY: u8 = 3;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The listener goes with this.
#[derive(Debug)]
pub(super) struct Listening {
    wishes: Arc<Wishes>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Wishes {
    again: Notify,
    /// There is no listener, since there is nobody to listen to.
    is_idle: AtomicBool,
}

impl Listening {
    pub(super) fn start(project: Project) -> Self {
        let wishes = Arc::new(Wishes::default());
        let task = tokio::spawn(keep(project, Arc::clone(&wishes)));
        Self { wishes, task }
    }

    /// Settings may have changed, as far as a listener that found nobody is concerned.
    pub(super) fn server_starts(&self) {
        if self.wishes.is_idle.load(Ordering::Relaxed) {
            self.wishes.again.notify_one();
        }
    }

    /// Another listener, which reads the settings anew.
    pub(super) fn again(&self) {
        self.wishes.again.notify_one();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How a listener ended.
enum Ended {
    Nobody,
    /// Another one is wanted.
    Again,
    ByItself(String),
}

async fn keep(project: Project, wishes: Arc<Wishes>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = Instant::now();
        match listen(&project, &wishes).await {
            Ended::Again => {}
            Ended::Nobody => {
                wishes.is_idle.store(true, Ordering::Relaxed);
                wishes.again.notified().await;
                wishes.is_idle.store(false, Ordering::Relaxed);
            }
            Ended::ByItself(how) => {
                tracing::warn!("the listener has ended: {how}");
                pause = if begun.elapsed() > LONGEST_PAUSE { FIRST_PAUSE } else { pause };
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

async fn listen(project: &Project, wishes: &Wishes) -> Ended {
    let mut child = match command(project).and_then(|mut command| Ok(command.spawn()?)) {
        Ok(child) => child,
        Err(error) => return Ended::ByItself(format!("it could not be started: {error:#}")),
    };
    // It hears of the lifeline's end by the end of this pipe.
    let lives = child.stdin.take();
    let status = tokio::select! {
        status = child.wait() => status,
        () = wishes.again.notified() => {
            drop(lives);
            let _ = child.start_kill();
            let _ = child.wait().await;
            return Ended::Again;
        }
    };
    match status {
        Ok(status) if status.code() == Some(NOBODY.into()) => Ended::Nobody,
        Ok(status) => Ended::ByItself(status.to_string()),
        Err(error) => Ended::ByItself(error.to_string()),
    }
}

fn command(project: &Project) -> anyhow::Result<Command> {
    let log = logging::append(&project.lifeline_log())?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["lifeline", "listen", "--dir"]).arg(project.dir()).current_dir(project.dir());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
    Ok(command)
}
