//! Reading events as they come: the client's end of `/events/stream`.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use instar_api::{Event, paths};

use super::client::{Answer, Client, ClientError, Connection, segment};
use super::exit::Failure;

/// An open stream. The server keeps its place by the id of the last event.
#[derive(Debug)]
pub(crate) struct EventStream<'a> {
    client: &'a Client,
    body: Incoming,
    connection: Connection,
    text: Lines,
    last_id: i64,
}

/// What came within the time that was given.
#[derive(Debug)]
pub(crate) enum Streamed {
    Event(Box<Event>),
    Nothing,
    /// The server ended the stream, or is gone.
    Ended,
}

impl<'a> EventStream<'a> {
    /// Events of one type or of all, from the one behind `after` on, else from now on.
    pub(crate) fn open(client: &'a Client, kind: Option<&str>, after: Option<i64>) -> Result<Self, OpenError> {
        let path = match kind {
            Some(kind) => format!("{}?type={}", paths::EVENTS_STREAM, segment(kind)),
            None => paths::EVENTS_STREAM.to_owned(),
        };
        let after = after.map(|id| id.to_string());
        let headers: Vec<_> = after.as_deref().map(|id| ("Last-Event-ID", id)).into_iter().collect();
        let (response, connection) = client.open(&path, &headers)?;
        let status = response.status();
        if !status.is_success() {
            let body = client.block_on(response.into_body().collect());
            let body = body.map_err(|error| ClientError::Broken(error.to_string()))?.to_bytes();
            return Err(OpenError::Refused(Answer { status, body }));
        }
        let mut stream = Self { client, body: response.into_body(), connection, text: Lines::default(), last_id: 0 };
        stream.greet();
        Ok(stream)
    }

    /// The last event that came; before the first one, that behind which the stream begins.
    pub(crate) fn last_id(&self) -> i64 {
        self.last_id
    }

    pub(crate) fn next(&mut self, patience: Duration) -> Streamed {
        loop {
            while let Some(block) = self.text.take_block() {
                if let Some(event) = self.read(&block) {
                    return Streamed::Event(Box::new(event));
                }
            }
            match self.more(patience) {
                More::Text => {}
                More::Nothing => return Streamed::Nothing,
                More::Ended => return Streamed::Ended,
            }
        }
    }

    /// The server says first where the stream begins.
    fn greet(&mut self) {
        while let More::Text = self.more(Duration::from_secs(5)) {
            if let Some(block) = self.text.take_block() {
                self.read(&block);
                return;
            }
        }
    }

    /// An event that is not understood is passed over: a newer server may know more.
    fn read(&mut self, block: &str) -> Option<Event> {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
        if let Some(id) = field("id: ").and_then(|id| id.parse().ok()) {
            self.last_id = id;
        }
        serde_json::from_str(field("data: ")?).ok()
    }

    fn more(&mut self, patience: Duration) -> More {
        let body = &mut self.body;
        let frame = self.client.block_on(async { tokio::time::timeout(patience, body.frame()).await });
        match frame {
            Err(_) => More::Nothing,
            Ok(Some(Ok(frame))) => {
                if let Some(bytes) = frame.data_ref() {
                    self.text.push(bytes);
                }
                More::Text
            }
            Ok(Some(Err(_)) | None) => More::Ended,
        }
    }
}

impl Drop for EventStream<'_> {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

enum More {
    Text,
    Nothing,
    Ended,
}

/// Why there is no stream.
#[derive(Debug)]
pub(crate) enum OpenError {
    NoAnswer(ClientError),
    Refused(Answer),
}

impl From<ClientError> for OpenError {
    fn from(error: ClientError) -> Self {
        Self::NoAnswer(error)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NoAnswer(error) => error.into(),
            OpenError::Refused(answer) => answer.failure(),
        }
    }
}

/// Bytes as they come, cut into blocks at empty lines.
#[derive(Debug, Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn take_block(&mut self) -> Option<String> {
        let end = self.0.windows(2).position(|pair| pair == b"\n\n")?;
        let block: Vec<u8> = self.0.drain(..end + 2).collect();
        Some(String::from_utf8_lossy(&block).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_however_the_bytes_are_cut() {
        let text = "retry: 1\nid: 7\n\n: comment\n\nid: 8\ndata: {\"größe\":1}\n\nid: 9\n";
        for size in [1, 2, 3, 100] {
            let mut lines = Lines::default();
            let mut blocks = Vec::new();
            for bytes in text.as_bytes().chunks(size) {
                lines.push(bytes);
                while let Some(block) = lines.take_block() {
                    blocks.push(block);
                }
            }
            assert_eq!(blocks.concat() + "id: 9\n", text, "{size}");
            assert_eq!(blocks.len(), 3);
        }
    }
}
