//! A WebSocket client that a test can wait for.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::handshake::HandshakeError;
use tungstenite::http::HeaderName;
use tungstenite::protocol::CloseFrame;
use tungstenite::{Error, Message, WebSocket};

use crate::http::Client;

/// Generous, as all waiting is.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Socket(WebSocket<TcpStream>);

impl Socket {
    /// Or the status of the refusal.
    ///
    /// # Panics
    /// When the server gives no HTTP answer.
    pub fn open(client: &Client, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{}{path}", client.address()).into_client_request().expect("a request");
        let bearer = client.token().map(|token| format!("Bearer {token}"));
        let token = bearer.as_deref().map(|bearer| ("authorization", bearer));
        for (name, value) in headers.iter().copied().chain(token) {
            request.headers_mut().insert(HeaderName::from_static(name), value.parse().expect("a header"));
        }
        let stream = TcpStream::connect(client.address()).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(HandshakeError::Failure(Error::Http(response))) => Err(response.status().as_u16()),
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// # Panics
    /// When it cannot be sent.
    #[track_caller]
    pub fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string());
    }

    /// # Panics
    /// When it cannot be sent.
    #[track_caller]
    pub fn send_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).expect("it can be sent");
    }

    /// The next message.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn receive(&mut self) -> Value {
        let begun = Instant::now();
        loop {
            match self.0.read().expect("a message comes") {
                Message::Text(text) => return serde_json::from_str(&text).expect("a message is JSON"),
                // Heartbeats alone are not what a test waits for.
                Message::Ping(_) | Message::Pong(_) => assert!(begun.elapsed() < PATIENCE, "only heartbeats came"),
                other => panic!("{other:?} is no message"),
            }
        }
    }

    /// Reads on until a message pleases.
    #[track_caller]
    pub fn until(&mut self, pleases: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let message = self.receive();
            if pleases(&message) {
                return message;
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain; the last message was {message}");
        }
    }

    #[track_caller]
    pub fn until_type(&mut self, kind: &str) -> Value {
        self.until(|message| message["type"] == kind)
    }

    /// Waits until the server ends the connection; its code, if it said one.
    pub fn closed(&mut self) -> Option<u16> {
        loop {
            match self.0.read() {
                Ok(Message::Close(frame)) => return frame.map(|CloseFrame { code, .. }| code.into()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }
}
