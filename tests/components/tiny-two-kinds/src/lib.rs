//! A run guard and a notifier in one component. Which job it denies is configured.

use instar_plugin_sdk::guard::{Finding, RunGuard, Verdict};
use instar_plugin_sdk::notifier::{Message, Notifier, Receipt};
use instar_plugin_sdk::{CallCtx, Failure, Plugin, Severity, register};
use serde::Deserialize;

struct Both;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    denied: Option<String>,
}

impl Plugin for Both {
    type Config = Config;
}

impl RunGuard for Both {
    fn check(_: &CallCtx, config: &Config, job_json: &str, _: &str) -> Verdict {
        match &config.denied {
            Some(word) if job_json.contains(word) => {
                Verdict::deny(Finding::new("configured", Severity::Low, format!("`{word}` is denied")))
            }
            _ => Verdict::pass(),
        }
    }
}

impl Notifier for Both {
    fn deliver(_: &CallCtx, _: &Config, _: &Message, _: u32) -> Result<Receipt, Failure> {
        Ok(Receipt::whole(""))
    }

    fn probe(_: &CallCtx, config: &Config) -> Result<String, Failure> {
        Ok(format!("denied: {:?}", config.denied))
    }
}

register!(Both: run_guard, notifier);
