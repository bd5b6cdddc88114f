//! What stands in for the host's network, store and secrets while a plugin is tried out.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use instar_core::id::PluginId;
use instar_plugin::{Answer, NewValue, OnlyIf, Secret, Secrets, Value, Values, ValuesError};

use super::cases::{Exchange, difference};

/// Secrets of a case.
#[derive(Debug)]
pub(super) struct CaseSecrets(pub(super) BTreeMap<String, String>);

impl Secrets for CaseSecrets {
    fn value(&self, _: &PluginId, slot: &str, _: Option<&str>) -> Option<Secret> {
        self.0.get(slot).and_then(|value| Secret::new(value.as_str()))
    }
}

/// Values in memory, with their revisions.
#[derive(Debug, Default)]
pub(super) struct MemoryValues(Mutex<BTreeMap<String, Value>>);

impl Values for MemoryValues {
    fn get<'a>(&'a self, _: &'a PluginId, key: &'a str) -> Answer<'a, Option<Value>> {
        Box::pin(async move { Ok(self.lock().get(key).cloned()) })
    }

    fn set<'a>(&'a self, _: &'a PluginId, key: &'a str, new: NewValue) -> Answer<'a, u64> {
        Box::pin(async move {
            let mut values = self.lock();
            let there = values.get(key).map(|value| value.revision);
            let fits = match new.only_if {
                OnlyIf::Anything => true,
                OnlyIf::Nothing => there.is_none(),
                OnlyIf::Revision(revision) => there == Some(revision),
            };
            if !fits {
                return Err(ValuesError::Conflict);
            }
            let others = values.iter().filter(|(other, _)| *other != key);
            let size: usize = others.map(|(key, value)| key.len() + value.bytes.len()).sum();
            if (size + key.len() + new.bytes.len()) as u64 > new.quota {
                return Err(ValuesError::Quota(new.quota));
            }
            let revision = there.unwrap_or(0) + 1;
            values.insert(key.to_owned(), Value { bytes: new.bytes, revision });
            Ok(revision)
        })
    }

    fn delete<'a>(&'a self, _: &'a PluginId, key: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.lock().remove(key);
            Ok(())
        })
    }

    fn keys<'a>(&'a self, _: &'a PluginId, prefix: &'a str, limit: u32) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            let values = self.lock();
            let keys = values.keys().filter(|key| key.starts_with(prefix)).take(limit as usize);
            Ok(keys.cloned().collect())
        })
    }
}

impl MemoryValues {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The network of a case: whatever host is asked, this answers, in the order of its script.
#[derive(Debug)]
pub(super) struct ScriptedWeb {
    pub(super) url: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    asked: usize,
    problems: Vec<String>,
}

#[derive(Debug)]
struct Asked {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A request that does not end is none.
const LONGEST_REQUEST: u64 = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(10);

impl ScriptedWeb {
    /// `more` is answered when the script is over; without it, such a request is a problem.
    pub(super) fn start(script: Vec<Exchange>, more: Option<Exchange>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let noted = seen.clone();
        // It ends with the process: a test is a short one.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &script, more.as_ref(), &noted);
            }
        });
        Ok(Self { url, seen })
    }

    /// What was asked otherwise than expected, or not at all.
    pub(super) fn problems(&self, script: &[Exchange]) -> Vec<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut problems = seen.problems.clone();
        if seen.asked < script.len() {
            problems.push(format!("{} of {} requests were made", seen.asked, script.len()));
        }
        problems
    }
}

fn serve(mut stream: TcpStream, script: &[Exchange], more: Option<&Exchange>, seen: &Mutex<Seen>) {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let Ok(asked) = read(&stream) else { return };
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let number = seen.asked;
    seen.asked += 1;
    let exchange = script.get(number).or(more);
    let Some(exchange) = exchange else {
        seen.problems.push(format!("{} {} was asked, and no answer is left", asked.method, asked.path));
        return;
    };
    seen.problems.extend(differences(exchange, &asked).into_iter().map(|it| format!("request {}: {it}", number + 1)));
    drop(seen);
    let reply = &exchange.answer;
    let mut head = format!("HTTP/1.1 {} Scripted\r\ncontent-length: {}\r\n", reply.status, reply.body.len());
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    // Whoever asked may have gone.
    let _ = stream.write_all(format!("{head}\r\n{}", reply.body).as_bytes());
}

fn read(stream: &TcpStream) -> io::Result<Asked> {
    let mut reader = BufReader::new(stream).take(LONGEST_REQUEST);
    let mut line = String::new();
    reader.read_line(&mut line)?;
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
        let found = serde_json::from_slice(&asked.body).unwrap_or(serde_json::Value::Null);
        problems.extend(difference(json, &found, "the body"));
    }
    problems
}
