//! An execute type that takes all memory it can get.

use instar_plugin_sdk::execute::{ExecuteType, Launch, Request};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};

struct EatsMemory;

impl Plugin for EatsMemory {
    type Config = NoConfig;
}

impl ExecuteType for EatsMemory {
    fn launch(_: &CallCtx, _: &NoConfig, _: &Request) -> Result<Launch, Failure> {
        let mut eaten: Vec<Vec<u8>> = Vec::new();
        loop {
            eaten.push(vec![1; 1 << 20]);
        }
    }
}

register_execute!(EatsMemory);
