//! A notifier that delivers into the log. A title with `fail` fails, and may be tried again.
//! A body has as many parts as it has paragraphs.

use instar_plugin_sdk::notifier::{Message, Notifier, Receipt};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, log, register_notifier};

struct Tiny;

impl Plugin for Tiny {
    type Config = NoConfig;
}

impl Notifier for Tiny {
    fn deliver(_: &CallCtx, _: &NoConfig, message: &Message, part: u32) -> Result<Receipt, Failure> {
        if message.title.contains("fail") {
            return Err(Failure::new("unreachable", "nobody is there").retryable());
        }
        let part = part as usize;
        let paragraphs = message.body_markdown.split("\n\n").count();
        log::info(message.body_markdown.split("\n\n").nth(part).unwrap_or_default());
        Ok(Receipt::part(format!("{}/{part}", message.id), part + 1 < paragraphs))
    }

    fn probe(_: &CallCtx, _: &NoConfig) -> Result<String, Failure> {
        Ok("notices go into the log".to_owned())
    }
}

register_notifier!(Tiny);
