//! Programs that the operator has configured for the host to ask: each gets a question and prints an answer.
//!
//! They are asked in the background, so they are no sessions: nobody watches them, and they end with the host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

/// More of an answer is not read.
const MOST_BYTES: u64 = 64 << 10;
/// More questions wait: each may be a model at work.
const AT_ONCE: usize = 2;

/// Whom to ask, and how.
#[derive(Debug, Clone)]
pub(crate) struct HelperProgram {
    /// The key of the settings that names it.
    setting: &'static str,
    /// Program and arguments; empty when none is configured.
    command: Vec<String>,
    way: Way,
    limit: Duration,
    dir: PathBuf,
    env: BTreeMap<String, String>,
    places: Arc<Semaphore>,
}

/// How a program gets its question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Stdin,
    /// Behind its other arguments; nothing secret.
    Argument,
}

impl HelperProgram {
    pub(crate) fn new(
        setting: &'static str,
        command: Vec<String>,
        way: Way,
        limit: Duration,
        dir: PathBuf,
        env: BTreeMap<String, String>,
    ) -> Self {
        Self { setting, command, way, limit, dir, env, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// What it answers, or why it does not.
    pub(crate) async fn ask(&self, question: &str) -> Result<String, String> {
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(format!("no `{}` is configured", self.setting));
        };
        let _place = self.places.acquire().await.map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.dir).env_clear().envs(&self.env);
        let input = match self.way {
            Way::Stdin => question,
            Way::Argument => {
                command.arg(question);
                ""
            }
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().map_err(|error| format!("`{program}` could not be started: {error}"))?;
        match tokio::time::timeout(self.limit, answer_of(child, input)).await {
            Ok(answered) => answered.map_err(|why| format!("`{program}` {why}")),
            Err(_) => Err(format!("`{program}` gave no answer in {:?}", self.limit)),
        }
    }
}

async fn answer_of(mut child: Child, input: &str) -> Result<String, String> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // Who answers without having read everything is welcome to it.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
    };
    let read = async {
        let mut bytes = Vec::new();
        match stdout {
            Some(stdout) => stdout.take(MOST_BYTES).read_to_end(&mut bytes).await.map(|_| bytes),
            None => Ok(bytes),
        }
    };
    let ((), read) = tokio::join!(write, read);
    let bytes = read.map_err(|error| format!("could not be read: {error}"))?;
    let status = child.wait().await.map_err(|error| format!("could not be awaited: {error}"))?;
    if !status.success() {
        return Err(format!("ended with {status}"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(command: &[&str], limit_ms: u64) -> Result<String, String> {
        ask_by(Way::Stdin, command, limit_ms).await
    }

    async fn ask_by(way: Way, command: &[&str], limit_ms: u64) -> Result<String, String> {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        let dir = tempfile::tempdir().unwrap();
        let env = BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").unwrap_or_default())]);
        let limit = Duration::from_millis(limit_ms);
        HelperProgram::new("a.command", command, way, limit, dir.path().to_owned(), env).ask("a question").await
    }

    #[tokio::test]
    async fn the_question_is_read_and_the_answer_is_bounded() {
        assert_eq!(ask(&["cat"], 20_000).await.as_deref(), Ok("a question"));
        let much = ask(&["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; exit 0"], 20_000).await;
        assert!(much.is_err() || much.is_ok_and(|text| text.len() == 64 << 10));
    }

    #[tokio::test]
    async fn a_question_may_be_an_argument() {
        let told = ask_by(Way::Argument, &["sh", "-c", "cat; echo \"$1\"", "sh"], 20_000).await;
        assert_eq!(told.as_deref(), Ok("a question\n"));
    }

    #[tokio::test]
    async fn why_there_is_no_answer_is_said() {
        for (command, limit, why) in [
            (&[][..], 20_000, "no `a.command` is configured"),
            (&["/no/such/program"], 20_000, "could not be started"),
            (&["false"], 20_000, "ended with exit status: 1"),
            (&["sleep", "1000"], 50, "gave no answer in 50ms"),
        ] {
            let refused = ask(command, limit).await.expect_err(why);
            assert!(refused.contains(why), "{refused}");
        }
    }
}
