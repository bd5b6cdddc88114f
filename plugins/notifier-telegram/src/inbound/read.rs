//! From an update to what happened.

use std::fmt::Write;

use instar_plugin_sdk::notifier::{Address, Happening, InboundEvent, OfferedFile, Said, Sender};

use super::key;
use super::mark::Handle;
use super::update::{Entity, File, Media, Membership, Message, Number, Origin, Press, Service, Update, User};
use crate::identity::Identity;

/// The number of an update, and what happened; none if it has no number.
pub(super) fn read(raw: &str, me: &Identity) -> Option<(i64, InboundEvent)> {
    let mended = without_lone_surrogates(raw);
    let id = serde_json::from_str::<Number>(&mended).ok()?.update_id;
    let event = match serde_json::from_str(&mended) {
        Ok(update) => event(update, me, id),
        Err(_) => None,
    };
    Some((id, event.unwrap_or_else(|| nowhere(key(me, id), "unreadable"))))
}

fn event(update: Update, me: &Identity, id: i64) -> Option<InboundEvent> {
    let key = key(me, id);
    Some(match update {
        Update { message: Some(message), .. } => told(key, message, me, Happening::Said),
        Update { edited_message: Some(message), .. } => told(key, message, me, Happening::Corrected),
        Update { callback_query: Some(press), .. } => pressed(key, press),
        Update { my_chat_member: Some(membership), .. } => joined_or_left(key, membership),
        _ => nowhere(key, "update"),
    })
}

/// Without a sender or a place, so that nobody takes it for somebody's.
fn nowhere(key: String, what: &str) -> InboundEvent {
    InboundEvent {
        key,
        sender: Sender { id: String::new(), name: String::new(), is_bot: false },
        address: Address { conversation: String::new(), thread: None },
        message_id: String::new(),
        handle: Handle::Nothing.text(),
        at_ms: 0,
        happening: Happening::Other(what.to_owned()),
    }
}

fn told(key: String, message: Message, me: &Identity, as_what: fn(Said) -> Happening) -> InboundEvent {
    InboundEvent {
        key,
        sender: spoke(&message),
        address: address(message.chat.id, message.message_thread_id, message.is_topic_message),
        message_id: message.message_id.to_string(),
        handle: Handle::Message(message.message_id).text(),
        at_ms: message.edit_date.unwrap_or(message.date).saturating_mul(1000),
        happening: happening(message, me, as_what),
    }
}

/// An answer in an ordinary group has a thread, too, and is no topic; nor has General a number.
fn address(chat: i64, thread: Option<i64>, is_topic: bool) -> Address {
    let thread = thread.filter(|thread| is_topic && *thread > 1).map(|thread| thread.to_string());
    Address { conversation: chat.to_string(), thread }
}

/// Who speaks in the name of a chat is that chat: all who do bear the same user's number.
fn spoke(message: &Message) -> Sender {
    match (&message.sender_chat, &message.from) {
        (Some(chat), _) => Sender { id: chat.id.to_string(), name: chat.title.clone(), is_bot: false },
        (None, Some(user)) => sender(user),
        (None, None) => Sender { id: String::new(), name: String::new(), is_bot: false },
    }
}

fn sender(user: &User) -> Sender {
    Sender { id: user.id.to_string(), name: user.name(), is_bot: user.is_bot }
}

fn happening(message: Message, me: &Identity, as_what: fn(Said) -> Happening) -> Happening {
    if let Some(happening) = topic_event(&message.service) {
        return happening;
    }
    let files = files(&message.media, message.message_id);
    let (text, entities) = match (message.text, message.caption) {
        (Some(text), _) => (text, message.entities),
        (None, Some(caption)) => (caption, message.caption_entities),
        (None, None) if files.is_empty() => return Happening::Other(kind(&message.service).to_owned()),
        (None, None) => (String::new(), Vec::new()),
    };
    let Some(text) = for_this_bot(&with_links(&text, &entities), me) else {
        return Happening::Other("command-for-another-bot".to_owned());
    };
    let answered = message.reply_to_message.and_then(|answered| answered.text.or(answered.caption));
    as_what(Said {
        text,
        forwarded_from: message.forward_origin.map(author),
        quoted: message.quote.map(|quote| quote.text).or(answered),
        files,
    })
}

fn topic_event(service: &Service) -> Option<Happening> {
    Some(match service {
        Service { forum_topic_created: Some(topic), .. } => {
            Happening::ThreadOpened(topic.name.clone().unwrap_or_default())
        }
        Service { forum_topic_edited: Some(topic), .. } => match &topic.name {
            Some(name) => Happening::ThreadRenamed(name.clone()),
            None => Happening::Other("topic-icon".to_owned()),
        },
        Service { forum_topic_closed: Some(_), .. } => Happening::ThreadClosed,
        Service { forum_topic_reopened: Some(_), .. } => Happening::ThreadReopened,
        _ => return None,
    })
}

/// A name for what is neither text nor a file.
fn kind(service: &Service) -> &'static str {
    let kinds = [
        ("sticker", service.sticker.is_some()),
        ("location", service.location.is_some()),
        ("contact", service.contact.is_some()),
        ("poll", service.poll.is_some()),
        ("dice", service.dice.is_some()),
        ("story", service.story.is_some()),
        ("pinned-message", service.pinned_message.is_some()),
        ("new-member", service.new_chat_members.is_some()),
        ("member-left", service.left_chat_member.is_some()),
        ("chat-moved", service.migrate_to_chat_id.is_some()),
    ];
    kinds.into_iter().find(|(_, is_it)| *is_it).map_or("message", |(kind, _)| kind)
}

fn files(media: &Media, message: i64) -> Vec<OfferedFile> {
    let photo = media.photo.iter().max_by_key(|size| size.width * size.height).map(|size| OfferedFile {
        id: size.file_id.clone(),
        name: format!("photo-{message}.jpg"),
        mime: "image/jpeg".to_owned(),
        size: size.file_size,
        is_voice: false,
    });
    let offer = |file: &Option<File>, kind: &str, ending: &str, mime: &str| {
        file.as_ref().map(|file| OfferedFile {
            id: file.file_id.clone(),
            name: file.file_name.clone().unwrap_or_else(|| format!("{kind}-{message}.{ending}")),
            mime: file.mime_type.clone().unwrap_or_else(|| mime.to_owned()),
            size: file.file_size,
            is_voice: kind == "voice",
        })
    };
    // An animation stands there as a document, too.
    let document = if media.animation.is_some() { None } else { offer(&media.document, "file", "bin", ANY) };
    let offered = [
        offer(&media.voice, "voice", "ogg", "audio/ogg"),
        photo,
        document,
        offer(&media.audio, "audio", "mp3", "audio/mpeg"),
        offer(&media.video, "video", "mp4", "video/mp4"),
        offer(&media.animation, "animation", "mp4", "video/mp4"),
        offer(&media.video_note, "video-note", "mp4", "video/mp4"),
    ];
    offered.into_iter().flatten().collect()
}

const ANY: &str = "application/octet-stream";

fn author(origin: Origin) -> String {
    let chat = origin.sender_chat.or(origin.chat).map(|chat| chat.title);
    origin.sender_user.map(|user| user.name()).or(origin.sender_user_name).or(chat).unwrap_or_default()
}

/// Where a word is a link, its target follows the word, since nobody sees it otherwise.
fn with_links(text: &str, entities: &[Entity]) -> String {
    let mut linked: Vec<(usize, &str)> = entities
        .iter()
        .filter_map(|entity| Some((entity.offset.saturating_add(entity.length), entity.url.as_deref()?)))
        .collect();
    if linked.is_empty() {
        return text.to_owned();
    }
    linked.sort_by_key(|(end, _)| *end);
    let mut ends = linked.into_iter().peekable();
    let (mut result, mut units) = (String::with_capacity(text.len()), 0);
    for character in text.chars() {
        while let Some((_, url)) = ends.next_if(|(end, _)| *end <= units) {
            write!(result, " ({url})").expect("a string takes everything");
        }
        result.push(character);
        units += character.len_utf16();
    }
    ends.for_each(|(_, url)| write!(result, " ({url})").expect("a string takes everything"));
    result
}

/// `/status@this_bot now` is `/status now`; a command for another bot is none of ours.
fn for_this_bot(text: &str, me: &Identity) -> Option<String> {
    let word = text.split_whitespace().next().filter(|word| text.starts_with(word) && word.starts_with('/'));
    let Some((command, bot)) = word.and_then(|word| word.split_once('@')) else { return Some(text.to_owned()) };
    let is_name = !bot.is_empty() && bot.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return Some(text.to_owned());
    }
    let rest = &text[command.len() + 1 + bot.len()..];
    bot.eq_ignore_ascii_case(&me.username).then(|| format!("{command}{rest}"))
}

fn pressed(key: String, press: Press) -> InboundEvent {
    let message = press.message;
    let place = message.as_ref().map(|message| (message.chat.id, message.message_thread_id, message.is_topic_message));
    InboundEvent {
        key,
        sender: sender(&press.from),
        address: place.map_or(Address { conversation: String::new(), thread: None }, |(chat, thread, is_topic)| {
            address(chat, thread, is_topic)
        }),
        message_id: message.as_ref().map(|message| message.message_id.to_string()).unwrap_or_default(),
        handle: Handle::Press(&press.id).text(),
        at_ms: message.map_or(0, |message| message.date).saturating_mul(1000),
        happening: press.data.map_or(Happening::Other("button".to_owned()), Happening::Chose),
    }
}

fn joined_or_left(key: String, membership: Membership) -> InboundEvent {
    InboundEvent {
        sender: sender(&membership.from),
        address: address(membership.chat.id, None, false),
        at_ms: membership.date.saturating_mul(1000),
        ..nowhere(key, &format!("bot-is-{}", membership.new_chat_member.status))
    }
}

/// JSON may name half of a pair, which no text can hold; a sign for what is missing takes its place.
fn without_lone_surrogates(raw: &str) -> String {
    let mut result = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        let unit = surrogate(&rest[at..]);
        let is_pair = unit.is_some_and(is_high) && surrogate(&rest[at + 6..]).is_some_and(|unit| !is_high(unit));
        let taken = match unit {
            Some(_) if is_pair => 12,
            Some(_) => 6,
            // A backslash and what it stands before.
            None => 1 + rest[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
        result.push_str(&rest[..at]);
        let is_lone = unit.is_some() && !is_pair;
        result.push_str(if is_lone { "\\ufffd" } else { &rest[at..at + taken] });
        rest = &rest[at + taken..];
    }
    result + rest
}

/// The escape at the beginning, if it is half of a pair.
fn surrogate(text: &str) -> Option<u16> {
    let unit = u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
    (0xD800..0xE000).contains(&unit).then_some(unit)
}

fn is_high(unit: u16) -> bool {
    unit < 0xDC00
}
