//! Talking to the project's server: HTTP/1.1 over its Unix socket, whose mode is the key.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::exit::{Exit, Failure};

/// How long a command waits for one answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// The longest answer that is taken: 10,000 lines of output and a generous rest.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// A way to the server of one project. Nothing is sent before the first request.
#[derive(Debug)]
pub(crate) struct Client {
    runtime: Runtime,
    deadline: Duration,
    socket: PathBuf,
    project: PathBuf,
}

/// What the server answered, whatever the status.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// What drives one connection while its answer is read.
pub(super) type Connection = JoinHandle<hyper::Result<()>>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("the server of {} is not running; start it with `instar server start`", project.display())]
    NotRunning { project: PathBuf },
    #[error("the server does not answer within {} s; see `.instar/logs/server.log`", .0.as_secs())]
    TimedOut(Duration),
    #[error("{} may not be opened; the server belongs to another user", socket.display())]
    NotAllowed { socket: PathBuf },
    #[error("nobody answers at {address}: {reason}; start the server with `instar server start`")]
    Unreachable { address: String, reason: String },
    #[error("the request cannot be sent: {0}")]
    Invalid(String),
    #[error("the connection to the server broke: {0}; see `.instar/logs/server.log`")]
    Broken(String),
}

impl Client {
    pub(crate) fn new(socket: PathBuf, project: &Path) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::io("failed to start a runtime", &error))?;
        Ok(Self { runtime, deadline: DEADLINE, socket, project: project.to_owned() })
    }

    /// The same with less patience, for one who asks again and again.
    pub(crate) fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    pub(crate) fn get(&self, path: &str) -> Result<Answer, ClientError> {
        self.send(&Method::GET, path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &impl Serialize) -> Result<Answer, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Invalid(error.to_string()))?;
        self.send(&Method::POST, path, Some(body))
    }

    pub(crate) fn delete(&self, path: &str) -> Result<Answer, ClientError> {
        self.send(&Method::DELETE, path, None)
    }

    pub(crate) fn send(&self, method: &Method, path: &str, body: Option<Vec<u8>>) -> Result<Answer, ClientError> {
        let answer = async { tokio::time::timeout(self.deadline, self.exchange(method, path, body)).await };
        self.runtime.block_on(answer).unwrap_or(Err(ClientError::TimedOut(self.deadline)))
    }

    async fn exchange(&self, method: &Method, path: &str, body: Option<Vec<u8>>) -> Result<Answer, ClientError> {
        let (response, connection) = self.begin(method, path, body, &[]).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| broken(&*error))?.to_bytes();
        connection.abort();
        Ok(Answer { status, body })
    }

    /// Opens an answer that goes on: its head within the deadline, its body as it comes.
    pub(super) fn open(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<(Response<Incoming>, Connection), ClientError> {
        let opened = async { tokio::time::timeout(self.deadline, self.begin(&Method::GET, path, None, headers)).await };
        self.runtime.block_on(opened).unwrap_or(Err(ClientError::TimedOut(self.deadline)))
    }

    /// Does something on the runtime that drives the connections.
    pub(super) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    async fn begin(
        &self,
        method: &Method,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Result<(Response<Incoming>, Connection), ClientError> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, "localhost");
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(|error| ClientError::Invalid(error.to_string()))?;
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.unreachable(&error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
        Ok((response, connection))
    }

    fn unreachable(&self, error: &io::Error) -> ClientError {
        match error.kind() {
            io::ErrorKind::PermissionDenied => ClientError::NotAllowed { socket: self.socket.clone() },
            // No socket, nobody behind it, or a path that no socket can have.
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::InvalidInput => {
                ClientError::NotRunning { project: self.project.clone() }
            }
            _ => ClientError::Broken(error.to_string()),
        }
    }
}

/// Asks the server by TCP, in the name of whoever's token this is.
pub(super) fn by_token(url: &str, token: &str, method: &Method, path: &str, body: Vec<u8>) -> Result<Answer, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("failed to start a runtime", &error))?;
    let asked = async {
        let exchange = exchange_by_token(url, token, method, path, body);
        tokio::time::timeout(DEADLINE, exchange).await.unwrap_or(Err(ClientError::TimedOut(DEADLINE)))
    };
    Ok(runtime.block_on(asked)?)
}

async fn exchange_by_token(
    url: &str,
    token: &str,
    method: &Method,
    path: &str,
    body: Vec<u8>,
) -> Result<Answer, ClientError> {
    let host = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/json")
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| ClientError::Invalid(error.to_string()))?;
    let unreachable = |error: io::Error| {
        let (address, reason) = (host.to_owned(), error.to_string());
        ClientError::Unreachable { address, reason }
    };
    let stream = TcpStream::connect(host).await.map_err(unreachable)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect().await;
    let body = body.map_err(|error| broken(&*error))?.to_bytes();
    connection.abort();
    Ok(Answer { status, body })
}

impl Answer {
    /// Itself when it is a success, else the server's own sentence as a failure.
    pub(crate) fn success(self) -> Result<Self, Failure> {
        if self.status.is_success() { Ok(self) } else { Err(self.failure()) }
    }

    /// The body in its shape.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Failure::failed(format!(
                "the server's answer is not understood ({error}); is it another version of instar?"
            ))
        })
    }

    /// The body as it came, for `--json`.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).trim_end().to_owned()
    }

    pub(crate) fn failure(&self) -> Failure {
        let exit = match Exit::of_status(self.status) {
            Exit::Ok => Exit::Failed,
            exit => exit,
        };
        let fallback = || format!("the server answered {}", self.status);
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(body) => {
                let sentence = body.get("error").and_then(Value::as_str).map_or_else(fallback, str::to_owned);
                Failure::Said { exit, sentence, body }
            }
            Err(_) => Failure::new(exit, fallback()),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let exit = match &error {
            ClientError::NotRunning { .. } | ClientError::TimedOut(_) | ClientError::Unreachable { .. } => {
                Exit::NotRunning
            }
            ClientError::NotAllowed { .. } => Exit::Refused,
            ClientError::Invalid(_) => Exit::Usage,
            ClientError::Broken(_) => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}

fn broken(error: &dyn std::error::Error) -> ClientError {
    ClientError::Broken(error.to_string())
}

/// A name as one part of a path: whatever it holds, it stays one part.
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixListener;

    /// A server that gives one answer and hands back what it was asked.
    fn answering(answer: &'static str) -> (tempfile::TempDir, Client, std::thread::JoinHandle<String>) {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("s");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let client = Client::new(socket, dir.path()).unwrap();
        (dir, client, server)
    }

    #[test]
    fn a_request_is_answered() {
        let (_dir, client, server) = answering("HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"ok\": true}");
        let answer = client.post("/jobs/reload", &serde_json::json!({"a": 1})).unwrap().success().unwrap();
        assert_eq!(answer.text(), "{\"ok\": true}");
        let request = server.join().unwrap();
        assert!(request.starts_with("POST /jobs/reload HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("host: localhost") && request.contains("content-type: application/json"), "{request}");
    }

    #[test]
    fn a_refusal_keeps_the_sentence_of_the_server() {
        let body = "HTTP/1.1 404 Not Found\r\ncontent-length: 25\r\n\r\n{\"error\":\"no such job x\"}";
        let (_dir, client, _server) = answering(body);
        let failure = client.get("/jobs/x").unwrap().success().unwrap_err();
        let Failure::Said { exit, sentence, .. } = failure else { panic!("{failure:?}") };
        assert_eq!((exit, sentence.as_str()), (Exit::NotFound, "no such job x"));
    }

    #[test]
    fn no_server_is_said_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        for socket in [dir.path().join("none"), dir.path().join("x".repeat(200))] {
            let error = Client::new(socket, dir.path()).unwrap().get("/health").unwrap_err();
            assert!(error.to_string().contains("instar server start"), "{error}");
            assert_eq!(Failure::from(error).exit(), Exit::NotRunning);
        }
    }

    #[test]
    fn a_path_that_is_none_is_a_usage_error() {
        let (_dir, client, _server) = answering("");
        assert_eq!(Failure::from(client.get("/a b").unwrap_err()).exit(), Exit::Usage);
    }

    #[test]
    fn names_stay_one_part_of_a_path() {
        assert_eq!(segment("check-email_2"), "check-email_2");
        assert_eq!(segment("../a b?c#d"), "%2E%2E%2Fa%20b%3Fc%23d");
    }
}
