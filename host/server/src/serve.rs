//! The server: listens, serves, and ends in order.
//!
//! The order matters. Both entrances are bound before anything of the host moves, so that a port in use costs
//! nothing; on the way out the engine ends last, so that what was answered is recorded.

mod listen;
pub(crate) mod logging;
mod patience;
pub(crate) mod socket;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use instar_core::supervisor::WANTS_RESTART;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::bundled;
use crate::config::{Config, ConfigError, Project};
use crate::guards::{Approvals, DecisionLog, Home};
use crate::http::{self, App, Streams};
use crate::live_plugins;
use crate::memory_watch;
use crate::quota_collector::Collector;
use crate::quota_file;
use crate::shadow;
use crate::start_code;
use crate::traces;
use crate::users_file;
use crate::watch_approvals;
use crate::watch_hooks;
use crate::watch_jobs;
use crate::wiring::{self, Host};
use listen::{Tcp, Unix};
use socket::Socket;

/// How the server was asked to run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ServeOptions {
    /// Instead of the configured one; 0 takes any that is free.
    pub(crate) port: Option<u16>,
    /// The log goes to standard error as well.
    pub(crate) foreground: bool,
}

/// The server is up: where it can be reached, and where the token is.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) url: String,
    pub(crate) socket: PathBuf,
    pub(crate) token_file: PathBuf,
}

/// How long open requests may take to end once the server is asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How long WebSockets may take to say goodbye.
const SOCKET_GRACE: Duration = Duration::from_secs(1);
/// How long steps may take to be written down.
const STEPS_GRACE: Duration = Duration::from_secs(1);
/// How long the engine may take to record its end.
const ENGINE_GRACE: Duration = Duration::from_secs(4);

/// Where clients find the socket of a project's server.
pub(crate) fn recorded_socket(project: &Project) -> PathBuf {
    socket::recorded(project)
}

/// The files by which clients find a server. A server that ends in order takes them away.
pub(crate) fn socket_files(project: &Project) -> [PathBuf; 2] {
    socket::files(project)
}

/// How a server ended in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Somebody stopped it.
    Stopped,
    /// Somebody wants another one in its place.
    WantsRestart,
}

impl Ended {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Stopped => 0,
            Self::WantsRestart => WANTS_RESTART,
        }
    }
}

/// Settings that would open the API to everybody.
#[derive(Debug, thiserror::Error)]
#[error(
    "`host` is {host}, which other machines can reach, and no token is configured: set `auth.token` in \
     .instar/config.json, or `host` to 127.0.0.1"
)]
struct Exposed {
    host: String,
}

/// Whether a start failed for its settings, so that another one would, too.
pub(crate) fn is_misconfigured(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<ConfigError>() {
        Some(ConfigError::Read { source, .. }) => source.kind() == std::io::ErrorKind::PermissionDenied,
        Some(ConfigError::TooLarge { .. } | ConfigError::Json { .. } | ConfigError::Key { .. }) => true,
        None => error.is::<Exposed>(),
    }
}

/// Serves a project until a signal ends it. Returns an error when it could not start, or broke.
pub(crate) async fn run(
    project: &Project,
    options: ServeOptions,
    on_ready: impl FnOnce(&Ready),
) -> anyhow::Result<Ended> {
    let config = Config::load(project)?;
    check_exposure(&config)?;
    let mut lock = wiring::claim(project)?;
    logging::start(project.log_file(), options.foreground)?;
    report(project, &config);
    let mut signals = Signals::catch()?;
    let tcp = bind(&config, options.port.unwrap_or(config.port)).await?;
    let port = tcp.local_addr().context("failed to find out the port")?.port();
    let (socket, unix) = Socket::listen(project)?;
    lock.announce(port)?;
    let url = url(&config, port);
    let host = wiring::build(project, &config, bundled::plugins(), &url).await?;
    let ready = Ready { url, socket: socket.path().to_owned(), token_file: project.config_file() };
    let mut server = Server::start(host, (tcp, port), unix, &config, project);
    tracing::info!(url = ready.url, socket = %ready.socket.display(), "instar {} serves {}", wiring::VERSION, project.dir().display());
    on_ready(&ready);
    if let Err(error) = start_code::give_back() {
        tracing::warn!(%error, "the code of the start stays in memory");
    }
    let ended = tokio::select! {
        (name, ended) = signals.wait() => {
            tracing::info!("{name}: shutting down");
            Some(ended)
        }
        () = server.host.running.ended() => None,
    };
    server.stop(ended.is_none()).await;
    let Some(ended) = ended else {
        bail!("the engine ended by itself; the log in {} says more", project.log_file().display());
    };
    drop(socket);
    lock.end(ended.code())?;
    Ok(ended)
}

/// An API that other machines reach must have a lock.
fn check_exposure(config: &Config) -> Result<(), Exposed> {
    if config.is_loopback() || config.token.is_some() {
        return Ok(());
    }
    Err(Exposed { host: config.host.clone() })
}

fn report(project: &Project, config: &Config) {
    let file = project.config_file();
    for key in config.unknown_keys() {
        tracing::warn!("`{key}` in {} has no effect in this version", file.display());
    }
    if config.token.is_none() && !config.trust_loopback {
        tracing::warn!(
            "no token is configured: on TCP only the basic /health answers; set `auth.token` in {} and restart. \
             The CLI uses the socket, and needs none",
            file.display()
        );
    }
}

async fn bind(config: &Config, port: u16) -> anyhow::Result<TcpListener> {
    let host = config.host.trim_start_matches('[').trim_end_matches(']');
    match TcpListener::bind((host, port)).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
            "port {port} on {host} is already in use: stop the program that has it, or set another `port` in \
             .instar/config.json"
        ),
        Err(error) => Err(error).with_context(|| format!("failed to listen on {host}, port {port}")),
    }
}

/// Where a program on this machine finds the server.
fn url(config: &Config, port: u16) -> String {
    let host = config.host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) if address.is_unspecified() => format!("http://127.0.0.1:{port}"),
        Ok(IpAddr::V6(address)) if address.is_unspecified() => format!("http://[::1]:{port}"),
        Ok(IpAddr::V6(address)) => format!("http://[{address}]:{port}"),
        Ok(IpAddr::V4(_)) | Err(_) => format!("http://{host}:{port}"),
    }
}

/// Everything that runs, and how to end it.
struct Server {
    host: Host,
    closing: watch::Sender<bool>,
    streams: Streams,
    entrances: Vec<JoinHandle<()>>,
    /// Those that follow files, and bring what stands in them.
    watches: Vec<JoinHandle<()>>,
    traces: Option<JoinHandle<()>>,
}

impl Server {
    fn start(
        host: Host,
        (tcp, port): (TcpListener, u16),
        unix: UnixListener,
        config: &Config,
        project: &Project,
    ) -> Self {
        let (closing, closed) = watch::channel(false);
        let streams = Streams::new(closed.clone());
        let app = Arc::new(App {
            answers: crate::http::Answers::default(),
            health: crate::http::KeptHealth::default(),
            engine: host.engine.clone(),
            jobs: host.jobs.clone(),
            plugins: host.plugins.clone(),
            guards: host.guards.clone(),
            quota: host.quota.clone(),
            project_name: config.project_name.clone(),
            version: wiring::VERSION.to_owned(),
            started: Instant::now(),
            streams: streams.clone(),
            session_tokens: host.session_tokens.clone(),
            spawns: crate::http::SpawnLimit::default(),
        });
        let by_tcp = http::tcp_router(app.clone(), config, port);
        let by_socket = http::socket_router(app, config);
        // Before anybody can ask for a run, so that its trace has a beginning.
        let traces = config
            .collector
            .clone()
            .map(|collector| tokio::spawn(traces::follow(host.engine.clone(), collector, config.project_name.clone())));
        let entrances = vec![
            tokio::spawn(listen::serve(Tcp(tcp), by_tcp, closed.clone(), GRACE)),
            tokio::spawn(listen::serve(Unix(unix), by_socket, closed, GRACE)),
        ];
        let watches = watches(&host, config, project);
        Self { host, closing, streams, entrances, watches, traces }
    }

    async fn stop(self, engine_broke: bool) {
        let _ = self.closing.send(true);
        self.watches.iter().for_each(JoinHandle::abort);
        if let Some(traces) = &self.traces {
            traces.abort();
        }
        for entrance in self.entrances {
            if let Err(error) = entrance.await {
                tracing::error!(%error, "an entrance did not end in order");
            }
        }
        if tokio::time::timeout(SOCKET_GRACE, self.streams.sockets_ended()).await.is_err() {
            tracing::warn!("some WebSockets did not end in {SOCKET_GRACE:?} and are cut off");
        }
        if !engine_broke && tokio::time::timeout(ENGINE_GRACE, self.host.running.stop()).await.is_err() {
            tracing::error!("the engine did not end in {ENGINE_GRACE:?}");
        }
        self.host.plugins.shadows().write();
        let steps = self.host.steps.clone();
        let _ = tokio::task::spawn_blocking(move || steps.settle(STEPS_GRACE)).await;
        self.host.store.close().await;
        tracing::info!("stopped");
    }
}

fn watches(host: &Host, config: &Config, project: &Project) -> Vec<JoinHandle<()>> {
    let mut watches = vec![
        tokio::spawn(watch_jobs::watch(host.jobs.clone(), host.engine.clone())),
        tokio::spawn(live_plugins::watch(host.plugins.clone(), host.engine.clone())),
        tokio::spawn(live_plugins::quarantine(host.plugins.clone(), host.engine.clone())),
        tokio::spawn(shadow::listen(project.clone(), host.plugins.questions())),
        tokio::spawn(users_file::watch(project.users_file(), host.engine.clone())),
        tokio::spawn(watch_hooks::watch(DecisionLog::new(Home::of(project).decisions()), host.plugins.clone())),
        tokio::spawn(watch_approvals::watch(Approvals::new(Home::of(project).approvals()), host.engine.clone())),
    ];
    if config.admission.quota.is_some() {
        watches.push(tokio::spawn(quota_file::watch(host.quota.clone(), host.engine.clone())));
        let collector = Collector::of(&config.quota, host.quota.clone(), host.engine.clone());
        watches.extend(collector.map(|collector| tokio::spawn(collector.collect())));
    }
    if config.admission.memory.is_some() {
        watches.push(tokio::spawn(memory_watch::watch(host.engine.clone())));
    }
    watches
}

/// The signals that end a server.
struct Signals([(&'static str, Signal); 4]);

impl Signals {
    fn catch() -> anyhow::Result<Self> {
        let catch = |kind| signal(kind).context("failed to catch signals");
        Ok(Self([
            ("SIGTERM", catch(SignalKind::terminate())?),
            ("SIGINT", catch(SignalKind::interrupt())?),
            ("SIGHUP", catch(SignalKind::hangup())?),
            ("SIGUSR1", catch(SignalKind::user_defined1())?),
        ]))
    }

    async fn wait(&mut self) -> (&'static str, Ended) {
        let [(term, by_term), (int, by_int), (hup, by_hup), (usr1, by_usr1)] = &mut self.0;
        tokio::select! {
            _ = by_term.recv() => (term, Ended::Stopped),
            _ = by_int.recv() => (int, Ended::Stopped),
            _ = by_hup.recv() => (hup, Ended::Stopped),
            _ = by_usr1.recv() => (usr1, Ended::WantsRestart),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Settings of a project that has just these.
    fn config(settings: &str) -> Config {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".instar")).unwrap();
        let project = Project::at(dir.path()).unwrap();
        std::fs::write(project.config_file(), settings).unwrap();
        Config::load(&project).unwrap()
    }

    #[test]
    fn other_machines_are_let_in_with_a_token_only() {
        for settings in ["{}", r#"{"host": "localhost"}"#, r#"{"host": "::1"}"#, r#"{"host": "127.8.8.8"}"#] {
            check_exposure(&config(settings)).expect(settings);
        }
        check_exposure(&config(r#"{"host": "0.0.0.0", "auth": {"token": "t"}}"#)).unwrap();
        for host in ["0.0.0.0", "::", "192.168.1.7", "box.lan"] {
            let settings = format!(r#"{{"host": "{host}", "auth": {{"trustLoopback": true}}}}"#);
            let error = check_exposure(&config(&settings)).expect_err(host).to_string();
            assert!(error.contains(host) && error.contains("auth.token"), "{error}");
        }
    }

    #[test]
    fn the_address_is_one_that_this_machine_can_open() {
        let url = |host| url(&config(&format!(r#"{{"host": "{host}"}}"#)), 4040);
        assert_eq!(url("0.0.0.0"), "http://127.0.0.1:4040");
        assert_eq!(url("::"), "http://[::1]:4040");
        assert_eq!(url("[::1]"), "http://[::1]:4040");
        assert_eq!(url("localhost"), "http://localhost:4040");
    }

    #[tokio::test]
    async fn a_port_in_use_is_said_in_one_sentence() {
        let config = config("{}");
        let taken = bind(&config, 0).await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = bind(&config, port).await.unwrap_err().to_string();
        assert!(error.contains(&format!("port {port}")) && error.contains("already in use"), "{error}");
    }
}
