//! A guard that denies `rm -rf` and asks about `sudo`, by what the host's parser found.

use instar_plugin_sdk::guard::{Answer, Command, CommandGuard, Finding, SimpleCommand, Verdict};
use instar_plugin_sdk::{CallCtx, NoConfig, Plugin, Severity, register_command_guard};

struct NoRm;

impl Plugin for NoRm {
    type Config = NoConfig;
}

impl CommandGuard for NoRm {
    fn check(_: &CallCtx, _: &NoConfig, command: &Command) -> Verdict {
        command.commands.iter().flat_map(judge).collect::<Vec<_>>().into()
    }
}

fn judge(command: &SimpleCommand) -> Vec<Finding> {
    let mut findings = Vec::new();
    if command.argv.first().is_some_and(|name| name == "rm") && command.argv.iter().any(|word| word == "-rf") {
        let finding = Finding::new("no-rm", Severity::High, "it would delete a whole tree");
        findings.push(finding.with_answer(Answer::Deny).with_remedy("move it to the trash"));
    }
    if command.wrappers.iter().any(|wrapper| wrapper == "sudo") {
        findings.push(Finding::new("sudo", Severity::Medium, "it would run as root").with_answer(Answer::Ask));
    }
    findings
}

register_command_guard!(NoRm);
