//! An execute type that reads a file, which no plugin may.

use instar_plugin_sdk::execute::{ExecuteType, Launch, Request};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};

struct ImportsFiles;

impl Plugin for ImportsFiles {
    type Config = NoConfig;
}

impl ExecuteType for ImportsFiles {
    fn launch(_: &CallCtx, _: &NoConfig, _: &Request) -> Result<Launch, Failure> {
        let secret = std::fs::read_to_string("/etc/passwd").map_err(|error| Failure::new("io", error.to_string()))?;
        Ok(Launch::new(["echo", &secret]))
    }
}

register_execute!(ImportsFiles);
