//! What is read of an update.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// All that can be read of an update that cannot be read.
#[derive(Deserialize)]
pub(super) struct Number {
    pub(super) update_id: i64,
}

#[derive(Deserialize)]
pub(super) struct Update {
    pub(super) message: Option<Message>,
    pub(super) edited_message: Option<Message>,
    pub(super) callback_query: Option<Press>,
    pub(super) my_chat_member: Option<Membership>,
}

#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) message_id: i64,
    pub(super) chat: Chat,
    pub(super) from: Option<User>,
    /// A chat in whose name somebody speaks.
    pub(super) sender_chat: Option<Chat>,
    #[serde(default)]
    pub(super) date: u64,
    pub(super) edit_date: Option<u64>,
    pub(super) message_thread_id: Option<i64>,
    #[serde(default)]
    pub(super) is_topic_message: bool,
    pub(super) text: Option<String>,
    pub(super) caption: Option<String>,
    #[serde(default)]
    pub(super) entities: Vec<Entity>,
    #[serde(default)]
    pub(super) caption_entities: Vec<Entity>,
    pub(super) forward_origin: Option<Origin>,
    pub(super) reply_to_message: Option<Box<Answered>>,
    pub(super) quote: Option<Quote>,
    #[serde(flatten)]
    pub(super) media: Media,
    #[serde(flatten)]
    pub(super) service: Service,
}

/// Files that a message may hold, one of them.
#[derive(Deserialize)]
pub(super) struct Media {
    pub(super) voice: Option<File>,
    #[serde(default)]
    pub(super) photo: Vec<Size>,
    pub(super) document: Option<File>,
    pub(super) audio: Option<File>,
    pub(super) video: Option<File>,
    pub(super) animation: Option<File>,
    pub(super) video_note: Option<File>,
}

/// What happened to a topic, and what is no file and no text.
#[derive(Deserialize)]
pub(super) struct Service {
    pub(super) forum_topic_created: Option<Named>,
    pub(super) forum_topic_edited: Option<Named>,
    pub(super) forum_topic_closed: Option<IgnoredAny>,
    pub(super) forum_topic_reopened: Option<IgnoredAny>,
    pub(super) sticker: Option<IgnoredAny>,
    pub(super) location: Option<IgnoredAny>,
    pub(super) contact: Option<IgnoredAny>,
    pub(super) poll: Option<IgnoredAny>,
    pub(super) dice: Option<IgnoredAny>,
    pub(super) story: Option<IgnoredAny>,
    pub(super) pinned_message: Option<IgnoredAny>,
    pub(super) new_chat_members: Option<IgnoredAny>,
    pub(super) left_chat_member: Option<IgnoredAny>,
    pub(super) migrate_to_chat_id: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Chat {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) title: String,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) is_bot: bool,
    #[serde(default)]
    pub(super) first_name: String,
    #[serde(default)]
    pub(super) last_name: String,
}

impl User {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

/// A stretch of the text, in UTF-16 units.
#[derive(Deserialize)]
pub(super) struct Entity {
    pub(super) offset: usize,
    pub(super) length: usize,
    pub(super) url: Option<String>,
}

/// Who wrote what is passed on.
#[derive(Deserialize)]
pub(super) struct Origin {
    pub(super) sender_user: Option<User>,
    pub(super) sender_user_name: Option<String>,
    pub(super) sender_chat: Option<Chat>,
    pub(super) chat: Option<Chat>,
}

/// In a topic each message answers the one that opened it, which has no text.
#[derive(Deserialize)]
pub(super) struct Answered {
    pub(super) text: Option<String>,
    pub(super) caption: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Quote {
    pub(super) text: String,
}

#[derive(Deserialize)]
pub(super) struct File {
    pub(super) file_id: String,
    pub(super) file_name: Option<String>,
    pub(super) mime_type: Option<String>,
    #[serde(default)]
    pub(super) file_size: u64,
}

#[derive(Deserialize)]
pub(super) struct Size {
    pub(super) file_id: String,
    #[serde(default)]
    pub(super) width: u64,
    #[serde(default)]
    pub(super) height: u64,
    #[serde(default)]
    pub(super) file_size: u64,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Press {
    pub(super) id: String,
    pub(super) from: User,
    pub(super) message: Option<Pressed>,
    pub(super) data: Option<String>,
}

/// The message below which the button stands; it may be too old to be shown.
#[derive(Deserialize)]
pub(super) struct Pressed {
    pub(super) message_id: i64,
    pub(super) chat: Chat,
    #[serde(default)]
    pub(super) date: u64,
    pub(super) message_thread_id: Option<i64>,
    #[serde(default)]
    pub(super) is_topic_message: bool,
}

#[derive(Deserialize)]
pub(super) struct Membership {
    pub(super) chat: Chat,
    pub(super) from: User,
    #[serde(default)]
    pub(super) date: u64,
    pub(super) new_chat_member: Member,
}

#[derive(Deserialize)]
pub(super) struct Member {
    pub(super) status: String,
}
