//! Requests to the hosts that a manifest names: checked, completed with credentials, and cleaned on the way back.
//!
//! `rule` says where a request may go, `address` which addresses nobody reaches unasked, `credential` puts secrets in,
//! `payload` sends the body, `exchange` talks. Redirects are answers like others: nobody follows them.

mod address;
mod credential;
mod exchange;
mod payload;
mod refusal;
mod rule;

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use tempfile::TempPath;

pub(crate) use address::is_private;
pub(crate) use exchange::{Client, Most, Order};
pub(crate) use payload::Payload;
pub use refusal::Refusal;
pub(crate) use rule::{Destination, Target};

use super::rights::Rights;
use crate::blobs::Blobs;
use crate::manifest::AskedHttp;
use crate::state::CallState;
use crate::wit::imports::http::{self, FetchError, Request, Response};

/// What becomes of the body of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The plugin reads it.
    Bytes,
    /// A file holds it, if the answer is one of success.
    File,
}

/// Who wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// As often as its manifest says.
    Plugin,
    /// For the plugin, at the host's own pace: one that asks too much must not make itself deaf.
    Host,
}

impl http::Host for CallState {
    async fn fetch(&mut self, request: Request) -> Result<Response, FetchError> {
        let Some(rights) = self.rights.clone() else { return Err(nothing_granted().into()) };
        let time = self.time_to_ask();
        ask(&rights, &self.blobs, request, time, Keep::Bytes, Who::Plugin)
            .await
            .map(|(response, _)| response)
            .map_err(Into::into)
    }

    async fn download(&mut self, request: Request) -> Result<(Response, String), FetchError> {
        let Some(rights) = self.rights.clone() else { return Err(nothing_granted().into()) };
        let time = self.time_to_ask();
        let (response, file) = ask(&rights, &self.blobs, request, time, Keep::File, Who::Plugin).await?;
        let handle = file.map(|file| self.blobs.own(file)).unwrap_or_default();
        Ok((response, handle))
    }
}

impl CallState {
    /// The plugin gets a moment to make something of the answer, or of there being none.
    fn time_to_ask(&self) -> Duration {
        self.left().mul_f64(0.9)
    }
}

fn nothing_granted() -> Refusal {
    Refusal::new("not-allowed", "no host is granted to this plugin")
}

/// One request within a plugin's rights and this time.
pub(crate) async fn ask(
    rights: &Rights,
    blobs: &Blobs,
    request: Request,
    time: Duration,
    keep: Keep,
    who: Who,
) -> Result<(Response, Option<TempPath>), Refusal> {
    let answered = answered(rights, blobs, request, time, keep, who).await;
    if matches!(&answered, Err(refusal) if matches!(refusal.code, "not-allowed" | "private-address" | "rate-limited")) {
        rights.counter.note_denied();
    }
    answered
}

async fn answered(
    rights: &Rights,
    blobs: &Blobs,
    request: Request,
    time: Duration,
    keep: Keep,
    who: Who,
) -> Result<(Response, Option<TempPath>), Refusal> {
    let Some(grant) = &rights.grants.http else { return Err(nothing_granted()) };
    let target = Target::parse(&request.url)?;
    let destination = rule::destination(grant, rights, &request.method, &target)?;
    let credentials = credential::collect(rights, &request.credentials, &target)?;
    let headers = credential::headers(&request.headers, &credentials)?;
    let line = format!("{}{}", destination.base, credential::line(&target, &credentials)?);
    let body = Payload::new(request.body, blobs, grant)?;
    if who == Who::Plugin {
        take_turn(rights)?;
    }
    let time = request.timeout_ms.map_or(time, |asked| time.min(Duration::from_millis(asked.into())));
    let order = Order {
        destination,
        method: request.method,
        line,
        headers,
        body,
        most: most(grant, keep),
        folder: rights.means.blobs_dir.clone().filter(|_| keep == Keep::File),
        secrets: credentials.into_iter().flat_map(|credential| credential.shapes()).collect(),
    };
    let bytes_out = order.body.bytes();
    let answered = rights.client.exchange(order, time).await;
    let file = |file: &TempPath| file.metadata().map_or(0, |found| found.len());
    let bytes_in =
        answered.as_ref().map_or(0, |(response, kept)| response.body.len() as u64 + kept.as_ref().map_or(0, file));
    rights.counter.note_request(bytes_out, bytes_in);
    answered
}

/// How large an answer may be, and the file of one.
fn most(grant: &AskedHttp, keep: Keep) -> Most {
    let file = if keep == Keep::File { grant.file_bytes } else { 0 };
    Most { body: grant.response_bytes, file }
}

fn take_turn(rights: &Rights) -> Result<(), Refusal> {
    let taken = rights.bucket.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
    taken.map_err(|wait| Refusal {
        retry: Some(wait),
        ..Refusal::new("rate-limited", "the plugin asks more often than its manifest says")
    })
}
