//! The network of a test: a server on loopback that answers whatever is asked, in the order of its script.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::cases::difference;

/// A request that must come, as far as it is said, and what is answered.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub method: Option<String>,
    /// With its query.
    pub path: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What the JSON of the body must have.
    pub json: Option<Value>,
    /// What must stand in the body.
    pub body: Option<String>,
    pub answer: Reply,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    pub status: u16,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: String,
    /// What goes wrong instead.
    pub fault: Option<Fault>,
}

/// What a server does on a bad day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// It takes the request, and says nothing.
    Silent,
    /// It goes away in the middle of its answer.
    Cut,
    /// What it says is no HTTP.
    Garbage,
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub method: String,
    /// With its query.
    pub path: String,
    /// By their names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Exchange {
    /// A request of this method to this path, answered with 200 and no body.
    pub fn new(method: &str, path: &str) -> Self {
        let (method, path) = (Some(method.to_owned()), Some(path.to_owned()));
        Self { method, path, answer: Reply::new(200, ""), ..Self::default() }
    }

    /// It must have this header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Its body must be JSON that has this; a text that ends with `*` is the beginning of one.
    #[must_use]
    pub fn with_json(mut self, json: Value) -> Self {
        self.json = Some(json);
        self
    }

    /// This must stand in its body.
    #[must_use]
    pub fn with_body(mut self, part: &str) -> Self {
        self.body = Some(part.to_owned());
        self
    }

    #[must_use]
    pub fn answered(mut self, reply: Reply) -> Self {
        self.answer = reply;
        self
    }
}

impl Reply {
    pub fn new(status: u16, body: &str) -> Self {
        Self { status, body: body.to_owned(), ..Self::default() }
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// No answer, but this.
    pub fn fault(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::new(200, "") }
    }
}

#[derive(Debug)]
pub(crate) struct ScriptedWeb {
    url: String,
    address: SocketAddr,
    script: Arc<Script>,
    is_over: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Script {
    exchanges: Vec<Exchange>,
    otherwise: Option<Reply>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    asked: Vec<Asked>,
    problems: Vec<String>,
}

/// A request that does not end is none.
const LONGEST_REQUEST: u64 = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(10);

impl ScriptedWeb {
    pub(crate) fn start(exchanges: Vec<Exchange>, otherwise: Option<Reply>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let script = Arc::new(Script { exchanges, otherwise, seen: Mutex::default() });
        let is_over = Arc::new(AtomicBool::new(false));
        let (followed, ended) = (script.clone(), is_over.clone());
        thread::spawn(move || {
            // Whoever is told nothing waits for it until the end.
            let mut silent = Vec::new();
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Acquire) {
                    return;
                }
                silent.extend(followed.serve(stream));
            }
        });
        Ok(Self { url: format!("http://{address}"), address, script, is_over })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.lock().asked.clone()
    }

    /// What was asked otherwise than expected, or not at all.
    pub(crate) fn problems(&self) -> Vec<String> {
        let seen = self.script.lock();
        let mut problems = seen.problems.clone();
        let (made, expected) = (seen.asked.len(), self.script.exchanges.len());
        if made < expected {
            problems.push(format!("{made} of {expected} requests were made"));
        }
        problems
    }
}

impl Drop for ScriptedWeb {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        // It looks up when somebody knocks.
        let _ = TcpStream::connect(self.address);
    }
}

impl Script {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream comes back if it is to be held open.
    fn serve(&self, mut stream: TcpStream) -> Option<TcpStream> {
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let asked = read(&stream).ok()?;
        let reply = self.take(asked)?;
        match reply.fault {
            None => say(&mut stream, &reply, reply.body.len()),
            Some(Fault::Silent) => return Some(stream),
            Some(Fault::Cut) => say(&mut stream, &reply, reply.body.len() + 1000),
            // Whoever asked may have gone.
            Some(Fault::Garbage) => drop(stream.write_all(b"\x00\xff no HTTP \r\n\r\n")),
        }
        None
    }

    /// Notes what was asked, and finds the answer.
    fn take(&self, asked: Asked) -> Option<Reply> {
        let mut seen = self.lock();
        let number = seen.asked.len();
        let reply = match (self.exchanges.get(number), &self.otherwise) {
            (Some(exchange), _) => {
                let found = differences(exchange, &asked).into_iter();
                seen.problems.extend(found.map(|it| format!("request {}: {it}", number + 1)));
                Some(exchange.answer.clone())
            }
            (None, Some(reply)) => Some(reply.clone()),
            (None, None) => {
                seen.problems.push(format!("{} {} was asked, and no answer is left", asked.method, asked.path));
                None
            }
        };
        seen.asked.push(asked);
        reply
    }
}

fn say(stream: &mut TcpStream, reply: &Reply, length: usize) {
    let mut head = format!("HTTP/1.1 {} Scripted\r\ncontent-length: {length}\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    // Whoever asked may have gone.
    let _ = stream.write_all(format!("{head}\r\n{}", reply.body).as_bytes());
}

fn read(stream: &TcpStream) -> io::Result<Asked> {
    let mut reader = BufReader::new(stream).take(LONGEST_REQUEST);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(Asked { method, path, headers, body })
}

fn differences(expected: &Exchange, asked: &Asked) -> Vec<String> {
    let mut problems = Vec::new();
    let mut compare = |what: &str, expected: Option<&String>, found: &str| {
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            problems.push(format!("{what} is {found:?}, and {expected:?} was expected"));
        }
    };
    compare("the method", expected.method.as_ref(), &asked.method);
    compare("the path", expected.path.as_ref(), &asked.path);
    for (name, value) in &expected.headers {
        let found = asked.headers.get(&name.to_ascii_lowercase());
        compare(&format!("the header {name}"), Some(value), found.map_or("", String::as_str));
    }
    let text = String::from_utf8_lossy(&asked.body);
    if let Some(part) = expected.body.as_ref().filter(|part| !text.contains(*part)) {
        problems.push(format!("{part:?} does not stand in the body {text:?}"));
    }
    if let Some(json) = &expected.json {
        let found = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
        problems.extend(difference(json, &found, "the body"));
    }
    problems
}
