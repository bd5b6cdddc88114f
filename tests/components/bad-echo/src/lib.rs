//! A notifier that starts the job `echo` whenever it is told something, and says so if it may not.

use instar_plugin_sdk::notifier::{Message, Notifier, Receipt};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, jobs, register_notifier};

struct Echo;

impl Plugin for Echo {
    type Config = NoConfig;
}

impl Notifier for Echo {
    fn deliver(_: &CallCtx, _: &NoConfig, _: &Message, _: u32) -> Result<Receipt, Failure> {
        jobs::trigger("echo", "I was told of it")?;
        Ok(Receipt::whole(""))
    }

    fn probe(_: &CallCtx, _: &NoConfig) -> Result<String, Failure> {
        Ok("each notice starts the job again".to_owned())
    }
}

register_notifier!(Echo);
