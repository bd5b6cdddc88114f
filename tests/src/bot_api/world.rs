//! What Telegram knows: chats, topics, messages, files, and what the bot has yet to hear.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::wire::Upload;

/// The only id of a user that is the bot.
pub(super) const BOT: i64 = 7_000_001;
pub(super) const BOT_NAME: &str = "instar_test_bot";

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: i64,
    pub first_name: String,
}

impl User {
    pub(super) fn json(&self) -> Value {
        json!({ "id": self.id, "is_bot": false, "first_name": self.first_name, "language_code": "en" })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Private,
    Group,
    Forum,
}

#[derive(Debug)]
pub(super) struct Chat {
    pub(super) kind: Kind,
    pub(super) title: String,
    pub(super) topics: BTreeMap<i64, Topic>,
    pub(super) next_message: i64,
    /// Such as `administrator`, `member`, `kicked`; of a private chat, `kicked` means blocked.
    pub(super) bot_is: &'static str,
    pub(super) bot_manages_topics: bool,
}

/// A topic of a forum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    pub name: String,
    pub icon_color: i64,
    pub is_closed: bool,
}

/// A message as it stands in a chat.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub chat: i64,
    pub id: i64,
    pub thread: Option<i64>,
    pub by_bot: bool,
    /// What people see, or the caption of a file.
    pub text: String,
    /// As Telegram lists them: `type`, `offset`, `length`.
    pub entities: Vec<Value>,
    pub reply_to: Option<i64>,
    pub reply_markup: Option<Value>,
    pub file: Option<Upload>,
    pub is_photo: bool,
    pub is_silent: bool,
    pub edits: u32,
    /// What the bot put below it.
    pub reaction: Option<String>,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) token: String,
    pub(super) now: u64,
    pub(super) chats: BTreeMap<i64, Chat>,
    pub(super) users: BTreeMap<i64, User>,
    pub(super) messages: Vec<Message>,
    pub(super) files: BTreeMap<String, Upload>,
    pub(super) updates: VecDeque<Value>,
    pub(super) next_update: i64,
    pub(super) allowed: Option<BTreeSet<String>>,
    /// Grows with each `getUpdates`; the newest one wins.
    pub(super) pollers: u64,
    /// Presses that were not answered yet, and the answers of the others.
    pub(super) open_presses: BTreeSet<String>,
    pub(super) answers: BTreeMap<String, String>,
    pub(super) actions: Vec<(i64, Option<i64>, String)>,
}

impl World {
    pub(super) fn new(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            now: 1_790_000_000,
            chats: BTreeMap::new(),
            users: BTreeMap::new(),
            messages: Vec::new(),
            files: BTreeMap::new(),
            updates: VecDeque::new(),
            next_update: 500_000_001,
            allowed: None,
            pollers: 0,
            open_presses: BTreeSet::new(),
            answers: BTreeMap::new(),
            actions: Vec::new(),
        }
    }

    pub(super) fn add_chat(&mut self, id: i64, kind: Kind, title: &str) {
        let chat = Chat {
            kind,
            title: title.to_owned(),
            topics: BTreeMap::new(),
            next_message: 2,
            bot_is: if kind == Kind::Private { "member" } else { "administrator" },
            bot_manages_topics: kind == Kind::Forum,
        };
        self.chats.insert(id, chat);
    }

    /// The number of the next message of a chat. Each message comes a second after the one before.
    ///
    /// # Panics
    /// When there is no such chat.
    pub(super) fn number(&mut self, chat: i64) -> i64 {
        self.now += 1;
        let chat = self.chats.get_mut(&chat).expect("the chat was made before");
        chat.next_message += 1;
        chat.next_message
    }

    /// Queued only if the bot asked for its kind.
    pub(super) fn push_update(&mut self, kind: &str, value: Value) -> i64 {
        let id = self.next_update;
        if self.allowed.as_ref().is_none_or(|allowed| allowed.contains(kind)) {
            self.next_update += 1;
            self.updates.push_back(json!({ "update_id": id, kind: value }));
        }
        id
    }

    pub(super) fn message(&self, chat: i64, id: i64) -> Option<&Message> {
        self.messages.iter().find(|message| message.chat == chat && message.id == id)
    }

    pub(super) fn message_mut(&mut self, chat: i64, id: i64) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.chat == chat && message.id == id)
    }

    pub(super) fn chat_json(&self, id: i64) -> Value {
        let chat = &self.chats[&id];
        match chat.kind {
            Kind::Private => json!({ "id": id, "type": "private", "first_name": chat.title }),
            Kind::Group => json!({ "id": id, "type": "supergroup", "title": chat.title }),
            Kind::Forum => json!({ "id": id, "type": "supergroup", "title": chat.title, "is_forum": true }),
        }
    }

    /// The frame of a message that somebody wrote.
    pub(super) fn frame(&self, chat: i64, id: i64, thread: Option<i64>, from: Value) -> Value {
        let mut frame = json!({ "message_id": id, "from": from, "chat": self.chat_json(chat), "date": self.now });
        if let Some(thread) = thread {
            frame["message_thread_id"] = thread.into();
            if self.chats[&chat].kind == Kind::Forum {
                frame["is_topic_message"] = true.into();
                let name = self.chats[&chat].topics.get(&thread).map_or("", |topic| &topic.name);
                frame["reply_to_message"] = json!({
                    "message_id": thread,
                    "from": self.bot_json(),
                    "chat": self.chat_json(chat),
                    "date": self.now,
                    "message_thread_id": thread,
                    "is_topic_message": true,
                    "forum_topic_created": { "name": name, "icon_color": 7_322_096 },
                });
            }
        }
        frame
    }

    pub(super) fn bot_json(&self) -> Value {
        json!({ "id": BOT, "is_bot": true, "first_name": "instar", "username": BOT_NAME })
    }

    /// A message of the bot, as its methods answer it.
    pub(super) fn sent_json(&self, message: &Message) -> Value {
        let mut json = self.frame(message.chat, message.id, message.thread, self.bot_json());
        let (text, entities) =
            if message.file.is_some() { ("caption", "caption_entities") } else { ("text", "entities") };
        if !message.text.is_empty() {
            json[text] = message.text.as_str().into();
        }
        if !message.entities.is_empty() {
            json[entities] = message.entities.clone().into();
        }
        if let Some(markup) = &message.reply_markup {
            json["reply_markup"] = markup.clone();
        }
        if let Some(file) = &message.file {
            let size = file.bytes.len();
            let id = format!("sent-{}-{}", message.chat, message.id);
            if message.is_photo {
                json["photo"] =
                    json!([{ "file_id": id, "file_unique_id": id, "width": 1, "height": 1, "file_size": size }]);
            } else {
                json["document"] =
                    json!({ "file_id": id, "file_unique_id": id, "file_name": file.name, "file_size": size });
            }
        }
        json
    }
}
