//! The HTTP API: who may call it, and what each path answers.
//!
//! From the outside in: security headers, panics, Host, Origin, token, time limit, size limit, routes. Handlers
//! stand in one file per noun; they ask the engine, read its view, and leave all shapes to `view` and instar-api.

mod answers;
mod attention;
mod auth;
mod conversations;
mod errors;
mod event_stream;
mod events;
mod extract;
mod guardrails;
mod guards;
mod health;
mod inbound;
mod job_edits;
mod jobs;
mod limits;
mod metrics;
mod openapi;
mod pace;
mod plugin_changes;
mod plugin_shadows;
mod plugins;
mod quota;
mod rate;
mod runs;
mod scheduler;
mod sessions;
mod skip_ledger;
mod spawn;
mod streams;
mod telegram;
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
use instar_engine::Engine;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::Config;
use crate::guards::GuardDesk;
use crate::live_plugins::LivePlugins;
use crate::quota_file::QuotaFile;
use crate::session_tokens::SessionTokens;
use crate::watch_jobs::JobsReader;
pub(crate) use answers::Answers;
use auth::{Caller, Gate};
use guardrails::Guardrails;
pub(crate) use health::KeptHealth;
pub(crate) use spawn::SpawnLimit;

pub(crate) use streams::Streams;

/// What handlers work with.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) answers: Answers,
    pub(crate) health: KeptHealth,
    pub(crate) jobs: Arc<JobsReader>,
    pub(crate) plugins: Arc<LivePlugins>,
    pub(crate) guards: GuardDesk,
    pub(crate) quota: Arc<QuotaFile>,
    pub(crate) project_name: String,
    pub(crate) version: String,
    pub(crate) started: Instant,
    pub(crate) streams: Streams,
    pub(crate) session_tokens: SessionTokens,
    pub(crate) spawns: SpawnLimit,
}

/// Who is at the other end of a TCP connection; put into each request by the listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The API on TCP: for browsers and programs that have the token. `port` is where it really listens.
pub(crate) fn tcp_router(app: Arc<App>, config: &Config, port: u16) -> Router {
    let gate = Arc::new(Gate::new(config, app.session_tokens.clone(), app.engine.clone()));
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
    let routes = Router::from(routes())
        .fallback(errors::unknown_route)
        .method_not_allowed_fallback(errors::wrong_method)
        .with_state(app)
        .map_request(without_trailing_slash);
    Router::new()
        .fallback_service(routes)
        .layer(DefaultBodyLimit::max(limits::LARGEST_BODY))
        .layer(from_fn(limits::refuse_large_bodies))
        .layer(from_fn_with_state(config.request_timeout, limits::answer_in_time))
}

fn wrapped(router: Router) -> Router {
    router.layer(CatchPanicLayer::custom(errors::panicked)).layer(from_fn(guardrails::add_security_headers))
}

/// A handler in here is in the document too: `routes!` reads its `#[utoipa::path]`.
fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(health::status))
        .routes(routes!(jobs::list, job_edits::add))
        .routes(routes!(jobs::reload))
        .routes(routes!(jobs::show, job_edits::change, job_edits::remove))
        .routes(routes!(job_edits::schema))
        .routes(routes!(jobs::trigger))
        .routes(routes!(scheduler::pause_job))
        .routes(routes!(scheduler::resume_job))
        .routes(routes!(scheduler::status))
        .routes(routes!(scheduler::pause))
        .routes(routes!(scheduler::resume))
        .routes(routes!(pace::tune))
        .routes(routes!(pace::rename))
        .routes(routes!(runs::of_job))
        .routes(routes!(runs::list))
        .routes(routes!(runs::show, runs::stop))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::list_tmux))
        .routes(routes!(spawn::spawn))
        .routes(routes!(sessions::show, sessions::kill))
        .routes(routes!(sessions::output))
        .routes(routes!(sessions::input))
        .routes(routes!(spawn::resume))
        .routes(routes!(events::list))
        .routes(routes!(event_stream::open))
        .routes(routes!(attention::list, attention::raise))
        .routes(routes!(attention::show, attention::change))
        .routes(routes!(quota::show, quota::report))
        .routes(routes!(skip_ledger::show))
        .routes(routes!(skip_ledger::workloads))
        .routes(routes!(skip_ledger::report))
        .routes(routes!(metrics::show))
        .routes(routes!(ws::open))
        .merge(of_plugins())
        .routes(routes!(guards::check))
        .routes(routes!(guards::decisions))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::reply))
        .routes(routes!(conversations::pair))
        .routes(routes!(inbound::take))
        .routes(routes!(telegram::topics, telegram::open))
        .routes(routes!(telegram::reply))
        .routes(routes!(telegram::messages))
        .routes(routes!(telegram::search))
        .routes(routes!(telegram::log_stats))
        .routes(routes!(openapi::show))
}

fn of_plugins() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(plugins::list))
        .routes(routes!(plugins::show, plugin_changes::remove))
        .routes(routes!(plugin_changes::install))
        .routes(routes!(plugin_changes::upgrade))
        .routes(routes!(plugin_changes::roll_back))
        .routes(routes!(plugin_changes::grant))
        .routes(routes!(plugin_changes::revoke))
        .routes(routes!(plugin_changes::enable))
        .routes(routes!(plugin_changes::disable))
        .routes(routes!(plugin_changes::config, plugin_changes::set_config))
        .routes(routes!(plugin_changes::secrets))
        .routes(routes!(plugin_changes::set_secret, plugin_changes::remove_secret))
        .routes(routes!(plugin_changes::logs))
        .routes(routes!(plugin_shadows::show, plugin_shadows::put, plugin_shadows::end))
        .routes(routes!(plugins::stats))
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
