//! An execute type whose launch has no command.

use instar_plugin_sdk::execute::{ExecuteType, Launch, Request};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};

struct InvalidAnswer;

impl Plugin for InvalidAnswer {
    type Config = NoConfig;
}

impl ExecuteType for InvalidAnswer {
    fn launch(_: &CallCtx, _: &NoConfig, _: &Request) -> Result<Launch, Failure> {
        Ok(Launch::new::<String>([]))
    }
}

register_execute!(InvalidAnswer);
