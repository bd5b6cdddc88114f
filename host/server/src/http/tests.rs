//! The whole router over a real engine and store: who gets in, what is answered, and in which words.

mod access;
mod answers;
mod conversations;
mod faults;
mod job_edits;
mod openapi;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::{App, Peer, Streams, socket_router, tcp_router};
use crate::config::{Config, Project};
use crate::wiring::{self, Host};

const TOKEN: &str = "s3cret";
const PORT: u16 = 4040;

/// A host without plugins in a folder of its own.
struct Fixture {
    host: Host,
    tcp: Router,
    socket: Router,
    project: Project,
    _closing: tokio::sync::watch::Sender<bool>,
    _dir: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Fixture {
    async fn new(settings: Value, jobs: Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let project = Project::at(dir.path()).unwrap();
        std::fs::create_dir(project.instar_dir()).unwrap();
        std::fs::write(project.config_file(), settings.to_string()).unwrap();
        std::fs::write(project.jobs_file(), jobs.to_string()).unwrap();
        let config = Config::load(&project).unwrap();
        let _lock = wiring::claim(&project).unwrap();
        let host = wiring::build(&project, &config, Vec::new(), "http://localhost:4040")
            .await
            .expect("a host needs tmux, and nothing else");
        let (closing, closed) = tokio::sync::watch::channel(false);
        let app = Arc::new(App {
            answers: crate::http::Answers::default(),
            health: crate::http::KeptHealth::default(),
            engine: host.engine.clone(),
            jobs: host.jobs.clone(),
            plugins: host.plugins.clone(),
            guards: host.guards.clone(),
            quota: host.quota.clone(),
            project_name: config.project_name.clone(),
            version: "1.2.3".to_owned(),
            started: Instant::now(),
            streams: Streams::new(closed),
            session_tokens: host.session_tokens.clone(),
            spawns: super::SpawnLimit::default(),
        });
        let tcp = tcp_router(app.clone(), &config, PORT);
        let socket = socket_router(app, &config);
        Self { host, tcp, socket, project, _closing: closing, _dir: dir }
    }

    /// The usual one: with a token, and two jobs whose execute type nobody offers.
    async fn usual() -> Self {
        Self::new(json!({"auth": {"token": TOKEN}, "projectName": "mine"}), jobs()).await
    }

    async fn stop(self) {
        self.host.running.stop().await;
        self.host.store.close().await;
    }

    /// With token and Host.
    async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path).header("authorization", format!("Bearer {TOKEN}")), "").await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        let request = request("POST", path).header("authorization", format!("Bearer {TOKEN}"));
        let request = if body.is_empty() { request } else { request.header("content-type", "application/json") };
        self.send(request, body).await
    }

    async fn send(&self, request: axum::http::request::Builder, body: &str) -> Answer {
        let request = request.header("host", format!("localhost:{PORT}"));
        ask(self.tcp.clone(), request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Without any header.
    async fn by_socket(&self, path: &str) -> Answer {
        ask(self.socket.clone(), request("GET", path).body(Body::empty()).unwrap()).await
    }
}

fn jobs() -> Value {
    let job = |slug: &str| {
        json!({
            "slug": slug, "name": slug.to_uppercase(), "schedule": "0 9 * * *",
            "execute": {"type": "nobodys", "value": "x"},
        })
    };
    let mut disabled = job("off");
    disabled["enabled"] = json!(false);
    json!([job("nightly"), disabled])
}

fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

async fn ask(router: Router, mut request: Request<Body>) -> Answer {
    request.extensions_mut().insert(Peer("127.0.0.1".parse().unwrap()));
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// An error is this status, and a JSON object whose sentence contains this.
    #[track_caller]
    fn check_error(&self, status: u16, words: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        let json = self.json();
        let sentence = json["error"].as_str().unwrap_or_default();
        assert!(sentence.contains(words), "{sentence:?} lacks {words:?}");
    }
}
