//! A forum on the loopback Bot API, a project whose bot is in it, and an agent CLI that answers people.

use std::fs;

use instar_tests::bot_api::{BotApi, Message, User};
use instar_tests::forum::set_secret;
use instar_tests::{Agent, Server, until, until_some};
use serde_json::{Value, json};

pub(crate) struct People {
    pub(crate) telegram: BotApi,
    pub(crate) agent: Agent,
    pub(crate) ada: User,
}

impl People {
    pub(crate) fn new() -> Self {
        let telegram = BotApi::start();
        let ada = telegram.user("Ada");
        let agent = Agent::new();
        let log = agent.path("heard.jsonl");
        agent.configure(&json!({ "plugins": {
            "notifier-telegram": {
                "config": { "chatId": telegram.forum(), "pollSeconds": 1 },
                "http": { "hosts": { "api.telegram.org": telegram.url() } },
            },
            "execute-prompt": { "config": { "command": env!("CARGO_BIN_EXE_fake-claude"), "args": ["--log", log] } },
        } }));
        set_secret(&agent, "notifier-telegram/token", &telegram.token());
        Self { telegram, agent, ada }
    }

    /// Lets Ada in by the code that stands on the terminal.
    #[track_caller]
    pub(crate) fn pair(&self) {
        let done = self.agent.instar(&["--json", "notifier", "pair"]);
        assert!(done.status.success(), "{done:?}");
        let code: Value = serde_json::from_slice(&done.stdout).expect("JSON");
        let code = code["code"].as_str().expect("a code");
        self.telegram.say(&self.ada, self.telegram.forum(), None, &format!("/pair {code}"));
        self.seen(None, "Paired");
    }

    pub(crate) fn say(&self, thread: Option<i64>, text: &str) -> i64 {
        self.telegram.say(&self.ada, self.telegram.forum(), thread, text)
    }

    /// Waits until the bot wrote something with this text in a thread.
    #[track_caller]
    pub(crate) fn seen(&self, thread: Option<i64>, text: &str) -> Message {
        until(text, || self.sent(thread), |sent| sent.iter().any(|message| message.text.contains(text)))
            .into_iter()
            .find(|message| message.text.contains(text))
            .expect("it was seen")
    }

    pub(crate) fn sent(&self, thread: Option<i64>) -> Vec<Message> {
        self.telegram.sent(self.telegram.forum(), thread)
    }

    /// Waits for the topic of this name.
    #[track_caller]
    pub(crate) fn topic(&self, name: &str) -> i64 {
        until_some(name, || {
            let topics = self.telegram.topics(self.telegram.forum());
            topics.iter().find(|(_, topic)| topic.name == name).map(|(id, _)| *id)
        })
    }

    pub(crate) fn topics(&self, name: &str) -> usize {
        self.telegram.topics(self.telegram.forum()).values().filter(|topic| topic.name == name).count()
    }

    /// Each message that the agent got, as it came.
    pub(crate) fn heard(&self) -> Vec<String> {
        let text = fs::read_to_string(self.agent.path("heard.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// Waits until the agent got a message that ends so.
    #[track_caller]
    pub(crate) fn until_heard(&self, end: &str) -> String {
        until(end, || self.heard(), |heard| heard.iter().any(|message| message.ends_with(end)))
            .into_iter()
            .find(|message| message.ends_with(end))
            .expect("it was heard")
    }

    /// The token of the button with this label.
    #[track_caller]
    pub(crate) fn button(message: &Message, label: &str) -> String {
        let markup = message.reply_markup.as_ref().unwrap_or_else(|| panic!("no buttons below {message:?}"));
        let rows = markup["inline_keyboard"].as_array().into_iter().flatten();
        let mut buttons = rows.flat_map(|row| row.as_array().into_iter().flatten());
        let button = buttons.find(|button| button["text"] == label).unwrap_or_else(|| panic!("no {label} in {markup}"));
        button["callback_data"].as_str().expect("a token").to_owned()
    }

    pub(crate) fn press(&self, message: &Message, label: &str) -> String {
        let token = Self::button(message, label);
        self.telegram.press(&self.ada, self.telegram.forum(), message.id, &token)
    }

    /// Whether a text stands in any file of the host, or in what the server printed.
    pub(crate) fn kept(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.agent.path(".instar")];
        let mut files = vec![self.agent.path("server-output.log")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    Ok(kind) if kind.is_file() => files.push(path),
                    Ok(_) | Err(_) => {}
                }
            }
        }
        for path in files {
            let bytes = fs::read(&path).unwrap_or_default();
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
        found
    }
}

/// The sessions that live.
pub(crate) fn sessions(server: &Server) -> Vec<Value> {
    let listed = server.client().get("/sessions").json;
    let all = listed.as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|session| matches!(session["status"].as_str(), Some("running" | "idle"))).collect()
}
