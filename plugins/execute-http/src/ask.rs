//! One request, and what people are told of its answer.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use instar_plugin_sdk::execute::Request as Asked;
use instar_plugin_sdk::http::{self, Body, Request, Response};
use instar_plugin_sdk::{CallCtx, Failure};

use crate::job::Job;

const LONGEST_EXCERPT: usize = 500;

/// The job's own request. `asked` is what its run, or the step before it, asks for.
pub(crate) fn ask(ctx: &CallCtx, asked: &Asked, job: &Job, url: &str) -> Result<Response, Failure> {
    let mut request = Request::new(&job.method, url);
    for (name, value) in &job.headers {
        request = request.header(name.to_ascii_lowercase(), value);
    }
    if let Some(text) = &job.body {
        request.body = Body::Bytes(text.clone().into_bytes());
    }
    if let Some(value) = &job.json {
        let has_type = request.headers.iter().any(|(name, _)| name == "content-type");
        request.body = Body::Bytes(value.to_string().into_bytes());
        request = if has_type { request } else { request.header("content-type", "application/json") };
    }
    // After a crash of the host it is asked again, which the other side can tell by this.
    let changes = !matches!(job.method.as_str(), "GET" | "HEAD");
    let key = key(ctx, asked).filter(|_| !request.headers.iter().any(|(name, _)| name == "idempotency-key"));
    if let Some(key) = key.filter(|_| changes) {
        request = request.header("idempotency-key", key);
    }
    send(request, job.token)
}

/// The same when it is asked again, and another one for another step of the run: steps differ by what came before.
fn key(ctx: &CallCtx, asked: &Asked) -> Option<String> {
    let run = ctx.job.as_ref().map_or(ctx.trace_id.as_str(), |job| job.run_id.as_str());
    if run.is_empty() {
        return None;
    }
    let Some(previous) = &asked.previous else { return Some(run.to_owned()) };
    let mut hasher = DefaultHasher::new();
    (&asked.execute_json, previous.duration_ms, &previous.tail, &previous.report).hash(&mut hasher);
    Some(format!("{run}-{:016x}", hasher.finish()))
}

/// How far it is.
pub(crate) fn look(url: &str, token: bool) -> Result<Response, Failure> {
    send(Request::get(url).header("accept", "application/json, */*;q=0.5"), token)
}

fn send(request: Request, token: bool) -> Result<Response, Failure> {
    let request = if token { request.credential("token") } else { request };
    http::fetch(&request).map_err(Failure::from)
}

/// The status and the beginning of the body, on one line.
pub(crate) fn told(answer: &Response) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    if text.is_empty() {
        return answer.status.to_string();
    }
    let excerpt: String = text.chars().take(LONGEST_EXCERPT).collect();
    let rest = if excerpt.len() < text.len() { "…" } else { "" };
    format!("{}: {excerpt}{rest}", answer.status)
}
