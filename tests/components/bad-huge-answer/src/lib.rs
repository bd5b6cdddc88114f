//! An execute type that answers with 24 MiB.

use instar_plugin_sdk::execute::{ExecuteType, Launch, Request};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};

struct HugeAnswer;

impl Plugin for HugeAnswer {
    type Config = NoConfig;
}

impl ExecuteType for HugeAnswer {
    fn launch(_: &CallCtx, _: &NoConfig, _: &Request) -> Result<Launch, Failure> {
        Ok(Launch::new(["cat"]).with_input(vec![b'x'; 24 << 20]))
    }
}

register_execute!(HugeAnswer);
