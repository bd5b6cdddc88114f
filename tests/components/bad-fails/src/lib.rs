//! An execute type that reports a failure.

use instar_plugin_sdk::execute::{ExecuteType, Launch, Request};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};

struct Fails;

impl Plugin for Fails {
    type Config = NoConfig;
}

impl ExecuteType for Fails {
    fn launch(_: &CallCtx, _: &NoConfig, _: &Request) -> Result<Launch, Failure> {
        Err(Failure::new("on-purpose", "this plugin \u{1b}[31mfails\u{1b}[0m on purpose").retry_after_ms(1500))
    }
}

register_execute!(Fails);
