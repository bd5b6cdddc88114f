//! Judges shell commands and tool calls by what they would do to files, history, data, machines and the host.
//!
//! The host has parsed the command; the rules look at words, redirections and pipes. Each file in `packs` is
//! one family of rules. What the words mean is in `args`, `place` and `scene`; what a rule calls for at the
//! configured level is in `rule`. Nothing here has a regular expression: every call gets a fresh instance,
//! and the tables are constants.

mod args;
mod code;
mod config;
mod guess;
mod names;
mod packs;
mod place;
mod rule;
mod scene;
mod secret_file;
mod sql;
mod tool;

#[cfg(test)]
mod tests;

use instar_plugin_sdk::guard::{self, Command, CommandGuard, ToolCall, ToolGuard, Verdict};
use instar_plugin_sdk::{CallCtx, Diagnostic, Plugin, register};

use config::Config;
use place::Places;
use rule::Report;
use scene::Scene;

/// The guard of commands and tool calls.
struct GuardCommand;

impl Plugin for GuardCommand {
    type Config = Config;

    fn validate(config: &Config) -> Vec<Diagnostic> {
        config.remarks()
    }

    fn rules(config: &Config) -> Vec<guard::Rule> {
        packs::all_rules().filter(|rule| rule.is_on(config)).map(rule::Rule::told).collect()
    }
}

impl CommandGuard for GuardCommand {
    fn check(_: &CallCtx, config: &Config, command: &Command) -> Verdict {
        let places = Places::new(&command.surroundings, config);
        let mut report = Report::default();
        packs::judge(&Scene::of(command, &places), &mut report);
        if let Some(small) = with_small_names(command) {
            packs::judge(&Scene::of(&small, &places), &mut report);
        }
        if !command.parse_complete {
            guess::judge_text(&command.raw, &places, &mut report);
        }
        report.verdict(config)
    }
}

/// The command with the names of its programs in small letters, if that changes one: where file names have no case,
/// `RM` is `rm`.
fn with_small_names(command: &Command) -> Option<Command> {
    let is_large = |name: &String| !name.contains(['$', '`']) && name.bytes().any(|byte| byte.is_ascii_uppercase());
    if !command.commands.iter().filter_map(|each| each.argv.first()).any(is_large) {
        return None;
    }
    let mut small = command.clone();
    let names = small.commands.iter_mut().filter_map(|each| each.argv.first_mut());
    names.filter(|name| is_large(name)).for_each(|name| name.make_ascii_lowercase());
    Some(small)
}

impl ToolGuard for GuardCommand {
    fn check(_: &CallCtx, config: &Config, call: &ToolCall) -> Verdict {
        let places = Places::new(&call.surroundings, config);
        let mut report = Report::default();
        tool::judge(call, &places, &mut report);
        report.verdict(config)
    }
}

register!(GuardCommand: command_guard, tool_guard);
