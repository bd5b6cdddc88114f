//! A notifier that delivers into the log. A title with `fail` fails, and may be tried again.

use instar_plugin_sdk::notifier::{Notice, Notifier, Receipt};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, log, register_notifier};

struct Tiny;

impl Plugin for Tiny {
    type Config = NoConfig;
}

impl Notifier for Tiny {
    fn deliver(_: &CallCtx, _: &NoConfig, notice: &Notice) -> Result<Receipt, Failure> {
        if notice.title.contains("fail") {
            return Err(Failure::new("unreachable", "nobody is there").retryable());
        }
        log::info(&notice.title);
        Ok(Receipt { provider_id: notice.id.clone() })
    }

    fn probe(_: &CallCtx, _: &NoConfig) -> Result<String, Failure> {
        Ok("notices go into the log".to_owned())
    }
}

register_notifier!(Tiny);
