//! Who may call: the bearer token, and the throttle on guessing it.
//!
//! Closed by default: without a configured token TCP answers nothing but the basic `/health`.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, FORWARDED, ORIGIN, VIA};
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use instar_api::paths;
use instar_core::id::{RunId, SessionId};
use instar_core::run::Phase;
use instar_engine::Engine;

use super::Peer;
use super::errors::ApiError;
use super::guardrails;
use super::rate::SlidingWindow;
use crate::config::{Config, Token};
use crate::session_tokens::SessionTokens;

/// Whether the caller may see everything; `/health` asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Trusted,
    /// The program of this session, which lives.
    Session(SessionId),
    /// The gate of a run, which is being asked.
    Gate(RunId),
    Anyone,
}

/// What the TCP entrance knows about callers.
#[derive(Debug)]
pub(super) struct Gate {
    token: Option<Token>,
    trust_loopback: bool,
    /// Over all callers: an attacker may have many addresses.
    guesses: SlidingWindow<()>,
    sessions: SessionTokens,
    engine: Engine,
}

/// What a request shows of its caller's rights.
#[derive(Debug, PartialEq, Eq)]
enum Credential<'a> {
    None,
    /// Another scheme, two headers, or no token behind the scheme.
    Unusable,
    Bearer(&'a [u8]),
}

/// More wrong tokens than this within the window are answered with 429: ten a second guess nothing, and disturb no
/// client that only has an old token.
const MOST_GUESSES: usize = 600;
const WINDOW: Duration = Duration::from_secs(60);

const NO_TOKEN: &str = "this API is closed, because no token is configured: set `auth.token` in \
    .instar/config.json, restart the server, and send the header `Authorization: Bearer <token>`";
const NO_CREDENTIAL: &str = "the header `Authorization: Bearer <token>` is required; the token is `auth.token` in \
    .instar/config.json";

impl Gate {
    pub(super) fn new(config: &Config, sessions: SessionTokens, engine: Engine) -> Self {
        Self {
            token: config.token.clone(),
            trust_loopback: config.trust_loopback,
            guesses: SlidingWindow::new(MOST_GUESSES, WINDOW),
            sessions,
            engine,
        }
    }

    fn judge(&self, peer: Option<IpAddr>, uri: &Uri, headers: &HeaderMap, now: Instant) -> Result<Caller, ApiError> {
        match (credential(headers), &self.token) {
            (Credential::Bearer(guess), Some(token)) if token.is(guess) => Ok(Caller::Trusted),
            (Credential::Bearer(guess), _) if let Some(run) = self.sessions.gate(guess) => self.of_gate(run),
            (Credential::Bearer(guess), token) => match (self.sessions.session(guess), token) {
                (Some(id), _) => self.of_session(id),
                (None, Some(_)) => Err(self.wrong(now)),
                (None, None) => Err(ApiError::unauthorized(NO_TOKEN)),
            },
            (Credential::None, _) if self.trust_loopback && is_local(peer, uri, headers) => Ok(Caller::Trusted),
            (_, None) => Err(ApiError::unauthorized(NO_TOKEN)),
            (Credential::None | Credential::Unusable, Some(_)) => Err(ApiError::unauthorized(NO_CREDENTIAL)),
        }
    }

    /// A token dies with its session.
    fn of_session(&self, id: SessionId) -> Result<Caller, ApiError> {
        let lives = self.engine.view().session(id).is_some_and(|session| session.status.is_live());
        if lives { Ok(Caller::Session(id)) } else { Err(ApiError::forbidden("the session of this token has ended")) }
    }

    /// A token dies with its gate.
    fn of_gate(&self, id: RunId) -> Result<Caller, ApiError> {
        let is_asked = self.engine.view().state().run(id).is_some_and(|run| run.phase == Phase::Gating);
        if is_asked { Ok(Caller::Gate(id)) } else { Err(ApiError::forbidden("the gate of this token has ended")) }
    }

    fn wrong(&self, now: Instant) -> ApiError {
        match self.guesses.count((), now) {
            Ok(()) => ApiError::forbidden("Invalid token: it is not the `auth.token` of .instar/config.json"),
            Err(wait) => {
                let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
                ApiError::too_many("Rate limit exceeded: too many invalid tokens", wait_ms)
            }
        }
    }
}

/// Lets those through that may see everything, and everybody to the basic `/health`.
pub(super) async fn require(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let verdict = gate.judge(peer, request.uri(), request.headers(), Instant::now());
    let caller = match verdict {
        Ok(caller) => caller,
        Err(_) if is_public(request.method(), request.uri()) => Caller::Anyone,
        Err(error) => return error.into_response(),
    };
    if let (Caller::Session(_), false) = (caller, is_open_to_sessions(request.method(), request.uri())) {
        return ApiError::forbidden("this needs the operator's token, not one of a session").into_response();
    }
    if let (Caller::Gate(_), false) = (caller, is_open_to_gates(request.method(), request.uri())) {
        return ApiError::forbidden("this needs the operator's token, not one of a gate").into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// The program of a session may read everything, trigger jobs, ask what the guards would say, and begin, feed and
/// end sessions; which ones, their handlers know.
fn is_open_to_sessions(method: &Method, uri: &Uri) -> bool {
    let path: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    matches!(
        (method, path.as_slice()),
        (&Method::GET | &Method::HEAD, _)
            | (&Method::POST, ["jobs", _, "trigger"] | ["sessions", "spawn"] | ["sessions", _, "input" | "resume"])
            | (&Method::POST, ["guards", "check"] | ["quota"] | ["skip-ledger", "workload"])
            | (&Method::POST, ["telegram", "reply", _] | ["conversations", "reply"])
            | (&Method::DELETE, ["sessions", _])
    )
}

/// A gate may read everything, trigger jobs, and report; sessions are not its business.
fn is_open_to_gates(method: &Method, uri: &Uri) -> bool {
    let path: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    match (method, path.as_slice()) {
        // It is read by typing into it.
        (&Method::GET, ["ws"]) => false,
        (&Method::GET | &Method::HEAD, _) => true,
        (&Method::POST, ["jobs", _, "trigger"] | ["guards", "check"] | ["quota"] | ["skip-ledger", "workload"]) => true,
        _ => false,
    }
}

fn is_public(method: &Method, uri: &Uri) -> bool {
    let path = uri.path();
    (method == Method::GET || method == Method::HEAD) && path.strip_suffix('/').unwrap_or(path) == paths::HEALTH
}

fn credential(headers: &HeaderMap) -> Credential<'_> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    match (all.next(), all.next()) {
        (None, _) => Credential::None,
        (Some(value), None) => match value.as_bytes().strip_prefix(b"Bearer ") {
            Some(token) if !token.is_empty() && token[0] != b' ' => Credential::Bearer(token),
            _ => Credential::Unusable,
        },
        (Some(_), Some(_)) => Credential::Unusable,
    }
}

/// A program on this machine that speaks for itself: no browser page, and nobody behind a proxy.
fn is_local(peer: Option<IpAddr>, uri: &Uri, headers: &HeaderMap) -> bool {
    let from_here = peer.is_some_and(|address| address.to_canonical().is_loopback());
    let to_here = guardrails::host_of(uri, headers).is_some_and(|host| guardrails::is_loopback_name(&host.name));
    let is_page = headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site");
    let is_passed_on = headers.keys().any(|name| {
        let name = name.as_str();
        name == FORWARDED.as_str() || name == VIA.as_str() || name == "x-real-ip" || name.starts_with("x-forwarded-")
    });
    from_here && to_here && !is_page && !is_passed_on
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[track_caller]
    fn check_credential(value: &str, expected: &Credential<'_>) {
        assert_eq!(&credential(&headers(&[("authorization", value)])), expected, "{value:?}");
    }

    #[test]
    fn only_one_bearer_token_is_a_credential() {
        check_credential("Bearer abc", &Credential::Bearer(b"abc"));
        for other in ["bearer abc", "Basic abc", "Bearer", "Bearer ", "Bearer  abc", "abc", ""] {
            check_credential(other, &Credential::Unusable);
        }
        assert_eq!(credential(&HeaderMap::new()), Credential::None);
        let mut two = headers(&[("authorization", "Bearer abc")]);
        two.append(AUTHORIZATION, "Bearer abc".parse().unwrap());
        assert_eq!(credential(&two), Credential::Unusable);
    }

    #[track_caller]
    fn check_local(peer: &str, pairs: &[(&'static str, &str)], expected: bool) {
        let peer = Some(peer.parse().unwrap());
        assert_eq!(is_local(peer, &Uri::from_static("/jobs"), &headers(pairs)), expected, "{peer:?} {pairs:?}");
    }

    #[test]
    fn only_programs_of_this_machine_that_speak_for_themselves_are_local() {
        let host = ("host", "localhost:4040");
        check_local("127.0.0.1", &[host], true);
        check_local("::1", &[("host", "[::1]:4040")], true);
        check_local("::ffff:127.0.0.1", &[host], true);
        check_local("192.168.1.7", &[host], false);
        check_local("127.0.0.1", &[("host", "evil.example")], false);
        check_local("127.0.0.1", &[], false);
        for (name, value) in [
            ("origin", "http://localhost:4040"),
            ("forwarded", "for=1.2.3.4"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-proto", "https"),
            ("x-real-ip", "1.2.3.4"),
            ("via", "1.1 tunnel"),
            ("sec-fetch-site", "cross-site"),
        ] {
            check_local("127.0.0.1", &[host, (name, value)], false);
        }
        assert!(!is_local(None, &Uri::from_static("/jobs"), &headers(&[host])));
    }

    #[test]
    fn a_session_reads_everything_and_changes_what_sessions_may() {
        for (method, path, expected) in [
            (Method::GET, "/jobs", true),
            (Method::POST, "/jobs/nightly/trigger", true),
            (Method::POST, "/sessions/spawn/", true),
            (Method::POST, "/sessions/other/input", true),
            (Method::POST, "/telegram/reply/42", true),
            (Method::POST, "/conversations/reply", true),
            (Method::POST, "/conversations/pair", false),
            (Method::POST, "/telegram/topics", false),
            (Method::DELETE, "/sessions/other", true),
            (Method::POST, "/jobs/reload", false),
            (Method::DELETE, "/jobs/nightly", false),
            (Method::PATCH, "/sessions/other", false),
        ] {
            assert_eq!(is_open_to_sessions(&method, &path.parse().unwrap()), expected, "{method} {path}");
        }
    }

    #[test]
    fn a_gate_reads_and_reports_and_leaves_sessions_alone() {
        for (method, path, expected) in [
            (Method::GET, "/jobs", true),
            (Method::GET, "/ws", false),
            (Method::POST, "/jobs/nightly/trigger", true),
            (Method::POST, "/skip-ledger/workload", true),
            (Method::POST, "/sessions/spawn", false),
            (Method::DELETE, "/sessions/other", false),
            (Method::POST, "/jobs/reload", false),
        ] {
            assert_eq!(is_open_to_gates(&method, &path.parse().unwrap()), expected, "{method} {path}");
        }
    }

    #[test]
    fn the_basic_health_is_public_and_nothing_else_is() {
        for (method, path, expected) in [
            (Method::GET, "/health", true),
            (Method::HEAD, "/health/", true),
            (Method::POST, "/health", false),
            (Method::GET, "/HEALTH", false),
            (Method::GET, "/health//", false),
            (Method::GET, "/healthy", false),
            (Method::GET, "/jobs", false),
        ] {
            assert_eq!(is_public(&method, &path.parse().unwrap()), expected, "{method} {path}");
        }
    }
}
