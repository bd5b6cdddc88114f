//! An execute type that touches all of the inert baseline.

use instar_plugin_sdk::execute::{ExecuteType, Launch, Request};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};
use std::collections::HashMap;
use std::io::{IsTerminal, Write};

struct Baseline;

impl Plugin for Baseline {
    type Config = NoConfig;
}

impl ExecuteType for Baseline {
    fn launch(_: &CallCtx, _: &NoConfig, _: &Request) -> Result<Launch, Failure> {
        let seeded = HashMap::from([("a", 1)]);
        let _ = writeln!(std::io::stderr(), "kept for the operator");
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).map_or(0, |count| count);
        let found = format!(
            "vars={} args={} stdin={read} stdout={} terminal={} seeded={}",
            std::env::vars().count(),
            std::env::args().count(),
            if writeln!(std::io::stdout(), "nobody hears this").is_err() { "closed" } else { "open" },
            std::io::stdout().is_terminal(),
            seeded.len(),
        );
        Ok(Launch::new(["echo", &found]))
    }
}

register_execute!(Baseline);
