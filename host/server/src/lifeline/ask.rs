//! One request to the server over its Unix socket, for a process that must not wait for it otherwise.

use std::io;
use std::path::Path;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

/// No answer that a lifeline wants is longer.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// What the server answered, whatever the status.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
}

pub(super) async fn get(socket: &Path, path: &str) -> io::Result<Answer> {
    ask(socket, Request::get(path).header(HOST, "localhost").body(Full::new(Bytes::new()))).await
}

/// Hands JSON over.
pub(super) async fn post(socket: &Path, path: &str, json: Vec<u8>) -> io::Result<Answer> {
    let request = Request::post(path).header(HOST, "localhost").header(CONTENT_TYPE, "application/json");
    ask(socket, request.body(Full::new(json.into()))).await
}

async fn ask(socket: &Path, request: hyper::http::Result<Request<Full<Bytes>>>) -> io::Result<Answer> {
    let request = request.map_err(io::Error::other)?;
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        let status = response.status();
        Limited::new(response.into_body(), LONGEST_ANSWER).collect().await.map_err(io::Error::other)?;
        Ok(Answer { status })
    };
    tokio::select! {
        answer = exchange => answer,
        // It ends by itself only when there is no answer to come.
        Err(error) = connection => Err(io::Error::other(error)),
    }
}
