//! The body of a request: bytes, or a form whose files are read while they are sent.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::SystemTime;

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::Refusal;
use crate::blobs::Blobs;
use crate::manifest::AskedHttp;
use crate::wit::imports::http::{self, Content, Part};

/// How much of a file is read at once.
const PIECE: u64 = 64 << 10;

#[derive(Debug)]
pub(crate) struct Payload {
    segments: VecDeque<Segment>,
    left: u64,
    /// The media type of a form.
    pub(super) mime: Option<String>,
}

#[derive(Debug)]
enum Segment {
    Bytes(Bytes),
    File(File, u64),
}

impl Payload {
    /// Of the operator's own requests.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let left = bytes.len() as u64;
        Self { segments: VecDeque::from([Segment::Bytes(bytes.into())]), left, mime: None }
    }

    /// How many will be sent.
    pub(super) fn bytes(&self) -> u64 {
        self.left
    }

    pub(super) fn new(body: http::Body, blobs: &Blobs, grant: &AskedHttp) -> Result<Self, Refusal> {
        let (segments, mime) = match body {
            http::Body::Empty => (VecDeque::new(), None),
            http::Body::Bytes(bytes) => (VecDeque::from([Segment::Bytes(bytes.into())]), None),
            http::Body::Form(parts) => form(parts, blobs)?,
        };
        let of_bytes: u64 =
            segments.iter().map(|it| if let Segment::Bytes(bytes) = it { bytes.len() as u64 } else { 0 }).sum();
        let of_files: u64 = segments.iter().map(|it| if let Segment::File(_, size) = it { *size } else { 0 }).sum();
        if of_bytes > grant.request_bytes || of_files > grant.file_bytes {
            let (body, file) = (grant.request_bytes, grant.file_bytes);
            return Err(Refusal::new("too-large", format!("a request may have {body} bytes, and {file} of files")));
        }
        Ok(Self { segments, left: of_bytes + of_files, mime })
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let next = loop {
            match self.segments.pop_front() {
                None => return Poll::Ready(None),
                Some(Segment::Bytes(bytes)) if bytes.is_empty() => {}
                Some(Segment::Bytes(bytes)) => break bytes,
                Some(Segment::File(_, 0)) => {}
                Some(Segment::File(mut file, left)) => {
                    let size = left.min(PIECE);
                    let mut piece = vec![0; usize::try_from(size).expect("a piece is small")];
                    if let Err(error) = file.read_exact(&mut piece) {
                        return Poll::Ready(Some(Err(error)));
                    }
                    self.segments.push_front(Segment::File(file, left - size));
                    break piece.into();
                }
            }
        };
        self.left -= next.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(next))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// `multipart/form-data`, with a boundary that nobody can foresee.
fn form(parts: Vec<Part>, blobs: &Blobs) -> Result<(VecDeque<Segment>, Option<String>), Refusal> {
    let boundary = boundary();
    let mut segments = VecDeque::new();
    for part in parts {
        let mut head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"", quoted(&part.name));
        if let Some(filename) = &part.filename {
            head.push_str(&format!("; filename=\"{}\"", quoted(filename)));
        }
        if let Some(mime) = &part.mime {
            let is_plain = mime.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
            head.push_str(&format!("\r\ncontent-type: {}", if is_plain { mime } else { "application/octet-stream" }));
        }
        head.push_str("\r\n\r\n");
        segments.push_back(Segment::Bytes(head.into()));
        segments.push_back(match part.content {
            Content::Bytes(bytes) => Segment::Bytes(bytes.into()),
            Content::Blob(handle) => file(&handle, blobs)?,
        });
        segments.push_back(Segment::Bytes("\r\n".into()));
    }
    segments.push_back(Segment::Bytes(format!("--{boundary}--\r\n").into()));
    Ok((segments, Some(format!("multipart/form-data; boundary={boundary}"))))
}

fn file(handle: &str, blobs: &Blobs) -> Result<Segment, Refusal> {
    let Some(path) = blobs.path(handle) else {
        return Err(Refusal::new("not-allowed", "the handle of a file that is not the plugin's to send"));
    };
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (size, file) =
        opened.map_err(|error| Refusal::new("broken", format!("an attachment cannot be read: {error}")))?;
    Ok(Segment::File(file, size))
}

/// As browsers write names: a line break or a quotation mark ends nothing.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn boundary() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let seed = format!("{:?} {count} {:?}", SystemTime::now(), std::thread::current().id());
    format!("instar-{}", &blake3::hash(seed.as_bytes()).to_hex()[..40])
}
