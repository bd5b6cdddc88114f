//! The guard `guard-secrets`: credentials reach no model, no file, no command line and no person by accident.
//!
//! It stands at four hook points. An output loses what is found; a command, a tool call or a message with a credential
//! in it is asked about or denied. It calls no vendor: form, checksum, names and rarity decide.

mod anchors;
mod checksum;
mod class;
mod config;
mod judge;
mod kinds;
mod named;
mod placeholder;
mod plain;
mod rarity;
mod rules;
mod scan;
mod shapes;
mod stream;
mod tool;
mod words;

use instar_plugin_sdk::guard::{
    Chunk, Command, CommandGuard, OutboundGuard, OutputGuard, Rule, ScanResult, ToolCall, ToolGuard, Verdict,
};
use instar_plugin_sdk::{CallCtx, Diagnostic, Plugin, register};

use config::Config;
use judge::{Way, judge};

struct Secrets;

impl Plugin for Secrets {
    type Config = Config;

    fn validate(config: &Config) -> Vec<Diagnostic> {
        config.validate()
    }

    fn rules(config: &Config) -> Vec<Rule> {
        judge::rules(config)
    }
}

impl OutputGuard for Secrets {
    fn scan(_: &CallCtx, config: &Config, chunk: &Chunk) -> ScanResult {
        stream::look(config, chunk)
    }
}

impl CommandGuard for Secrets {
    fn check(_: &CallCtx, config: &Config, command: &Command) -> Verdict {
        // The words as the shell will read them, so that quotes within a token hide nothing.
        let words: Vec<String> = command.commands.iter().map(|each| each.argv.join(" ")).collect();
        let mut texts: Vec<&[u8]> = vec![command.raw.as_bytes()];
        texts.extend(words.iter().map(String::as_bytes));
        judge(config, Way::Command, &texts)
    }
}

impl ToolGuard for Secrets {
    fn check(_: &CallCtx, config: &Config, call: &ToolCall) -> Verdict {
        let given = tool::what_is_given(&call.tool, &call.input_json);
        let texts: Vec<&[u8]> = given.iter().map(String::as_bytes).collect();
        judge(config, Way::Tool, &texts)
    }
}

impl OutboundGuard for Secrets {
    fn check(_: &CallCtx, config: &Config, _: &str, text: &str) -> Verdict {
        judge(config, Way::Message, &[text.as_bytes()])
    }
}

register!(Secrets: output_guard, command_guard, tool_guard, outbound_guard);

#[cfg(test)]
mod tests;
