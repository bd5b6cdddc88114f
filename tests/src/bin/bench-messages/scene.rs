//! An agent that people talk to in a forum: the loopback Bot API, a user who may speak, and an agent CLI that writes
//! down when it heard what.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use instar_tests::bot_api::{BotApi, User};
use instar_tests::{Agent, Server};
use serde_json::json;

pub(crate) struct Scene {
    // The server ends before its project.
    pub(crate) server: Server,
    pub(crate) agent: Agent,
    pub(crate) telegram: BotApi,
    pub(crate) ada: User,
}

/// A message as the agent heard it.
pub(crate) struct Heard {
    pub(crate) at_ns: u128,
    pub(crate) text: String,
}

const PATIENCE: Duration = Duration::from_secs(600);

impl Scene {
    pub(crate) fn start() -> Self {
        let (telegram, ada, agent) = project();
        Self { server: agent.start(), agent, telegram, ada }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        heard(&self.agent)
    }

    /// Waits until the agent heard a message that ends so.
    pub(crate) fn until_heard(&self, end: &str) -> Heard {
        until(end, || self.heard().into_iter().rfind(|heard| heard.text.ends_with(end)))
    }
}

/// The same without a server.
pub(crate) fn project() -> (BotApi, User, Agent) {
    let telegram = BotApi::start();
    let ada = telegram.user("Ada");
    let agent = Agent::new();
    let cli = std::env::current_exe().expect("this program has a path").with_file_name("fake-claude");
    let heard = agent.path("heard.log");
    agent.configure(&json!({
        "sessions": { "maxSessions": 5 },
        "plugins": {
            "notifier-telegram": {
                "config": { "chatId": telegram.forum(), "pollSeconds": 50 },
                "http": { "hosts": { "api.telegram.org": telegram.url() } },
            },
            "execute-prompt": { "config": { "command": cli, "args": ["--quick", "--heard", heard] } },
        },
    }));
    let channel = json!({ "type": "telegram", "identifier": ada.id.to_string() });
    let users = json!([{ "id": "ada", "name": "Ada", "channels": [channel], "permissions": ["admin"] }]);
    agent.write(".instar/users.json", &users.to_string());
    let mut command = agent.command(&["secret", "set", "notifier-telegram/token"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("instar can be run");
    child.stdin.take().expect("it is piped").write_all(telegram.token().as_bytes()).expect("it reads");
    assert!(child.wait().expect("it ends").success());
    (telegram, ada, agent)
}

pub(crate) fn heard(agent: &Agent) -> Vec<Heard> {
    let path: PathBuf = agent.path("heard.log");
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.filter_map(|(at, text)| Some(Heard { at_ns: at.parse().ok()?, text: text.to_owned() })).collect()
}

/// Looks often enough for times of a millisecond.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
        sleep(Duration::from_micros(200));
    }
}

pub(crate) fn now_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

pub(crate) fn since(begun_ns: u128, end_ns: u128) -> Duration {
    Duration::from_nanos(u64::try_from(end_ns.saturating_sub(begun_ns)).unwrap_or(u64::MAX))
}
