//! A guard that never answers.

use instar_plugin_sdk::guard::{Command, CommandGuard, RunGuard, Verdict};
use instar_plugin_sdk::{CallCtx, NoConfig, Plugin, register};

struct GuardSpins;

impl Plugin for GuardSpins {
    type Config = NoConfig;
}

impl RunGuard for GuardSpins {
    fn check(_: &CallCtx, _: &NoConfig, _: &str, _: &str) -> Verdict {
        spin()
    }
}

impl CommandGuard for GuardSpins {
    fn check(_: &CallCtx, _: &NoConfig, _: &Command) -> Verdict {
        spin()
    }
}

fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

register!(GuardSpins: run_guard, command_guard);
