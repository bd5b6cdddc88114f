//! What an operator says of the places. What lets somebody write there is no part of it: that is a secret.

use instar_plugin_sdk::Diagnostic;
use serde::Deserialize;

use crate::service::Service;

/// Each place that is there is told everything; they are called by the names of these fields, and `json` is the URL.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct Config {
    slack: Option<Slack>,
    discord: Option<Discord>,
    mattermost: Option<Mattermost>,
    ntfy: Option<Ntfy>,
    gotify: Option<Gotify>,
    /// Gets messages as JSON. The manifest lets the plugin ask it as it stands here.
    url: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slack {
    /// What stands in the webhook's URL between `/services/` and the secret: `T0123/B0123`.
    pub(crate) path: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Discord {
    /// The number of the webhook, which stands in its URL before the secret. Text, since it is longer than JSON's numbers.
    pub(crate) id: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mattermost {
    /// Another channel than the webhook's own.
    pub(crate) channel: Option<String>,
}

/// All that it needs is its secret.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ntfy {}

/// All that it needs is its secret.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gotify {}

impl Config {
    /// The places, in the order in which they are told.
    pub(crate) fn services(&self) -> Vec<Service<'_>> {
        let services = [
            self.slack.as_ref().map(Service::Slack),
            self.discord.as_ref().map(Service::Discord),
            self.mattermost.as_ref().map(Service::Mattermost),
            self.ntfy.as_ref().map(|Ntfy {}| Service::Ntfy),
            self.gotify.as_ref().map(|Gotify {}| Service::Gotify),
            self.url.as_deref().map(Service::Plain),
        ];
        services.into_iter().flatten().collect()
    }

    pub(crate) fn remarks(&self) -> Vec<Diagnostic> {
        let mut remarks = Vec::new();
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_path = |path: &str| path.split('/').count() == 2 && path.split('/').all(is_word);
        if self.slack.as_ref().is_some_and(|slack| !is_path(&slack.path)) {
            let form = "it must be of the form T0123/B0123, as in the webhook's URL before its last part, the secret";
            remarks.push(Diagnostic::refusal("slack.path", form));
        }
        let is_number = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        if self.discord.as_ref().is_some_and(|discord| !is_number(&discord.id)) {
            remarks.push(Diagnostic::refusal("discord.id", "it must be the number in the webhook's URL, as text"));
        }
        let is_url = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        if self.url.as_deref().is_some_and(|url| !is_url(url)) {
            remarks.push(Diagnostic::refusal("url", "it must begin with `https://` or `http://`"));
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remarks(json: &str) -> Vec<String> {
        let config: Config = serde_json::from_str(json).unwrap();
        config.remarks().into_iter().map(|remark| remark.path).collect()
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let fine = r#"{"slack": {"path": "T0/B0"}, "discord": {"id": "12"}, "mattermost": {}, "ntfy": {}, "gotify": {},
            "url": "https://x.org/in"}"#;
        assert_eq!(remarks(fine), Vec::<String>::new());
        assert_eq!(remarks(r#"{"slack": {"path": "T0/B0/secret"}}"#), ["slack.path"]);
        assert_eq!(remarks(r#"{"slack": {"path": "../B0"}}"#), ["slack.path"]);
        assert_eq!(remarks(r#"{"discord": {"id": "1/x"}}"#), ["discord.id"]);
        assert_eq!(remarks(r#"{"url": "x.org"}"#), ["url"]);
    }

    #[test]
    fn secrets_are_no_part_of_the_configuration() {
        for json in [r#"{"ntfy": {"topic": "a"}}"#, r#"{"gotify": {"token": "a"}}"#, r#"{"signing": "a"}"#] {
            assert!(serde_json::from_str::<Config>(json).is_err(), "{json}");
        }
    }
}
