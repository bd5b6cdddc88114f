//! A server on loopback that takes webhooks: it keeps what was posted, and answers as a test lays out.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// What becomes of one request. Without a word, it is answered with 200 and `ok`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A status, one header, and a body.
    Status(u16, Option<(String, String)>, String),
    /// It is kept, and no answer ever comes.
    Hang,
}

#[derive(Debug, Default)]
struct Shared {
    posted: Mutex<Vec<Posted>>,
    replies: Mutex<VecDeque<Reply>>,
    connections: Mutex<Vec<TcpStream>>,
    is_stopping: AtomicBool,
}

/// The server; it ends with its owner.
#[derive(Debug)]
pub struct Webhooks {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Webhooks {
    /// # Panics
    /// When loopback has no free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ours.is_stopping.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&ours);
                std::thread::spawn(move || drop(converse(stream, &shared)));
            }
        });
        Self { shared, address }
    }

    /// Where it listens, as `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next requests are answered so, each in its turn.
    pub fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        lock(&self.shared.replies).extend(replies);
    }

    /// Everything that was posted, also what was not answered with success.
    pub fn posted(&self) -> Vec<Posted> {
        lock(&self.shared.posted).clone()
    }
}

impl Posted {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        self.shared.is_stopping.store(true, Ordering::SeqCst);
        for connection in lock(&self.shared.connections).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        // The thread that accepts looks up once more.
        let _ = TcpStream::connect(self.address);
    }
}

fn converse(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    lock(&shared.connections).push(stream.try_clone()?);
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(posted) = read(&mut reader)? {
        let reply = lock(&shared.replies).pop_front();
        lock(&shared.posted).push(posted);
        match reply.unwrap_or_else(|| Reply::Status(200, None, "ok".to_owned())) {
            Reply::Status(status, header, body) => {
                let header = header.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
                write!(writer, "HTTP/1.1 {status} .\r\n{header}content-length: {}\r\n\r\n{body}", body.len())?;
            }
            Reply::Hang => {
                // Until the other side, or this server, has had enough.
                reader.read_to_end(&mut Vec::new())?;
            }
        }
    }
    Ok(())
}

/// The next request on a connection; none when the other side has closed it.
fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Posted>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head)? == 0 {
            return Ok(None);
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(&head).map_err(io::Error::other)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = request.headers.iter().map(|header| (header.name.to_ascii_lowercase(), text(header.value)));
    let path = request.path.unwrap_or("/").to_owned();
    let method = request.method.unwrap_or_default().to_owned();
    let posted = Posted { method, path, headers: headers.collect(), body: String::new() };
    let length = posted.header("content-length").map_or(Ok(0), str::parse).map_err(io::Error::other)?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Posted { body: text(&body), ..posted }))
}

/// A test that fails while it holds a lock must not hide why it failed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
