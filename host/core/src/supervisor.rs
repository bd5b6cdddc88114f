//! One who looks after the server: when it is started, ended and started again, and what people hear of that.
//!
//! A state machine without a clock: the time since some moment arrives as a value, orders go out, and the one who
//! carries them out tells how they went. There is one phase at a time, so that never more than one start is pending,
//! and none outlives a recovery.

use std::fmt;
use std::time::Duration;

/// The exit code with which a server asks for another one.
pub const WANTS_RESTART: u8 = 75;
/// The exit code of a server that cannot run before a person changes the settings.
pub const MISCONFIGURED: u8 = 78;

/// How often the server is asked whether it is well.
const CHECK_EVERY: Duration = Duration::from_secs(10);
/// The same until it answered for the first time.
const BOOT_CHECK_EVERY: Duration = Duration::from_secs(1);
/// So many questions in a row without an answer, and it is ended.
const MOST_MISSES: u8 = 3;
/// How long it may take to end once it was asked to.
const STOP_GRACE: Duration = Duration::from_secs(15);
/// Who was well for so long has recovered: what failed before counts no more.
const STEADY: Duration = Duration::from_secs(60);
const FIRST_DELAY: Duration = Duration::from_secs(5);
/// After so many starts in vain nobody tries for a while.
const MOST_ATTEMPTS: u32 = 5;
const COOL_DOWN: Duration = Duration::from_secs(300);

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The work begins.
    Begin,
    /// A server is there that was not ordered; it is looked after from now on.
    Found,
    /// The ordered server could not be started.
    NotStarted,
    /// The server has ended.
    Exited(End),
    /// The answer to `Order::Check` of that life.
    Checked { life: u64, healthy: bool },
    /// Time passed.
    Tick,
    /// A person wants a new server.
    Restart,
    /// A person wants the work to end.
    Stop { with_server: bool },
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Code(u8),
    /// By this signal.
    Signal(i32),
    /// It is gone, and left no word.
    Unknown,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Start a server, or take the one that is there.
    Spawn,
    /// Ask the server whether it is well, and report as `Input::Checked`.
    Check { life: u64 },
    /// Ask the server to end.
    Terminate,
    /// End it whether it wants or not.
    Kill,
    /// Tell people.
    Announce(News),
    /// The work is over.
    Leave,
}

/// What people are told. Both kinds alternate, beginning with `Down`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    Down(Reason),
    Up,
}

/// Why there is no server that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Ended(End),
    /// It runs, and does not answer.
    Silent,
    /// It did not answer within the time that a start may take.
    SlowStart,
    NotStarted,
    Misconfigured,
    /// Somebody stopped it.
    Stopped,
}

/// How things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was ordered yet.
    Idle,
    /// A server was started, and has not answered yet.
    Starting { give_up_at: Duration },
    /// It answers, or did just now.
    Up { since: Duration, misses: u8 },
    /// It was asked to end; no time is left once it was killed.
    Ending { kill_at: Option<Duration>, then: Then },
    /// The one pending start.
    Waiting { until: Duration, reason: Reason, cooling_down: bool },
    /// No server is started before a person says so.
    Held(Reason),
    /// The work is over.
    Over,
}

/// What follows once the server has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Another one, at once.
    Restart,
    /// Another one after a while, since this one failed.
    Retry(Reason),
    /// Nothing.
    Leave,
}

/// Looks after one server.
#[derive(Debug, Clone)]
pub struct Supervisor {
    start_limit: Duration,
    phase: Phase,
    /// When to ask next; none while an answer is awaited.
    check_at: Option<Duration>,
    /// Starts in vain since it was last steady.
    attempts: u32,
    /// Grows with each server, so that an answer of the last one is recognised.
    life: u64,
    told_down: bool,
}

impl Supervisor {
    /// `start_limit` is how long a server may take to its first answer.
    pub fn new(start_limit: Duration) -> Self {
        Self { start_limit, phase: Phase::Idle, check_at: None, attempts: 0, life: 0, told_down: false }
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Starts in vain since the server was last steady.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// When `Input::Tick` is due; `None` when time alone changes nothing.
    pub fn next_wake(&self) -> Option<Duration> {
        let deadline = match self.phase {
            Phase::Starting { give_up_at } => Some(give_up_at),
            Phase::Ending { kill_at, .. } => kill_at,
            Phase::Waiting { until, .. } => Some(until),
            Phase::Idle | Phase::Up { .. } | Phase::Held(_) | Phase::Over => None,
        };
        [deadline, self.check_at].into_iter().flatten().min()
    }

    /// What follows from what happened. `now` never goes back.
    pub fn step(&mut self, now: Duration, input: Input) -> Vec<Order> {
        let mut orders = Vec::new();
        match input {
            Input::Begin => {
                if self.phase == Phase::Idle {
                    self.spawn(now, &mut orders);
                }
            }
            Input::Found => self.found(now),
            Input::NotStarted => self.fell(now, Reason::NotStarted, &mut orders),
            Input::Exited(end) => self.exited(now, end, &mut orders),
            Input::Checked { life, healthy } => self.checked(now, life, healthy, &mut orders),
            Input::Tick => self.tick(now, &mut orders),
            Input::Restart => self.restart(now, &mut orders),
            Input::Stop { with_server } => self.stop(now, with_server, &mut orders),
        }
        orders
    }

    fn spawn(&mut self, now: Duration, orders: &mut Vec<Order>) {
        self.begin_life(now);
        orders.push(Order::Spawn);
    }

    fn begin_life(&mut self, now: Duration) {
        self.life += 1;
        self.phase = Phase::Starting { give_up_at: now + self.start_limit };
        self.check_at = Some(now + BOOT_CHECK_EVERY.min(self.start_limit));
    }

    fn found(&mut self, now: Duration) {
        match self.phase {
            Phase::Idle | Phase::Waiting { .. } | Phase::Held(_) => self.begin_life(now),
            Phase::Starting { .. } | Phase::Up { .. } | Phase::Ending { .. } | Phase::Over => {}
        }
    }

    fn exited(&mut self, now: Duration, end: End, orders: &mut Vec<Order>) {
        if end == End::Unknown && matches!(self.phase, Phase::Starting { .. }) {
            // It was not ordered, since we would know how: it was dying when it was found.
            return self.spawn(now, orders);
        }
        let reason = match end {
            End::Code(0) => Reason::Stopped,
            End::Code(MISCONFIGURED) => Reason::Misconfigured,
            End::Code(_) | End::Signal(_) | End::Unknown => Reason::Ended(end),
        };
        self.fell(now, reason, orders);
    }

    /// There is no server any more.
    fn fell(&mut self, now: Duration, reason: Reason, orders: &mut Vec<Order>) {
        match self.phase {
            Phase::Starting { .. } => self.after(now, reason, orders),
            Phase::Up { since, .. } => {
                self.forget_failures(now, since);
                let is_asked_for = reason == Reason::Ended(End::Code(WANTS_RESTART));
                // One that asks for another one again and again gets it at its failures' pace.
                if is_asked_for && self.attempts == 0 {
                    self.attempts = u32::from(now < since + STEADY);
                    self.spawn(now, orders);
                } else {
                    self.after(now, reason, orders);
                }
            }
            Phase::Ending { then, .. } => match then {
                Then::Restart => self.spawn(now, orders),
                Then::Retry(reason) => self.retry(now, reason, orders),
                Then::Leave => self.leave(orders),
            },
            Phase::Idle | Phase::Waiting { .. } | Phase::Held(_) | Phase::Over => {}
        }
    }

    fn after(&mut self, now: Duration, reason: Reason, orders: &mut Vec<Order>) {
        match reason {
            Reason::Misconfigured | Reason::Stopped => {
                self.tell_down(reason, orders);
                self.phase = Phase::Held(reason);
                self.check_at = Some(now + CHECK_EVERY);
            }
            Reason::Ended(_) | Reason::Silent | Reason::SlowStart | Reason::NotStarted => {
                self.retry(now, reason, orders);
            }
        }
    }

    fn retry(&mut self, now: Duration, reason: Reason, orders: &mut Vec<Order>) {
        self.tell_down(reason, orders);
        let cooling_down = self.attempts >= MOST_ATTEMPTS;
        let delay = if cooling_down { COOL_DOWN } else { FIRST_DELAY * 2_u32.pow(self.attempts) };
        self.attempts = if cooling_down { 0 } else { self.attempts + 1 };
        self.phase = Phase::Waiting { until: now + delay, reason, cooling_down };
        self.check_at = None;
    }

    fn checked(&mut self, now: Duration, life: u64, healthy: bool, orders: &mut Vec<Order>) {
        if life != self.life {
            return;
        }
        match self.phase {
            Phase::Starting { .. } if healthy => {
                self.phase = Phase::Up { since: now, misses: 0 };
                self.check_at = Some(now + CHECK_EVERY);
                if std::mem::take(&mut self.told_down) {
                    orders.push(Order::Announce(News::Up));
                }
            }
            Phase::Starting { .. } => self.check_at = Some(now + BOOT_CHECK_EVERY),
            Phase::Up { since, .. } if healthy => {
                self.forget_failures(now, since);
                self.phase = Phase::Up { since, misses: 0 };
                self.check_at = Some(now + CHECK_EVERY);
            }
            Phase::Up { misses, .. } if misses + 1 >= MOST_MISSES => {
                self.tell_down(Reason::Silent, orders);
                self.end(now, Then::Retry(Reason::Silent), orders);
            }
            Phase::Up { since, misses } => {
                self.phase = Phase::Up { since, misses: misses + 1 };
                self.check_at = Some(now + CHECK_EVERY);
            }
            Phase::Held(_) => self.check_at = Some(now + CHECK_EVERY),
            Phase::Idle | Phase::Ending { .. } | Phase::Waiting { .. } | Phase::Over => {}
        }
    }

    fn tick(&mut self, now: Duration, orders: &mut Vec<Order>) {
        match self.phase {
            Phase::Starting { give_up_at } if now >= give_up_at => {
                self.tell_down(Reason::SlowStart, orders);
                self.end(now, Then::Retry(Reason::SlowStart), orders);
            }
            Phase::Ending { kill_at: Some(at), then } if now >= at => {
                self.phase = Phase::Ending { kill_at: None, then };
                orders.push(Order::Kill);
            }
            Phase::Waiting { until, .. } if now >= until => self.spawn(now, orders),
            Phase::Starting { .. }
            | Phase::Ending { .. }
            | Phase::Waiting { .. }
            | Phase::Idle
            | Phase::Up { .. }
            | Phase::Held(_)
            | Phase::Over => {}
        }
        if self.check_at.is_some_and(|at| now >= at) {
            self.check_at = None;
            orders.push(Order::Check { life: self.life });
        }
    }

    fn restart(&mut self, now: Duration, orders: &mut Vec<Order>) {
        match self.phase {
            Phase::Starting { .. } | Phase::Up { .. } => self.end(now, Then::Restart, orders),
            Phase::Ending { kill_at, then: Then::Retry(_) } => {
                self.phase = Phase::Ending { kill_at, then: Then::Restart };
            }
            Phase::Idle | Phase::Waiting { .. } | Phase::Held(_) => self.spawn(now, orders),
            Phase::Ending { then: Then::Restart | Then::Leave, .. } | Phase::Over => return,
        }
        self.attempts = 0;
    }

    fn stop(&mut self, now: Duration, with_server: bool, orders: &mut Vec<Order>) {
        match self.phase {
            Phase::Over => {}
            _ if !with_server => self.leave(orders),
            Phase::Starting { .. } | Phase::Up { .. } => self.end(now, Then::Leave, orders),
            Phase::Ending { kill_at, .. } => self.phase = Phase::Ending { kill_at, then: Then::Leave },
            Phase::Idle | Phase::Waiting { .. } | Phase::Held(_) => self.leave(orders),
        }
    }

    fn end(&mut self, now: Duration, then: Then, orders: &mut Vec<Order>) {
        self.phase = Phase::Ending { kill_at: Some(now + STOP_GRACE), then };
        self.check_at = None;
        orders.push(Order::Terminate);
    }

    fn leave(&mut self, orders: &mut Vec<Order>) {
        self.phase = Phase::Over;
        self.check_at = None;
        orders.push(Order::Leave);
    }

    fn forget_failures(&mut self, now: Duration, up_since: Duration) {
        if now >= up_since + STEADY {
            self.attempts = 0;
        }
    }

    fn tell_down(&mut self, reason: Reason, orders: &mut Vec<Order>) {
        if !std::mem::replace(&mut self.told_down, true) {
            orders.push(Order::Announce(News::Down(reason)));
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(End::Code(code)) => write!(f, "it ended with exit code {code}"),
            Self::Ended(End::Signal(signal)) => write!(f, "signal {signal} ended it"),
            Self::Ended(End::Unknown) => f.write_str("it ended, and left no word"),
            Self::Silent => f.write_str("it runs, and does not answer"),
            Self::SlowStart => f.write_str("it did not answer in the time that a start may take"),
            Self::NotStarted => f.write_str("it could not be started"),
            Self::Misconfigured => f.write_str("its settings must be corrected first; `instar doctor` says which"),
            Self::Stopped => f.write_str("somebody stopped it"),
        }
    }
}
