//! How events of conversations are told. What people said is in the log of messages, and not in the events.

use serde_json::{Value, json};

use super::{Conversed, Voice};

impl Conversed {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::UsersRead { .. } => "users_read",
            Self::Received { .. } => "message_received",
            Self::Refused { .. } => "message_refused",
            Self::Settled { .. } => "message_settled",
            Self::CodeOffered { .. } => "pairing_offered",
            Self::CodeGuessed { .. } => "pairing_guessed",
            Self::Paired { .. } => "paired",
            Self::Bound { .. } => "conversation_bound",
            Self::Unbound { .. } => "conversation_unbound",
            Self::ThreadNamed { .. } => "thread_named",
            Self::Spoken(_) => "message_spoken",
            Self::Taken { .. } => "message_taken",
            Self::Stalled { .. } => "conversation_stalled",
            Self::Asked { .. } => "approval_asked",
            Self::Answered { .. } => "approval_answered",
            Self::Closed { .. } => "approval_closed",
            Self::ThreadOpened { .. } => "thread_opened",
            Self::ThreadRefused { .. } => "thread_refused",
            Self::ThreadLost { .. } => "thread_lost",
        }
    }

    pub(crate) fn summary(&self) -> String {
        match self {
            Self::UsersRead { users } => format!("Read {} users", users.iter().count()),
            Self::Received { notifier, speaker, .. } => format!("{} spoke by {notifier}", speaker.user),
            Self::Refused { notifier, why, .. } => format!("Somebody was refused by {notifier}: {}", why.as_str()),
            Self::Settled { notifier, .. } => format!("A message of {notifier} was dealt with"),
            Self::CodeOffered { offer } => format!("A code to pair {} by {} was made", offer.user, offer.notifier),
            Self::CodeGuessed { notifier } => format!("A wrong code to pair by {notifier}"),
            Self::Paired { pairing } => format!("{} was paired by {}", pairing.user, pairing.notifier),
            Self::Bound { place, session } => format!("Conversation {} is session {session}'s", place.label()),
            Self::Unbound { place } => format!("Conversation {} is no session's", place.label()),
            Self::ThreadNamed { place, name } => format!("Thread {} is called {name}", place.label()),
            Self::Spoken(spoken) => match &spoken.by {
                Voice::Person(_) => format!("A person spoke in {}", spoken.place.label()),
                Voice::Agent => format!("An agent spoke in {}", spoken.place.label()),
                Voice::Host => format!("The host spoke in {}", spoken.place.label()),
            },
            Self::Taken { notifier, .. } => format!("A text for people by {notifier} was taken"),
            Self::Asked { question } => format!("People were asked what a guard asks: {}", question.question.id),
            Self::Answered { id, said } => {
                format!("Question {id} was {} by {}", if said.yes { "approved" } else { "denied" }, said.by)
            }
            Self::Closed { id } => format!("Question {id} stands no more"),
            Self::ThreadOpened { notifier, thread, .. } => format!("{notifier} has a thread for {}", thread.name),
            Self::ThreadRefused { notifier, why, .. } => format!("{notifier} opens no threads: {why}"),
            Self::ThreadLost { notifier, .. } => format!("A thread of {notifier} is there no more"),
            Self::Stalled { place } => format!("Conversation {} waits for an answer", place.label()),
        }
    }

    pub(crate) fn details(&self) -> Value {
        match self {
            Self::UsersRead { users } => json!({ "users": users.iter().count() }),
            Self::Received { notifier, speaker, inbound } => json!({
                "notifier": notifier, "user": speaker.user, "role": speaker.role, "key": inbound.key,
                "conversation": inbound.address.conversation, "thread": inbound.address.thread,
                "what": inbound.happening.as_str(),
            }),
            Self::Refused { notifier, key, sender, conversation, why } => json!({
                "notifier": notifier, "key": key, "sender": sender, "conversation": conversation, "reason": why,
            }),
            Self::Settled { notifier, key } | Self::Taken { notifier, key } => {
                json!({ "notifier": notifier, "key": key })
            }
            // The code itself opens the door.
            Self::CodeOffered { offer } => {
                json!({ "notifier": offer.notifier, "user": offer.user, "role": offer.role, "until": offer.until })
            }
            Self::CodeGuessed { notifier } => json!({ "notifier": notifier }),
            Self::Paired { pairing } => json!(pairing),
            Self::Bound { place, session } => json!({ "place": place, "session": session }),
            Self::Unbound { place } | Self::Stalled { place } => json!({ "place": place }),
            Self::ThreadNamed { place, name } => json!({ "place": place, "name": name }),
            // The tokens of its buttons are an answer.
            Self::Asked { question } => json!({
                "id": question.question.id, "tool": question.question.tool, "rules": question.question.rules,
            }),
            Self::Answered { id, said } => json!({ "id": id, "yes": said.yes, "by": said.by }),
            Self::Closed { id } => json!({ "id": id }),
            Self::ThreadOpened { notifier, subject, thread } => {
                json!({ "notifier": notifier, "subject": subject, "thread": thread })
            }
            Self::ThreadRefused { notifier, conversation, why } => {
                json!({ "notifier": notifier, "conversation": conversation, "reason": why })
            }
            Self::ThreadLost { notifier, subject } => json!({ "notifier": notifier, "subject": subject }),
            Self::Spoken(spoken) => json!({
                "place": spoken.place, "session": spoken.session, "fromUser": matches!(spoken.by, Voice::Person(_)),
                "characters": spoken.text.chars().count(),
            }),
        }
    }
}
