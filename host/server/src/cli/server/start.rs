//! `instar server start`: in the foreground, or as a process of its own that this one waits for.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use instar_api::paths;
use serde_json::json;

use crate::cli::client::Client;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{Context, client_of, sentence};
use crate::config::{Config, Project};
use crate::disk;
use crate::serve::{self, Ready, ServeOptions};
use crate::wiring::lock::{self, Holder};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(15);

/// From here on the user is told what we wait for.
const QUIET: Duration = Duration::from_secs(1);

/// More than this nobody says on the way out.
const LONGEST_WORDS: u64 = 1024 * 1024;

#[derive(Debug, clap::Args)]
pub(crate) struct Start {
    /// Stay in this terminal until Ctrl-C
    #[arg(long)]
    foreground: bool,
    /// Another port than the one in the settings
    #[arg(long)]
    port: Option<u16>,
    /// Leave the terminal; what `server start` gives to the process that it starts
    #[arg(long, hide = true, requires = "foreground")]
    detached: bool,
}

pub(super) fn run(context: &Context, start: &Start) -> Result<Exit, Failure> {
    let project = context.project()?;
    if start.foreground {
        return foreground(context, &project, start);
    }
    let config = context.config(&project)?;
    if let Some(holder) = lock::holder(&project.lock_file()) {
        let port = if holder.port == 0 { config.port } else { holder.port };
        return said(context, &config, holder.pid, port, false);
    }
    let mut server = Background::spawn(&project, start.port)?;
    let holder = server.wait(context, &project)?;
    said(context, &config, holder.pid, holder.port, holder.pid == server.child.id())
}

fn said(context: &Context, config: &Config, pid: u32, port: u16, started: bool) -> Result<Exit, Failure> {
    let url = url(config, port);
    if context.out.json {
        context.out.value(&json!({ "running": true, "started": started, "pid": pid, "port": port, "url": url }))?;
    } else if started {
        context.out.line(format!("The server runs at {url}, process {pid}."))?;
    } else {
        context.out.line(format!("The server is already running at {url}, process {pid}."))?;
    }
    Ok(Exit::Ok)
}

/// An address of all interfaces is none that a browser can open.
pub(crate) fn url(config: &Config, port: u16) -> String {
    match config.host.as_str() {
        "0.0.0.0" => format!("http://127.0.0.1:{port}"),
        "::" | "[::]" => format!("http://[::1]:{port}"),
        host if host.contains(':') && !host.starts_with('[') => format!("http://[{host}]:{port}"),
        host => format!("http://{host}:{port}"),
    }
}

fn foreground(context: &Context, project: &Project, start: &Start) -> Result<Exit, Failure> {
    if start.detached {
        // It fails for one who leads a session already, and has no terminal to leave.
        let _ = rustix::process::setsid();
    }
    let options = ServeOptions { port: start.port, foreground: !start.detached };
    let on_ready = |ready: &Ready| {
        if !start.detached {
            // A reader that went away is no reason to stop serving.
            let _ = context.out.line(hello(ready));
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("failed to start a runtime", &error))?;
    let served = runtime.block_on(serve::run(project, options, on_ready));
    served.map_err(|error| Failure::failed(sentence(&error)))?;
    Ok(Exit::Ok)
}

fn hello(ready: &Ready) -> String {
    let (url, token_file) = (&ready.url, ready.token_file.display());
    format!(
        "instar runs at {url}\n  token  auth.token in {token_file}\n  stop   Ctrl-C, or `instar server stop`; sessions go on"
    )
}

/// A server that was started by us and is not ours to own.
struct Background {
    child: Child,
    log: File,
    /// Where in the log its own lines begin.
    log_start: u64,
}

impl Background {
    fn spawn(project: &Project, port: Option<u16>) -> Result<Self, Failure> {
        let failed = |error: &std::io::Error| Failure::io("failed to start the server", error);
        let log = open_log(&project.log_file())
            .map_err(|error| Failure::io(format_args!("failed to write {}", project.log_file().display()), &error))?;
        let log_start = log.metadata().map_or(0, |found| found.len());
        let program = std::env::current_exe().map_err(|error| failed(&error))?;
        let mut command = Command::new(program);
        command.args(["server", "start", "--foreground", "--detached", "--dir"]).arg(project.dir());
        if let Some(port) = port {
            command.args(["--port", &port.to_string()]);
        }
        let [out, errors] = [log.try_clone(), log.try_clone()];
        command.current_dir(project.dir()).stdin(Stdio::null());
        command.stdout(out.map_err(|error| failed(&error))?).stderr(errors.map_err(|error| failed(&error))?);
        let child = command.spawn().map_err(|error| failed(&error))?;
        Ok(Self { child, log, log_start })
    }

    /// Until a server answers, which is another one if somebody was faster; or ours ends, or time is up.
    fn wait(&mut self, context: &Context, project: &Project) -> Result<Holder, Failure> {
        let started = Instant::now();
        let mut tell_at = QUIET;
        loop {
            let has_ended = matches!(self.child.try_wait(), Ok(Some(_)));
            let holder = lock::holder(&project.lock_file()).filter(|holder| holder.port != 0);
            // Our own may still try to become the server; it must not succeed after we went.
            if let Some(holder) = holder
                && (has_ended || holder.pid == self.child.id())
                && answers(&client_of(project)?.within(Duration::from_secs(2)))
            {
                return Ok(holder);
            }
            if has_ended && holder.is_none() {
                return Err(Failure::failed(format!("the server did not start: {}", self.last_words(project))));
            }
            if started.elapsed() >= PATIENCE {
                let (pid, log) = (self.child.id(), project.log_file());
                return Err(Failure::failed(format!(
                    "the server, process {pid}, does not answer after {} s; see {}, or stop it with `instar server stop`",
                    PATIENCE.as_secs(),
                    log.display()
                )));
            }
            if started.elapsed() >= tell_at {
                context.out.note(format!("waiting for the server to answer ({} s) …", started.elapsed().as_secs()));
                tell_at += Duration::from_secs(3);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The sentence with which it ended: its last line in the log.
    fn last_words(&mut self, project: &Project) -> String {
        let mut text = String::new();
        let read = self.log.seek(SeekFrom::Start(self.log_start)).and_then(|_| {
            let mut bytes = Vec::new();
            (&self.log).take(LONGEST_WORDS).read_to_end(&mut bytes)?;
            text = String::from_utf8_lossy(&bytes).into_owned();
            Ok(())
        });
        let words = read.ok().and_then(|()| last_sentence(&text));
        words.unwrap_or_else(|| format!("it ended without a word; see {}", project.log_file().display()))
    }
}

/// Our own sentence, if there is one, else whatever was said last, as by a panic.
fn last_sentence(log: &str) -> Option<String> {
    let mut lines = log.lines().rev().filter(|line| !line.trim().is_empty());
    let last = lines.next()?;
    let own = std::iter::once(last).chain(lines).find_map(|line| line.strip_prefix("instar: "));
    Some(own.unwrap_or(last).to_owned())
}

fn answers(client: &Client) -> bool {
    client.get(paths::HEALTH).is_ok_and(|answer| answer.status.is_success())
}

fn open_log(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        disk::create_folder(folder, disk::Mode::Private)?;
    }
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_our_own_sentence_if_there_is_one() {
        for (log, expected) in [
            ("", None),
            ("a\nb\n\n", Some("b")),
            ("instar: port 4040 is in use\n", Some("port 4040 is in use")),
            ("instar: old\ninstar: new\nnote: a backtrace\n", Some("new")),
        ] {
            assert_eq!(last_sentence(log).as_deref(), expected, "{log:?}");
        }
    }
}
