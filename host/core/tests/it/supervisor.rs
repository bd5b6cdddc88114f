//! Who looks after the server: told as scenarios, then attacked at random.

use std::time::Duration;

use instar_core::supervisor::{End, Input, MISCONFIGURED, News, Order, Phase, Reason, Supervisor, Then, WANTS_RESTART};
use proptest::prelude::*;

const LIMIT: Duration = Duration::from_secs(120);

/// A supervisor, its clock, and the one server that it may have.
#[derive(Debug)]
struct World {
    supervisor: Supervisor,
    now: Duration,
    /// When the server that lives was started.
    born: Option<Duration>,
    /// The question that was not answered yet.
    asked: Option<u64>,
    news: Vec<News>,
    starts: Vec<Duration>,
    kills: usize,
    over: bool,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            supervisor: Supervisor::new(LIMIT),
            now: Duration::ZERO,
            born: None,
            asked: None,
            news: Vec::new(),
            starts: Vec::new(),
            kills: 0,
            over: false,
        };
        world.tell(Input::Begin);
        world
    }

    #[track_caller]
    fn tell(&mut self, input: Input) {
        if let Input::Exited(_) = input {
            self.born = None;
        }
        for order in self.supervisor.step(self.now, input) {
            assert!(!self.over, "{order:?} after the work was over");
            match order {
                Order::Spawn => {
                    assert_eq!(self.born, None, "a second server was started");
                    self.born = Some(self.now);
                    self.starts.push(self.now);
                }
                Order::Check { life } => self.asked = Some(life),
                Order::Terminate => assert!(self.born.is_some(), "nobody was asked to end"),
                Order::Kill => {
                    assert!(self.born.is_some(), "nobody was killed");
                    self.kills += 1;
                }
                Order::Announce(news) => self.news.push(news),
                Order::Leave => self.over = true,
            }
        }
    }

    /// Time goes on to the next moment at which something is due.
    #[track_caller]
    fn wake(&mut self) {
        let due = self.supervisor.next_wake().expect("something is due");
        assert!(due >= self.now, "{due:?} is over at {:?}", self.now);
        self.now = due;
        self.tell(Input::Tick);
    }

    #[track_caller]
    fn answer(&mut self, healthy: bool) {
        let life = self.asked.take().expect("it was asked");
        self.tell(Input::Checked { life, healthy });
    }

    /// The next question gets this answer.
    #[track_caller]
    fn check(&mut self, healthy: bool) {
        while self.asked.is_none() {
            self.wake();
        }
        self.answer(healthy);
    }

    #[track_caller]
    fn crash(&mut self) {
        self.tell(Input::Exited(End::Signal(9)));
    }

    /// How long after the death of the server the next one is started.
    #[track_caller]
    fn delay(&mut self) -> u64 {
        let (died, before) = (self.now, self.starts.len());
        while self.starts.len() == before {
            self.wake();
        }
        (self.now - died).as_secs()
    }
}

/// One whose server answered once.
fn up() -> World {
    let mut world = World::new();
    world.check(true);
    assert!(matches!(world.supervisor.phase(), Phase::Up { .. }), "{world:?}");
    world
}

#[test]
fn a_crash_is_followed_by_one_start_and_told_once_each_way() {
    let mut world = up();
    world.crash();
    assert_eq!(world.news, [News::Down(Reason::Ended(End::Signal(9)))]);
    assert_eq!(world.delay(), 5);
    assert_eq!(world.news.len(), 1, "it is not up before it answers");
    world.check(true);
    assert_eq!(world.news[1..], [News::Up]);
    assert_eq!(world.starts.len(), 2);
}

#[test]
fn starts_in_vain_wait_longer_then_pause_and_begin_anew() {
    let mut world = World::new();
    let mut delays = Vec::new();
    for _ in 0..8 {
        world.crash();
        delays.push(world.delay());
    }
    assert_eq!(delays, [5, 10, 20, 40, 80, 300, 5, 10]);
    assert_eq!(world.news.len(), 1);
}

#[test]
fn failures_are_forgotten_by_one_that_was_well_for_a_minute_only() {
    let mut world = World::new();
    world.crash();
    world.delay();
    world.check(true);
    world.crash();
    assert_eq!(world.delay(), 10, "it was up for a moment only");
    for _ in 0..8 {
        world.check(true);
    }
    assert_eq!(world.supervisor.attempts(), 0);
    world.crash();
    assert_eq!(world.delay(), 5);
}

#[test]
fn a_slow_start_is_left_alone_until_its_limit() {
    let mut world = World::new();
    while world.now + Duration::from_secs(2) < LIMIT {
        world.check(false);
        assert!(matches!(world.supervisor.phase(), Phase::Starting { .. }), "{world:?}");
    }
    world.check(true);
    assert_eq!((world.starts.len(), world.news.len()), (1, 0));
    let mut world = World::new();
    while !matches!(world.supervisor.phase(), Phase::Ending { .. }) {
        world.wake();
        if world.asked.is_some() {
            world.answer(false);
        }
    }
    assert_eq!(world.now, LIMIT);
    assert_eq!(world.news, [News::Down(Reason::SlowStart)]);
}

#[test]
fn one_that_is_silent_three_times_is_ended_killed_and_started_again() {
    let mut world = up();
    world.check(false);
    world.check(false);
    world.check(true);
    world.check(false);
    world.check(false);
    assert_eq!(world.news, [], "two misses in a row are none");
    world.check(false);
    assert_eq!(world.news, [News::Down(Reason::Silent)]);
    world.wake();
    assert_eq!(world.kills, 1);
    assert_eq!(world.supervisor.next_wake(), None, "only its end is awaited");
    world.crash();
    assert_eq!(world.delay(), 5);
}

#[test]
fn a_late_answer_of_the_last_server_says_nothing_about_this_one() {
    let mut world = up();
    while world.asked.is_none() {
        world.wake();
    }
    let old = world.asked.take().unwrap();
    world.crash();
    world.delay();
    world.tell(Input::Checked { life: old, healthy: true });
    assert!(matches!(world.supervisor.phase(), Phase::Starting { .. }));
    world.check(true);
    assert!(matches!(world.supervisor.phase(), Phase::Up { .. }));
}

#[test]
fn exit_codes_say_whether_another_server_is_wanted() {
    for (code, reason) in [(MISCONFIGURED, Reason::Misconfigured), (0, Reason::Stopped)] {
        let mut world = up();
        world.tell(Input::Exited(End::Code(code)));
        assert_eq!(world.news, [News::Down(reason)]);
        for _ in 0..100 {
            world.check(false);
        }
        assert_eq!(world.starts.len(), 1);
        world.tell(Input::Restart);
        assert_eq!(world.starts.len(), 2, "a person may say so");
    }
    let mut world = up();
    world.tell(Input::Exited(End::Code(WANTS_RESTART)));
    assert_eq!((world.starts.len(), world.news.len()), (2, 0));
    world.check(true);
    world.tell(Input::Exited(End::Code(WANTS_RESTART)));
    assert_eq!(world.delay(), 10, "a loop is slowed down");
}

#[test]
fn a_server_that_somebody_else_started_is_looked_after() {
    let mut world = up();
    world.tell(Input::Exited(End::Code(0)));
    world.born = Some(world.now);
    world.tell(Input::Found);
    world.check(true);
    assert_eq!(world.news, [News::Down(Reason::Stopped), News::Up]);
    world.crash();
    assert_eq!(world.delay(), 5);
}

#[test]
fn a_dying_server_that_was_found_is_replaced_at_once() {
    let mut world = World::new();
    world.tell(Input::Exited(End::Unknown));
    assert_eq!((world.starts.len(), world.news.len(), world.supervisor.attempts()), (2, 0, 0));
}

#[test]
fn a_wanted_restart_is_no_failure_and_cancels_the_pending_one() {
    let mut world = up();
    world.tell(Input::Restart);
    world.tell(Input::Restart);
    world.tell(Input::Exited(End::Code(0)));
    assert_eq!((world.starts.len(), world.news.len()), (2, 0));
    world.crash();
    world.tell(Input::Restart);
    assert_eq!(world.starts.len(), 3);
    world.check(true);
    let wake = world.supervisor.next_wake().unwrap();
    assert_eq!(wake - world.now, Duration::from_secs(10), "no other start is pending");
}

#[test]
fn the_end_takes_the_server_along_unless_it_is_to_stay() {
    let mut world = up();
    world.tell(Input::Stop { with_server: true });
    assert!(matches!(world.supervisor.phase(), Phase::Ending { then: Then::Leave, .. }));
    world.tell(Input::Restart);
    world.tell(Input::Exited(End::Code(0)));
    assert!(world.over && world.starts.len() == 1, "{world:?}");
    let mut world = up();
    world.tell(Input::Stop { with_server: false });
    assert!(world.over && world.born.is_some());
    let mut world = up();
    world.crash();
    world.tell(Input::Stop { with_server: true });
    assert!(world.over, "nobody is there to wait for");
}

/// What may come next; what cannot be is passed over.
#[derive(Debug, Clone, Copy)]
enum Step {
    Wake,
    /// Some time passes in which nothing was due.
    Idle(u8),
    Answer(bool),
    Exit(End),
    NotStarted,
    Found,
    Restart,
    Stop(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![
        Just(End::Code(0)),
        Just(End::Code(1)),
        Just(End::Code(WANTS_RESTART)),
        Just(End::Code(MISCONFIGURED)),
        Just(End::Signal(9)),
        Just(End::Unknown),
    ];
    prop_oneof![
        12 => Just(Step::Wake),
        3 => any::<u8>().prop_map(Step::Idle),
        8 => any::<bool>().prop_map(Step::Answer),
        4 => end.prop_map(Step::Exit),
        1 => Just(Step::NotStarted),
        1 => Just(Step::Found),
        1 => Just(Step::Restart),
        1 => any::<bool>().prop_map(Step::Stop),
    ]
}

fn take(world: &mut World, step: Step) {
    match step {
        Step::Wake if world.supervisor.next_wake().is_some() => world.wake(),
        Step::Idle(seconds) => {
            let due = world.supervisor.next_wake().unwrap_or(Duration::MAX);
            world.now = due.min(world.now + Duration::from_secs(u64::from(seconds)));
        }
        Step::Answer(healthy) if world.asked.is_some() => world.answer(healthy && world.born.is_some()),
        Step::Exit(end) if world.born.is_some() => world.tell(Input::Exited(end)),
        Step::NotStarted if world.born == Some(world.now) => {
            world.born = None;
            world.tell(Input::NotStarted);
        }
        Step::Found if matches!(world.supervisor.phase(), Phase::Held(_)) => {
            world.born = Some(world.now);
            world.tell(Input::Found);
        }
        Step::Restart => world.tell(Input::Restart),
        Step::Stop(with_server) => world.tell(Input::Stop { with_server }),
        Step::Wake | Step::Answer(_) | Step::Exit(_) | Step::NotStarted | Step::Found => {}
    }
}

#[track_caller]
fn check_sane(world: &World) {
    let alternates = world.news.iter().enumerate().all(|(at, news)| (*news == News::Up) == (at % 2 == 1));
    assert!(alternates, "news do not alternate: {:?}", world.news);
    assert!(world.supervisor.attempts() <= 5);
    if world.supervisor.next_wake().is_some_and(|due| due < world.now) {
        panic!("{world:?} wants to wake in the past");
    }
    match world.supervisor.phase() {
        Phase::Starting { .. } | Phase::Up { .. } | Phase::Ending { .. } => assert!(world.born.is_some(), "{world:?}"),
        Phase::Waiting { until, .. } => assert!(world.born.is_none() && until >= world.now, "{world:?}"),
        Phase::Held(_) => assert!(world.born.is_none(), "{world:?}"),
        Phase::Idle => panic!("it was begun"),
        Phase::Over => assert!(world.over && world.supervisor.next_wake().is_none(), "{world:?}"),
    }
    let waits_for_somebody = world.asked.is_some() || world.born.is_some() || world.over;
    assert!(waits_for_somebody || world.supervisor.next_wake().is_some(), "{world:?} waits for nothing");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_happens_there_is_one_server_one_pending_start_and_news_that_alternate(
        steps in proptest::collection::vec(step(), 0..200)
    ) {
        let mut world = World::new();
        for step in steps {
            take(&mut world, step);
            check_sane(&world);
        }
    }

    #[test]
    fn a_server_that_is_well_in_the_end_is_found_up_whatever_was_before(
        steps in proptest::collection::vec(step(), 0..100)
    ) {
        let mut world = World::new();
        for step in steps {
            let stays_in_work = !matches!(step, Step::Stop(_));
            if stays_in_work {
                take(&mut world, step);
            }
        }
        world.tell(Input::Restart);
        let mut rounds = 0;
        while !matches!(world.supervisor.phase(), Phase::Up { .. }) {
            match world.supervisor.phase() {
                Phase::Ending { .. } => world.tell(Input::Exited(End::Code(0))),
                _ if world.asked.is_some() => world.answer(true),
                _ => world.wake(),
            }
            rounds += 1;
            prop_assert!(rounds < 20, "{:?}", world);
        }
        prop_assert_ne!(world.news.last().map(|news| *news == News::Up), Some(false));
    }
}
