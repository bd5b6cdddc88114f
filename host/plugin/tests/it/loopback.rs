//! A small HTTP server on loopback that keeps what it was asked.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic names the line")]

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Requests as they came, head and body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    #[track_caller]
    pub(crate) fn last(&self) -> String {
        self.all().pop().expect("somebody asked")
    }
}

/// Answers every request with what `answer` makes of it; `None` never answers. The base URL, and what was asked.
pub(crate) async fn serve(answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let (answer, kept) = (Arc::new(answer), asked.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(one(stream, answer.clone(), kept.clone()));
        }
    });
    (base, asked)
}

async fn one(mut stream: TcpStream, answer: Arc<impl Fn(&str) -> Option<String>>, asked: Asked) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = stream.read(&mut piece).await.unwrap_or(0);
        bytes.extend_from_slice(&piece[..read]);
        if read == 0 || is_whole(&bytes) {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    asked.0.lock().unwrap().push(text.clone());
    match answer(&text) {
        Some(reply) => drop(stream.write_all(reply.as_bytes()).await),
        None => std::future::pending().await,
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    body.len() >= length.unwrap_or(0)
}

pub(crate) fn ok(body: &str) -> String {
    with_status("200 OK", body)
}

pub(crate) fn with_status(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
