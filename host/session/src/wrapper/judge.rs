//! When the screen is to be judged, and what follows for the messages. Reads no clock and touches nothing.
//!
//! A screen is judged when it has come to rest; one that never does is judged all the same, now and then. Nothing is
//! due while nothing is shown. A message is typed only into a screen that was judged after the message before.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::marks::Sight;
use crate::activity::{Activity, Doing};
use crate::input::BEFORE_ENTER;

/// How long nothing has to be shown until a screen is at rest.
const REST: Duration = Duration::from_millis(250);
/// How often a screen is judged that does not come to rest.
const UNREST: Duration = Duration::from_secs(1);
/// A program that shows nothing at all, at its start or after an Enter, is taken to be at rest then.
const SILENCE: Duration = Duration::from_secs(1);
/// A program that goes on drawing while it takes a message gets its Enter then.
const LATEST_ENTER: Duration = Duration::from_secs(2);

/// What a program is doing, and what is to be done next.
pub(super) struct Judge {
    number: u64,
    state: Doing,
    question: Option<String>,
    typed: u64,
    step: Step,
}

/// How far things are with the screen and with the message that is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The screen is as it was judged.
    Judged,
    /// It is at rest at one time, or is judged without rest at the other.
    Changing { rest: Instant, unrest: Option<Instant> },
    /// The text of a message is on its way into the program, then its Enter.
    Typing,
    /// The program has the text and draws it; the Enter follows when it has come to rest.
    Drawing { enter: Instant, latest: Instant },
    /// The program asks something before it has its Enter, which would be taken for the answer.
    Withheld,
}

/// What is due at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Judgement,
    Enter,
}

impl Judge {
    /// `may_be_silent` says that a program which shows nothing may be waiting.
    pub(super) fn new(now: Instant, may_be_silent: bool) -> Self {
        let step = if may_be_silent { Step::Changing { rest: now + SILENCE, unrest: None } } else { Step::Judged };
        Self { number: 1, state: Doing::Starting, question: None, typed: 0, step }
    }

    pub(super) fn activity(&self, at: Timestamp) -> Activity {
        Activity { number: self.number, state: self.state, question: self.question.clone(), typed: self.typed, at }
    }

    /// The program has shown something.
    pub(super) fn see_output(&mut self, now: Instant) {
        self.step = match self.step {
            Step::Judged => Step::Changing { rest: now + REST, unrest: Some(now + UNREST) },
            Step::Changing { unrest, .. } => Step::Changing { rest: now + REST, unrest: unrest.or(Some(now + UNREST)) },
            Step::Typing => Step::Typing,
            Step::Drawing { latest, .. } => Step::Drawing { enter: latest.min(now + BEFORE_ENTER), latest },
            Step::Withheld => Step::Drawing { enter: now + BEFORE_ENTER, latest: now + LATEST_ENTER },
        };
    }

    /// What is to be done next, and when; nothing while nothing is shown.
    pub(super) fn due(&self) -> Option<(Instant, Due)> {
        match self.step {
            Step::Judged | Step::Typing | Step::Withheld => None,
            Step::Changing { rest, unrest } => Some((unrest.map_or(rest, |unrest| unrest.min(rest)), Due::Judgement)),
            Step::Drawing { enter, .. } => Some((enter, Due::Enter)),
        }
    }

    /// Takes what the screen says; true if that is news.
    pub(super) fn judge(&mut self, now: Instant, sight: Sight) -> bool {
        let Step::Changing { rest, .. } = self.step else { return false };
        let is_at_rest = now >= rest;
        self.step = if is_at_rest { Step::Judged } else { Step::Changing { rest, unrest: Some(now + UNREST) } };
        match sight {
            Sight::Asking(question) => self.become_so(Doing::Asking, Some(question)),
            Sight::Ready if is_at_rest => self.become_so(Doing::Ready, None),
            Sight::Ready | Sight::Busy => self.become_so(Doing::Busy, None),
        }
    }

    /// The number of the message that may be typed now.
    pub(super) fn wanted(&self) -> Option<u64> {
        (self.state == Doing::Ready && self.step == Step::Judged).then_some(self.typed + 1)
    }

    /// The wanted message is going to be typed: from here on it counts as typed.
    pub(super) fn begin_message(&mut self) {
        self.number += 1;
        self.typed += 1;
        self.state = Doing::Busy;
        self.step = Step::Typing;
    }

    /// The program has taken the text.
    pub(super) fn text_is_in(&mut self, now: Instant) {
        self.step = Step::Drawing { enter: now + BEFORE_ENTER, latest: now + LATEST_ENTER };
    }

    /// The Enter is due: it is on its way, unless the screen asks something; true if that is news.
    pub(super) fn begin_enter(&mut self, sight: Sight) -> bool {
        match sight {
            Sight::Asking(question) => {
                self.step = Step::Withheld;
                self.become_so(Doing::Asking, Some(question))
            }
            Sight::Busy | Sight::Ready => {
                self.step = Step::Typing;
                self.become_so(Doing::Busy, None)
            }
        }
    }

    pub(super) fn is_typing(&self) -> bool {
        self.step == Step::Typing
    }

    /// The program has taken the Enter.
    pub(super) fn enter_is_in(&mut self, now: Instant) {
        self.step = Step::Changing { rest: now + SILENCE, unrest: None };
    }

    fn become_so(&mut self, state: Doing, question: Option<String>) -> bool {
        let is_news = (state, &question) != (self.state, &self.question);
        (self.state, self.question) = (state, question);
        self.number += u64::from(is_news);
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    fn ready(begun: Instant) -> Judge {
        let mut judge = Judge::new(begun, false);
        judge.see_output(begun);
        assert!(judge.judge(begun + REST, Sight::Ready));
        judge
    }

    #[test]
    fn nothing_is_due_while_nothing_is_shown() {
        let now = Instant::now();
        assert_eq!(Judge::new(now, false).due(), None);
        assert_eq!(Judge::new(now, true).due(), Some((now + SILENCE, Due::Judgement)), "but a silent one may wait");
        let judge = ready(now);
        assert_eq!((judge.due(), judge.wanted()), (None, Some(1)));
    }

    #[test]
    fn a_screen_is_judged_at_rest_and_now_and_then_without() {
        let now = Instant::now();
        let mut judge = Judge::new(now, false);
        for step in 0..10 {
            judge.see_output(now + ms(200 * step));
        }
        assert_eq!(judge.due(), Some((now + UNREST, Due::Judgement)));
        assert!(judge.judge(now + ms(1800), Sight::Ready));
        assert_eq!(judge.state, Doing::Busy, "who draws is busy, whatever it looks like");
        assert_eq!(judge.due(), Some((now + ms(2050), Due::Judgement)));
        assert!(judge.judge(now + ms(2050), Sight::Ready));
        assert_eq!((judge.state, judge.number), (Doing::Ready, 3));
    }

    #[test]
    fn only_news_counts() {
        let now = Instant::now();
        let mut judge = ready(now);
        judge.see_output(now + ms(300));
        assert_eq!(judge.wanted(), None, "the screen may have become another one");
        assert!(!judge.judge(now + ms(550), Sight::Ready));
        assert_eq!((judge.number, judge.wanted()), (2, Some(1)));
        judge.see_output(now + ms(600));
        assert!(judge.judge(now + ms(850), Sight::Asking("one?".to_owned())));
        judge.see_output(now + ms(900));
        assert!(judge.judge(now + ms(1150), Sight::Asking("two?".to_owned())), "another question is news");
        assert_eq!((judge.number, judge.wanted()), (4, None));
    }

    #[test]
    fn an_enter_waits_for_the_drawing_but_not_for_ever() {
        let now = Instant::now();
        let mut judge = ready(now);
        judge.begin_message();
        assert_eq!((judge.typed, judge.state, judge.due()), (1, Doing::Busy, None));
        judge.see_output(now);
        assert_eq!(judge.due(), None, "the text is not in yet");
        judge.text_is_in(now);
        assert_eq!(judge.due(), Some((now + BEFORE_ENTER, Due::Enter)));
        judge.see_output(now + ms(90));
        assert_eq!(judge.due(), Some((now + ms(90) + BEFORE_ENTER, Due::Enter)));
        judge.see_output(now + ms(1999));
        assert_eq!(judge.due(), Some((now + LATEST_ENTER, Due::Enter)));
    }

    #[test]
    fn an_enter_answers_no_question() {
        let now = Instant::now();
        let mut judge = ready(now);
        judge.begin_message();
        judge.text_is_in(now);
        assert!(judge.begin_enter(Sight::Asking("sure?".to_owned())));
        assert_eq!((judge.state, judge.due(), judge.is_typing()), (Doing::Asking, None, false));
        judge.see_output(now + ms(5000));
        assert_eq!(judge.due(), Some((now + ms(5000) + BEFORE_ENTER, Due::Enter)));
        assert!(!judge.begin_enter(Sight::Asking("sure?".to_owned())), "it asks still");
        judge.see_output(now + ms(6000));
        assert!(judge.begin_enter(Sight::Ready) && judge.is_typing());
        assert_eq!(judge.state, Doing::Busy);
    }

    #[test]
    fn the_next_message_waits_for_a_judgement_after_the_enter() {
        let now = Instant::now();
        let mut judge = ready(now);
        judge.begin_message();
        judge.text_is_in(now);
        assert!(!judge.begin_enter(Sight::Busy) && judge.is_typing());
        assert!(!judge.judge(now, Sight::Ready), "there is nothing to judge while it is typed");
        assert_eq!((judge.due(), judge.wanted()), (None, None));
        judge.enter_is_in(now);
        assert_eq!((judge.due(), judge.wanted()), (Some((now + SILENCE, Due::Judgement)), None));
        judge.see_output(now + ms(10));
        assert_eq!(judge.due(), Some((now + ms(10) + REST, Due::Judgement)));
        assert!(judge.judge(now + ms(260), Sight::Ready));
        assert_eq!(judge.wanted(), Some(2));
    }
}
