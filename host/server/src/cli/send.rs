//! `instar send`: writes to people, in the conversation of the session that calls it or in one that is named.

use std::io::Read as _;
use std::time::{Duration, Instant};

use hyper::Method;
use instar_api::{Replied, ReplyRequest, paths};

use super::client::{Answer, by_token};
use super::exit::{Exit, Failure};
use super::{Context, examples};
use crate::wiring::lock;

/// Write to people
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar send \"The build is green again.\"",
    "instar send --to telegram:42 \"The report is ready.\"",
    "instar send - < report.md",
]))]
pub(crate) struct Send {
    /// Where to, such as telegram:42; in a session it is the conversation of that session
    #[arg(long, value_name = "PLACE")]
    to: Option<String>,
    /// Markdown; `-`, or nothing, reads it from standard input
    #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
    text: Vec<String>,
}

/// As long as a restart takes.
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_TRIES: Duration = Duration::from_millis(250);
/// Far more than people read.
const LONGEST_TEXT: u64 = 1024 * 1024;

pub(super) fn run(context: &Context, send: &Send) -> Result<Exit, Failure> {
    let id = Some(uuid::Uuid::new_v4().to_string());
    let request = ReplyRequest { text: text(&send.text)?, to: send.to.clone(), id };
    let answer = insist(|| post(context, &request))?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
    } else {
        let replied: Replied = answer.read()?;
        let length = request.text.chars().count();
        context.out.line(format!("Sent {length} characters to {}.", replied.to))?;
    }
    Ok(Exit::Ok)
}

/// A server that is starting anew is back soon, and takes what it has taken already for that.
fn insist(mut ask: impl FnMut() -> Result<Answer, Failure>) -> Result<Answer, Failure> {
    let begun = Instant::now();
    loop {
        match ask() {
            Err(failure) if is_passing(&failure) && begun.elapsed() < PATIENCE => std::thread::sleep(BETWEEN_TRIES),
            answer => return answer,
        }
    }
}

/// The server went away in the middle. Where nobody is there at all, a session waits for the next one, and a person is
/// told at once.
fn is_passing(failure: &Failure) -> bool {
    match failure.exit() {
        Exit::Failed => true,
        Exit::NotRunning => of_session("INSTAR_TOKEN").is_some(),
        _ => false,
    }
}

/// What the host says to its sessions.
fn of_session(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A session shows its own token, so that it speaks as itself; everybody else comes by the socket.
fn post(context: &Context, request: &ReplyRequest) -> Result<Answer, Failure> {
    match (of_session("INSTAR_URL"), of_session("INSTAR_TOKEN")) {
        (Some(url), Some(token)) => {
            let body = serde_json::to_vec(request).map_err(|error| Failure::failed(error.to_string()))?;
            let ask = |url: &str| by_token(url, &token, &Method::POST, paths::CONVERSATIONS_REPLY, body.clone());
            match (ask(&url), moved(context, &url)) {
                (Err(failure), Some(url)) if failure.exit() == Exit::NotRunning => ask(&url),
                (answer, _) => answer,
            }
        }
        _ => Ok(context.client()?.post(paths::CONVERSATIONS_REPLY, request)?),
    }
}

/// Where the server is now, if it listens on another port than when the session began.
fn moved(context: &Context, url: &str) -> Option<String> {
    let port = lock::holder(&context.project().ok()?.lock_file())?.port;
    let (host, before) = url.trim_end_matches('/').rsplit_once(':')?;
    (port != 0 && before != port.to_string()).then(|| format!("{host}:{port}"))
}

fn text(words: &[String]) -> Result<String, Failure> {
    let text = match words {
        [] => read()?,
        [only] if only == "-" => read()?,
        words => words.join(" "),
    };
    let text = text.trim_end().to_owned();
    if text.is_empty() { Err(Failure::usage("there is no text to send")) } else { Ok(text) }
}

fn read() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(LONGEST_TEXT).read_to_end(&mut bytes);
    read.map_err(|error| Failure::io("failed to read standard input", &error))?;
    String::from_utf8(bytes).map_err(|_| Failure::usage("standard input is not UTF-8"))
}
