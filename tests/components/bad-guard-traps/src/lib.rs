//! A guard that panics.

use instar_plugin_sdk::guard::{Chunk, OutputGuard, RunGuard, ScanResult, ToolCall, ToolGuard, Verdict};
use instar_plugin_sdk::{CallCtx, NoConfig, Plugin, register};

struct GuardTraps;

impl Plugin for GuardTraps {
    type Config = NoConfig;
}

impl RunGuard for GuardTraps {
    fn check(_: &CallCtx, _: &NoConfig, _: &str, _: &str) -> Verdict {
        panic!("this guard panics on purpose")
    }
}

impl ToolGuard for GuardTraps {
    fn check(_: &CallCtx, _: &NoConfig, _: &ToolCall) -> Verdict {
        panic!("this guard panics on purpose")
    }
}

impl OutputGuard for GuardTraps {
    fn scan(_: &CallCtx, _: &NoConfig, _: &Chunk) -> ScanResult {
        panic!("this guard panics on purpose")
    }
}

register!(GuardTraps: run_guard, tool_guard, output_guard);
