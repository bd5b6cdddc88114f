//! An execute type that looks at the clock, which no plugin may.

use instar_plugin_sdk::execute::{ExecuteType, Launch, Request};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};

struct ImportsClock;

impl Plugin for ImportsClock {
    type Config = NoConfig;
}

impl ExecuteType for ImportsClock {
    fn launch(_: &CallCtx, _: &NoConfig, _: &Request) -> Result<Launch, Failure> {
        let now = std::time::SystemTime::now();
        Ok(Launch::new(["echo", &format!("{now:?}")]))
    }
}

register_execute!(ImportsClock);
