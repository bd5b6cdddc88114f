//! One request, and what people are told of its answer.

use instar_plugin_sdk::http::{self, Body, Request, Response};
use instar_plugin_sdk::{CallCtx, Failure};

use crate::job::Job;

const LONGEST_EXCERPT: usize = 500;

/// The job's own request.
pub(crate) fn ask(ctx: &CallCtx, job: &Job, url: &str) -> Result<Response, Failure> {
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
    let run = ctx.job.as_ref().map_or(ctx.trace_id.as_str(), |job| job.run_id.as_str());
    if changes && !run.is_empty() && !request.headers.iter().any(|(name, _)| name == "idempotency-key") {
        request = request.header("idempotency-key", run);
    }
    send(request, job.token)
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
