//! Requests of the operator: to fetch components and to hand them over. No plugin asks here.
//!
//! Only `https`, but for programs of this machine that were named as such. Where somebody was sent on to is asked
//! like any other place of the internet: a redirect into this machine or its networks ends there.

use std::net::IpAddr;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};

use crate::capability::http::{Client, Destination, Most, Order, Payload, Refusal, Target};

/// Asks for the operator.
#[derive(Debug, Default)]
pub struct Web {
    client: Client,
}

/// One request.
#[derive(Debug, Clone)]
pub struct WebRequest {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// How many bytes the answer may have.
    pub most: u64,
    /// With all redirects.
    pub time: Duration,
}

/// What came back, whatever its status.
#[derive(Debug, Clone)]
pub struct WebAnswer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Who answered, after all redirects.
    pub url: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error("{0} is asked by https only; plain http is for programs of this machine, such as http://127.0.0.1:5000")]
    Plain(String),
    #[error("{from} sends on to {to}, which is an address of this machine or its networks, and is not followed")]
    IntoPrivate { from: String, to: String },
    #[error("{0} sends on more than {MOST_REDIRECTS} times")]
    Restless(String),
    #[error("{url} could not be asked: {why}")]
    Unasked { url: String, why: String },
}

const MOST_REDIRECTS: usize = 5;

impl WebRequest {
    /// Asks for a text or a file.
    pub fn get(url: &str, most: u64) -> Self {
        let (url, time) = (url.to_owned(), Duration::from_secs(120));
        Self { method: "GET", url, headers: Vec::new(), body: Vec::new(), most, time }
    }
}

impl WebAnswer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Web {
    /// Asks, and goes where it is sent on to. Headers that say who asks stay with the host they were meant for.
    pub async fn ask(&self, request: &WebRequest) -> Result<WebAnswer, WebError> {
        let mut target = read(&request.url)?;
        let first = (target.host.clone(), target.port);
        let mut url = request.url.clone();
        for redirects in 0..=MOST_REDIRECTS {
            let is_own_host = (target.host.as_str(), target.port) == (first.0.as_str(), first.1);
            if !target.tls && !is_loopback(&target.host) {
                return Err(WebError::Plain(url));
            }
            let answer = self.ask_once(request, &target, &url, is_own_host).await?;
            let place = answer.header("location").filter(|_| matches!(answer.status, 301 | 302 | 303 | 307 | 308));
            let Some(place) = place.filter(|_| request.method == "GET") else { return Ok(answer) };
            if redirects == MOST_REDIRECTS {
                break;
            }
            let next = absolute(&target, place);
            target = read(&next)?;
            if (target.host.as_str(), target.port) != (first.0.as_str(), first.1) && is_private_name(&target.host) {
                return Err(WebError::IntoPrivate { from: url, to: next });
            }
            url = next;
        }
        Err(WebError::Restless(request.url.clone()))
    }

    async fn ask_once(
        &self,
        request: &WebRequest,
        target: &Target,
        url: &str,
        is_own_host: bool,
    ) -> Result<WebAnswer, WebError> {
        let unasked = |why: String| WebError::Unasked { url: url.to_owned(), why };
        let mut headers = Vec::new();
        for (name, value) in request.headers.iter().filter(|(name, _)| is_own_host || *name != "authorization") {
            let value = HeaderValue::try_from(value).map_err(|_| unasked(format!("`{name}` cannot be sent")))?;
            headers.push((HeaderName::from_static(name), value));
        }
        let query = target.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
        let order = Order {
            destination: Destination {
                tls: target.tls,
                host: target.host.clone(),
                port: target.port,
                base: String::new(),
                may_be_private: is_own_host,
            },
            method: request.method.to_owned(),
            line: format!("{}{query}", target.path),
            headers,
            body: Payload::of(request.body.clone()),
            most: Most { body: request.most, file: 0 },
            folder: None,
            secrets: Vec::new(),
        };
        let answered = self.client.exchange(order, request.time).await;
        let (response, _) = answered.map_err(|refusal| unasked(words(refusal)))?;
        Ok(WebAnswer { status: response.status, headers: response.headers, body: response.body, url: url.to_owned() })
    }
}

/// What is said to plugins speaks of their manifests.
fn words(refusal: Refusal) -> String {
    match refusal.code {
        "private-address" => "it is an address of this machine or its networks, to which it was sent on".to_owned(),
        _ => refusal.message,
    }
}

fn read(url: &str) -> Result<Target, WebError> {
    Target::parse(url).map_err(|refusal| WebError::Unasked { url: url.to_owned(), why: refusal.message })
}

fn absolute(base: &Target, place: &str) -> String {
    if place.starts_with("http://") || place.starts_with("https://") {
        return place.to_owned();
    }
    let scheme = if base.tls { "https" } else { "http" };
    let host = if base.host.contains(':') { format!("[{}]", base.host) } else { base.host.clone() };
    if let Some(rest) = place.strip_prefix("//") {
        return format!("{scheme}://{rest}");
    }
    let slash = if place.starts_with('/') { "" } else { "/" };
    format!("{scheme}://{host}:{}{slash}{place}", base.port)
}

/// What names a place of this machine without being looked up.
fn is_private_name(host: &str) -> bool {
    is_loopback(host) || host.parse::<IpAddr>().is_ok_and(crate::capability::http::is_private)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// Answers one request after the other with these heads, and what comes with them.
    fn serve(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        format!("http://{address}")
    }

    async fn get(url: &str) -> Result<WebAnswer, String> {
        Web::default().ask(&WebRequest::get(url, 100)).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_program_of_this_machine_is_asked_and_may_send_on_within_itself() {
        let there = "HTTP/1.1 302 Found\r\nlocation: /there\r\ncontent-length: 0\r\n\r\n".to_owned();
        let fine = "HTTP/1.1 200 OK\r\nX-A: 1\r\ncontent-length: 4\r\n\r\nfine".to_owned();
        let answer = get(&serve(vec![there, fine])).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice(), answer.header("x-a")), (200, b"fine".as_slice(), Some("1")));
        assert!(answer.url.ends_with("/there"));
    }

    #[tokio::test]
    async fn nobody_is_sent_into_another_part_of_this_machine() {
        for place in ["http://[::1]:9/x", "http://127.0.0.1:9/x", "https://192.168.1.1/x", "//169.254.169.254/x"] {
            let into = format!("HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n");
            let error = get(&serve(vec![into])).await.unwrap_err();
            assert!(error.contains(place) && error.contains("not followed"), "{error}");
        }
        let plain = "HTTP/1.1 302 Found\r\nlocation: http://example.org/x\r\ncontent-length: 0\r\n\r\n".to_owned();
        let error = get(&serve(vec![plain])).await.unwrap_err();
        assert!(error.contains("https only"), "{error}");
    }

    #[tokio::test]
    async fn what_is_too_much_or_breaks_off_is_said() {
        let large = format!("HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n{}", "x".repeat(101));
        assert!(get(&serve(vec![large])).await.unwrap_err().contains("more than 100 bytes"));
        let short = "HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\nabc".to_owned();
        assert!(get(&serve(vec![short])).await.unwrap_err().contains("broke"));
        let around = "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n".to_owned();
        assert!(get(&serve(vec![around; 6])).await.unwrap_err().contains("more than 5 times"));
        assert!(get("http://example.org/x.wasm").await.unwrap_err().contains("https only"));
        assert!(get("file:///etc/passwd").await.unwrap_err().contains("neither"));
    }
}
