//! A server under test: started in the foreground, watched by its process, stopped by its id.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::http::Client;
use crate::wait::{until, until_some};

#[derive(Debug)]
pub struct Server {
    child: Child,
    client: Client,
    dir: std::path::PathBuf,
}

impl Server {
    pub(crate) fn start(agent: &Agent, most_files: Option<u32>, env: &[(&str, &str)]) -> Self {
        let log = File::create(agent.path("server-output.log")).expect("the log can be made");
        let errors = log.try_clone().expect("a file can be cloned");
        let command = agent.command(&["server", "start", "--foreground", "--port", "0"]);
        let mut command = match most_files {
            Some(most) => limited(&command, most),
            None => command,
        };
        command.envs(env.iter().copied());
        let child = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn().expect("instar can be run");
        let mut server = Self { child, client: Client::new("", None), dir: agent.dir().to_owned() };
        let port = until_some("the server to listen", || server.port());
        server.client = Client::new(&format!("http://127.0.0.1:{port}"), Some(&agent.token()));
        server
    }

    /// The port that the lock file names, once it was written by this very process.
    fn port(&mut self) -> Option<u16> {
        if let Ok(Some(status)) = self.child.try_wait() {
            panic!("the server ended with {status}:\n{}", self.output());
        }
        let text = fs::read_to_string(self.dir.join(".instar/run/server.lock")).ok()?;
        let lock: Value = serde_json::from_str(&text).ok()?;
        if lock["pid"].as_u64()? != u64::from(self.child.id()) {
            return None;
        }
        let port = u16::try_from(lock["port"].as_u64()?).ok()?;
        let client = Client::new(&format!("http://127.0.0.1:{port}"), None);
        let answer = client.try_send("GET", "/health", None, &[]).ok()?;
        (answer.status == 200).then_some(port)
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the server printed so far.
    pub fn output(&self) -> String {
        fs::read_to_string(self.dir.join("server-output.log")).unwrap_or_default()
    }

    /// Triggers a job and returns the id of its run.
    ///
    /// # Panics
    /// When it was neither triggered nor queued.
    #[track_caller]
    pub fn trigger(&self, slug: &str) -> String {
        let answer = self.client.post(&format!("/jobs/{slug}/trigger"), &json!({}));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json["runId"].as_str().unwrap_or_else(|| panic!("no runId in {answer:?}")).to_owned()
    }

    pub fn run(&self, id: &str) -> Value {
        self.client.get(&format!("/runs/{id}")).json
    }

    /// Waits until the run ended, however it did.
    #[track_caller]
    pub fn ended_run(&self, id: &str) -> Value {
        let ended = |run: &Value| matches!(run["status"].as_str(), Some("finished" | "skipped"));
        until("the run to end", || self.run(id), ended)
    }

    /// Triggers a job whose plugin answers by the message that its run succeeds with.
    #[track_caller]
    pub fn message_of(&self, slug: &str) -> String {
        let id = self.trigger(slug);
        let run = self.ended_run(&id);
        assert_eq!(run["outcome"], "succeeded", "{run:#}");
        let events = self.client().get("/events?type=job_completed&limit=100").json;
        let ended = events.as_array().and_then(|all| all.iter().find(|event| event["metadata"]["runId"] == *id));
        ended.and_then(|event| event["metadata"]["message"].as_str()).unwrap_or_else(|| panic!("{events:#}")).to_owned()
    }

    /// Waits until the run's command runs.
    #[track_caller]
    pub fn running_run(&self, id: &str) -> Value {
        until("the run to run", || self.run(id), |run| run["status"] == "running")
    }

    /// As power loss would: no handler runs.
    pub fn kill_hard(mut self) {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("the server can be awaited");
    }

    /// Waits until it ended by itself.
    #[track_caller]
    pub fn died(mut self, where_to: &str) {
        until_some(where_to, || self.child.try_wait().expect("the server can be awaited"));
    }

    /// As an operator would.
    pub fn stop(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().expect("kill can be run");
        self.child.wait().expect("the server can be awaited")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprint_log(&self.output());
        }
    }
}

#[expect(clippy::print_stderr, reason = "a failing test shows what a reader would ask for")]
fn eprint_log(log: &str) {
    eprintln!("──── the server printed ────\n{log}");
}

/// The same command, in a shell that sets the limit and then becomes it.
fn limited(command: &Command, most_files: u32) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -n {most_files}; exec \"$0\" \"$@\"")]).arg(command.get_program());
    shell.args(command.get_args()).env_remove("TMUX").env("INSTAR_LOG", "info");
    if let Some(dir) = command.get_current_dir() {
        shell.current_dir(dir);
    }
    shell
}

/// The ids of the processes whose command line or folder names this folder: tmux, wrappers and their commands.
///
/// # Panics
/// When /proc cannot be read.
pub fn processes_below(folder: &Path) -> Vec<u32> {
    let folder = folder.to_string_lossy().into_owned();
    let own = std::process::id();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc can be read").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let names_it = String::from_utf8_lossy(&command).contains(&folder);
        let lives_in_it = fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder));
        if pid != own && (names_it || lives_in_it) {
            found.push(pid);
        }
    }
    found
}
