//! Another build of `tiny-command-guard`: it asks about `rm -rf` and repeats the command, passes `sudo`, and panics at
//! `trap-me`.

use instar_plugin_sdk::guard::{Answer, Command, CommandGuard, Finding, Verdict};
use instar_plugin_sdk::{CallCtx, NoConfig, Plugin, Severity, register_command_guard};

struct NoRm;

impl Plugin for NoRm {
    type Config = NoConfig;
}

impl CommandGuard for NoRm {
    fn check(_: &CallCtx, _: &NoConfig, command: &Command) -> Verdict {
        let starts = |name: &str| {
            let mut all = command.commands.iter().filter(|it| it.argv.first().is_some_and(|word| word == name));
            all.next().is_some()
        };
        assert!(!starts("trap-me"), "this guard panics on purpose");
        if !starts("rm") {
            return Verdict::pass();
        }
        let finding = Finding::new("no-rm", Severity::High, format!("it would delete: {}", command.raw));
        vec![finding.with_answer(Answer::Ask)].into()
    }
}

register_command_guard!(NoRm);
