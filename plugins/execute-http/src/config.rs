//! What the operator says: where requests may go, and who gets the token.

use instar_plugin_sdk::{Diagnostic, Failure};
use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct Config {
    /// Scheme, host and port of each are where requests may go. A job that names only a path means the first.
    urls: Vec<String>,
    /// The one that gets the token, of jobs that want it sent.
    token_url: Option<String>,
}

impl Config {
    pub(crate) fn remarks(&self) -> Vec<Diagnostic> {
        let mut remarks = Vec::new();
        for (number, url) in self.urls.iter().enumerate() {
            if origin(url).is_none() {
                remarks.push(Diagnostic::refusal(format!("urls.{number}"), NO_URL));
            }
        }
        if let Some(url) = &self.token_url {
            match origin(url) {
                None => remarks.push(Diagnostic::refusal("tokenUrl", NO_URL)),
                Some(asked) if !self.urls.iter().any(|url| origin(url) == Some(asked)) => {
                    remarks.push(Diagnostic::refusal("tokenUrl", "its host must stand in `urls`, too"));
                }
                Some(_) => {}
            }
        }
        remarks
    }

    /// The URL that a job means. Whether it may be asked is the host's to say.
    pub(crate) fn whole(&self, url: &str) -> Result<String, Failure> {
        if !url.starts_with('/') {
            return Ok(url.to_owned());
        }
        let first = self.urls.first().and_then(|url| origin(url));
        let missing = "the job's `execute.url` is a path, and `plugins.execute-http.config.urls` names no host for it";
        first.map(|origin| format!("{origin}{url}")).ok_or_else(|| Failure::new("no-host", missing))
    }
}

const NO_URL: &str = "it must be a URL that begins with `https://` or `http://`";

/// Scheme, host and port of a URL.
pub(crate) fn origin(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let host = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    (!host.is_empty()).then(|| &url[..url.len() - rest.len() + host.len()])
}
