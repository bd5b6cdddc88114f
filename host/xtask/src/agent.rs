//! A throw-away project below `target`, its server, and a client without a library.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell;

pub(crate) struct Agent {
    dir: PathBuf,
    instar: PathBuf,
    port: u16,
    token: String,
    server: Option<Child>,
}

const PATIENCE: Duration = Duration::from_secs(20);

impl Agent {
    /// A fresh project in `target/NAME` with these jobs, served by `target/INSTAR`.
    pub(crate) fn new(name: &str, instar: &str, settings: impl FnOnce(&mut Value), jobs: &Value) -> Result<Self> {
        let dir = shell::target_dir().join(name);
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("failed to remove {}", dir.display()))?;
        }
        fs::create_dir_all(&dir)?;
        // As processes name it, also when `target` is a link.
        let dir = dir.canonicalize()?;
        let instar = shell::target_dir().join(instar);
        if !shell::succeeds(shell::program(&instar).arg("init").arg("--dir").arg(&dir)) {
            bail!("`instar init` failed in {}", dir.display());
        }
        let config_path = dir.join(".instar/config.json");
        let mut config: Value = serde_json::from_str(&fs::read_to_string(&config_path)?)?;
        settings(&mut config);
        fs::write(&config_path, config.to_string())?;
        let token = config["auth"]["token"].as_str().context("init wrote no token")?.to_owned();
        fs::write(dir.join(".instar/jobs.json"), jobs.to_string())?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut agent = Self { dir, instar, port, token, server: None };
        agent.start()?;
        Ok(agent)
    }

    /// Starts the server and returns how long it took to answer.
    pub(crate) fn start(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        let server = shell::program(&self.instar)
            .args(["server", "start", "--foreground", "--port", &self.port.to_string(), "--dir"])
            .arg(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("failed to run {}", self.instar.display()))?;
        self.server = Some(server);
        wait_for(PATIENCE, || self.request("GET", "/health").ok()).context("the server did not answer")?;
        Ok(begun.elapsed())
    }

    pub(crate) fn stop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        shell::succeeds(shell::program("kill").arg(server.id().to_string()));
        let _ = server.wait();
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn program(&self) -> &Path {
        &self.instar
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The body of an answer that is a success.
    pub(crate) fn request(&self, method: &str, path: &str) -> Result<String> {
        self.exchange(method, path, "")
    }

    /// The same, with something to say.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<String> {
        self.exchange("POST", path, &body.to_string())
    }

    fn exchange(&self, method: &str, path: &str, body: &str) -> Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.token,
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
            _ => bail!("{method} {path}: {}", answer.lines().next().unwrap_or("no answer")),
        }
    }

    /// User and system time of the server, in hundredths of a second.
    pub(crate) fn cpu_ticks(&self) -> Result<u64> {
        let stat = fs::read_to_string(self.proc("stat")?)?;
        let after_name = stat.rsplit_once(')').context("/proc/…/stat has another form")?.1;
        let fields: Vec<u64> =
            after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        Ok(fields.iter().sum())
    }

    pub(crate) fn rss_kib(&self) -> Result<u64> {
        let status = fs::read_to_string(self.proc("status")?)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        line.split_whitespace().next().and_then(|number| number.parse().ok()).context("VmRSS is no number")
    }

    fn proc(&self, name: &str) -> Result<PathBuf> {
        let server = self.server.as_ref().context("the server does not run")?;
        Ok(Path::new("/proc").join(server.id().to_string()).join(name))
    }
}

/// What runs in the project's private tmux outlives the server, so it is ended with the project.
impl Drop for Agent {
    fn drop(&mut self) {
        self.stop();
        for process in processes_of(&self.dir) {
            shell::succeeds(shell::program("kill").args(["-KILL", &process]));
        }
    }
}

/// The ids of those whose command line names the folder.
fn processes_of(dir: &Path) -> Vec<String> {
    let dir = dir.to_string_lossy();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ours = entries.filter(|entry| {
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains(&*dir)
    });
    ours.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

pub(crate) fn wait_for<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let found = look();
        if found.is_some() || begun.elapsed() > limit {
            return found;
        }
        sleep(Duration::from_micros(500));
    }
}
