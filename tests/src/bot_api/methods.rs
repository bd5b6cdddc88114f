//! What each method of the Bot API checks and does, with the texts of its errors.

use serde_json::{Value, json};

use super::entities::{self, Parsed};
use super::wire::{Parameters, Upload};
use super::world::{BOT, Kind, Message, Topic, World};

const LONGEST_TEXT: usize = 4096;
const LONGEST_CAPTION: usize = 1024;
const LARGEST_PHOTO: usize = 10 << 20;
const LARGEST_UPLOAD: usize = 50 << 20;
const LARGEST_DOWNLOAD: usize = 20 << 20;
const COLOURS: [i64; 6] = [7_322_096, 16_766_590, 13_338_331, 9_367_192, 16_749_490, 16_478_047];
/// A few of those that anybody may use.
const REACTIONS: [&str; 8] = ["👍", "👎", "❤", "🔥", "👀", "👌", "🤔", "🎉"];

/// A status and a description.
pub(super) type Refused = (u16, String);

fn bad(reason: &str) -> Refused {
    (400, format!("Bad Request: {reason}"))
}

/// All methods but `getUpdates`, which waits.
pub(super) fn call(world: &mut World, method: &str, asked: &Parameters) -> Result<Value, Refused> {
    match method {
        "getme" => Ok(me(world)),
        "getchat" => chat(world, asked).map(|id| world.chat_json(id)),
        "getchatmember" => member(world, asked),
        "sendmessage" => send_message(world, asked),
        "editmessagetext" => edit_message(world, asked),
        "senddocument" => send_file(world, asked, "document"),
        "sendphoto" => send_file(world, asked, "photo"),
        "createforumtopic" => create_topic(world, asked),
        "editforumtopic" => rename_topic(world, asked),
        "closeforumtopic" => set_closed(world, asked, true),
        "reopenforumtopic" => set_closed(world, asked, false),
        "setmessagereaction" => react(world, asked),
        "sendchataction" => act(world, asked),
        "answercallbackquery" => answer_press(world, asked),
        "getfile" => file(world, asked),
        _ => Err((404, "Not Found".to_owned())),
    }
}

fn me(world: &World) -> Value {
    let mut me = world.bot_json();
    for (name, value) in [
        ("can_join_groups", true),
        ("can_read_all_group_messages", true),
        ("supports_inline_queries", false),
        ("can_connect_to_business", false),
        ("has_main_web_app", false),
    ] {
        me[name] = value.into();
    }
    me
}

fn chat(world: &World, asked: &Parameters) -> Result<i64, Refused> {
    let id = asked.text("chat_id").filter(|id| !id.is_empty()).ok_or_else(|| bad("chat_id is empty"))?;
    let id = id.parse::<i64>().ok().filter(|id| world.chats.contains_key(id));
    id.ok_or_else(|| bad("chat not found"))
}

/// A chat where the bot may write.
fn open_chat(world: &World, asked: &Parameters) -> Result<i64, Refused> {
    let id = chat(world, asked)?;
    let chat = &world.chats[&id];
    match (chat.bot_is, chat.kind) {
        ("kicked", Kind::Private) => Err((403, "Forbidden: bot was blocked by the user".to_owned())),
        ("kicked", _) => Err((403, "Forbidden: bot was kicked from the supergroup chat".to_owned())),
        ("left", _) => Err((403, "Forbidden: bot is not a member of the supergroup chat".to_owned())),
        _ => Ok(id),
    }
}

fn member(world: &World, asked: &Parameters) -> Result<Value, Refused> {
    let chat = &world.chats[&chat(world, asked)?];
    if asked.number("user_id") != Some(BOT) {
        return Err(bad("PARTICIPANT_ID_INVALID"));
    }
    let mut member = json!({ "status": chat.bot_is, "user": world.bot_json() });
    if chat.bot_is == "administrator" {
        member["can_manage_topics"] = chat.bot_manages_topics.into();
    }
    if chat.bot_is == "kicked" {
        member["until_date"] = 0.into();
    }
    Ok(member)
}

fn thread(world: &World, chat: i64, asked: &Parameters) -> Result<Option<i64>, Refused> {
    let Some(thread) = asked.number("message_thread_id") else { return Ok(None) };
    let chat = &world.chats[&chat];
    let topic = chat.topics.get(&thread).ok_or_else(|| bad("message thread not found"))?;
    let may_write = !topic.is_closed || chat.bot_is == "administrator" && chat.bot_manages_topics;
    if may_write { Ok(Some(thread)) } else { Err(bad("TOPIC_CLOSED")) }
}

/// The text of a message or caption, without its marks and the white space around it.
fn text(asked: &Parameters, field: &str, limit: usize, too_long: &str) -> Result<Parsed, Refused> {
    let raw = asked.text(field).unwrap_or_default();
    let mut parsed = match asked.text("parse_mode").unwrap_or_default().to_ascii_lowercase().as_str() {
        "" => Parsed { text: raw, entities: Vec::new() },
        "html" => entities::parse(&raw).map_err(|error| bad(&format!("can't parse entities: {error}")))?,
        _ => return Err(bad("unsupported parse_mode")),
    };
    parsed.text.retain(|character| character == '\n' || character == '\t' || !character.is_control());
    parsed.text = parsed.text.trim_end().to_owned();
    if parsed.text.encode_utf16().count() > limit { Err(bad(too_long)) } else { Ok(parsed) }
}

fn markup(asked: &Parameters) -> Result<Option<Value>, Refused> {
    let Some(markup) = asked.json("reply_markup") else { return Ok(None) };
    let rows = markup["inline_keyboard"].as_array().ok_or_else(|| bad("object expected as reply markup"))?;
    for button in rows.iter().flat_map(|row| row.as_array().into_iter().flatten()) {
        if button["text"].as_str().is_none_or(str::is_empty) {
            return Err(bad("inline keyboard button text must be non-empty"));
        }
        let data = button["callback_data"].as_str().map_or(0, str::len);
        if !(1..=64).contains(&data) && button["url"].is_null() {
            return Err(bad("BUTTON_DATA_INVALID"));
        }
    }
    Ok(Some(markup))
}

fn reply(world: &World, chat: i64, asked: &Parameters) -> Result<Option<i64>, Refused> {
    let Some(reply) = asked.json("reply_parameters") else { return Ok(None) };
    let id = reply["message_id"].as_i64().ok_or_else(|| bad("can't parse reply parameters"))?;
    match world.message(chat, id) {
        Some(_) => Ok(Some(id)),
        None if reply["allow_sending_without_reply"] == true => Ok(None),
        None => Err(bad("message to be replied not found")),
    }
}

/// A message without anything in it, for a place where the bot may write.
fn blank(world: &World, asked: &Parameters) -> Result<Message, Refused> {
    let chat = open_chat(world, asked)?;
    Ok(Message {
        chat,
        id: 0,
        thread: thread(world, chat, asked)?,
        by_bot: true,
        text: String::new(),
        entities: Vec::new(),
        reply_to: reply(world, chat, asked)?,
        reply_markup: markup(asked)?,
        file: None,
        is_photo: false,
        is_silent: asked.is_true("disable_notification"),
        edits: 0,
        reaction: None,
    })
}

fn keep(world: &mut World, mut message: Message) -> Value {
    message.id = world.number(message.chat);
    let sent = world.sent_json(&message);
    if let Some(file) = &message.file {
        world.files.insert(format!("sent-{}-{}", message.chat, message.id), file.clone());
    }
    world.messages.push(message);
    sent
}

fn send_message(world: &mut World, asked: &Parameters) -> Result<Value, Refused> {
    let mut message = blank(world, asked)?;
    let parsed = text(asked, "text", LONGEST_TEXT, "message is too long")?;
    if parsed.text.trim().is_empty() {
        return Err(bad("message text is empty"));
    }
    (message.text, message.entities) = (parsed.text, parsed.entities);
    Ok(keep(world, message))
}

fn edit_message(world: &mut World, asked: &Parameters) -> Result<Value, Refused> {
    let chat = open_chat(world, asked)?;
    let id = asked.number("message_id").ok_or_else(|| bad("message identifier is not specified"))?;
    let parsed = text(asked, "text", LONGEST_TEXT, "MESSAGE_TOO_LONG")?;
    let markup = markup(asked)?;
    let message = world.message_mut(chat, id).ok_or_else(|| bad("message to edit not found"))?;
    if !message.by_bot {
        return Err(bad("message can't be edited"));
    }
    if message.file.is_some() {
        return Err(bad("there is no text in the message to edit"));
    }
    if parsed.text.trim().is_empty() {
        return Err(bad("message text is empty"));
    }
    if (&message.text, &message.entities, &message.reply_markup) == (&parsed.text, &parsed.entities, &markup) {
        return Err(bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a \
             current content and reply markup of the message",
        ));
    }
    (message.text, message.entities, message.reply_markup) = (parsed.text, parsed.entities, markup);
    message.edits += 1;
    let message = message.clone();
    Ok(world.sent_json(&message))
}

fn send_file(world: &mut World, asked: &Parameters, field: &str) -> Result<Value, Refused> {
    let mut message = blank(world, asked)?;
    let caption = text(asked, "caption", LONGEST_CAPTION, "message caption is too long")?;
    (message.text, message.entities) = (caption.text, caption.entities);
    let file = asked.files.get(field).ok_or_else(|| bad(&format!("there is no {field} in the request")))?;
    if file.bytes.len() > LARGEST_UPLOAD {
        return Err((413, "Request Entity Too Large".to_owned()));
    }
    if file.bytes.is_empty() {
        return Err(bad("file must be non-empty"));
    }
    message.is_photo = field == "photo";
    if message.is_photo {
        check_photo(file)?;
    }
    message.file = Some(file.clone());
    Ok(keep(world, message))
}

fn check_photo(file: &Upload) -> Result<(), Refused> {
    let beginnings: [&[u8]; 3] = [b"\x89PNG", b"\xff\xd8\xff", b"RIFF"];
    if !beginnings.iter().any(|beginning| file.bytes.starts_with(beginning)) {
        return Err(bad("IMAGE_PROCESS_FAILED"));
    }
    if file.bytes.len() > LARGEST_PHOTO { Err(bad("PHOTO_TOO_BIG")) } else { Ok(()) }
}

/// A forum whose topics the bot may manage.
fn forum(world: &World, asked: &Parameters, what: &str) -> Result<i64, Refused> {
    let id = open_chat(world, asked)?;
    let chat = &world.chats[&id];
    if chat.kind != Kind::Forum {
        return Err(bad("the chat is not a forum"));
    }
    if chat.bot_is == "administrator" && chat.bot_manages_topics {
        Ok(id)
    } else {
        Err(bad(&format!("not enough rights to {what} a topic")))
    }
}

fn name(asked: &Parameters) -> Result<String, Refused> {
    let name = asked.text("name").unwrap_or_default().trim().to_owned();
    if (1..=128).contains(&name.encode_utf16().count()) { Ok(name) } else { Err(bad("TOPIC_TITLE_INVALID")) }
}

fn create_topic(world: &mut World, asked: &Parameters) -> Result<Value, Refused> {
    let chat = forum(world, asked, "create")?;
    let name = name(asked)?;
    let icon_color = asked.number("icon_color").unwrap_or(COLOURS[0]);
    if !COLOURS.contains(&icon_color) {
        return Err(bad("TOPIC_ICON_COLOR_INVALID"));
    }
    let id = world.number(chat);
    let topic = Topic { name: name.clone(), icon_color, is_closed: false };
    world.chats.get_mut(&chat).map(|chat| chat.topics.insert(id, topic));
    Ok(json!({ "message_thread_id": id, "name": name, "icon_color": icon_color }))
}

fn topic<'a>(world: &'a mut World, chat: i64, asked: &Parameters) -> Result<&'a mut Topic, Refused> {
    let thread = asked.number("message_thread_id").ok_or_else(|| bad("TOPIC_ID_INVALID"))?;
    let topic = world.chats.get_mut(&chat).and_then(|chat| chat.topics.get_mut(&thread));
    topic.ok_or_else(|| bad("TOPIC_ID_INVALID"))
}

fn rename_topic(world: &mut World, asked: &Parameters) -> Result<Value, Refused> {
    let chat = forum(world, asked, "edit")?;
    let name = name(asked)?;
    let topic = topic(world, chat, asked)?;
    if topic.name == name {
        return Err(bad("TOPIC_NOT_MODIFIED"));
    }
    topic.name = name;
    Ok(true.into())
}

fn set_closed(world: &mut World, asked: &Parameters, closed: bool) -> Result<Value, Refused> {
    let chat = forum(world, asked, "close")?;
    let topic = topic(world, chat, asked)?;
    if topic.is_closed == closed {
        return Err(bad("TOPIC_NOT_MODIFIED"));
    }
    topic.is_closed = closed;
    Ok(true.into())
}

fn react(world: &mut World, asked: &Parameters) -> Result<Value, Refused> {
    let chat = open_chat(world, asked)?;
    let reaction = asked.json("reaction").unwrap_or_default();
    let emoji = reaction[0]["emoji"].as_str().map(str::to_owned);
    if emoji.as_deref().is_some_and(|emoji| !REACTIONS.contains(&emoji)) {
        return Err(bad("REACTION_INVALID"));
    }
    let message = world.message_mut(chat, asked.number("message_id").unwrap_or(0));
    message.ok_or_else(|| bad("message to react not found"))?.reaction = emoji;
    Ok(true.into())
}

fn act(world: &mut World, asked: &Parameters) -> Result<Value, Refused> {
    let chat = open_chat(world, asked)?;
    let thread = thread(world, chat, asked)?;
    let action = asked.text("action").ok_or_else(|| bad("wrong parameter action in request"))?;
    world.actions.push((chat, thread, action));
    Ok(true.into())
}

fn answer_press(world: &mut World, asked: &Parameters) -> Result<Value, Refused> {
    let id = asked.text("callback_query_id").unwrap_or_default();
    if !world.open_presses.remove(&id) {
        return Err(bad("query is too old and response timeout expired or query ID is invalid"));
    }
    let text = asked.text("text").unwrap_or_default();
    if text.encode_utf16().count() > 200 {
        return Err(bad("MESSAGE_TOO_LONG"));
    }
    world.answers.insert(id, text);
    Ok(true.into())
}

fn file(world: &World, asked: &Parameters) -> Result<Value, Refused> {
    let id = asked.text("file_id").unwrap_or_default();
    let file = world.files.get(&id).ok_or_else(|| bad("wrong file_id or the file is temporarily unavailable"))?;
    if file.bytes.len() > LARGEST_DOWNLOAD {
        return Err(bad("file is too big"));
    }
    let size = file.bytes.len();
    Ok(json!({ "file_id": id, "file_unique_id": id, "file_size": size, "file_path": format!("files/{id}.bin") }))
}
