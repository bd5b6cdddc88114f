//! The host under measurement: a project in target/bench, its server, and a client without a library.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::shell;

pub(super) struct BenchAgent {
    dir: PathBuf,
    instar: PathBuf,
    port: u16,
    token: String,
    server: Option<Child>,
}

const PATIENCE: Duration = Duration::from_secs(20);

impl BenchAgent {
    /// A fresh project with so many jobs, each of which writes down when it began.
    pub(super) fn new(jobs: usize) -> Result<Self> {
        let dir = shell::target_dir().join("bench");
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("failed to remove {}", dir.display()))?;
        }
        fs::create_dir_all(dir.join("marks"))?;
        let instar = shell::target_dir().join("release/instar");
        if !shell::succeeds(shell::program(&instar).arg("init").arg("--dir").arg(&dir)) {
            bail!("`instar init` failed in {}", dir.display());
        }
        let config_path = dir.join(".instar/config.json");
        let mut config: Value = serde_json::from_str(&fs::read_to_string(&config_path)?)?;
        config["scheduler"]["maxParallelJobs"] = json!(50);
        config["sessions"]["maxSessions"] = json!(60);
        fs::write(&config_path, config.to_string())?;
        let token = config["auth"]["token"].as_str().context("init wrote no token")?.to_owned();
        let job = |index: usize| {
            json!({
                "slug": format!("job-{index}"), "name": format!("Job {index}"), "schedule": "@yearly",
                "execute": { "type": "script", "value": format!("date +%s%N > marks/job-{index}") }
            })
        };
        fs::write(dir.join(".instar/jobs.json"), Value::from_iter((0..jobs).map(job)).to_string())?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut agent = Self { dir, instar, port, token, server: None };
        agent.start()?;
        Ok(agent)
    }

    /// Starts the server and returns how long it took to answer.
    pub(super) fn start(&mut self) -> Result<Duration> {
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

    pub(super) fn stop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        shell::succeeds(shell::program("kill").arg(server.id().to_string()));
        let _ = server.wait();
    }

    pub(super) fn mark(&self, name: &str) -> PathBuf {
        self.dir.join("marks").join(name)
    }

    pub(super) fn program(&self) -> &Path {
        &self.instar
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn post(&self, path: &str) -> Result<String> {
        self.request("POST", path)
    }

    fn request(&self, method: &str, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.token
        );
        stream.write_all(head.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if !answer.starts_with("HTTP/1.1 200") {
            bail!("{method} {path}: {}", answer.lines().next().unwrap_or("no answer"));
        }
        Ok(answer)
    }

    /// User and system time of the server, in hundredths of a second.
    pub(super) fn cpu_ticks(&self) -> Result<u64> {
        let stat = fs::read_to_string(self.proc("stat")?)?;
        let after_name = stat.rsplit_once(')').context("/proc/…/stat has another form")?.1;
        let fields: Vec<u64> =
            after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        Ok(fields.iter().sum())
    }

    pub(super) fn rss_kib(&self) -> Result<u64> {
        let status = fs::read_to_string(self.proc("status")?)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        line.split_whitespace().next().and_then(|number| number.parse().ok()).context("VmRSS is no number")
    }

    fn proc(&self, name: &str) -> Result<PathBuf> {
        let server = self.server.as_ref().context("the server does not run")?;
        Ok(Path::new("/proc").join(server.id().to_string()).join(name))
    }
}

impl Drop for BenchAgent {
    fn drop(&mut self) {
        self.stop();
        shell::succeeds(shell::program("tmux").args(["-L", "instar-bench-peer", "kill-server"]));
    }
}

pub(super) fn unix_nanos() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

pub(super) fn wait_for<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let found = look();
        if found.is_some() || begun.elapsed() > limit {
            return found;
        }
        sleep(Duration::from_micros(500));
    }
}
