//! Webhooks: tells people in the places that the configuration names, each in its own words and limits.

mod answer;
mod config;
mod deliver;
mod progress;
mod service;
mod text;

#[cfg(test)]
mod tests;

use instar_plugin_sdk::notifier::{Message, Notifier, Receipt};
use instar_plugin_sdk::{CallCtx, Diagnostic, Failure, Plugin, register_notifier, secrets};

use config::Config;

struct Webhook;

impl Plugin for Webhook {
    type Config = Config;

    fn validate(config: &Config) -> Vec<Diagnostic> {
        config.remarks()
    }
}

impl Notifier for Webhook {
    fn deliver(ctx: &CallCtx, config: &Config, message: &Message, part: u32) -> Result<Receipt, Failure> {
        deliver::deliver(ctx, config, message, part)
    }

    /// A webhook knows no question that tells nobody anything, so only what is missing here is found.
    fn probe(_: &CallCtx, config: &Config) -> Result<String, Failure> {
        let services = config.services();
        if services.is_empty() {
            return Err(deliver::nowhere());
        }
        let missing = services.iter().filter_map(|service| service.secret()).find(|secret| !secrets::exists(secret));
        if let Some(secret) = missing {
            let how = format!("set the secret first: `instar secret set notifier-webhook/{secret}`");
            return Err(Failure::new("not-set", how));
        }
        let names: Vec<_> = services.iter().map(|service| service.shown()).collect();
        Ok(format!("messages go to {}, which nobody asked whether they take them", names.join(", ")))
    }
}

register_notifier!(Webhook);
