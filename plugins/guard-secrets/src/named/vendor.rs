//! Services whose credentials have no form of their own: the name beside the value says whose it is.

use instar_plugin_sdk::Severity;

use super::name;
use crate::rules::Kind;

macro_rules! vendors {
    ($($word:literal)*) => {
        &[$(($word, Kind::new(concat!($word, "-credential"), Severity::High))),*]
    };
}

const VENDORS: &[(&str, Kind)] = vendors!(
    "aws" "azure" "google" "gcp" "openai" "anthropic" "claude" "gemini" "cohere" "mistral" "deepseek" "perplexity"
    "openrouter" "groq" "replicate" "huggingface" "stability" "pinecone" "algolia" "datadog" "newrelic" "rollbar"
    "bugsnag" "honeybadger" "sentry" "pagerduty" "opsgenie" "grafana" "splunk" "elastic" "cloudflare" "fastly" "heroku"
    "vercel" "netlify" "digitalocean" "linode" "vultr" "hetzner" "okta" "auth0" "keycloak" "firebase" "supabase"
    "snowflake" "databricks" "mongodb" "twilio" "vonage" "mailgun" "sendgrid" "postmark" "mailchimp" "mailjet" "slack"
    "discord" "telegram" "zoom" "stripe" "paypal" "braintree" "square" "adyen" "shopify" "coinbase" "binance" "github"
    "gitlab" "bitbucket" "jira" "atlassian" "confluence" "trello" "asana" "linear" "notion" "airtable" "figma" "dropbox"
    "box" "zendesk" "intercom" "hubspot" "salesforce" "mixpanel" "amplitude" "segment" "snyk" "codecov" "sonar" "travis"
    "circleci" "jenkins" "nuget" "artifactory" "facebook" "twitter" "linkedin" "spotify" "twitch" "mapbox" "sumologic"
    "launchdarkly" "contentful" "vault" "consul" "nomad" "docker" "npm" "pypi" "tailscale" "brave" "serpapi" "exa"
);

pub(super) fn kinds() -> impl Iterator<Item = Kind> {
    VENDORS.iter().map(|(_, kind)| *kind)
}

pub(super) fn kind_of(name: &[u8]) -> Option<Kind> {
    kind_of_words(&name::words(name))
}

pub(super) fn kind_of_words(words: &[&[u8]]) -> Option<Kind> {
    let is_in = |(vendor, _): &&(&str, Kind)| words.iter().any(|word| word.eq_ignore_ascii_case(vendor.as_bytes()));
    VENDORS.iter().find(is_in).map(|(_, kind)| *kind)
}
