//! The services that take webhooks: what each is called, how it writes, and what it wants to be asked.

mod chat;
mod plain;
mod push;

use instar_plugin_sdk::http::Request;
use instar_plugin_sdk::notifier::Message;
use instar_plugin_sdk::{CallCtx, Failure, Severity};

use crate::config::{Discord, Mattermost, Slack};
use crate::text::{Dialect, Limit, Text};

/// A place that is told. Its name is the field of the configuration, and what an address calls it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Service<'a> {
    Slack(&'a Slack),
    Discord(&'a Discord),
    Mattermost(&'a Mattermost),
    Ntfy,
    Gotify,
    /// JSON to a URL.
    Plain(&'a str),
}

/// Six places may all fail in one call, and the host gives that 45 seconds.
const TIMEOUT_MS: u32 = 7_000;

impl Service<'_> {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Slack(_) => "slack",
            Self::Discord(_) => "discord",
            Self::Mattermost(_) => "mattermost",
            Self::Ntfy => "ntfy",
            Self::Gotify => "gotify",
            Self::Plain(_) => "json",
        }
    }

    /// For people.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Slack(_) => "Slack",
            Self::Discord(_) => "Discord",
            Self::Mattermost(_) => "Mattermost",
            Self::Ntfy => "ntfy",
            Self::Gotify => "Gotify",
            Self::Plain(_) => "the URL",
        }
    }

    /// Without which it cannot be told anything.
    pub(crate) fn secret(self) -> Option<&'static str> {
        match self {
            Self::Plain(_) => None,
            Self::Slack(_) | Self::Discord(_) | Self::Mattermost(_) | Self::Ntfy | Self::Gotify => Some(self.name()),
        }
    }

    /// The name that stands for a server which only the operator knows.
    pub(crate) fn stand_in(self) -> Option<&'static str> {
        match self {
            Self::Mattermost(_) => Some(chat::MATTERMOST),
            Self::Gotify => Some(push::GOTIFY),
            Self::Slack(_) | Self::Discord(_) | Self::Ntfy | Self::Plain(_) => None,
        }
    }

    pub(crate) fn has_threads(self) -> bool {
        matches!(self, Self::Discord(_))
    }

    /// The parts of a message, always the same ones.
    pub(crate) fn letters(self, message: &Message) -> Vec<String> {
        let (dialect, limit) = match self {
            // More is cut off there without a word.
            Self::Slack(_) => (Dialect::Slack, Limit::Characters(39_000)),
            Self::Discord(_) => (Dialect::Markdown, Limit::Characters(2_000)),
            Self::Mattermost(_) => (Dialect::Markdown, Limit::Characters(16_383)),
            // What is longer becomes a file there.
            Self::Ntfy => (Dialect::Markdown, Limit::Bytes(4_096)),
            // It knows no limit; phones do.
            Self::Gotify => (Dialect::Markdown, Limit::Characters(16_000)),
            // A program takes the message as it is.
            Self::Plain(_) => return vec![String::new()],
        };
        let mut text = Text::default();
        if !matches!(self, Self::Ntfy | Self::Gotify) {
            text.headline(sign(message.severity), &one_line(&message.title));
        }
        text.markdown(&message.body_markdown);
        for file in &message.attachments {
            text.line(&format!("📎 {} ({} bytes), which a webhook cannot bring", one_line(&file.name), file.size));
        }
        let parts = text.parts(dialect, limit);
        if parts.is_empty() { vec!["…".to_owned()] } else { parts }
    }

    /// What brings one part there.
    pub(crate) fn request(
        self,
        ctx: &CallCtx,
        message: &Message,
        letter: &str,
        part: usize,
    ) -> Result<Request, Failure> {
        let request = match self {
            Self::Slack(slack) => chat::slack(slack, letter),
            Self::Discord(discord) => chat::discord(discord, message, letter),
            Self::Mattermost(mattermost) => chat::mattermost(mattermost, letter),
            Self::Ntfy => push::ntfy(message, letter, part),
            Self::Gotify => push::gotify(message, letter, part),
            Self::Plain(url) => plain::request(ctx, url, message)?,
        };
        Ok(request.timeout_ms(TIMEOUT_MS))
    }
}

fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "",
        Severity::Low => "🔹 ",
        Severity::Medium => "🔶 ",
        Severity::High => "🔴 ",
        Severity::Critical => "🚨 ",
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
