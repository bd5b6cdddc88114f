//! Execute types that work for another one, as a step of its run: whose turn it is, and what each keeps.
//!
//! The host stores one state for each run. As long as one execute type has the run for itself, that is its own; else it
//! is a line of JSON that says who waits for whom, and behind it their states. Each turn ends with a hand-over that is
//! recorded before the next one begins, so that what was done is not done again after a crash.

use instar_core::plan::{End, EndCause, FinishVerdict, StepEvent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Cause;

/// No plugin writes that by accident; one that does has its state put behind a line.
const MARK: &[u8] = b"\0instar-turns\0";

/// Who works on a run. The last one has its turn, each other one waits for the one behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Turns {
    stack: Vec<Turn>,
    /// What the last one is told instead of `woke`.
    next: Option<StepEvent>,
}

#[derive(Debug, PartialEq, Eq)]
struct Turn {
    execute_type: String,
    began: Timestamp,
    state: Vec<u8>,
}

/// The line before the states.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    turns: Vec<LineOfTurn>,
    next: Option<StepEvent>,
}

#[derive(Debug, Serialize, Deserialize)]
struct LineOfTurn {
    execute_type: String,
    began: Timestamp,
    state_bytes: usize,
}

impl Turns {
    /// As the host kept them for a run of this execute type.
    pub(crate) fn read(execute_type: &str, now: Timestamp, state: Vec<u8>) -> Result<Self, Cause> {
        let Some(rest) = state.strip_prefix(MARK) else {
            let first = Turn { execute_type: execute_type.to_owned(), began: now, state };
            return Ok(Self { stack: vec![first], next: None });
        };
        Self::behind_mark(rest).ok_or_else(|| Cause::BadState("it does not say whose turn it is".to_owned()))
    }

    fn behind_mark(rest: &[u8]) -> Option<Self> {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line: Line = serde_json::from_slice(&rest[..end]).ok()?;
        let mut states = &rest[end + 1..];
        let mut stack = Vec::with_capacity(line.turns.len());
        for LineOfTurn { execute_type, began, state_bytes } in line.turns {
            let (state, others) = states.split_at_checked(state_bytes)?;
            stack.push(Turn { execute_type, began, state: state.to_owned() });
            states = others;
        }
        (!stack.is_empty()).then_some(Self { stack, next: line.next })
    }

    /// For the host to keep.
    pub(crate) fn written(self) -> Vec<u8> {
        let [only] = &self.stack[..] else { return self.with_line() };
        if self.next.is_some() || only.state.starts_with(MARK) {
            return self.with_line();
        }
        self.stack.into_iter().next().map(|turn| turn.state).unwrap_or_default()
    }

    fn with_line(self) -> Vec<u8> {
        let of_turn = |turn: &Turn| LineOfTurn {
            execute_type: turn.execute_type.clone(),
            began: turn.began,
            state_bytes: turn.state.len(),
        };
        let line = Line { turns: self.stack.iter().map(of_turn).collect(), next: self.next };
        let mut bytes = MARK.to_vec();
        bytes.extend(serde_json::to_vec(&line).expect("it has text keys and no failing parts"));
        bytes.push(b'\n');
        self.stack.into_iter().for_each(|turn| bytes.extend(turn.state));
        bytes
    }

    /// Whose turn it is, with its state, and what it is told.
    pub(crate) fn take(&mut self, events: Vec<StepEvent>) -> (String, Vec<u8>, Vec<StepEvent>) {
        let events = self.next.take().map_or(events, |next| vec![next]);
        let turn = self.last();
        (turn.execute_type.clone(), std::mem::take(&mut turn.state), events)
    }

    pub(crate) fn keep(&mut self, state: Vec<u8>) {
        self.last().state = state;
    }

    /// How many have one, each for the one before it.
    pub(crate) fn depth(&self) -> usize {
        self.stack.len()
    }

    /// Another execute type works on, and is told what is asked of it.
    pub(crate) fn hand_over(&mut self, execute_type: String, now: Timestamp, asked: StepEvent) {
        self.stack.push(Turn { execute_type, began: now, state: Vec::new() });
        self.next = Some(asked);
    }

    /// The last one is done: the one before it is told so. False where there is none, and so the run is over.
    pub(crate) fn hand_back(&mut self, now: Timestamp, verdict: FinishVerdict, message: &str) -> bool {
        if self.stack.len() < 2 {
            return false;
        }
        let done = self.stack.pop();
        let duration_ms = done.and_then(|turn| u64::try_from(now.duration_since(turn.began).as_millis()).ok());
        self.next = Some(StepEvent::Exited(End {
            cause: EndCause::Exit(i32::from(verdict != FinishVerdict::Succeeded)),
            duration_ms: duration_ms.unwrap_or(0),
            tail: message.to_owned(),
            report: None,
        }));
        true
    }

    fn last(&mut self) -> &mut Turn {
        self.stack.last_mut().expect("at least one has the run")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(state: &[u8]) -> Turns {
        Turns::read("pipeline", Timestamp::UNIX_EPOCH, state.to_vec()).unwrap()
    }

    #[test]
    fn who_has_the_run_alone_keeps_its_own_state() {
        assert_eq!(turns(b"own").written(), b"own");
        let odd = [MARK, b"own"].concat();
        let mut of_odd = turns(b"");
        of_odd.keep(odd.clone());
        let (name, state, events) = turns(&of_odd.written()).take(vec![StepEvent::Woke]);
        assert_eq!((name.as_str(), state, events), ("pipeline", odd, vec![StepEvent::Woke]));
    }

    #[test]
    fn a_turn_is_handed_over_and_back_with_each_state_as_it_was() {
        let mut turns_of_run = turns(b"place\n");
        turns_of_run.hand_over("http".to_owned(), Timestamp::UNIX_EPOCH, StepEvent::Ready);
        let mut later = turns(&turns_of_run.written());
        assert_eq!(later.take(vec![StepEvent::Woke]), ("http".to_owned(), Vec::new(), vec![StepEvent::Ready]));
        later.keep(b"\nhalf".to_vec());
        let mut later = turns(&later.written());
        assert_eq!(later.take(vec![StepEvent::Woke]).1, b"\nhalf");
        let now = Timestamp::from_millisecond(1_500).unwrap();
        assert!(later.hand_back(now, FinishVerdict::Failed, "it answered 500"));
        let mut last = turns(&later.written());
        let (name, state, events) = last.take(vec![StepEvent::Woke]);
        assert_eq!((name.as_str(), state.as_slice()), ("pipeline", b"place\n".as_slice()));
        let [StepEvent::Exited(end)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((&end.cause, end.duration_ms, end.tail.as_str()), (&EndCause::Exit(1), 1_500, "it answered 500"));
        last.keep(b"place 2".to_vec());
        assert!(!last.hand_back(now, FinishVerdict::Succeeded, ""));
        assert_eq!(last.written(), b"place 2");
    }

    #[test]
    fn what_does_not_say_whose_turn_it_is_is_refused() {
        for rest in ["", "{}\n", "{\"turns\":[],\"next\":null}\n", "x"] {
            let state = [MARK, rest.as_bytes()].concat();
            assert!(Turns::read("pipeline", Timestamp::UNIX_EPOCH, state).is_err(), "{rest:?}");
        }
        let mut whole = turns(b"");
        whole.hand_over("http".to_owned(), Timestamp::UNIX_EPOCH, StepEvent::Ready);
        whole.keep(b"state".to_vec());
        let mut bytes = whole.written();
        bytes.pop();
        assert!(Turns::read("pipeline", Timestamp::UNIX_EPOCH, bytes).is_err());
    }
}
