//! A guard that never answers.

use instar_plugin_sdk::guard::{RunGuard, Verdict};
use instar_plugin_sdk::{CallCtx, NoConfig, Plugin, register_run_guard};

struct GuardSpins;

impl Plugin for GuardSpins {
    type Config = NoConfig;
}

impl RunGuard for GuardSpins {
    fn check(_: &CallCtx, _: &NoConfig, _: &str, _: &str) -> Verdict {
        loop {
            std::hint::spin_loop();
        }
    }
}

register_run_guard!(GuardSpins);
