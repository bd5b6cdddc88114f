//! Whose each conversation is, who may speak, and what of it waits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::conversation::{
    Conversed, Offer, OpenQuestion, Pairing, Place, Refusal, Rules, Speaker, Spoken, Voice, channel_of,
};
use crate::id::{JobSlug, PluginId, SessionName};
use crate::inbound::Inbound;
use crate::notice::Address;
use crate::state::threads::Threads;
use crate::thread::{Subject, Thread};
use crate::users::Users;

/// What of conversations survives a restart, as the store hands it over.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conversations {
    bound: BTreeMap<Place, SessionName>,
    places: BTreeMap<SessionName, Place>,
    names: BTreeMap<Place, String>,
    pairings: BTreeMap<(PluginId, String, String), Pairing>,
    offers: BTreeMap<PluginId, Offer>,
    /// What waits to be dealt with, oldest first.
    pending: VecDeque<Pending>,
    /// The keys that were seen, oldest first, so that nothing is taken twice.
    seen: BTreeSet<(PluginId, String)>,
    seen_in_order: VecDeque<(PluginId, String)>,
    /// What an agent was told last and has not answered.
    unanswered: BTreeMap<Place, Unanswered>,
    /// What guards ask, by id.
    questions: BTreeMap<String, OpenQuestion>,
    threads: Threads,
    users: Arc<Users>,
    refused: Refused,
}

/// Something that somebody said, with what they may do.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    pub notifier: PluginId,
    pub speaker: Speaker,
    pub inbound: Arc<Inbound>,
}

/// Since when an agent owes an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    pub since: Timestamp,
    /// The beginning of what it was told.
    pub excerpt: String,
    /// People know of it.
    pub told: bool,
}

/// How many strangers were noted in this minute; more of them leave no trace.
#[derive(Debug, Clone, Default, PartialEq)]
struct Refused {
    minute: i64,
    count: u32,
}

/// Keys beyond these are so old that no notifier reads them again.
const MOST_SEEN: usize = 20_000;
const MOST_REFUSED_A_MINUTE: u32 = 30;
const MOST_GUESSES: u32 = 5;
const LONGEST_EXCERPT: usize = 100;

impl Place {
    fn of(notifier: &PluginId, inbound: &Inbound) -> Self {
        Self { notifier: notifier.clone(), address: inbound.address.clone() }
    }
}

impl Unanswered {
    pub fn excerpt_of(text: &str) -> String {
        text.chars().take(LONGEST_EXCERPT).collect()
    }
}

impl Pending {
    pub fn place(&self) -> Place {
        Place::of(&self.notifier, &self.inbound)
    }
}

impl Conversations {
    pub fn session_of(&self, place: &Place) -> Option<&SessionName> {
        self.bound.get(place)
    }

    pub fn place_of(&self, session: &SessionName) -> Option<&Place> {
        self.places.get(session)
    }

    /// All that are some session's.
    pub fn bound(&self) -> impl Iterator<Item = (&Place, &SessionName)> {
        self.bound.iter()
    }

    pub fn name_of(&self, place: &Place) -> Option<&str> {
        self.names.get(place).map(String::as_str)
    }

    /// Every place that has a name or a session.
    pub fn places(&self) -> BTreeSet<&Place> {
        self.bound.keys().chain(self.names.keys()).collect()
    }

    pub fn users(&self) -> &Users {
        &self.users
    }

    pub fn pairings(&self) -> impl Iterator<Item = &Pairing> {
        self.pairings.values()
    }

    pub fn pending(&self) -> impl Iterator<Item = &Pending> {
        self.pending.iter()
    }

    pub fn is_seen(&self, notifier: &PluginId, key: &str) -> bool {
        self.seen.contains(&(notifier.clone(), key.to_owned()))
    }

    pub fn find_pending(&self, notifier: &PluginId, key: &str) -> Option<&Pending> {
        self.pending.iter().find(|pending| pending.notifier == *notifier && pending.inbound.key == key)
    }

    /// What is to be dealt with first at a place.
    pub fn first_pending(&self, place: &Place) -> Option<&Pending> {
        self.pending.iter().find(|pending| pending.place() == *place)
    }

    pub fn unanswered(&self) -> impl Iterator<Item = (&Place, &Unanswered)> {
        self.unanswered.iter()
    }

    /// Chat and sender must both be known.
    pub fn speaker(&self, rules: &Rules, notifier: &PluginId, inbound: &Inbound) -> Result<Speaker, Refusal> {
        let (chat, sender) = (&inbound.address.conversation, &inbound.sender.id);
        if inbound.sender.is_bot {
            return Err(Refusal::Bot);
        }
        let paired = self.pairings.get(&(notifier.clone(), sender.clone(), chat.clone()));
        let is_known_chat = rules.chats.contains(&(notifier.clone(), chat.clone()))
            || self.pairings.values().any(|pairing| pairing.notifier == *notifier && pairing.conversation == *chat);
        if !is_known_chat {
            return Err(Refusal::Chat);
        }
        if let Some(user) = self.users.resolve(channel_of(notifier), sender) {
            return Ok(Speaker { user: user.id.clone(), role: user.role() });
        }
        let paired = paired.or_else(|| {
            self.pairings.values().find(|pairing| pairing.notifier == *notifier && pairing.sender == *sender)
        });
        let pairing = paired.ok_or(Refusal::Sender)?;
        let role = self.users.get(&pairing.user).map_or(pairing.role, |user| user.role());
        Ok(Speaker { user: pairing.user.clone(), role })
    }

    /// The code that a chat would have to show now.
    pub fn offer(&self, notifier: &PluginId, now: Timestamp) -> Option<&Offer> {
        self.offers.get(notifier).filter(|offer| now < offer.until && offer.guesses < MOST_GUESSES)
    }

    /// Whether one more stranger is noted.
    pub fn notes_refusal(&self, now: Timestamp) -> bool {
        minute(now) != self.refused.minute || self.refused.count < MOST_REFUSED_A_MINUTE
    }

    pub fn question(&self, id: &str) -> Option<&OpenQuestion> {
        self.questions.get(id)
    }

    pub fn questions(&self) -> impl Iterator<Item = &OpenQuestion> {
        self.questions.values()
    }

    /// The question that has a button with this token, and what that says.
    pub fn pressed(&self, token: &str) -> Option<(&OpenQuestion, bool)> {
        self.questions.values().find_map(|open| Some((open, open.pressed(token)?)))
    }

    /// The thread that the host opened for something.
    pub fn thread(&self, notifier: &PluginId, subject: &Subject) -> Option<&Thread> {
        self.threads.get(notifier, subject)
    }

    /// What the host opened the thread of a place for.
    pub fn subject_of(&self, place: &Place) -> Option<&Subject> {
        self.threads.subject_of(&place.notifier, &place.address)
    }

    /// Whether it is of no use to ask a notifier for a thread now.
    pub(crate) fn opens_no_threads(&self, notifier: &PluginId, chat: &str, now: Timestamp) -> bool {
        self.threads.is_refused(notifier, chat, now)
    }

    /// The chat of somebody who was paired, where the notifier has no other.
    pub fn paired_chat(&self, notifier: &PluginId) -> Option<Address> {
        let first = self.pairings.values().find(|pairing| pairing.notifier == *notifier)?;
        Some(Address { conversation: first.conversation.clone(), thread: None })
    }

    pub(crate) fn rename_job(&mut self, from: &JobSlug, to: &JobSlug) {
        self.threads.rename(from, to);
    }

    /// Where people wait for an answer, with when it is late.
    pub fn waiting(&self, limit: SignedDuration) -> impl Iterator<Item = (Timestamp, &Place, &Unanswered)> {
        let late = move |waits: &Unanswered| waits.since.checked_add(limit).ok();
        let open = self.unanswered.iter().filter(|(_, waits)| !waits.told);
        open.filter_map(move |(place, waits)| Some((late(waits)?, place, waits)))
    }

    pub fn apply(&mut self, fact: &Conversed, at: Timestamp) {
        match fact {
            Conversed::UsersRead { users } => self.users = users.clone(),
            Conversed::Received { notifier, speaker, inbound } => {
                self.see(notifier, &inbound.key);
                let (notifier, speaker, inbound) = (notifier.clone(), speaker.clone(), inbound.clone());
                self.pending.push_back(Pending { notifier, speaker, inbound });
            }
            Conversed::Refused { notifier, key, .. } => {
                self.see(notifier, key);
                let count = if minute(at) == self.refused.minute { self.refused.count } else { 0 };
                self.refused = Refused { minute: minute(at), count: count + 1 };
            }
            Conversed::Settled { notifier, key } => {
                self.threads.lose(notifier, &Subject::Wish(key.clone()));
                self.pending.retain(|pending| pending.notifier != *notifier || pending.inbound.key != *key);
            }
            Conversed::CodeOffered { offer } => drop(self.offers.insert(offer.notifier.clone(), offer.clone())),
            Conversed::CodeGuessed { notifier } => {
                if let Some(offer) = self.offers.get_mut(notifier) {
                    offer.guesses += 1;
                }
            }
            Conversed::Paired { pairing } => self.pair(pairing.clone()),
            Conversed::Bound { place, session } => self.bind(place.clone(), session.clone()),
            Conversed::Unbound { place } => self.unbind(place),
            Conversed::ThreadNamed { place, name } => drop(self.names.insert(place.clone(), name.clone())),
            Conversed::Spoken(spoken) => self.spoke(spoken),
            Conversed::Taken { notifier, key } => self.see(notifier, key),
            Conversed::Asked { question } => {
                self.questions.insert(question.question.id.clone(), question.clone());
            }
            Conversed::Answered { id, said } => {
                if let Some(open) = self.questions.get_mut(id) {
                    open.said = Some(said.clone());
                }
            }
            Conversed::Closed { id } => drop(self.questions.remove(id)),
            Conversed::ThreadOpened { notifier, subject, thread } => self.threads.opened(notifier, subject, thread),
            Conversed::ThreadRefused { notifier, conversation, .. } => self.threads.refuse(notifier, conversation, at),
            Conversed::ThreadLost { notifier, subject } => self.threads.lose(notifier, subject),
            Conversed::Stalled { place } => {
                if let Some(waits) = self.unanswered.get_mut(place) {
                    waits.told = true;
                }
            }
        }
    }

    /// It was heard, or taken, before.
    pub fn see(&mut self, notifier: &PluginId, key: &str) {
        let seen = (notifier.clone(), key.to_owned());
        if self.seen.insert(seen.clone()) {
            self.seen_in_order.push_back(seen);
        }
        while self.seen_in_order.len() > MOST_SEEN {
            if let Some(oldest) = self.seen_in_order.pop_front() {
                self.seen.remove(&oldest);
            }
        }
    }

    /// An agent has not answered.
    pub fn owe(&mut self, place: Place, waits: Unanswered) {
        self.unanswered.insert(place, waits);
    }

    fn pair(&mut self, pairing: Pairing) {
        self.offers.remove(&pairing.notifier);
        let key = (pairing.notifier.clone(), pairing.sender.clone(), pairing.conversation.clone());
        self.pairings.insert(key, pairing);
    }

    /// One conversation has one session, and one session has one conversation.
    fn bind(&mut self, place: Place, session: SessionName) {
        self.unbind(&place);
        if let Some(other) = self.places.get(&session).cloned() {
            self.unbind(&other);
        }
        self.places.insert(session.clone(), place.clone());
        self.bound.insert(place, session);
    }

    fn unbind(&mut self, place: &Place) {
        if let Some(session) = self.bound.remove(place) {
            self.places.remove(&session);
        }
        self.unanswered.remove(place);
    }

    /// Only the agent's own word is an answer.
    fn spoke(&mut self, spoken: &Spoken) {
        match &spoken.by {
            Voice::Person(_) if spoken.session.is_some() => {
                let excerpt = Unanswered::excerpt_of(&spoken.text);
                let waits = Unanswered { since: spoken.at, excerpt, told: false };
                self.unanswered.entry(spoken.place.clone()).or_insert(waits);
            }
            Voice::Agent => drop(self.unanswered.remove(&spoken.place)),
            Voice::Person(_) | Voice::Host => {}
        }
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}
