//! The WebSocket: which sessions live, what they print, and typing into them.
//!
//! One task serves one client and waits for each frame to be taken before it looks again: a slow client gets the
//! newest output later, and costs no memory meanwhile.

mod output_watch;
mod request;
mod subscription;

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use instar_api::SocketMessage;
use instar_api::paths;
use instar_core::id::SessionId;
use instar_core::session::Session;
use instar_session::{Key, KeyError};
use serde_json::Value;
use tokio::time::{Instant, interval_at};

use super::App;
use super::auth::Caller;
use super::errors::ApiError;
use super::{sessions, streams, view};
use output_watch::OutputWatch;
use request::Request;
use subscription::Subscription;

/// Larger messages end the connection.
const LARGEST_MESSAGE: usize = 256 * 1024;
/// A client that was silent from one beat to the next is gone.
const HEARTBEAT: Duration = Duration::from_secs(30);
const MOST_SUBSCRIPTIONS: usize = 64;

/// Opens a WebSocket: which sessions live, what they print, and typing into them.
///
/// The token goes into the `Authorization` header of the upgrade. After it each frame is one JSON object.
#[utoipa::path(
    get, path = paths::WS, operation_id = "socket_open",
    responses((status = 101, description = "A WebSocket"), (status = 400), (status = 426), (status = 503)),
)]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    // Token, Host and Origin were checked on the way here, as for every route.
    let upgrade = upgrade.map_err(|rejection| ApiError::new(rejection.status(), rejection.body_text()))?;
    let place = app.streams.socket_place()?;
    let upgrade = upgrade.max_message_size(LARGEST_MESSAGE).max_frame_size(LARGEST_MESSAGE);
    Ok(upgrade.on_upgrade(async move |socket| {
        let mut client = Client {
            app,
            caller,
            socket,
            sessions: None,
            subscriptions: Vec::new(),
            watch: OutputWatch::default(),
            was_heard: true,
        };
        // A client that went away is no news.
        let _ = client.serve().await;
        drop(place);
    }))
}

/// The other end takes nothing any more.
#[derive(Debug)]
struct Gone;

struct Client {
    app: Arc<App>,
    caller: Caller,
    socket: WebSocket,
    /// The list that was sent last.
    sessions: Option<SocketMessage>,
    subscriptions: Vec<Subscription>,
    watch: OutputWatch,
    was_heard: bool,
}

/// What the client's task woke up for.
enum Woken {
    Received(Option<Result<Message, axum::Error>>),
    /// Events were recorded.
    Changed,
    /// A session printed something.
    Printed,
    Beat,
    Closing,
}

impl Client {
    async fn serve(&mut self) -> Result<(), Gone> {
        let mut closing = self.app.streams.closing();
        let mut changes = self.app.engine.changes();
        let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        self.show_sessions().await?;
        loop {
            let woken = tokio::select! {
                () = streams::closed(&mut closing) => Woken::Closing,
                received = self.socket.recv() => Woken::Received(received),
                changed = changes.changed() => if changed.is_ok() { Woken::Changed } else { Woken::Closing },
                () = self.watch.printed() => Woken::Printed,
                _ = heartbeat.tick() => Woken::Beat,
            };
            match woken {
                Woken::Received(Some(Ok(message))) => self.receive(message).await?,
                Woken::Received(Some(Err(_)) | None) => return self.close(close_code::POLICY, "").await,
                Woken::Changed => self.show_changes().await?,
                Woken::Printed => self.show_output().await?,
                Woken::Beat => self.beat().await?,
                Woken::Closing => return self.close(close_code::AWAY, "the server is shutting down").await,
            }
        }
    }

    async fn receive(&mut self, message: Message) -> Result<(), Gone> {
        self.was_heard = true;
        match message {
            Message::Text(text) => self.answer(text.as_str()).await,
            Message::Binary(bytes) => self.answer(&String::from_utf8_lossy(&bytes)).await,
            // Pings are answered by the library; behind a close comes the end of the stream.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(()),
        }
    }

    async fn answer(&mut self, text: &str) -> Result<(), Gone> {
        match Request::parse(text) {
            Ok(Request::Subscribe { session }) => self.subscribe(session).await,
            Ok(Request::Unsubscribe { session }) => self.unsubscribe(session).await,
            Ok(Request::Input { session, text }) => self.input(session, text).await,
            Ok(Request::Key { session, key }) => self.key(session, &key).await,
            Ok(Request::Ping) => self.send(&SocketMessage::Pong).await,
            Err(message) => self.send(&SocketMessage::Error { message }).await,
        }
    }

    async fn subscribe(&mut self, address: String) -> Result<(), Gone> {
        let session = match sessions::find(&self.app, &address).await {
            Ok(session) => session,
            Err(error) => return self.refuse(&error).await,
        };
        self.subscriptions.retain(|subscription| subscription.address != address);
        if self.subscriptions.len() >= MOST_SUBSCRIPTIONS {
            let message = format!("{MOST_SUBSCRIPTIONS} sessions are subscribed already, and no more can be");
            return self.send(&SocketMessage::Error { message }).await;
        }
        // Watched before it is read, so that nothing falls in between.
        if session.status.is_live() {
            self.watch.add(session.id, self.app.engine.sessions().output_folder(session.id));
        }
        self.subscriptions.push(Subscription::new(address.clone(), session.id));
        self.show_output_of(&[session.id]).await?;
        self.send(&SocketMessage::Subscribed { session: address }).await?;
        if session.status.is_live() { Ok(()) } else { self.show_ends().await }
    }

    async fn unsubscribe(&mut self, address: String) -> Result<(), Gone> {
        let gone: Vec<_> = self.subscriptions.extract_if(.., |subscription| subscription.address == address).collect();
        for subscription in gone {
            if self.subscriptions.iter().all(|other| other.session != subscription.session) {
                self.watch.remove(subscription.session);
            }
        }
        self.send(&SocketMessage::Unsubscribed { session: address }).await
    }

    async fn input(&mut self, address: String, text: String) -> Result<(), Gone> {
        let session = match sessions::find(&self.app, &address).await {
            Ok(session) => session,
            Err(error) => return self.refuse(&error).await,
        };
        let typed = type_into(&self.app, self.caller, &session, text).await;
        self.acknowledge(address, typed).await
    }

    async fn key(&mut self, address: String, key: &str) -> Result<(), Gone> {
        let session = match sessions::find(&self.app, &address).await {
            Ok(session) => session,
            Err(error) => return self.refuse(&error).await,
        };
        let pressed = match sessions::check_reach(self.caller, &session) {
            Ok(()) => press(&self.app, &session, key).await,
            Err(error) => Err(error),
        };
        self.acknowledge(address, pressed).await
    }

    async fn acknowledge(&mut self, session: String, done: Result<(), ApiError>) -> Result<(), Gone> {
        let error = done.err().map(|error| error.sentence().to_owned());
        self.send(&SocketMessage::InputAck { session, success: error.is_none(), error }).await
    }

    async fn show_changes(&mut self) -> Result<(), Gone> {
        self.show_sessions().await?;
        self.show_ends().await
    }

    /// The list, if it is another one than the client has.
    async fn show_sessions(&mut self) -> Result<(), Gone> {
        let sessions = {
            let view = self.app.engine.view();
            let tmux_name = |session: &Session| self.app.engine.sessions().tmux_name(&session.name);
            view.live_sessions().map(|session| view::socket_session(session, tmux_name(session))).collect()
        };
        let message = SocketMessage::Sessions { sessions };
        if self.sessions.as_ref() == Some(&message) {
            return Ok(());
        }
        self.send(&message).await?;
        self.sessions = Some(message);
        Ok(())
    }

    async fn show_output(&mut self) -> Result<(), Gone> {
        let printed = self.watch.take();
        self.show_output_of(&printed).await
    }

    async fn show_output_of(&mut self, printed: &[SessionId]) -> Result<(), Gone> {
        for index in 0..self.subscriptions.len() {
            if printed.contains(&self.subscriptions[index].session)
                && let Some(message) = self.subscriptions[index].new_output(&self.app.engine).await
            {
                self.send(&message).await?;
            }
        }
        Ok(())
    }

    /// What sessions that ended printed last, and that they ended.
    async fn show_ends(&mut self) -> Result<(), Gone> {
        let ended: Vec<SessionId> = {
            let view = self.app.engine.view();
            // One that is so old that the view has forgotten it has ended too.
            let is_live = |id| view.session(id).is_some_and(|session| session.status.is_live());
            let open = self.subscriptions.iter().filter(|subscription| !subscription.has_ended);
            open.map(|subscription| subscription.session).filter(|id| !is_live(*id)).collect()
        };
        if ended.is_empty() {
            return Ok(());
        }
        self.show_output_of(&ended).await?;
        for index in 0..self.subscriptions.len() {
            let subscription = &mut self.subscriptions[index];
            if ended.contains(&subscription.session) && !subscription.has_ended {
                subscription.has_ended = true;
                self.watch.remove(subscription.session);
                let message = SocketMessage::SessionEnded { session: subscription.address.clone() };
                self.send(&message).await?;
            }
        }
        Ok(())
    }

    async fn beat(&mut self) -> Result<(), Gone> {
        if !std::mem::take(&mut self.was_heard) {
            return Err(Gone);
        }
        self.socket.send(Message::Ping(axum::body::Bytes::new())).await.map_err(|_| Gone)
    }

    async fn refuse(&mut self, error: &ApiError) -> Result<(), Gone> {
        self.send(&SocketMessage::Error { message: error.sentence().to_owned() }).await
    }

    async fn send(&mut self, message: &SocketMessage) -> Result<(), Gone> {
        let text = serde_json::to_string(message).map_err(|_| Gone)?;
        self.socket.send(Message::Text(text.into())).await.map_err(|_| Gone)
    }

    async fn close(&mut self, code: u16, reason: &'static str) -> Result<(), Gone> {
        let frame = CloseFrame { code, reason: reason.into() };
        self.socket.send(Message::Close(Some(frame))).await.map_err(|_| Gone)
    }
}

async fn type_into(app: &App, caller: Caller, session: &Session, text: String) -> Result<(), ApiError> {
    sessions::check_reach(caller, session)?;
    let text = sessions::input_text(Some(Value::from(text)))?;
    sessions::type_into(app, session, &text).await
}

async fn press(app: &App, session: &Session, key: &str) -> Result<(), ApiError> {
    let key: Key = key.parse().map_err(|error: KeyError| ApiError::bad_request(error.to_string()))?;
    sessions::check_takes_input(session)?;
    Ok(app.engine.sessions().send_key(&session.name, &key).await?)
}
