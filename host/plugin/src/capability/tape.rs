//! What a call asked of the host, and what it was answered: kept for later, or played to another build, for which the
//! host then does nothing.

use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmtime::component::{HasData, Linker};

use super::failure;
use crate::state::CallState;
use crate::wit::imports::types::Failure;
use crate::wit::imports::{clock, events, http, jobs, kv, process, secrets, sessions};

/// Of one call so much is kept, in bytes.
const MOST_KEPT: usize = 256 << 10;

/// One question of a plugin to the host, with its answer, as the contract has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostCall {
    /// Such as `http.fetch`.
    pub what: String,
    pub asked: Value,
    pub answer: Value,
}

/// What was kept of a call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Recorded {
    pub calls: Vec<HostCall>,
    /// There was more, which was too long to be kept.
    #[serde(default)]
    pub cut: bool,
}

/// What became of a call that what was kept was played to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Played {
    /// Questions that nothing that was kept answers: what was asked, and with what.
    pub unknown: Vec<(String, Value)>,
    /// What was kept, and nobody asked for.
    pub unasked: Vec<(String, Value)>,
}

/// Cheap to clone; all clones are one tape. The default neither keeps nor plays.
#[derive(Debug, Clone, Default)]
pub struct Tape(Option<Arc<Mutex<Reel>>>);

#[derive(Debug)]
enum Reel {
    Keeping { recorded: Recorded, bytes: usize },
    Playing { calls: Vec<(HostCall, bool)>, unknown: Vec<(String, Value)> },
}

/// What a question leads to.
enum Turn {
    /// The host is asked, and nothing is kept.
    Ask,
    /// The host is asked, and this is kept with its answer.
    Keep(Value),
    /// This was the answer.
    Answered(Value),
    /// Nobody knows.
    Unknown,
}

impl Tape {
    pub fn keeping() -> Self {
        Self::of(Reel::Keeping { recorded: Recorded::default(), bytes: 0 })
    }

    pub fn playing(calls: Vec<HostCall>) -> Self {
        let calls = calls.into_iter().map(|call| (call, false)).collect();
        Self::of(Reel::Playing { calls, unknown: Vec::new() })
    }

    /// What was kept so far.
    pub fn recorded(&self) -> Recorded {
        self.with(|reel| match reel {
            Reel::Keeping { recorded, .. } => recorded.clone(),
            Reel::Playing { .. } => Recorded::default(),
        })
        .unwrap_or_default()
    }

    /// What was played so far. How often a clock is read is nobody's business.
    pub fn played(&self) -> Played {
        self.with(|reel| match reel {
            Reel::Keeping { .. } => Played::default(),
            Reel::Playing { calls, unknown } => {
                let unasked = calls.iter().filter(|(call, is_used)| !is_used && !is_clock(&call.what));
                let unasked = unasked.map(|(call, _)| (call.what.clone(), call.asked.clone())).collect();
                Played { unknown: unknown.clone(), unasked }
            }
        })
        .unwrap_or_default()
    }

    fn of(reel: Reel) -> Self {
        Self(Some(Arc::new(Mutex::new(reel))))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Reel) -> T) -> Option<T> {
        self.0.as_ref().map(|reel| look(&mut reel.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    fn turn(&self, what: &str, asked: impl FnOnce() -> Value) -> Turn {
        let turn = self.with(|reel| match reel {
            Reel::Keeping { recorded, .. } if recorded.cut => Turn::Ask,
            Reel::Keeping { .. } => Turn::Keep(asked()),
            Reel::Playing { calls, unknown } => {
                let asked = asked();
                let is_it = |call: &HostCall| call.what == what && call.asked == asked;
                if let Some((call, is_used)) = calls.iter_mut().find(|(call, is_used)| !is_used && is_it(call)) {
                    *is_used = true;
                    return Turn::Answered(call.answer.clone());
                }
                // A clock that is read once more shows what it showed last.
                match calls.iter().rev().find(|(call, _)| is_clock(what) && is_it(call)) {
                    Some((call, _)) => Turn::Answered(call.answer.clone()),
                    None => {
                        unknown.push((what.to_owned(), asked));
                        Turn::Unknown
                    }
                }
            }
        });
        turn.unwrap_or(Turn::Ask)
    }

    fn keep(&self, what: &str, asked: Value, answer: &impl Serialize) {
        let answer = value(answer);
        let length = what.len() + asked.to_string().len() + answer.to_string().len();
        self.with(|reel| {
            let Reel::Keeping { recorded, bytes } = reel else { return };
            *bytes += length;
            if *bytes > MOST_KEPT {
                recorded.cut = true;
            } else {
                recorded.calls.push(HostCall { what: what.to_owned(), asked, answer });
            }
        });
    }
}

fn is_clock(what: &str) -> bool {
    what.starts_with("clock.")
}

fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// An answer that is none of the contract was kept by another version of it.
fn read<T: DeserializeOwned>(answer: Value, otherwise: T) -> T {
    serde_json::from_value(answer).unwrap_or(otherwise)
}

fn unknown() -> Failure {
    failure("not-recorded", "the recorded call did not ask this, so that nobody knows the answer")
}

/// Between the guest and what the host does for it.
pub(super) struct Taped<'a>(&'a mut CallState);

struct OfTape;

impl HasData for OfTape {
    type Data<'a> = Taped<'a>;
}

pub(super) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    clock::add_to_linker::<_, OfTape>(linker, |state| Taped(state))?;
    kv::add_to_linker::<_, OfTape>(linker, |state| Taped(state))?;
    secrets::add_to_linker::<_, OfTape>(linker, |state| Taped(state))?;
    http::add_to_linker::<_, OfTape>(linker, |state| Taped(state))?;
    jobs::add_to_linker::<_, OfTape>(linker, |state| Taped(state))?;
    sessions::add_to_linker::<_, OfTape>(linker, |state| Taped(state))?;
    events::add_to_linker::<_, OfTape>(linker, |state| Taped(state))?;
    process::add_to_linker::<_, OfTape>(linker, |state| Taped(state))
}

/// Asks the host, or the tape in its place.
macro_rules! taped {
    ($this:ident, $what:literal, $asked:expr, $otherwise:expr, $ask:expr) => {{
        match $this.0.tape.turn($what, || value(&$asked)) {
            Turn::Ask => $ask,
            Turn::Answered(answer) => read(answer, $otherwise),
            Turn::Unknown => $otherwise,
            Turn::Keep(asked) => {
                let answer = $ask;
                $this.0.tape.keep($what, asked, &answer);
                answer
            }
        }
    }};
}

impl clock::Host for Taped<'_> {
    fn now_ms(&mut self) -> u64 {
        taped!(self, "clock.now-ms", (), 0, clock::Host::now_ms(self.0))
    }

    fn monotonic_ns(&mut self) -> u64 {
        taped!(self, "clock.monotonic-ns", (), 0, clock::Host::monotonic_ns(self.0))
    }
}

impl kv::Host for Taped<'_> {
    async fn get(&mut self, key: String) -> Result<Option<kv::Entry>, Failure> {
        taped!(self, "kv.get", &key, Err(unknown()), kv::Host::get(self.0, key).await)
    }

    async fn set(&mut self, key: String, value_of: Vec<u8>) -> Result<u64, Failure> {
        taped!(self, "kv.set", (&key, &value_of), Err(unknown()), kv::Host::set(self.0, key, value_of).await)
    }

    async fn swap(&mut self, key: String, expected: Option<u64>, value_of: Vec<u8>) -> Result<u64, Failure> {
        let asked = (&key, &expected, &value_of);
        taped!(self, "kv.swap", asked, Err(unknown()), kv::Host::swap(self.0, key, expected, value_of).await)
    }

    async fn delete(&mut self, key: String) -> Result<(), Failure> {
        taped!(self, "kv.delete", &key, Err(unknown()), kv::Host::delete(self.0, key).await)
    }

    async fn list_keys(&mut self, prefix: String, limit: u32) -> Result<Vec<String>, Failure> {
        let asked = (&prefix, &limit);
        taped!(self, "kv.list-keys", asked, Err(unknown()), kv::Host::list_keys(self.0, prefix, limit).await)
    }
}

/// What is proved with a secret is answered as it was; the secret itself is nowhere on a tape.
impl secrets::Host for Taped<'_> {
    fn exists(&mut self, name: String) -> bool {
        taped!(self, "secrets.exists", &name, false, secrets::Host::exists(self.0, name))
    }

    fn hmac_sha256(&mut self, name: String, data: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let asked = (&name, &data);
        taped!(self, "secrets.hmac-sha256", asked, Err(unknown()), secrets::Host::hmac_sha256(self.0, name, data))
    }

    fn verify_hmac_sha256(&mut self, name: String, data: Vec<u8>, tag: Vec<u8>) -> Result<bool, Failure> {
        let asked = (&name, &data, &tag);
        let ask =
            |state: &mut CallState| secrets::Host::verify_hmac_sha256(state, name.clone(), data.clone(), tag.clone());
        taped!(self, "secrets.verify-hmac-sha256", asked, Err(unknown()), ask(self.0))
    }

    /// A guess that is right is the secret, so that no guess is kept.
    fn equals(&mut self, name: String, candidate: Vec<u8>) -> Result<bool, Failure> {
        taped!(self, "secrets.equals", &name, Err(unknown()), secrets::Host::equals(self.0, name, candidate))
    }
}

impl http::Host for Taped<'_> {
    async fn fetch(&mut self, request: http::Request) -> Result<http::Response, http::FetchError> {
        taped!(self, "http.fetch", &request, Err(unsent()), http::Host::fetch(self.0, request).await)
    }

    async fn download(&mut self, request: http::Request) -> Result<(http::Response, String), http::FetchError> {
        taped!(self, "http.download", &request, Err(unsent()), http::Host::download(self.0, request).await)
    }
}

fn unsent() -> http::FetchError {
    http::FetchError { failure: unknown(), sent: false }
}

impl jobs::Host for Taped<'_> {
    async fn list(&mut self) -> Result<Vec<jobs::Job>, Failure> {
        taped!(self, "jobs.list", (), Err(unknown()), jobs::Host::list(self.0).await)
    }

    async fn get(&mut self, slug: String) -> Result<Option<jobs::Job>, Failure> {
        taped!(self, "jobs.get", &slug, Err(unknown()), jobs::Host::get(self.0, slug).await)
    }

    async fn trigger(&mut self, slug: String, reason: String) -> Result<jobs::Triggered, Failure> {
        let asked = (&slug, &reason);
        taped!(self, "jobs.trigger", asked, Err(unknown()), jobs::Host::trigger(self.0, slug, reason).await)
    }
}

impl sessions::Host for Taped<'_> {
    async fn list(&mut self, limit: u32) -> Result<Vec<sessions::Session>, Failure> {
        taped!(self, "sessions.list", &limit, Err(unknown()), sessions::Host::list(self.0, limit).await)
    }

    async fn output(&mut self, session: String, lines: u32) -> Result<String, Failure> {
        let asked = (&session, &lines);
        taped!(self, "sessions.output", asked, Err(unknown()), sessions::Host::output(self.0, session, lines).await)
    }

    async fn send(&mut self, session: String, text: String) -> Result<(), Failure> {
        let asked = (&session, &text);
        taped!(self, "sessions.send", asked, Err(unknown()), sessions::Host::send(self.0, session, text).await)
    }
}

impl events::Host for Taped<'_> {
    async fn newest(&mut self) -> Result<u64, Failure> {
        taped!(self, "events.newest", (), Err(unknown()), events::Host::newest(self.0).await)
    }

    async fn since(&mut self, after: u64, limit: u32) -> Result<Vec<events::Event>, Failure> {
        let asked = (&after, &limit);
        taped!(self, "events.since", asked, Err(unknown()), events::Host::since(self.0, after, limit).await)
    }

    async fn emit(&mut self, name: String, summary: String, metadata_json: String) -> Result<(), Failure> {
        let asked = (&name, &summary, &metadata_json);
        let emit = |state, (name, summary, metadata_json)| events::Host::emit(state, name, summary, metadata_json);
        taped!(self, "events.emit", asked, Err(unknown()), emit(self.0, (name, summary, metadata_json)).await)
    }
}

impl process::Host for Taped<'_> {
    async fn run(&mut self, command: process::Command) -> Result<process::Output, Failure> {
        taped!(self, "process.run", &command, Err(unknown()), process::Host::run(self.0, command).await)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(what: &str, asked: Value, answer: Value) -> HostCall {
        HostCall { what: what.to_owned(), asked, answer }
    }

    #[track_caller]
    fn answered(tape: &Tape, what: &str, asked: Value, expected: Option<Value>) {
        match (tape.turn(what, || asked), expected) {
            (Turn::Answered(answer), Some(expected)) => assert_eq!(answer, expected),
            (Turn::Unknown, None) => {}
            (_, expected) => panic!("{what} is not answered with {expected:?}"),
        }
    }

    #[test]
    fn what_was_kept_is_answered_once_and_a_clock_goes_on_showing_the_last() {
        let tape = Tape::playing(vec![
            call("kv.get", json!("a"), json!({ "Ok": null })),
            call("clock.now-ms", Value::Null, json!(7)),
            call("kv.get", json!("b"), json!({ "Ok": null })),
        ]);
        answered(&tape, "kv.get", json!("a"), Some(json!({ "Ok": null })));
        answered(&tape, "kv.get", json!("a"), None);
        answered(&tape, "clock.now-ms", Value::Null, Some(json!(7)));
        answered(&tape, "clock.now-ms", Value::Null, Some(json!(7)));
        let played = tape.played();
        assert_eq!(played.unknown, [("kv.get".to_owned(), json!("a"))]);
        assert_eq!(played.unasked, [("kv.get".to_owned(), json!("b"))]);
    }

    #[test]
    fn what_is_too_long_is_not_kept_and_that_is_said() {
        let tape = Tape::keeping();
        tape.keep("kv.get", json!("a"), &1);
        tape.keep("kv.get", json!("b"), &"x".repeat(MOST_KEPT));
        let Recorded { calls, cut } = tape.recorded();
        assert_eq!((calls.len(), cut), (1, true));
        assert!(matches!(tape.turn("kv.get", Value::default), Turn::Ask));
        assert!(matches!(Tape::default().turn("kv.get", Value::default), Turn::Ask));
    }
}
