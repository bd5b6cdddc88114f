//! What keeps web pages out: the Host allow-list stops DNS rebinding, the Origin allow-list stops other sites.
//!
//! Both compare with configured lists, never with each other: an attacker chooses both headers.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HOST, HeaderName, ORIGIN, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::errors::ApiError;
use crate::config::Config;

/// The names under which this server is known, and the pages that may call it.
#[derive(Debug)]
pub(super) struct Guardrails {
    /// Lower case; with a port only that port will do.
    hosts: Vec<String>,
    origins: Vec<String>,
    port: u16,
}

/// A host as a request names it, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) name: String,
    port: Option<u16>,
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS");
const HEADERS: HeaderValue = HeaderValue::from_static("Content-Type, Authorization, Last-Event-ID");
const SECURITY: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

impl Guardrails {
    pub(super) fn new(config: &Config, port: u16) -> Self {
        let mut hosts = config.http.allowed_hosts.clone();
        // An address that stands for "every interface" is nobody's name.
        let own = config.host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        if !own.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_unspecified()) {
            hosts.push(if own.contains(':') { format!("[{own}]") } else { own });
        }
        Self { hosts, origins: config.http.allowed_origins.clone(), port }
    }

    fn allows_host(&self, host: &Host) -> bool {
        let with_port = host.port.map(|port| format!("{}:{port}", host.name));
        is_loopback_name(&host.name)
            || self.hosts.iter().any(|allowed| *allowed == host.name || Some(allowed) == with_port.as_ref())
    }

    fn allows_origin(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        self.origins.contains(&origin) || self.is_own_origin(&origin)
    }

    /// Another port of this machine is another site.
    fn is_own_origin(&self, origin: &str) -> bool {
        let (rest, usual_port) = match (origin.strip_prefix("http://"), origin.strip_prefix("https://")) {
            (Some(rest), _) => (rest, 80),
            (None, Some(rest)) => (rest, 443),
            (None, None) => return false,
        };
        let is_ours = |host: Host| is_loopback_name(&host.name) && host.port.unwrap_or(usual_port) == self.port;
        parse_host(rest).is_some_and(is_ours)
    }
}

pub(super) async fn check_host(State(rails): State<Arc<Guardrails>>, request: Request, next: Next) -> Response {
    match host_of(request.uri(), request.headers()) {
        Some(host) if rails.allows_host(&host) => next.run(request).await,
        Some(_) | None => ApiError::forbidden(
            "the Host header does not name this server; add the name to `http.allowedHosts` in .instar/config.json",
        )
        .into_response(),
    }
}

pub(super) async fn check_origin(State(rails): State<Arc<Guardrails>>, request: Request, next: Next) -> Response {
    let mut origins = request.headers().get_all(ORIGIN).iter().cloned();
    let mut response = match (origins.next(), origins.next()) {
        (None, _) => next.run(request).await,
        (Some(origin), None) if origin.to_str().is_ok_and(|origin| rails.allows_origin(origin)) => {
            let mut response = if is_preflight(&request) { preflight() } else { next.run(request).await };
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            response
        }
        (Some(_), _) => ApiError::forbidden(
            "this web page may not call this server; add its origin to `http.allowedOrigins` in .instar/config.json",
        )
        .into_response(),
    };
    response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
    response
}

pub(super) async fn add_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SECURITY {
        response.headers_mut().insert(name, value);
    }
    response
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let headers = [(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS), (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS)];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// The one host that a request names; `None` for none, for two different ones, and for what is no host.
pub(super) fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<Host> {
    let mut all = headers.get_all(HOST).iter();
    let header = all.next().map(|value| value.to_str().ok().and_then(parse_host));
    if all.next().is_some() {
        return None;
    }
    let target = uri.authority().map(|authority| parse_host(authority.as_str()));
    match (header, target) {
        (Some(header), None) => header,
        (Some(header), Some(target)) => header.filter(|host| Some(host) == target.as_ref()),
        (None, _) => None,
    }
}

pub(super) fn is_loopback_name(name: &str) -> bool {
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// `name`, `name:port`, `[address]` or `[address]:port`.
fn parse_host(text: &str) -> Option<Host> {
    let text = text.to_ascii_lowercase();
    let colon = match text.rfind(']') {
        Some(end) => text[end..].find(':').map(|at| end + at),
        None => text.find(':'),
    };
    let (name, port) = match colon {
        Some(at) => (&text[..at], Some(parse_port(&text[at + 1..])?)),
        None => (text.as_str(), None),
    };
    let is_bare_address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(is_address);
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    (is_bare_address || is_name).then(|| Host { name: name.to_owned(), port })
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

fn parse_port(text: &str) -> Option<u16> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits_only { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rails(hosts: &[&str], origins: &[&str]) -> Guardrails {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        Guardrails { hosts: owned(hosts), origins: owned(origins), port: 4040 }
    }

    #[track_caller]
    fn check_host_header(rails: &Guardrails, host: &str, expected: bool) {
        let headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
        let found = host_of(&Uri::from_static("/health"), &headers);
        assert_eq!(found.is_some_and(|host| rails.allows_host(&host)), expected, "{host:?}");
    }

    #[test]
    fn only_known_names_are_hosts() {
        let rails = rails(&["box.lan", "tunnel.example:8443"], &[]);
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1:4040", "[::1]", "[::1]:4040", "box.lan", "box.lan:99"] {
            check_host_header(&rails, host, true);
        }
        check_host_header(&rails, "tunnel.example:8443", true);
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "evil.example:4040",
            "tunnel.example",
            "tunnel.example:1",
            "0.0.0.0",
            "127.0.0.1.evil.example",
            "localhost:4040@evil.example",
            "localhost:",
            "localhost:x",
            "localhost:99999",
            "[::1",
            "[",
            "[::1]evil",
            "localhost.",
            "a b",
        ] {
            check_host_header(&rails, host, false);
        }
    }

    #[test]
    fn a_request_names_exactly_one_host() {
        let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("localhost"))]);
        assert!(host_of(&Uri::from_static("http://localhost/x"), &headers).is_some());
        assert!(host_of(&Uri::from_static("http://evil.example/x"), &headers).is_none());
        headers.append(HOST, HeaderValue::from_static("localhost"));
        assert!(host_of(&Uri::from_static("/x"), &headers).is_none());
        assert!(host_of(&Uri::from_static("/x"), &HeaderMap::new()).is_none());
    }

    #[test]
    fn only_our_own_pages_and_listed_ones_are_origins() {
        let rails = rails(&[], &["https://dash.example.com"]);
        for origin in [
            "http://localhost:4040",
            "https://127.0.0.1:4040",
            "http://[::1]:4040",
            "https://dash.example.com",
            "HTTP://LOCALHOST:4040",
        ] {
            assert!(rails.allows_origin(origin), "{origin} is refused");
        }
        for origin in [
            "null",
            "",
            "http://localhost",
            "http://localhost:4041",
            "http://localhost.evil.com:4040",
            "http://dash.example.com",
            "https://dash.example.com.evil.com",
            "https://dash.example.com:8443",
            "file://localhost:4040",
            "http://localhost:4040/path",
            "http://user@localhost:4040",
        ] {
            assert!(!rails.allows_origin(origin), "{origin} is taken");
        }
    }

    #[test]
    fn a_page_without_a_port_is_on_the_usual_one() {
        let rails = Guardrails { port: 80, ..rails(&[], &[]) };
        assert!(rails.allows_origin("http://localhost"));
        assert!(!rails.allows_origin("https://localhost"));
    }
}
