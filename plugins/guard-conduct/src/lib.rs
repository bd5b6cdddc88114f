//! How an agent behaves towards people: it knows who it is before it speaks, does what it can do itself, thinks twice
//! before something leaves the machine, and learns from what it has done.
//!
//! Everything here is advice, which the model sees and the log keeps, unless the operator wants to be asked. A command
//! is judged by its words as the host parsed them, so that a text that only mentions a message is none.

mod config;
mod deferral;
mod outgoing;
mod rules;
mod tool;

#[cfg(test)]
mod tests;

use instar_plugin_sdk::guard::{Command, CommandGuard, Rule, ToolCall, ToolGuard, Verdict};
use instar_plugin_sdk::{CallCtx, Plugin, register};

use config::Config;
use rules::Report;

struct Conduct;

impl Plugin for Conduct {
    type Config = Config;

    fn rules(config: &Config) -> Vec<Rule> {
        rules::all(config)
    }
}

impl CommandGuard for Conduct {
    fn check(_: &CallCtx, config: &Config, command: &Command) -> Verdict {
        let mut report = Report::default();
        for (index, each) in command.commands.iter().enumerate() {
            report.command = u32::try_from(index).ok();
            outgoing::judge(each, &command.commands, &mut report);
        }
        report.verdict(config)
    }
}

impl ToolGuard for Conduct {
    fn check(_: &CallCtx, config: &Config, call: &ToolCall) -> Verdict {
        let mut report = Report::default();
        tool::judge(call, &mut report);
        report.verdict(config)
    }
}

register!(Conduct: command_guard, tool_guard);
