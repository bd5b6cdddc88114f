//! A project that people talk to in a forum: the loopback Bot API, Ada who may speak, and an agent CLI that writes down
//! when it heard what.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::json;

use crate::agent::Agent;
use crate::bot_api::{BotApi, User};

/// Nothing of it runs until somebody starts a server or a lifeline.
#[derive(Debug)]
pub struct Forum {
    pub agent: Agent,
    pub telegram: BotApi,
    pub ada: User,
}

/// A message as the agent heard it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// In nanoseconds since 1970.
    pub at_ns: u128,
    pub text: String,
}

impl Forum {
    /// `cli` is the path of `fake-claude`.
    ///
    /// # Panics
    /// When the project cannot be made.
    pub fn new(cli: &Path) -> Self {
        let telegram = BotApi::start();
        let ada = telegram.user("Ada");
        let agent = Agent::new();
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
        set_secret(&agent, "notifier-telegram/token", &telegram.token());
        Self { agent, telegram, ada }
    }

    /// Ada says it in a topic.
    pub fn say(&self, topic: i64, text: &str) -> i64 {
        self.telegram.say(&self.ada, self.telegram.forum(), Some(topic), text)
    }

    /// What the agent heard so far.
    pub fn heard(&self) -> Vec<Heard> {
        let text = fs::read_to_string(self.agent.path("heard.log")).unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        lines.filter_map(|(at, text)| Some(Heard { at_ns: at.parse().ok()?, text: text.to_owned() })).collect()
    }
}

/// Gives a plugin a secret, as a person would.
///
/// # Panics
/// When it is not taken.
#[track_caller]
pub fn set_secret(agent: &Agent, slot: &str, value: &str) {
    let mut command = agent.command(&["secret", "set", slot]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("instar can be run");
    child.stdin.take().expect("it is piped").write_all(value.as_bytes()).expect("it reads");
    assert!(child.wait().expect("it ends").success());
}
