//! An execute type that never answers.

use instar_plugin_sdk::execute::{ExecuteType, Launch, Request};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};

struct Spins;

impl Plugin for Spins {
    type Config = NoConfig;
}

impl ExecuteType for Spins {
    fn launch(_: &CallCtx, _: &NoConfig, _: &Request) -> Result<Launch, Failure> {
        loop {
            std::hint::spin_loop();
        }
    }
}

register_execute!(Spins);
