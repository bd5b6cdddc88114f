//! A talk: what passes between people and a program that waits at its prompt.
//!
//! What the program does is seen by the session's wrapper, which also types the messages; what follows from it is
//! decided here.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What a program in a terminal is doing, by what its screen says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// Its screen has not come to rest yet.
    #[default]
    Starting,
    Busy,
    /// It waits at its prompt.
    Ready,
    /// It asks a person something: a message would be taken for the answer.
    Asking,
}

/// What was last seen of a program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Grows with each change; 0 when nothing was seen yet.
    pub number: u64,
    pub doing: Doing,
    /// The line of the screen by which it is asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The number of the last message that was typed.
    pub typed: u64,
}

/// A text for the program, as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its place among the messages of its session, from 1.
    pub number: u64,
    pub text: String,
}

/// Where the talk with a session stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Talk {
    pub activity: Activity,
    /// Since when it waits with nothing left to be typed.
    pub idle_since: Option<Timestamp>,
    /// The activity about which the execute type has been asked.
    pub answered: u64,
    /// The number of the newest message.
    pub given: u64,
    /// What is not typed yet, in order.
    pub pending: Vec<Message>,
}

impl Talk {
    /// As the store kept it.
    pub fn restored(activity: Option<(Activity, Timestamp)>, answered: u64, pending: Vec<Message>) -> Self {
        let mut talk = Self { answered, pending, ..Self::default() };
        if let Some((activity, at)) = activity {
            talk.see(activity, at);
        }
        talk.given = talk.pending.last().map_or(talk.activity.typed, |message| message.number);
        talk
    }

    /// It waits, and everything that it was told has been typed.
    pub fn is_idle(&self) -> bool {
        self.activity.doing == Doing::Ready && self.pending.is_empty()
    }

    pub(crate) fn see(&mut self, activity: Activity, at: Timestamp) {
        self.pending.retain(|message| message.number > activity.typed);
        self.activity = activity;
        self.idle_since = self.is_idle().then_some(at);
    }

    pub(crate) fn take(&mut self, message: Message) {
        self.given = message.number;
        self.pending.push(message);
        self.idle_since = None;
    }

    /// When it has been idle for as long as it may be.
    pub(crate) fn idle_until(&self, limit: SignedDuration) -> Option<Timestamp> {
        self.idle_since?.checked_add(limit).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u64) -> Message {
        Message { number, text: format!("message {number}") }
    }

    #[test]
    fn a_program_is_idle_only_when_everything_was_typed() {
        let mut talk = Talk::default();
        talk.take(message(1));
        let ready = |number, typed| Activity { number, doing: Doing::Ready, question: None, typed };
        talk.see(ready(1, 0), Timestamp::UNIX_EPOCH);
        assert_eq!((talk.is_idle(), talk.idle_since), (false, None));
        talk.see(ready(2, 1), Timestamp::UNIX_EPOCH);
        assert_eq!((talk.is_idle(), talk.idle_since), (true, Some(Timestamp::UNIX_EPOCH)));
        talk.take(message(2));
        assert_eq!((talk.given, talk.idle_since, talk.pending.len()), (2, None, 1));
    }

    #[test]
    fn a_restored_talk_goes_on_counting_where_it_was() {
        let seen = Activity { number: 7, doing: Doing::Busy, question: None, typed: 4 };
        let talk = Talk::restored(Some((seen.clone(), Timestamp::UNIX_EPOCH)), 5, vec![message(5), message(6)]);
        assert_eq!((talk.given, talk.pending.len(), talk.answered), (6, 2, 5));
        assert_eq!(Talk::restored(Some((seen, Timestamp::UNIX_EPOCH)), 5, Vec::new()).given, 4);
    }
}
