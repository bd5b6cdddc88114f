//! Which agent runs, and how to tell by its screen what it is doing.

use instar_plugin_sdk::Diagnostic;
use instar_plugin_sdk::execute::Marks;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// A name to be looked up on the PATH, or a path.
    pub(crate) command: String,
    /// Added after the arguments that are always given.
    pub(crate) args: Vec<String>,
    /// Whether an agent that works unattended is asked for a report of its tokens and cost.
    pub(crate) report: bool,
    /// Regular expressions for a line of the screen of an agent that waits at its prompt.
    pub(crate) ready: Vec<String>,
    /// For one that works, although its prompt can be seen.
    pub(crate) busy: Vec<String>,
    /// For one that asks for trust or a permission.
    pub(crate) asking: Vec<String>,
}

/// What Claude Code's screen shows: its prompt, its spinner, its dialogs.
const READY: [&str; 1] = [r"^[\s│|]*[>❯](\s|$)"];
const BUSY: [&str; 2] = [r"(?i)esc to interrupt", r"(?i)ctrl\+c to interrupt"];
const ASKING: [&str; 5] = [
    r"(?i)do you trust",
    r"(?i)is this a project you created or one you trust",
    r"(?i)do you want to (proceed|make this edit|create|allow|run|overwrite)",
    r"(?i)enter to (confirm|continue)",
    r"^[\s│|]*❯\s*\d+\.\s",
];

impl Default for Config {
    fn default() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            command: "claude".to_owned(),
            args: Vec::new(),
            report: true,
            ready: texts(&READY),
            busy: texts(&BUSY),
            asking: texts(&ASKING),
        }
    }
}

impl Config {
    pub(crate) fn marks(&self) -> Marks {
        Marks { ready: self.ready.clone(), busy: self.busy.clone(), asking: self.asking.clone() }
    }

    pub(crate) fn remarks(&self) -> Vec<Diagnostic> {
        let mut remarks = Vec::new();
        if self.command.trim().is_empty() {
            remarks.push(Diagnostic::refusal("command", "must name the agent's program, such as `claude`"));
        } else if self.command.contains(char::is_whitespace) && !self.command.contains('/') {
            remarks.push(Diagnostic::refusal("command", "must be a program alone; its arguments belong into `args`"));
        }
        for (place, arg) in self.args.iter().enumerate() {
            if arg.contains('\0') {
                remarks.push(Diagnostic::refusal(format!("args.{place}"), "must not contain a NUL character"));
            }
        }
        for (key, marks) in [("ready", &self.ready), ("busy", &self.busy), ("asking", &self.asking)] {
            if let Some(place) = marks.iter().position(String::is_empty) {
                let message = "must not be empty: it would be found in every line";
                remarks.push(Diagnostic::refusal(format!("{key}.{place}"), message));
            }
        }
        remarks
    }
}
