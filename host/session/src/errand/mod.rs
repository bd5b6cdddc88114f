//! Errands: short commands that the host runs beside its sessions, to be told something, such as gates.
//!
//! Each runs under a process of ours that ends all of it when the host wants so, or is gone. What it is to run comes
//! by its standard input, so that no secret stands in `ps`; and it lives no longer than that input stays open.

mod child;
mod program;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use crate::environment;
use crate::sessions::Sessions;

pub use child::run;
pub use program::ProgramError;

/// The verb by which the runner knows an errand.
pub const VERB: &str = "__errand";

/// A shell command to be run in the project.
#[derive(Clone)]
pub struct Errand<'a> {
    pub command: &'a str,
    /// Added to what the allow-list lets through.
    pub env: BTreeMap<String, String>,
    pub limit: Duration,
    /// How much of what it prints is kept, in bytes: the end of it.
    pub keep: usize,
    /// Whether its errors are told apart from its output.
    pub errors_apart: bool,
}

/// How an errand ended, and what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrandEnd {
    pub how: ErrandHow,
    pub output: String,
    /// Empty unless they were wanted apart.
    pub errors: String,
    pub duration: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrandHow {
    /// Its status; that of one which a signal ended is 128 and the signal's number.
    Exit(i32),
    TimedOut,
    NotStarted(String),
}

/// Environments hold secrets.
impl fmt::Debug for Errand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Errand").field("command", &self.command).field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// What the runner is told.
#[derive(Serialize, Deserialize)]
struct Spec {
    what: What,
    cwd: PathBuf,
    env: BTreeMap<String, String>,
    errors_apart: bool,
    /// So many bytes behind this line are the command's input.
    input_bytes: usize,
}

#[derive(Serialize, Deserialize)]
enum What {
    /// A shell command, whose input is empty.
    Shell(String),
    /// A program by its path, and its words.
    Program(Vec<String>),
}

/// How long a process that was told to end everything may take.
const END: Duration = Duration::from_secs(35);

impl Sessions {
    /// Runs a shell command in the project and waits for its end, for as long as it may take. Nothing of it is left.
    ///
    /// A future that is dropped takes its command with it.
    pub async fn run_errand(&self, errand: Errand<'_>) -> ErrandEnd {
        let begun = Instant::now();
        let (how, output, errors) = match self.start_errand(&errand).await {
            Ok(child) => attend(child, &errand).await,
            Err(error) => (ErrandHow::NotStarted(error.to_string()), String::new(), String::new()),
        };
        ErrandEnd { how, output, errors, duration: begun.elapsed() }
    }

    async fn start_errand(&self, errand: &Errand<'_>) -> io::Result<Child> {
        let settings = &self.shared().settings;
        let mut env = environment::allowed(&settings.host_env, &settings.pass_env);
        env.extend(errand.env.clone());
        let spec = Spec {
            what: What::Shell(errand.command.to_owned()),
            cwd: settings.project_dir.clone(),
            env,
            errors_apart: errand.errors_apart,
            input_bytes: 0,
        };
        self.start_runner(&spec, &[]).await
    }

    async fn start_runner(&self, spec: &Spec, input: &[u8]) -> io::Result<Child> {
        let settings = &self.shared().settings;
        let mut line = serde_json::to_vec(spec)?;
        line.push(b'\n');
        let mut runner = Command::new(&settings.runner);
        // A group of its own, so that Ctrl-C at the host's terminal is the host's business.
        runner.arg(VERB).env_clear().process_group(0);
        runner.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = runner.spawn()?;
        if let Some(stdin) = &mut child.stdin {
            stdin.write_all(&line).await?;
            stdin.write_all(input).await?;
        }
        Ok(child)
    }
}

async fn attend(mut child: Child, errand: &Errand<'_>) -> (ErrandHow, String, String) {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let reading = async { tokio::join!(last_of(stdout, errand.keep), last_of(stderr, errand.keep)) };
    let (status, (output, errors)) = tokio::join!(ended(child, errand.limit), reading);
    (status.map_or(ErrandHow::TimedOut, how), output, errors)
}

/// How the runner ended; none where the time was over, and all was ended.
async fn ended(mut child: Child, limit: Duration) -> Option<io::Result<ExitStatus>> {
    // Taken out, because waiting for a child closes it, and with it the errand would end.
    let open = child.stdin.take();
    let waited = tokio::time::timeout(limit, child.wait()).await;
    drop(open);
    if waited.is_err() && tokio::time::timeout(END, child.wait()).await.is_err() {
        tracing::error!("an errand could not be ended");
        child.start_kill().ok();
    }
    waited.ok()
}

fn how(status: io::Result<ExitStatus>) -> ErrandHow {
    match status {
        Ok(status) => match status.code() {
            Some(code) => ErrandHow::Exit(code),
            None => ErrandHow::NotStarted(format!("its runner was ended: {status}")),
        },
        Err(error) => ErrandHow::NotStarted(error.to_string()),
    }
}

/// Reads to the end, and keeps the last bytes.
async fn last_of(stream: Option<impl AsyncRead + Unpin>, keep: usize) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let (mut kept, mut chunk) = (Vec::new(), vec![0; 8192]);
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..count]);
        let surplus = kept.len().saturating_sub(keep);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).into_owned()
}
