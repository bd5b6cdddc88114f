//! `instar server start`: in the foreground, or as a process of its own that this one waits for.

use std::time::{Duration, Instant};

use instar_api::paths;
use serde_json::json;

use super::background::Background;
use crate::cli::client::Client;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{Context, client_of, sentence};
use crate::config::{Config, Project};
use crate::serve::{self, Ended, Ready, ServeOptions};
use crate::wiring::lock::{self, Holder};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// From here on the user is told what we wait for.
const QUIET: Duration = Duration::from_secs(1);

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
    let port = start.port.map(|port| port.to_string());
    let arguments: Vec<&str> =
        ["server", "start"].into_iter().chain(port.iter().flat_map(|port| ["--port", port.as_str()])).collect();
    let mut server = Background::spawn(&project, &project.log_file(), &arguments)?;
    let holder = wait(&mut server, context, &project)?;
    said(context, &config, holder.pid, holder.port, holder.pid == server.pid())
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
    match runtime.block_on(serve::run(project, options, on_ready)) {
        Ok(Ended::Stopped) => Ok(Exit::Ok),
        Ok(Ended::WantsRestart) => Ok(Exit::WantsRestart),
        Err(error) if serve::is_misconfigured(&error) => Err(Failure::new(Exit::Misconfigured, sentence(&error))),
        Err(error) => Err(Failure::failed(sentence(&error))),
    }
}

fn hello(ready: &Ready) -> String {
    let (url, token_file) = (&ready.url, ready.token_file.display());
    format!(
        "instar runs at {url}\n  token  auth.token in {token_file}\n  stop   Ctrl-C, or `instar server stop`; sessions go on"
    )
}

/// Until a server answers, which is another one if somebody was faster; or ours ends, or time is up.
fn wait(server: &mut Background, context: &Context, project: &Project) -> Result<Holder, Failure> {
    let started = Instant::now();
    let mut tell_at = QUIET;
    loop {
        let has_ended = server.has_ended();
        let holder = lock::holder(&project.lock_file()).filter(|holder| holder.port != 0);
        // Our own may still try to become the server; it must not succeed after we went.
        if let Some(holder) = holder
            && (has_ended || holder.pid == server.pid())
            && answers(&client_of(project)?.within(Duration::from_secs(2)))
        {
            return Ok(holder);
        }
        if has_ended && holder.is_none() {
            return Err(Failure::failed(format!("the server did not start: {}", server.last_words())));
        }
        if started.elapsed() >= PATIENCE {
            let (pid, log) = (server.pid(), project.log_file());
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

fn answers(client: &Client) -> bool {
    client.get(paths::HEALTH).is_ok_and(|answer| answer.status.is_success())
}
