//! What people do in Telegram, as a test has them do it.

use serde_json::{Value, json};

use super::world::{Kind, Message, Topic, User, World};
use super::{BotApi, Upload};

impl BotApi {
    /// A person, who may write anywhere.
    pub fn user(&self, first_name: &str) -> User {
        let mut world = self.shared.world();
        let id = 8_000_001 + i64::try_from(world.users.len()).unwrap_or(0);
        let user = User { id, first_name: first_name.to_owned() };
        world.users.insert(id, user.clone());
        user
    }

    /// The chat of a person with the bot alone; its number is the person's.
    pub fn private_chat(&self, user: &User) -> i64 {
        self.change(|world| {
            if !world.chats.contains_key(&user.id) {
                world.add_chat(user.id, Kind::Private, &user.first_name);
            }
        });
        user.id
    }

    /// Says it there, and answers the number of the message.
    pub fn say(&self, user: &User, chat: i64, thread: Option<i64>, text: &str) -> i64 {
        self.send(user, chat, thread, json!({ "text": text }))
    }

    /// A message with any fields, such as `sticker` or `forward_origin`.
    pub fn send(&self, user: &User, chat: i64, thread: Option<i64>, fields: Value) -> i64 {
        self.change(|world| {
            let id = world.number(chat);
            let mut message = world.frame(chat, id, thread, user.json());
            merge(&mut message, fields);
            keep(world, chat, id, thread, &message);
            world.push_update("message", message);
            id
        })
    }

    /// Answers a message.
    pub fn reply(&self, user: &User, chat: i64, thread: Option<i64>, to: i64, text: &str) -> i64 {
        let answered = self.message(chat, to).map(|message| message.text).unwrap_or_default();
        let answered =
            json!({ "message_id": to, "chat": self.shared.world().chat_json(chat), "date": 1, "text": answered });
        self.send(user, chat, thread, json!({ "text": text, "reply_to_message": answered }))
    }

    /// Changes what was said.
    pub fn edit(&self, user: &User, chat: i64, thread: Option<i64>, id: i64, text: &str) {
        self.change(|world| {
            world.now += 1;
            let mut message = world.frame(chat, id, thread, user.json());
            message["edit_date"] = world.now.into();
            message["text"] = text.into();
            world.push_update("edited_message", message);
        });
    }

    /// Presses a button below a message of the bot; answers the id of the press.
    pub fn press(&self, user: &User, chat: i64, id: i64, data: &str) -> String {
        self.change(|world| {
            let press = format!("press-{}", world.next_update);
            world.open_presses.insert(press.clone());
            let message = world.message(chat, id).cloned();
            let message = message.map(|message| world.sent_json(&message));
            let query = json!({
                "id": press, "from": user.json(), "chat_instance": "1", "data": data, "message": message,
            });
            world.push_update("callback_query", query);
            press
        })
    }

    pub fn send_document(&self, user: &User, chat: i64, thread: Option<i64>, name: &str, bytes: &[u8]) -> i64 {
        let id = self.offer(name, "text/plain", bytes);
        let document = json!({
            "file_id": id, "file_unique_id": id, "file_name": name, "mime_type": "text/plain", "file_size": bytes.len(),
        });
        self.send(user, chat, thread, json!({ "document": document }))
    }

    pub fn send_voice(&self, user: &User, chat: i64, thread: Option<i64>, bytes: &[u8]) -> i64 {
        let id = self.offer("voice.ogg", "audio/ogg", bytes);
        let voice = json!({
            "file_id": id, "file_unique_id": id, "duration": 2, "mime_type": "audio/ogg", "file_size": bytes.len(),
        });
        self.send(user, chat, thread, json!({ "voice": voice }))
    }

    /// A picture in two sizes.
    pub fn send_photo(&self, user: &User, chat: i64, thread: Option<i64>, bytes: &[u8], caption: &str) -> i64 {
        let small = self.offer("small.jpg", "image/jpeg", &bytes[..bytes.len() / 2]);
        let large = self.offer("large.jpg", "image/jpeg", bytes);
        let size = |id: &str, width: u32, bytes: usize| json!({ "file_id": id, "file_unique_id": id, "width": width, "height": width, "file_size": bytes });
        let photo = [size(&small, 90, bytes.len() / 2), size(&large, 800, bytes.len())];
        self.send(user, chat, thread, json!({ "photo": photo, "caption": caption }))
    }

    /// Keeps a file for `getFile`, and answers its id.
    pub fn offer(&self, name: &str, mime: &str, bytes: &[u8]) -> String {
        self.change(|world| {
            let id = format!("file-{}", world.files.len() + 1);
            let upload = Upload { name: name.to_owned(), mime: mime.to_owned(), bytes: bytes.to_vec() };
            world.files.insert(id.clone(), upload);
            id
        })
    }

    /// Opens a topic, and answers its number.
    pub fn create_topic(&self, user: &User, name: &str) -> i64 {
        let chat = self.forum();
        self.change(|world| {
            let id = world.number(chat);
            let topic = Topic { name: name.to_owned(), icon_color: 7_322_096, is_closed: false };
            world.chats.get_mut(&chat).map(|chat| chat.topics.insert(id, topic));
            let created = json!({ "name": name, "icon_color": 7_322_096 });
            service(world, user, id, "forum_topic_created", created, Some(id));
            id
        })
    }

    pub fn rename_topic(&self, user: &User, topic: i64, name: &str) {
        self.change(|world| {
            with_topic(world, topic, |topic| name.clone_into(&mut topic.name));
            service(world, user, topic, "forum_topic_edited", json!({ "name": name }), None);
        });
    }

    pub fn close_topic(&self, user: &User, topic: i64) {
        self.change(|world| {
            with_topic(world, topic, |topic| topic.is_closed = true);
            service(world, user, topic, "forum_topic_closed", json!({}), None);
        });
    }

    pub fn reopen_topic(&self, user: &User, topic: i64) {
        self.change(|world| {
            with_topic(world, topic, |topic| topic.is_closed = false);
            service(world, user, topic, "forum_topic_reopened", json!({}), None);
        });
    }

    /// Takes a topic away, with all that was said in it; the bot is told nothing.
    pub fn delete_topic(&self, topic: i64) {
        let chat = self.forum();
        self.change(|world| {
            world.chats.get_mut(&chat).map(|chat| chat.topics.remove(&topic));
            world.messages.retain(|message| message.chat != chat || message.thread != Some(topic));
        });
    }

    /// Blocks the bot, or throws it out of a group.
    pub fn kick_bot(&self, user: &User, chat: i64) {
        self.change(|world| {
            if let Some(chat) = world.chats.get_mut(&chat) {
                chat.bot_is = "kicked";
            }
            let member = |status: &str| json!({ "status": status, "user": world.bot_json(), "until_date": 0 });
            let change = json!({
                "chat": world.chat_json(chat), "from": user.json(), "date": world.now,
                "old_chat_member": member("member"), "new_chat_member": member("kicked"),
            });
            world.push_update("my_chat_member", change);
        });
    }

    /// The bot stays, without a right to topics.
    pub fn take_rights(&self, chat: i64) {
        self.change(|world| {
            if let Some(chat) = world.chats.get_mut(&chat) {
                (chat.bot_is, chat.bot_manages_topics) = ("member", false);
            }
        });
    }

    /// From now on only this token is good.
    pub fn set_token(&self, token: &str) {
        self.change(|world| token.clone_into(&mut world.token));
    }

    /// An update of any kind and form, which the bot hears whatever it asked for.
    pub fn push_update(&self, mut update: Value) -> i64 {
        self.change(|world| {
            let id = world.next_update;
            world.next_update += 1;
            update["update_id"] = id.into();
            world.updates.push_back(update);
            id
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.shared.world());
        self.shared.changed.notify_all();
        result
    }
}

fn merge(message: &mut Value, fields: Value) {
    if let Value::Object(fields) = fields {
        for (name, value) in fields {
            message[name] = value;
        }
    }
}

fn keep(world: &mut World, chat: i64, id: i64, thread: Option<i64>, message: &Value) {
    world.messages.push(Message {
        chat,
        id,
        thread,
        by_bot: false,
        text: message["text"].as_str().or(message["caption"].as_str()).unwrap_or_default().to_owned(),
        entities: Vec::new(),
        reply_to: None,
        reply_markup: None,
        file: None,
        is_photo: false,
        is_silent: false,
        edits: 0,
        reaction: None,
    });
}

fn with_topic(world: &mut World, topic: i64, change: impl FnOnce(&mut Topic)) {
    if let Some(topic) = world.chats.values_mut().find_map(|chat| chat.topics.get_mut(&topic)) {
        change(topic);
    }
}

/// A message that says what happened to a topic.
fn service(world: &mut World, user: &User, topic: i64, kind: &str, what: Value, id: Option<i64>) {
    let chat = super::FORUM;
    let id = id.unwrap_or_else(|| world.number(chat));
    let mut message = world.frame(chat, id, Some(topic), user.json());
    if kind == "forum_topic_created" {
        message.as_object_mut().map(|message| message.remove("reply_to_message"));
    }
    message[kind] = what;
    world.push_update("message", message);
}
