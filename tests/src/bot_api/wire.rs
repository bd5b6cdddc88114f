//! HTTP/1.1 as a server, with a hand on the socket, so that faults happen where they do in life.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// More than the largest file that the Bot API takes.
const LARGEST_BODY: usize = 80 << 20;
const LARGEST_HEAD: u64 = 64 << 10;

/// A request as it came.
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) parameters: Parameters,
}

/// What a method is called with, however it was encoded.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters {
    pub(super) values: BTreeMap<String, Value>,
    pub(super) files: BTreeMap<String, Upload>,
}

/// A file in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    pub name: String,
    pub mime: String,
    pub bytes: Vec<u8>,
}

/// The next request on a connection; none when the other side has closed it.
pub(super) fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Asked>> {
    let head = read_head(reader)?;
    if head.is_empty() {
        return Ok(None);
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(&head).map_err(io::Error::other)?;
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| String::from_utf8_lossy(header.value).into_owned())
    };
    if header("expect").is_some() {
        reader.get_ref().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = match (header("transfer-encoding"), header("content-length")) {
        (Some(_), _) => read_chunks(reader)?,
        (None, Some(length)) => read_exactly(reader, length.parse().map_err(io::Error::other)?)?,
        (None, None) => Vec::new(),
    };
    let target = request.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut parameters = Parameters::default();
    parameters.take_pairs(query);
    parameters.take_body(&header("content-type").unwrap_or_default(), &body);
    Ok(Some(Asked { path: percent_decode_str(path).decode_utf8_lossy().into_owned(), parameters }))
}

fn read_head(reader: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut limited = reader.take(LARGEST_HEAD);
    while limited.read_until(b'\n', &mut head)? > 0 {
        if head.ends_with(b"\r\n\r\n") {
            return Ok(head);
        }
    }
    if head.is_empty() { Ok(head) } else { Err(io::Error::other("the head of a request does not end")) }
}

fn read_exactly(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    if length > LARGEST_BODY {
        return Err(io::Error::other("a body larger than any method takes"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(body)
}

fn read_chunks(reader: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = line.trim().split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
        let chunk = read_exactly(reader, size + 2)?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..size]);
        if body.len() > LARGEST_BODY {
            return Err(io::Error::other("a body larger than any method takes"));
        }
    }
}

impl Parameters {
    fn take_pairs(&mut self, text: &str) {
        for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8_lossy().into_owned();
            self.values.insert(name.to_owned(), Value::String(value));
        }
    }

    fn take_body(&mut self, media_type: &str, body: &[u8]) {
        if media_type.starts_with("application/json") {
            if let Ok(Value::Object(values)) = serde_json::from_slice(body) {
                self.values.extend(values);
            }
        } else if media_type.starts_with("application/x-www-form-urlencoded") {
            self.take_pairs(&String::from_utf8_lossy(body));
        } else if let Some((_, boundary)) = media_type.split_once("boundary=") {
            self.take_form(boundary.trim_matches('"'), body);
        }
    }

    fn take_form(&mut self, boundary: &str, body: &[u8]) {
        let border = format!("\r\n--{boundary}");
        // The first border has no line break before it.
        let body = [b"\r\n", body].concat();
        for part in split(&body, border.as_bytes()).skip(1) {
            let Some(gap) = find(part, b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&part[..gap]);
            let content = &part[gap + 4..];
            let Some(name) = quoted(&head, "name") else { continue };
            match quoted(&head, "filename") {
                Some(file) => {
                    let mime = head.lines().find_map(|line| {
                        line.to_ascii_lowercase().strip_prefix("content-type:").map(|mime| mime.trim().to_owned())
                    });
                    let upload = Upload { name: file, mime: mime.unwrap_or_default(), bytes: content.to_vec() };
                    self.files.insert(name, upload);
                }
                None => {
                    let text = String::from_utf8_lossy(content).into_owned();
                    self.values.insert(name, Value::String(text));
                }
            }
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.trim().parse().ok()
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| matches!(text.as_str(), "true" | "True" | "1"))
    }

    /// A value that is JSON, or text that holds JSON.
    pub(super) fn json(&self, name: &str) -> Option<Value> {
        match self.values.get(name)? {
            Value::String(text) => serde_json::from_str(text).ok(),
            other => Some(other.clone()),
        }
    }
}

/// The value of `name="…"` in the head of a part.
fn quoted(head: &str, name: &str) -> Option<String> {
    let (_, after) = head.split_once(&format!("; {name}=\""))?;
    after.split_once('"').map(|(value, _)| value.to_owned())
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn split<'a>(text: &'a [u8], border: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(at) = find(text, border) else { return rest.take() };
        rest = Some(&text[at + border.len()..]);
        Some(&text[..at])
    })
}

/// A whole answer, as bytes.
pub(super) fn answer(status: u16, media_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} {}\r\nServer: nginx\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        reason(status),
        body.len(),
    );
    [head.as_bytes(), body].concat()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        413 => "Request Entity Too Large",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        _ => "Internal Server Error",
    }
}
