//! The way to the collector: one POST for each batch of spans.

use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::config::Collector;

const DEADLINE: Duration = Duration::from_secs(10);

/// Why a batch was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExportError {
    #[error("the collector at {0} cannot be reached")]
    Unreachable(String, #[source] std::io::Error),
    #[error("the collector broke off")]
    Broken(#[from] hyper::Error),
    #[error("the collector answered with {0}")]
    Refused(StatusCode),
    #[error("the collector gave no answer in {0:?}")]
    Slow(Duration),
}

#[derive(Debug)]
pub(super) struct Exporter {
    collector: Collector,
    project: String,
}

impl Exporter {
    pub(super) fn new(collector: Collector, project: String) -> Self {
        Self { collector, project }
    }

    pub(super) async fn send(&self, spans: &[Value]) -> Result<(), ExportError> {
        let sent = tokio::time::timeout(DEADLINE, self.post(self.body(spans))).await;
        sent.unwrap_or(Err(ExportError::Slow(DEADLINE)))
    }

    fn body(&self, spans: &[Value]) -> Bytes {
        let attribute = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
        let version = env!("CARGO_PKG_VERSION");
        let resource = [
            attribute("service.name", "instar"),
            attribute("service.version", version),
            attribute("instar.project", &self.project),
        ];
        let scope = json!({ "scope": { "name": "instar", "version": version }, "spans": spans });
        let body = json!({ "resourceSpans": [{ "resource": { "attributes": resource }, "scopeSpans": [scope] }] });
        body.to_string().into()
    }

    async fn post(&self, body: Bytes) -> Result<(), ExportError> {
        let Collector { authority, path } = &self.collector;
        let stream = TcpStream::connect(authority).await;
        let stream = stream.map_err(|error| ExportError::Unreachable(authority.clone(), error))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::post(path).header(HOST, authority).header(CONTENT_TYPE, "application/json");
        let request = request.body(Full::new(body)).expect("the settings were checked to make a request");
        let answer = sender.send_request(request).await;
        connection.abort();
        match answer?.status() {
            status if status.is_success() => Ok(()),
            status => Err(ExportError::Refused(status)),
        }
    }
}
