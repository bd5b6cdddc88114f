//! A guard that denies `rm -rf` and asks about `sudo`.

use instar_plugin_sdk::guard::{Command, CommandGuard, Finding, Verdict};
use instar_plugin_sdk::{CallCtx, NoConfig, Plugin, Severity, register_command_guard};

struct NoRm;

impl Plugin for NoRm {
    type Config = NoConfig;
}

impl CommandGuard for NoRm {
    fn check(_: &CallCtx, _: &NoConfig, command: &Command) -> Verdict {
        if command.raw.contains("rm -rf") {
            let finding = Finding::new("no-rm", Severity::High, "it would delete a whole tree");
            return Verdict::deny(finding.with_remedy("move it to the trash"));
        }
        if command.raw.contains("sudo") {
            return Verdict::ask(Finding::new("sudo", Severity::Medium, "it would run as root"));
        }
        Verdict::pass()
    }
}

register_command_guard!(NoRm);
