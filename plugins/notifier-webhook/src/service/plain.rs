//! The message as JSON, for programs. With the secret `signing` its bytes and their time are signed.

use std::fmt::Write;

use instar_plugin_sdk::http::{Body, Request};
use instar_plugin_sdk::notifier::Message;
use instar_plugin_sdk::{CallCtx, Failure, Severity, secrets};
use serde_json::{Value, json};

const SIGNING: &str = "signing";

pub(super) fn request(ctx: &CallCtx, url: &str, message: &Message) -> Result<Request, Failure> {
    let request = Request::post(url).header("idempotency-key", &message.id).json(&body(message));
    if !secrets::exists(SIGNING) {
        return Ok(request);
    }
    let Body::Bytes(bytes) = &request.body else { unreachable!("a JSON body is bytes") };
    let signed = [format!("{}.", ctx.now_ms).as_bytes(), bytes].concat();
    let signature = hexadecimal(&secrets::hmac_sha256(SIGNING, &signed)?);
    Ok(request.header("x-instar-timestamp", ctx.now_ms.to_string()).header("x-instar-signature", signature))
}

fn body(message: &Message) -> Value {
    let files = message.attachments.iter();
    let files = files.map(|file| json!({ "name": file.name, "mime": file.mime, "size": file.size }));
    json!({
        "id": message.id,
        "severity": severity(message.severity),
        "title": message.title,
        "body": message.body_markdown,
        "silent": message.silent,
        "files": files.collect::<Vec<_>>(),
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}
