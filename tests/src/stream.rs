//! A reader of server-sent events that a test can wait for.

use std::io::{BufRead as _, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::Value;

use crate::http::Client;
use crate::wait::until;

/// Generous, as all waiting is.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct EventStream {
    events: Receiver<StreamedEvent>,
    /// What stood before the first event: the greeting with its id.
    pub greeting: Vec<String>,
    heartbeats: Arc<AtomicU64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StreamedEvent {
    pub id: i64,
    pub kind: String,
    pub data: Value,
}

impl EventStream {
    /// # Panics
    /// When the server opens no stream.
    pub fn open(client: &Client, path: &str, headers: &[(&str, &str)]) -> Self {
        let response = client.open(path, headers).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(response.status().as_u16(), 200, "{response:?}");
        let kind = response.headers().get("content-type").expect("a type").to_str().expect("text");
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        let mut lines = BufReader::new(response.into_body().into_reader()).lines().map_while(Result::ok);
        let greeting = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let (sender, events) = channel();
        let heartbeats = Arc::new(AtomicU64::new(0));
        let beats = heartbeats.clone();
        std::thread::spawn(move || {
            let (mut id, mut kind) = (0, String::new());
            for line in lines {
                match line.split_once(": ") {
                    Some(("", _)) => {
                        beats.fetch_add(1, Ordering::Relaxed);
                    }
                    Some(("id", value)) => id = value.parse().unwrap_or(-1),
                    Some(("event", value)) => value.clone_into(&mut kind),
                    Some(("data", value)) => {
                        let data = serde_json::from_str(value).unwrap_or_default();
                        if sender.send(StreamedEvent { id, kind: kind.clone(), data }).is_err() {
                            return;
                        }
                    }
                    _ => {}
                }
            }
        });
        Self { events, greeting, heartbeats }
    }

    /// Waits until the server says that there is nothing new, which it does every fifteen seconds.
    #[track_caller]
    pub fn outlives_a_heartbeat(&self) {
        let before = self.heartbeats.load(Ordering::Relaxed);
        until("a heartbeat", || self.heartbeats.load(Ordering::Relaxed), |beats| *beats > before);
    }

    /// The next event.
    ///
    /// # Panics
    /// When none comes, or the stream ends.
    #[track_caller]
    pub fn next(&self) -> StreamedEvent {
        self.events.recv_timeout(PATIENCE).expect("an event comes")
    }

    /// Reads on until an event pleases, and returns all that were read.
    #[track_caller]
    pub fn until(&self, pleases: impl Fn(&StreamedEvent) -> bool) -> Vec<StreamedEvent> {
        let mut events = Vec::new();
        loop {
            let event = self.next();
            let is_last = pleases(&event);
            events.push(event);
            if is_last {
                return events;
            }
        }
    }

    /// Waits until the server ends the stream, and returns what came before that.
    #[track_caller]
    pub fn rest(&self) -> Vec<StreamedEvent> {
        let mut events = Vec::new();
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(event) => events.push(event),
                Err(RecvTimeoutError::Disconnected) => return events,
                Err(RecvTimeoutError::Timeout) => panic!("the stream does not end; it gave {events:?}"),
            }
        }
    }
}
