//! Starting a session so that it is started once, whatever crashes or is slow.

use std::ffi::OsStr;
use std::time::Duration;

use instar_core::id::{SessionId, SessionName};

use crate::crash::Found;
use crate::environment;
use crate::folder::Folder;
use crate::process::{Handle, Process};
use crate::record::{Input, Spec};
use crate::sessions::{SessionError, Sessions, blocking};
use crate::settings::Order;

/// How long a wrapper may take to take its session, also on a machine that is very busy.
const CLAIM_DEADLINE: Duration = Duration::from_secs(10);

/// How often tmux is asked when its server ends under a start, as an agent's `tmux kill-server` makes it.
const ATTEMPTS: u32 = 5;
/// What a server needs to be gone; more with each attempt.
const PAUSE: Duration = Duration::from_millis(40);

impl Sessions {
    /// Writes the spec and starts the session; one that was started before is found, not started twice.
    ///
    /// Two starts at once are harmless too: of their wrappers exactly one takes the session.
    pub async fn start(&self, order: Order<'_>) -> Result<Process, SessionError> {
        let id = order.id;
        match self.survey(id).await {
            Found::Running(process) => return Ok(process),
            Found::Ended(_) => return Ok(Process::gone(id)),
            Found::NotStarted => {}
        }
        let folder = self.folder(id);
        let spec = self.spec(&order);
        let prepared = folder.clone();
        blocking(move || prepared.prepare(&spec)).await?;
        let mut attempt = 1;
        loop {
            let is_last = attempt == ATTEMPTS;
            match self.launch(order.name, &folder).await {
                Ok(pid) => {
                    let handle = Handle::of_pid(pid);
                    if is_last || began(&folder, handle.as_ref()).await {
                        return Ok(Process { id, handle });
                    }
                }
                Err(SessionError::Tmux(error)) if error.is_slow() => {
                    return self.found_after_all(id, &folder, error.into()).await;
                }
                Err(SessionError::Tmux(error)) if error.is_server_gone() && !is_last => {}
                Err(error) => return Err(error),
            }
            tracing::info!(session = %id, attempt, "tmux ended while it started a session, asking a new one");
            tokio::time::sleep(PAUSE * attempt).await;
            attempt += 1;
        }
    }

    /// Gives up a start: from here on the session never begins. False if it has begun.
    ///
    /// Whoever gives up without this may see the command run after all, once a slow tmux has come to it.
    pub async fn withdraw(&self, id: SessionId, reason: String) -> Result<bool, SessionError> {
        let folder = self.folder(id);
        if !folder.exists() {
            return Ok(true);
        }
        Ok(blocking(move || folder.withdraw(reason)).await?)
    }

    fn spec(&self, order: &Order<'_>) -> Spec {
        let settings = &self.shared().settings;
        let launch = order.launch;
        let host = environment::allowed(&settings.host_env, &settings.pass_env);
        Spec {
            argv: launch.argv.clone(),
            cwd: launch.cwd.as_ref().map_or_else(|| settings.project_dir.clone(), |cwd| settings.project_dir.join(cwd)),
            env: environment::of_command(host, launch, &order.env),
            stdin: Input::from(&launch.stdin),
            shown: launch.shown.clone(),
            output_cap: settings.output_cap,
            stop_grace_ms: u64::try_from(settings.stop_grace.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Has tmux run the wrapper, and answers the wrapper's process number.
    async fn launch(&self, name: &SessionName, folder: &Folder) -> Result<i32, SessionError> {
        let argv = [self.shared().settings.runner.as_os_str(), OsStr::new("__run"), folder.path().as_os_str()];
        match self.shared().tmux.new_session(&self.tmux_name(name), argv).await {
            Err(error) if error.is_duplicate() => self.adopt(name, folder).await,
            other => Ok(other?),
        }
    }

    /// A session of this name exists: ours, if its command names our folder (an answer of tmux came too late).
    async fn adopt(&self, name: &SessionName, folder: &Folder) -> Result<i32, SessionError> {
        let target = format!("={}:", self.tmux_name(name));
        let arguments = ["list-panes", "-s", "-t", &target, "-F", "#{pane_pid} #{pane_start_command}"];
        let panes = self.shared().tmux.call("list-panes", &arguments, b"").await?;
        let ours = folder.path().file_name().unwrap_or_default().to_string_lossy();
        let pid =
            panes.lines().filter(|pane| pane.contains(&*ours)).find_map(|pane| pane.split(' ').next()?.parse().ok());
        pid.ok_or_else(|| SessionError::NameTaken(name.clone()))
    }

    /// tmux was slow to answer, which says nothing about the session.
    async fn found_after_all(
        &self,
        id: SessionId,
        folder: &Folder,
        error: SessionError,
    ) -> Result<Process, SessionError> {
        await_claim(folder, std::future::pending()).await;
        match self.survey(id).await {
            Found::Running(process) => Ok(process),
            Found::Ended(_) => Ok(Process::gone(id)),
            Found::NotStarted => Err(error),
        }
    }
}

/// False when the wrapper ended before it took the session: it was hung up with its tmux, and nothing ran.
async fn began(folder: &Folder, wrapper: Option<&Handle>) -> bool {
    let Some(wrapper) = wrapper else { return folder.is_claimed() };
    let mut has_ended = false;
    let ended = async {
        wrapper.ended().await;
        has_ended = true;
    };
    await_claim(folder, ended).await;
    !has_ended || folder.is_claimed()
}

/// Waits until the wrapper has taken the session, so that a survey right after a start finds it.
async fn await_claim(folder: &Folder, wrapper_ended: impl Future<Output = ()>) {
    let claimed = async {
        let mut pause = Duration::from_millis(2);
        while !folder.is_claimed() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    };
    tokio::select! {
        () = claimed => {}
        () = wrapper_ended => {}
        () = tokio::time::sleep(CLAIM_DEADLINE) => {}
    }
}
