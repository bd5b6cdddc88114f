//! Conversations: where people speak with sessions, answering them, and letting people in.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use instar_api as api;
use instar_api::paths;
use instar_core::conversation::{Offer, Place, channel_of};
use instar_core::id::{PluginId, SessionName};
use instar_core::users::Role;
use jiff::{SignedDuration, Timestamp};

use super::App;
use super::auth::Caller;
use super::errors::ApiError;
use super::extract::JsonObject;
use super::sessions::input_text;
use super::view::time;

const CODE_IS_GOOD_FOR: SignedDuration = SignedDuration::from_mins(10);
/// Without letters that look alike.
const CODE_LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_LENGTH: usize = 10;
const LONGEST_ID: usize = 64;
/// Who is paired where nobody is named.
const OWNER: &str = "owner";

/// Lists the places where people speak with sessions, and those that have a name.
#[utoipa::path(
    get, path = paths::CONVERSATIONS, operation_id = "conversation_list",
    responses((status = 200, body = api::Conversations)),
)]
pub(super) async fn list(State(app): State<Arc<App>>) -> Json<api::Conversations> {
    let view = app.engine.view();
    let known = view.state().conversations();
    let conversations = known.places().into_iter().map(|place| api::Conversation {
        place: place.label(),
        notifier: place.notifier.to_string(),
        conversation: place.address.conversation.clone(),
        thread: place.address.thread.clone(),
        name: known.name_of(place).map(str::to_owned),
        session: known.session_of(place).map(SessionName::to_string),
    });
    Json(api::Conversations { conversations: conversations.collect() })
}

/// Writes to people: in the conversation of the session that asks, or in one that is named.
#[utoipa::path(
    post, path = paths::CONVERSATIONS_REPLY, operation_id = "conversation_reply",
    request_body = api::ReplyRequest,
    responses((status = 404), (status = 200, body = api::Replied), (status = 409), (status = 503)),
)]
pub(super) async fn reply(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    mut body: JsonObject,
) -> Result<Json<api::Replied>, ApiError> {
    let text = input_text(body.0.remove("text"))?;
    let to: Option<String> = body.take("to", "a text such as `telegram:42`")?;
    let id: Option<String> = body.take("id", "a text of 1 to 64 characters")?;
    if id.as_ref().is_some_and(|id| !(1..=LONGEST_ID).contains(&id.chars().count())) {
        return Err(ApiError::bad_request("`id` must be a text of 1 to 64 characters"));
    }
    let place = match &to {
        Some(label) => named(&app, label)?,
        None => own(&app, caller)?,
    };
    write(&app, caller, place.clone(), text, id).await?;
    Ok(Json(api::Replied { ok: true, to: place.label() }))
}

/// A session speaks in its own conversation, and for itself; everybody else speaks for the host.
pub(super) async fn write(
    app: &App,
    caller: Caller,
    place: Place,
    text: String,
    id: Option<String>,
) -> Result<(), ApiError> {
    let session = match caller {
        Caller::Session(id) => {
            let view = app.engine.view();
            let name = view.session(id).map(|session| session.name.clone());
            let is_own = name.as_ref().and_then(|name| view.state().conversations().place_of(name)) == Some(&place);
            if !is_own {
                return Err(ApiError::forbidden(format!("the conversation {} is not this session's", place.label())));
            }
            name
        }
        Caller::Gate(_) | Caller::Trusted | Caller::Anyone => None,
    };
    Ok(app.engine.reply(place, text, session, id).await?)
}

fn own(app: &App, caller: Caller) -> Result<Place, ApiError> {
    let Caller::Session(id) = caller else {
        return Err(ApiError::bad_request("`to` must be given, such as `telegram:42`"));
    };
    let view = app.engine.view();
    let place = view.session(id).and_then(|session| view.state().conversations().place_of(&session.name));
    place.cloned().ok_or_else(|| ApiError::conflict("this session has no conversation with people"))
}

/// `telegram:42`: a known conversation of this thread, or a thread of the chat that the notifier is at home in.
fn named(app: &App, label: &str) -> Result<Place, ApiError> {
    let (channel, thread) = label.split_once(':').unwrap_or((label, ""));
    let notifier = notifier(app, channel)?;
    place_of_thread(app, &notifier, if thread.is_empty() { "1" } else { thread })
}

/// The notifier of this name, with or without what all names begin with.
pub(super) fn notifier(app: &App, name: &str) -> Result<PluginId, ApiError> {
    let view = app.engine.view();
    let mut notifiers = view.state().notifiers.iter();
    let found = notifiers.find(|id| id.as_str() == name || channel_of(id) == name).cloned();
    found.ok_or_else(|| ApiError::not_found(format!("no notifier `{name}` is enabled")))
}

/// The thread of this id, in a chat where it is known, or else in the one that the notifier is at home in.
pub(super) fn place_of_thread(app: &App, notifier: &PluginId, thread: &str) -> Result<Place, ApiError> {
    let view = app.engine.view();
    let state = view.state();
    let known = state.conversations().places();
    let mut here = known.into_iter().filter(|place| place.notifier == *notifier && place.thread() == thread);
    if let Some(place) = here.next() {
        return Ok(place.clone());
    }
    let conversation = state.home_of(notifier).map(|home| home.conversation).ok_or_else(|| {
        ApiError::conflict(format!("`{notifier}` knows no chat yet: `instar notifier pair` lets one in"))
    })?;
    let thread = (thread != "1").then(|| thread.to_owned());
    Ok(Place { notifier: notifier.clone(), address: instar_core::notice::Address { conversation, thread } })
}

/// Makes a code; whoever shows it in a chat, with `/pair`, may speak there from then on.
#[utoipa::path(
    post, path = paths::CONVERSATIONS_PAIR, operation_id = "conversation_pair",
    request_body = Option<api::PairRequest>,
    responses((status = 404), (status = 200, body = api::PairingCode), (status = 503)),
)]
pub(super) async fn pair(
    State(app): State<Arc<App>>,
    mut body: JsonObject,
) -> Result<Json<api::PairingCode>, ApiError> {
    let name: Option<String> = body.take("notifier", "the name of a notifier")?;
    let user: Option<String> = body.take("user", "the id of a user")?;
    let notifier = match name {
        Some(name) => notifier(&app, &name)?,
        None => only_notifier(&app)?,
    };
    let (user, role) = {
        let view = app.engine.view();
        let users = view.state().conversations().users();
        match user {
            Some(id) => {
                let found = users.get(&id).map(|user| user.role());
                (id.clone(), found.ok_or_else(|| ApiError::not_found(format!("`users.json` has no user `{id}`")))?)
            }
            None => (OWNER.to_owned(), users.get(OWNER).map_or(Role::Admin, |user| user.role())),
        }
    };
    let until = Timestamp::now().saturating_add(CODE_IS_GOOD_FOR).map_err(|error| ApiError::internal(&error))?;
    let offer = Offer { notifier, code: code(), user, role, until, guesses: 0 };
    app.engine.offer_code(offer.clone()).await?;
    Ok(Json(api::PairingCode {
        notifier: offer.notifier.to_string(),
        user: offer.user,
        role: role.as_str().to_owned(),
        code: offer.code,
        until: time(until),
    }))
}

fn only_notifier(app: &App) -> Result<PluginId, ApiError> {
    let view = app.engine.view();
    match view.state().notifiers.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(ApiError::unavailable("no notifier is enabled")),
        _ => Err(ApiError::bad_request("`notifier` must be given: there are several")),
    }
}

/// Fifty bits of chance.
fn code() -> String {
    let chance = uuid::Uuid::new_v4();
    let letter = |byte: &u8| char::from(CODE_LETTERS[usize::from(byte & 31)]);
    // The bytes in the middle have bits that are always the same.
    let bytes = chance.as_bytes();
    bytes[..6].iter().chain(&bytes[9..]).take(CODE_LENGTH).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_long_and_differ() {
        let codes = [code(), code()];
        assert_ne!(codes[0], codes[1]);
        assert!(
            codes.iter().all(|code| code.len() == CODE_LENGTH && code.bytes().all(|it| CODE_LETTERS.contains(&it)))
        );
    }
}
