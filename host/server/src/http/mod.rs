//! The HTTP API: who may call it, and what each path answers.
//!
//! From the outside in: security headers, panics, Host, Origin, token, time limit, size limit, routes. Handlers
//! stand in one file per noun; they ask the engine, read its view, and leave all shapes to `view` and instar-api.

mod answers;
mod auth;
mod errors;
mod event_stream;
mod events;
mod extract;
mod guardrails;
mod guards;
mod health;
mod jobs;
mod limits;
mod metrics;
mod plugins;
mod runs;
mod sessions;
mod streams;
mod view;
mod ws;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use instar_api::paths;
use instar_engine::Engine;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;

use crate::config::Config;
use crate::guards::GuardDesk;
use crate::watch_jobs::JobsReader;
pub(crate) use answers::Answers;
use auth::{Caller, Gate};
use guardrails::Guardrails;
pub(crate) use health::KeptHealth;

pub(crate) use streams::Streams;

/// What handlers work with.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) answers: Answers,
    pub(crate) health: KeptHealth,
    pub(crate) jobs: Arc<JobsReader>,
    /// Nothing about plugins changes while the host runs.
    pub(crate) plugins: instar_api::Plugins,
    pub(crate) guards: GuardDesk,
    pub(crate) project_name: String,
    pub(crate) version: String,
    pub(crate) started: Instant,
    pub(crate) streams: Streams,
}

/// Who is at the other end of a TCP connection; put into each request by the listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The API on TCP: for browsers and programs that have the token. `port` is where it really listens.
pub(crate) fn tcp_router(app: Arc<App>, config: &Config, port: u16) -> Router {
    let gate = Arc::new(Gate::new(config));
    let guardrails = Arc::new(Guardrails::new(config, port));
    let router = limited(app, config)
        .layer(from_fn_with_state(gate, auth::require))
        .layer(from_fn_with_state(guardrails.clone(), guardrails::check_origin))
        .layer(from_fn_with_state(guardrails, guardrails::check_host));
    wrapped(router)
}

/// The API on the Unix socket: whoever may open the file may call everything.
pub(crate) fn socket_router(app: Arc<App>, config: &Config) -> Router {
    wrapped(limited(app, config).layer(axum::Extension(Caller::Trusted)))
}

/// What the plugins of this host are, as `/plugins` shows it.
pub(crate) fn plugin_list(
    plugins: &instar_plugin::Plugins,
    problems: Vec<instar_api::PluginProblem>,
) -> instar_api::Plugins {
    instar_api::Plugins { plugins: plugins.list().iter().map(view::plugin).collect(), problems }
}

/// A plugin that could not be loaded, as `/plugins` shows it.
pub(crate) fn plugin_problem(error: &instar_plugin::PluginError) -> instar_api::PluginProblem {
    view::plugin_problem(error)
}

fn limited(app: Arc<App>, config: &Config) -> Router {
    // Inside a router of its own, so that the layers see every request and the paths are tidied before they match.
    let routes = routes(app).map_request(without_trailing_slash);
    Router::new()
        .fallback_service(routes)
        .layer(DefaultBodyLimit::max(limits::LARGEST_BODY))
        .layer(from_fn(limits::refuse_large_bodies))
        .layer(from_fn_with_state(config.request_timeout, limits::answer_in_time))
}

fn wrapped(router: Router) -> Router {
    router.layer(CatchPanicLayer::custom(errors::panicked)).layer(from_fn(guardrails::add_security_headers))
}

fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route(paths::HEALTH, get(health::health))
        .route(paths::STATUS, get(health::status))
        .route(paths::JOBS, get(jobs::list))
        .route(paths::JOBS_RELOAD, post(jobs::reload))
        .route(paths::JOB, get(jobs::show))
        .route(paths::JOB_TRIGGER, post(jobs::trigger))
        .route(paths::JOB_RUNS, get(runs::of_job))
        .route(paths::RUNS, get(runs::list))
        .route(paths::RUN, get(runs::show))
        .route(paths::SESSIONS, get(sessions::list))
        .route(paths::SESSIONS_TMUX, get(sessions::list_tmux))
        .route(paths::SESSION, get(sessions::show).delete(sessions::kill))
        .route(paths::SESSION_OUTPUT, get(sessions::output))
        .route(paths::SESSION_INPUT, post(sessions::input))
        .route(paths::EVENTS, get(events::list))
        .route(paths::EVENTS_STREAM, get(event_stream::open))
        .route(paths::METRICS, get(metrics::show))
        .route(paths::WS, get(ws::open))
        .route(paths::PLUGINS, get(plugins::list))
        .route(paths::GUARDS_CHECK, post(guards::check))
        .route(paths::GUARDS_DECISIONS, get(guards::decisions))
        .fallback(errors::unknown_route)
        .method_not_allowed_fallback(errors::wrong_method)
        .with_state(app)
}

/// One trailing slash is tolerated, as the predecessor did.
fn without_trailing_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    let Some(shorter) = path.strip_suffix('/').filter(|shorter| !shorter.is_empty() && !shorter.ends_with('/')) else {
        return request;
    };
    let target = match request.uri().query() {
        Some(query) => format!("{shorter}?{query}"),
        None => shorter.to_owned(),
    };
    if let Ok(uri) = target.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}
