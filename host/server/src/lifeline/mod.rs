//! The lifeline: a small process beside the server that starts it, asks whether it is well, and starts it again.
//!
//! What follows from what is decided by `instar_core::supervisor`; here its orders are carried out. The death of
//! neither takes the other along: a server goes on without a lifeline, and a new lifeline takes over what runs. How
//! people are heard without a server stands in `listen`.

pub(crate) mod announce;
mod ask;
pub(crate) mod listen;
pub(crate) mod listening;
mod server_process;
pub(crate) mod state;

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Context as _;
use instar_api::paths;
use instar_core::supervisor::{Input, News, Order, Phase, Supervisor};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::config::{Config, Project};
use crate::serve::{self, logging};
use crate::wiring::{self, lock};
use announce::Announcer;
use listening::Listening;
use lock::{Role, RoleLock};
use server_process::ServerProcess;
use state::State;

/// How long the server may take to say that it is well.
const CHECK_LIMIT: Duration = Duration::from_secs(5);

/// Looks after the server of a project until a signal ends it.
pub(crate) async fn run(project: &Project, foreground: bool) -> anyhow::Result<()> {
    let config = Config::load(project)?;
    wiring::make_folders(project)?;
    let lock = RoleLock::acquire(&project.lifeline_lock(), Role::Lifeline)?;
    logging::start(project.lifeline_log(), foreground)?;
    let mut signals = Signals::catch()?;
    tracing::info!("the lifeline of {} begins, process {}", project.dir().display(), std::process::id());
    let mut lifeline = Lifeline::new(project.clone(), &config);
    lifeline.take(Input::Begin);
    while lifeline.supervisor.phase() != Phase::Over {
        let input = lifeline.next(&mut signals).await;
        lifeline.take(input);
    }
    state::remove(project);
    tracing::info!("the lifeline ends");
    Ok(lock.end(0)?)
}

/// Everything that a lifeline has.
#[derive(Debug)]
struct Lifeline {
    project: Project,
    supervisor: Supervisor,
    /// The moment from which the supervisor's time is counted.
    begun: Instant,
    server: Option<ServerProcess>,
    /// The one question that is under way, with the life of the server that it was put to.
    check: Option<(u64, JoinHandle<bool>)>,
    state: State,
    announcer: Announcer,
    listening: Listening,
}

impl Lifeline {
    fn new(project: Project, config: &Config) -> Self {
        Self {
            supervisor: Supervisor::new(config.lifeline.start_limit),
            begun: Instant::now(),
            server: None,
            check: None,
            state: State::new(),
            announcer: Announcer::start(project.clone(), config),
            listening: Listening::start(project.clone()),
            project,
        }
    }

    /// Waits for what happens next.
    async fn next(&mut self, signals: &mut Signals) -> Input {
        let wake = self.supervisor.next_wake().map(|at| self.begun + at);
        tokio::select! {
            end = ended(&mut self.server) => self.exited(end),
            input = answered(&mut self.check) => input,
            input = signals.next() => input,
            () = at(wake) => Input::Tick,
        }
    }

    /// Tells the supervisor, and carries out what it orders.
    fn take(&mut self, input: Input) {
        if input == Input::Restart {
            self.listening.again();
        }
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for order in self.supervisor.step(self.begun.elapsed(), input) {
                inputs.extend(self.carry_out(order));
            }
        }
        self.state.update(&self.project, &self.supervisor, self.begun.elapsed(), self.server.as_ref());
    }

    /// What came of it, if that is known at once.
    fn carry_out(&mut self, order: Order) -> Option<Input> {
        match order {
            Order::Spawn => return self.spawn(),
            Order::Check { life } if self.server.is_none() => {
                self.server = ServerProcess::running(&self.project);
                let found = self.server.is_some();
                return Some(if found { Input::Found } else { Input::Checked { life, healthy: false } });
            }
            Order::Check { life } => self.ask(life),
            Order::Terminate => self.signal(rustix::process::Signal::TERM),
            Order::Kill => {
                tracing::warn!("the server does not end, and is killed");
                self.signal(rustix::process::Signal::KILL);
            }
            Order::Announce(news) => {
                match news {
                    News::Down(reason) => tracing::warn!("the server is down: {reason}"),
                    News::Up => tracing::info!("the server is up again"),
                }
                self.announcer.announce(news);
            }
            Order::Leave => {}
        }
        None
    }

    fn spawn(&mut self) -> Option<Input> {
        if let Some(found) = ServerProcess::running(&self.project) {
            tracing::info!("a server runs already, process {}, and is looked after", found.pid());
            self.server = Some(found);
            return None;
        }
        match ServerProcess::start(&self.project) {
            Ok(started) => {
                tracing::info!("started the server, process {}", started.pid());
                self.listening.server_starts();
                self.server = Some(started);
                None
            }
            Err(error) => {
                tracing::error!(%error, "the server could not be started");
                Some(Input::NotStarted)
            }
        }
    }

    fn ask(&mut self, life: u64) {
        let socket = serve::recorded_socket(&self.project);
        let question = tokio::spawn(async move {
            let answer = tokio::time::timeout(CHECK_LIMIT, ask::get(&socket, paths::HEALTH)).await;
            matches!(answer, Ok(Ok(answer)) if answer.status.is_success())
        });
        if let Some((_, old)) = self.check.replace((life, question)) {
            old.abort();
        }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let Some(server) = &self.server else { return };
        if let Err(error) = server.signal(signal) {
            tracing::warn!(%error, "the server, process {}, could not be sent a signal", server.pid());
        }
    }

    fn exited(&mut self, end: instar_core::supervisor::End) -> Input {
        let pid = self.server.take().map(|server| server.pid());
        tracing::info!("the server, process {}, has ended: {end:?}", pid.unwrap_or_default());
        // It may have lost the race for the lock to a server that somebody else started.
        let is_starting = matches!(self.supervisor.phase(), Phase::Starting { .. });
        if is_starting && let Some(found) = ServerProcess::running(&self.project) {
            self.server = Some(found);
            return Input::Found;
        }
        Input::Exited(end)
    }
}

async fn ended(server: &mut Option<ServerProcess>) -> instar_core::supervisor::End {
    match server {
        Some(server) => server.ended().await,
        None => std::future::pending().await,
    }
}

async fn answered(check: &mut Option<(u64, JoinHandle<bool>)>) -> Input {
    let Some((life, question)) = check else { return std::future::pending().await };
    let (life, healthy) = (*life, question.await.unwrap_or(false));
    *check = None;
    Input::Checked { life, healthy }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// How people and `instar lifeline` speak to a lifeline.
#[derive(Debug)]
struct Signals {
    term: Signal,
    int: Signal,
    restart: Signal,
    leave: Signal,
}

impl Signals {
    fn catch() -> anyhow::Result<Self> {
        let catch = |kind| signal(kind).context("failed to catch signals");
        Ok(Self {
            term: catch(SignalKind::terminate())?,
            int: catch(SignalKind::interrupt())?,
            restart: catch(SignalKind::hangup())?,
            leave: catch(SignalKind::user_defined1())?,
        })
    }

    async fn next(&mut self) -> Input {
        tokio::select! {
            _ = self.term.recv() => Input::Stop { with_server: true },
            _ = self.int.recv() => Input::Stop { with_server: true },
            _ = self.restart.recv() => Input::Restart,
            _ = self.leave.recv() => Input::Stop { with_server: false },
        }
    }
}
