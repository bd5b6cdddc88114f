//! A project in a temporary folder with sessions of its own, and nothing left behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use instar_core::id::{Ids, SessionId, SessionName};
use instar_core::plan::{End, EndCause, Launch, Marks, Stdin};
use instar_session::{Activity, Found, Order, Process, SessionError, Sessions, Settings};
use jiff::Timestamp;
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Project {
    pub(crate) sessions: Sessions,
    pub(crate) dir: PathBuf,
    _temp: TempDir,
}

impl Project {
    pub(crate) async fn new() -> Self {
        Self::with("my.app", |_| {}).await
    }

    pub(crate) async fn with(name: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let mut settings = settings(&dir, name);
        change(&mut settings);
        Self { sessions: Sessions::open(settings).await.unwrap(), dir, _temp: temp }
    }

    /// What a host sees that starts after another one.
    pub(crate) async fn reopen(&self, change: impl FnOnce(&mut Settings)) -> Result<Sessions, SessionError> {
        let mut settings = settings(&self.dir, self.dir.file_name().unwrap().to_str().unwrap());
        change(&mut settings);
        Sessions::open(settings).await
    }

    pub(crate) async fn start(&self, launch: Launch) -> (SessionId, Process) {
        let id = session_id();
        (id, self.start_as(id, "work", &launch).await.unwrap())
    }

    pub(crate) async fn start_as(&self, id: SessionId, name: &str, launch: &Launch) -> Result<Process, SessionError> {
        self.sessions.start(Order { id, name: &session_name(name), launch, env: BTreeMap::new() }).await
    }

    pub(crate) async fn watch(&self, process: Process) -> End {
        tokio::time::timeout(PATIENCE, self.sessions.watch(process)).await.expect("the session did not end")
    }

    /// From start to end.
    pub(crate) async fn run(&self, launch: Launch) -> (SessionId, End) {
        let (id, process) = self.start(launch).await;
        (id, self.watch(process).await)
    }

    #[track_caller]
    pub(crate) fn folder(&self, id: SessionId) -> PathBuf {
        self.dir.join(".instar/state/sessions").join(id.to_string())
    }

    pub(crate) async fn output(&self, id: SessionId) -> String {
        self.sessions.output(id, 100_000).await.unwrap()
    }

    pub(crate) async fn await_output(&self, id: SessionId, text: &str) {
        let begun = std::time::Instant::now();
        while !self.output(id).await.contains(text) {
            assert!(begun.elapsed() < PATIENCE, "no {text:?} in {:?}", self.output(id).await);
            pause().await;
        }
    }

    /// The first activity for which `condition` holds.
    pub(crate) async fn await_activity(&self, id: SessionId, condition: impl Fn(&Activity) -> bool) -> Activity {
        let mut seen = Vec::new();
        loop {
            let after = seen.last().map_or(0, |activity: &Activity| activity.number);
            match tokio::time::timeout(PATIENCE, self.sessions.activity(id, after)).await {
                Ok(Ok(activity)) if condition(&activity) => return activity,
                Ok(Ok(activity)) => seen.push(activity),
                other => panic!("{other:?} after {seen:#?}, showing {:?}", self.output(id).await),
            }
        }
    }

    /// The number that the command wrote into a file of the project.
    pub(crate) async fn await_pid(&self, file: &str) -> i32 {
        let path = self.dir.join(file);
        await_that(&format!("{} holds a number", path.display()), || read_pid(&path).is_some()).await;
        read_pid(&path).unwrap()
    }

    pub(crate) fn tmux(&self, arguments: &[&str]) -> String {
        let mut tmux = Command::new(self.sessions.tmux_path());
        tmux.args(["-L", self.sessions.socket_name()]).args(arguments).env_remove("TMUX").env_remove("TMUX_TMPDIR");
        String::from_utf8_lossy(&tmux.output().unwrap().stdout).into_owned()
    }

    pub(crate) fn server_pid(&self) -> i32 {
        self.tmux(&["display-message", "-p", "#{pid}"]).trim().parse().unwrap()
    }
}

/// Wrappers outlive their tmux, so each is asked to end; nothing here may fail while a test fails.
impl Drop for Project {
    fn drop(&mut self) {
        let folders = std::fs::read_dir(self.dir.join(".instar/state/sessions")).into_iter().flatten().flatten();
        for folder in folders.map(|entry| entry.path()).filter(|path| !path.join("exit.json").exists()) {
            let started = std::fs::read(folder.join("started")).unwrap_or_default();
            let started: serde_json::Value = serde_json::from_slice(&started).unwrap_or_default();
            let pid = started["wrapper"]["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
            if let Some(pid) = pid.filter(|pid| is_alive(*pid)).and_then(Pid::from_raw) {
                rustix::process::kill_process(pid, Signal::TERM).ok();
            }
        }
        self.tmux(&["kill-server"]);
        let socket = format!("/tmp/tmux-{}/{}", rustix::process::getuid().as_raw(), self.sessions.socket_name());
        std::fs::remove_file(format!("{socket}.lock")).ok();
        std::fs::remove_file(socket).ok();
    }
}

fn settings(dir: &Path, name: &str) -> Settings {
    Settings {
        project: name.to_owned(),
        project_dir: dir.to_owned(),
        instar_dir: dir.join(".instar"),
        runner: PathBuf::from(env!("CARGO_BIN_EXE_instar-session-test-runner")),
        tmux: None,
        protected: Vec::new(),
        pass_env: Vec::new(),
        host_env: std::env::vars().collect(),
        output_cap: Settings::OUTPUT_CAP,
        stop_grace: Duration::from_secs(5),
    }
}

pub(crate) fn session_id() -> SessionId {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nonce = u64::from(std::process::id()) << 32 | COUNT.fetch_add(1, Ordering::Relaxed);
    Ids::new(Timestamp::now(), nonce).session()
}

pub(crate) fn session_name(name: &str) -> SessionName {
    name.parse().unwrap()
}

pub(crate) fn command(argv: &[&str]) -> Launch {
    let argv = argv.iter().map(|&word| word.to_owned()).collect();
    Launch { argv, env: BTreeMap::new(), cwd: None, stdin: Stdin::Bytes(Vec::new()), shown: None }
}

pub(crate) fn script(text: &str) -> Launch {
    command(&["sh", "-c", text])
}

pub(crate) fn talk(text: &str) -> Launch {
    Launch { stdin: Stdin::Terminal(Default::default()), ..script(text) }
}

/// The program of tests/bin/tui.rs, with the marks by which its doing is told.
pub(crate) fn tui(options: &[&str]) -> Launch {
    let marks = Marks {
        ready: vec!["^│ > +│$".to_owned()],
        busy: vec!["esc to interrupt".to_owned()],
        asking: vec!["Do you trust .*\\?$".to_owned()],
    };
    let argv = [&[env!("CARGO_BIN_EXE_instar-session-test-tui")], options].concat();
    Launch { stdin: Stdin::Terminal(marks), ..command(&argv) }
}

pub(crate) fn exit(status: i32) -> EndCause {
    EndCause::Exit(status)
}

#[track_caller]
pub(crate) fn pid_of(found: &Found) -> u32 {
    match found {
        Found::Running(process) => process.pid().unwrap(),
        other => panic!("{other:?} is not running"),
    }
}

pub(crate) fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

pub(crate) fn kill(pid: i32, signal: Signal) {
    rustix::process::kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

pub(crate) async fn await_that(what: &str, condition: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        pause().await;
    }
}

pub(crate) async fn pause() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

fn read_pid(path: &Path) -> Option<i32> {
    std::fs::read_to_string(path).ok()?.strip_suffix('\n')?.parse().ok()
}
