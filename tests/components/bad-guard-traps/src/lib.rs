//! A guard that panics.

use instar_plugin_sdk::guard::{RunGuard, Verdict};
use instar_plugin_sdk::{CallCtx, NoConfig, Plugin, register_run_guard};

struct GuardTraps;

impl Plugin for GuardTraps {
    type Config = NoConfig;
}

impl RunGuard for GuardTraps {
    fn check(_: &CallCtx, _: &NoConfig, _: &str, _: &str) -> Verdict {
        panic!("this guard panics on purpose")
    }
}

register_run_guard!(GuardTraps);
