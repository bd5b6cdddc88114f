//! `instar api`: any route of the API, without a port or a token to look up.

use std::io::Read as _;

use hyper::Method;
use serde_json::Value;

use super::exit::{Exit, Failure};
use super::{Context, examples};

#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar api GET /health",
    "instar api GET '/events?type=job_completed&since=24'",
    "instar api POST /jobs/check-email/trigger '{\"reason\":\"test\"}'",
    "instar api POST /sessions/research-task/input - < message.json",
]))]
pub(crate) struct ApiCall {
    /// GET, POST, PUT, PATCH or DELETE
    method: String,
    /// The path with its query, such as `/jobs`
    path: String,
    /// The JSON to send; `-` reads it from standard input
    #[arg(allow_hyphen_values = true)]
    body: Option<String>,
}

pub(crate) fn run(context: &Context, call: ApiCall) -> Result<Exit, Failure> {
    let method = method(&call.method)?;
    if !call.path.starts_with('/') {
        return Err(Failure::usage(format!("the path must begin with `/`, such as /jobs; it is `{}`", call.path)));
    }
    let answer = context.client()?.send(&method, &call.path, body(call.body)?)?;
    let text = match serde_json::from_slice::<Value>(&answer.body) {
        Ok(value) if context.out.width.is_some() && !context.out.json => format!("{value:#}"),
        _ => answer.text(),
    };
    if !text.is_empty() {
        context.out.line(text)?;
    }
    let exit = Exit::of_status(answer.status);
    if exit != Exit::Ok {
        context.out.note(format!("instar: {method} {} was answered with {}", call.path, answer.status));
    }
    Ok(exit)
}

fn method(text: &str) -> Result<Method, Failure> {
    match text.to_ascii_uppercase().as_str() {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        _ => Err(Failure::usage(format!("`{text}` is no method; use GET, POST, PUT, PATCH or DELETE"))),
    }
}

fn body(text: Option<String>) -> Result<Option<Vec<u8>>, Failure> {
    match text.as_deref() {
        None => Ok(None),
        Some("-") => {
            let mut bytes = Vec::new();
            let read = std::io::stdin().lock().read_to_end(&mut bytes);
            read.map_err(|error| Failure::io("failed to read standard input", &error))?;
            Ok(Some(bytes))
        }
        Some(text) => Ok(Some(text.as_bytes().to_vec())),
    }
}
