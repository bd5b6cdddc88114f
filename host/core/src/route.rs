//! Who is told what: by the job's own word, by the operator's table, or else by every notifier.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::conversation::channel_of;
use crate::id::{JobSlug, PluginId};
use crate::notice::{Address, Message};
use crate::state::State;
use crate::thread::Subject;
use crate::verdict::Severity;

/// Somebody who may be told: `telegram`, `telegram:42` or `user:ada`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Recipient {
    /// The place where a notifier is at home, by its name with or without `notifier-`.
    Notifier(String),
    /// A thread of that chat.
    Thread { notifier: String, thread: String },
    /// A person of `users.json`, in a chat of their own at each notifier that has a channel of theirs.
    User(String),
}

/// Why a text is no recipient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a recipient is `NOTIFIER`, `NOTIFIER:THREAD` or `user:ID`")]
pub struct NoRecipient;

/// The operator's table. What no row is about goes to every notifier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes(Vec<(About, Vec<Recipient>)>);

/// What a row is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    Everything,
    Job(JobSlug),
    Tag(String),
    /// This or worse.
    Severity(Severity),
}

/// Where one notice goes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Targets {
    /// To the place where each is at home.
    pub(crate) at_home: BTreeSet<PluginId>,
    pub(crate) addressed: BTreeSet<(PluginId, Address)>,
}

const USER: &str = "user";

impl FromStr for Recipient {
    type Err = NoRecipient;

    fn from_str(text: &str) -> Result<Self, NoRecipient> {
        let is_word = |word: &str| !word.is_empty() && word.len() <= 100 && !word.contains(char::is_control);
        match text.trim().split_once(':') {
            None if is_word(text.trim()) => Ok(Self::Notifier(text.trim().to_owned())),
            Some((USER, id)) if is_word(id) => Ok(Self::User(id.to_owned())),
            Some((notifier, thread)) if is_word(notifier) && is_word(thread) => {
                Ok(Self::Thread { notifier: notifier.to_owned(), thread: thread.to_owned() })
            }
            None | Some(_) => Err(NoRecipient),
        }
    }
}

impl TryFrom<String> for Recipient {
    type Error = NoRecipient;

    fn try_from(text: String) -> Result<Self, NoRecipient> {
        text.parse()
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        recipient.to_string()
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notifier(notifier) => f.write_str(notifier),
            Self::Thread { notifier, thread } => write!(f, "{notifier}:{thread}"),
            Self::User(id) => write!(f, "{USER}:{id}"),
        }
    }
}

impl About {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "*" => Some(Self::Everything),
            Some(("job", slug)) => slug.parse().ok().map(Self::Job),
            Some(("tag", tag)) if !tag.is_empty() => Some(Self::Tag(tag.to_owned())),
            Some(("severity", least)) => Severity::deserialize(Value::from(least)).ok().map(Self::Severity),
            None | Some(_) => None,
        }
    }

    fn is_about(&self, state: &State, notice: &Message) -> bool {
        let job = job_of(notice);
        match self {
            Self::Everything => true,
            Self::Job(slug) => job == Some(slug),
            Self::Tag(tag) => {
                job.and_then(|slug| state.job(slug)).is_some_and(|entry| entry.job.admission.tags.contains(tag))
            }
            Self::Severity(least) => notice.severity >= *least,
        }
    }
}

impl Routes {
    /// Reads `{"job:nightly": ["telegram:42"], "severity:high": ["user:ada"], "*": ["webhook"]}`.
    pub fn parse(object: &Map<String, Value>) -> Option<Self> {
        let row = |(about, recipients): (&String, &Value)| {
            Some((About::parse(about)?, Vec::<Recipient>::deserialize(recipients).ok()?))
        };
        object.iter().map(row).collect::<Option<_>>().map(Self)
    }
}

/// Where a notice goes; nothing where it goes to every notifier, as what is asked does. What nobody can be told by leads
/// nowhere, so that a table with a typing error loses no notice.
pub(crate) fn targets(state: &State, notice: &Message) -> Targets {
    if !notice.choices.is_empty() {
        return Targets::default();
    }
    let own = job_of(notice).and_then(|slug| state.job(slug)).map(|entry| entry.job.notices.to.as_slice());
    let mut targets = Targets::default();
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        own.iter().for_each(|recipient| targets.add(state, recipient));
        return targets;
    }
    let rows = state.limits.conversations.telling.routes.0.iter();
    rows.filter(|(about, _)| about.is_about(state, notice))
        .flat_map(|(_, recipients)| recipients)
        .for_each(|recipient| targets.add(state, recipient));
    targets
}

impl Targets {
    pub(crate) fn is_empty(&self) -> bool {
        self.at_home.is_empty() && self.addressed.is_empty()
    }

    fn add(&mut self, state: &State, recipient: &Recipient) {
        match recipient {
            Recipient::Notifier(name) => self.at_home.extend(notifier(state, name).cloned()),
            Recipient::Thread { notifier: name, thread } => {
                let home = notifier(state, name).and_then(|id| Some((id.clone(), state.home_of(id)?)));
                self.addressed.extend(home.map(|(id, home)| (id, Address { thread: Some(thread.clone()), ..home })));
            }
            Recipient::User(id) => {
                let channels = state.conversations().users().get(id).map_or(&[][..], |user| &user.channels);
                self.addressed.extend(channels.iter().filter_map(|channel| {
                    let conversation = channel.identifier().to_owned();
                    Some((notifier(state, channel.kind())?.clone(), Address { conversation, thread: None }))
                }));
            }
        }
    }
}

fn notifier<'a>(state: &'a State, name: &str) -> Option<&'a PluginId> {
    state.notifiers.iter().find(|id| id.as_str() == name || channel_of(id) == name)
}

fn job_of(notice: &Message) -> Option<&JobSlug> {
    match &notice.about.as_ref()?.subject {
        Subject::Job(slug) => Some(slug),
        Subject::Item(_) | Subject::Wish(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_recipient_is_written_as_it_is_read() {
        for text in ["telegram", "notifier-webhook", "telegram:42", "user:ada"] {
            assert_eq!(text.parse::<Recipient>().unwrap().to_string(), text);
        }
        for text in ["", " ", ":", "user:", ":42", "telegram:", "a\nb"] {
            assert_eq!(text.parse::<Recipient>(), Err(NoRecipient), "{text:?}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_meant_spoils_the_table() {
        let parse = |table: Value| Routes::parse(table.as_object().unwrap());
        assert!(parse(json!({"*": ["webhook"], "job:a": [], "tag:b": ["x:1"], "severity:low": ["user:c"]})).is_some());
        for table in [
            json!({"everything": ["webhook"]}),
            json!({"job:": ["webhook"]}),
            json!({"severity:bad": ["webhook"]}),
            json!({"*": "webhook"}),
            json!({"*": [1]}),
            json!({"*": ["user:"]}),
        ] {
            assert_eq!(parse(table.clone()), None, "{table}");
        }
    }
}
