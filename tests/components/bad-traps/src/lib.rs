//! An execute type that panics.

use instar_plugin_sdk::execute::{ExecuteType, Launch, Request};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};

struct Traps;

impl Plugin for Traps {
    type Config = NoConfig;
}

impl ExecuteType for Traps {
    fn launch(_: &CallCtx, _: &NoConfig, _: &Request) -> Result<Launch, Failure> {
        panic!("this plugin panics on purpose")
    }
}

register_execute!(Traps);
