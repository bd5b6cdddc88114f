//! A project folder with an `.instar`, made by `instar init`, and the binary that serves it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::Server;

#[derive(Debug)]
pub struct Agent {
    folder: TempDir,
}

/// The binary under test, as `cargo xtask test` passes it.
///
/// # Panics
/// When there is none, with what to do.
pub fn instar_bin() -> PathBuf {
    let given = std::env::var_os("INSTAR_BIN").map(PathBuf::from);
    let bin = given.unwrap_or_else(|| workspace().join("target/debug/instar"));
    assert!(bin.is_file(), "{} is missing: run `cargo xtask test`, or build it and set INSTAR_BIN", bin.display());
    bin
}

/// A test component, as `cargo xtask components` built it.
///
/// # Panics
/// When it was not built.
pub fn component(name: &str) -> PathBuf {
    let path = workspace().join(format!("target/components/{name}.wasm"));
    assert!(path.is_file(), "{} is missing: run `cargo xtask components`", path.display());
    path
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

impl Agent {
    /// # Panics
    /// When the project cannot be made.
    #[expect(clippy::new_without_default, reason = "it makes a folder on disk")]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("agent.").tempdir().expect("a temp folder can be made");
        let agent = Self { folder };
        let done = agent.instar(&["init"]);
        assert!(done.status.success(), "instar init: {done:?}");
        crate::native_code::lend(agent.dir());
        // Tests run side by side, so none may take the port that `init` would find free.
        // Nor may a full machine hold back what they wait for.
        agent.configure(&json!({ "port": free_port(), "monitoring": {"memoryMonitoring": false} }));
        agent
    }

    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    /// The value of a file that holds JSON.
    ///
    /// # Panics
    /// When it holds none.
    pub fn json(&self, name: &str) -> Value {
        let text = fs::read_to_string(self.path(name)).expect("the file can be read");
        serde_json::from_str(&text).expect("the file holds JSON")
    }

    pub fn token(&self) -> String {
        let config = self.json(".instar/config.json");
        // The second is where the predecessor kept it.
        let token = config["auth"]["token"].as_str().or_else(|| config["authToken"].as_str());
        token.expect("the config has a token").to_owned()
    }

    /// Merges into the config, key by key.
    pub fn configure(&self, changes: &Value) {
        let mut config = self.json(".instar/config.json");
        merge(&mut config, changes);
        self.write(".instar/config.json", &config.to_string());
    }

    pub fn write_jobs(&self, jobs: &Value) {
        self.write(".instar/jobs.json", &format!("{jobs:#}"));
    }

    /// # Panics
    /// When the file cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("the folder can be made");
        }
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// # Panics
    /// When the file cannot be written.
    pub fn write_script(&self, name: &str, body: &str) {
        self.write(name, &format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).expect("the mode can be set");
    }

    /// Puts a test component where the host looks for plugins.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn install(&self, name: &str) {
        let folder = self.path(".instar/plugins");
        fs::create_dir_all(&folder).expect("the folder can be made");
        fs::copy(component(name), folder.join(format!("{name}.wasm"))).expect("the component can be copied");
    }

    /// Makes the prompt execute type use the given agent CLI.
    pub fn use_agent_cli(&self, path: &Path) {
        self.configure(&json!({"plugins": {"execute-prompt": {"config": {"command": path}}}}));
    }

    /// Runs the CLI in this project.
    ///
    /// # Panics
    /// When the binary cannot be run.
    pub fn instar(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("instar can be run")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(instar_bin());
        command.args(arguments).arg("--dir").arg(self.dir()).current_dir(self.dir());
        command.env_remove("TMUX").env("INSTAR_LOG", "info");
        command
    }

    /// The same as a person at a terminal of their own, with a cache of their own.
    pub fn command_of_operator(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.env_remove("CLAUDECODE").env_remove("INSTAR_RUN_ID").env("XDG_CACHE_HOME", self.path(".user-cache"));
        command
    }

    /// Starts the server in the foreground and waits until it answers.
    pub fn start(&self) -> Server {
        Server::start(self, None, &[])
    }

    /// The same, with these variables in its environment.
    pub fn start_with(&self, env: &[(&str, &str)]) -> Server {
        Server::start(self, None, env)
    }

    /// The same, with no more than so many files open at once.
    pub fn start_with_files(&self, most: u32) -> Server {
        Server::start(self, Some(most), &[])
    }
}

/// What runs in the project's private tmux outlives the server, so it is ended with the project.
impl Drop for Agent {
    fn drop(&mut self) {
        for pid in crate::server::processes_below(self.dir()) {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        }
    }
}

/// A port of loopback that nobody has.
///
/// # Panics
/// When none is free.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
