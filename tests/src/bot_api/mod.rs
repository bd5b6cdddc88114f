//! Telegram on loopback: the Bot API with its limits, error texts and long polling, people who say what a test has
//! them say, and faults where a test wants them.
//!
//! ```no_run
//! let telegram = instar_tests::bot_api::BotApi::start();
//! let ada = telegram.user("Ada");
//! telegram.say(&ada, telegram.forum(), None, "hello");
//! println!("{} {}", telegram.url(), telegram.token());
//! ```

mod entities;
mod methods;
mod people;
mod serve;
mod wire;
mod world;

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use wire::Parameters;
pub use wire::Upload;
use world::{Kind, World};
pub use world::{Message, Topic, User};

const TOKEN: &str = "7000001:AAFakeTokenOnlyForTestsOnLoopback00";
const FORUM: i64 = -1_001_000_000_001;
const GROUP: i64 = -1_001_000_000_002;

/// What goes wrong, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Refused in the words of the Bot API; nothing is done.
    Answer { status: u16, description: String },
    /// A gateway answers; nothing is done.
    Raw { status: u16, body: String },
    /// 429, with so many seconds to wait.
    RetryAfter(u64),
    /// The connection is closed without an answer; nothing is done.
    DropBefore,
    /// It is done, and the connection is closed without an answer.
    DropAfter,
    /// It is done, and the answer ends in the middle.
    HalfAfter,
    /// It is done after a while.
    Delay(Duration),
    /// Nothing is done, and no answer comes.
    Hang,
}

/// A call of a method, as it was received.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub method: String,
    pub parameters: BTreeMap<String, Value>,
    pub files: BTreeMap<String, Upload>,
    /// The status of the answer; `half` or `dropped`; empty as long as it waits.
    pub outcome: String,
}

impl Call {
    fn new(method: &str, asked: &Parameters) -> Self {
        let (parameters, files) = (asked.values.clone(), asked.files.clone());
        Self { method: method.to_owned(), parameters, files, outcome: String::new() }
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    changed: Condvar,
    calls: Mutex<Vec<Call>>,
    faults: Mutex<BTreeMap<String, VecDeque<Fault>>>,
    connections: Mutex<Vec<TcpStream>>,
    is_stopping: AtomicBool,
}

/// The server; it ends with its last owner.
#[derive(Debug)]
pub struct BotApi {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl BotApi {
    /// A bot that is administrator of a forum and of an ordinary group.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let mut world = World::new(TOKEN);
        world.add_chat(FORUM, Kind::Forum, "Agents");
        world.add_chat(GROUP, Kind::Group, "People");
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            changed: Condvar::new(),
            calls: Mutex::default(),
            faults: Mutex::default(),
            connections: Mutex::default(),
            is_stopping: AtomicBool::new(false),
        });
        let ours = Arc::clone(&shared);
        std::thread::spawn(move || serve::accept(&listener, &ours));
        Self { shared, address }
    }

    /// Where it listens, as `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn token(&self) -> String {
        self.shared.world().token.clone()
    }

    /// The chat that has topics.
    pub fn forum(&self) -> i64 {
        FORUM
    }

    /// The chat that has none.
    pub fn group(&self) -> i64 {
        GROUP
    }

    /// The next calls of this method go wrong, each in its way.
    pub fn fail(&self, method: &str, faults: impl IntoIterator<Item = Fault>) {
        let mut ordered = lock(&self.shared.faults);
        ordered.entry(method.to_ascii_lowercase()).or_default().extend(faults);
    }

    /// All calls that were received, with those that still wait.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.shared.calls).clone()
    }

    pub fn calls_of(&self, method: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.method.eq_ignore_ascii_case(method)).collect()
    }

    /// What the bot wrote there.
    pub fn sent(&self, chat: i64, thread: Option<i64>) -> Vec<Message> {
        let world = self.shared.world();
        let is_there = |message: &&Message| message.by_bot && message.chat == chat && message.thread == thread;
        world.messages.iter().filter(is_there).cloned().collect()
    }

    pub fn message(&self, chat: i64, id: i64) -> Option<Message> {
        self.shared.world().message(chat, id).cloned()
    }

    pub fn topics(&self, chat: i64) -> BTreeMap<i64, Topic> {
        self.shared.world().chats[&chat].topics.clone()
    }

    /// What the bot was seen doing: chat, thread and action.
    pub fn actions(&self) -> Vec<(i64, Option<i64>, String)> {
        self.shared.world().actions.clone()
    }

    /// What somebody who pressed a button was answered; none if nothing yet.
    pub fn answer_to(&self, press: &str) -> Option<String> {
        self.shared.world().answers.get(press).cloned()
    }

    /// How many updates the bot has not confirmed.
    pub fn unconfirmed(&self) -> usize {
        self.shared.world().updates.len()
    }
}

impl Drop for BotApi {
    fn drop(&mut self) {
        self.shared.is_stopping.store(true, Ordering::SeqCst);
        self.shared.changed.notify_all();
        for connection in self.shared.connections().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        // The thread that accepts looks up once more.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    fn connections(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        lock(&self.connections)
    }

    fn fault(&self, method: &str) -> Option<Fault> {
        lock(&self.faults).get_mut(&method.to_ascii_lowercase()).and_then(VecDeque::pop_front)
    }

    fn begin(&self, call: Call) -> usize {
        let mut calls = lock(&self.calls);
        calls.push(call);
        calls.len() - 1
    }

    fn finish(&self, number: usize, outcome: &str) {
        outcome.clone_into(&mut lock(&self.calls)[number].outcome);
    }

    fn wait_for(&self, time: Duration, is_enough: impl Fn(&World) -> bool) {
        drop(serve::wait(self, self.world(), time, is_enough));
    }
}

/// A test that fails while it holds a lock must not hide why it failed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
